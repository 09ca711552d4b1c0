/* header_value: what differs between requests or is too large to be kept. */
#include "policy/header_value.h"

#include "base/arena.h"
#include "config/config_field.h"
#include "tls/cert_format.h"

static bool leaf_fits(const struct client_auth_certs *certs)
{
	return cert_format_rfc9440_fits(&certs->leaf, 1, CERT_FORMAT_LEAF_MAX);
}

static bool chain_fits(const struct client_auth_certs *certs)
{
	return cert_format_rfc9440_fits(
		certs->chain, certs->chain_count, CERT_FORMAT_CHAIN_MAX);
}

static bool is_verified(const struct header_request *r)
{
	return r->auth->state == CLIENT_AUTH_OK;
}

static bool leaf_rfc9440(
	const struct header_request *r, struct arena *arena, struct slice *out)
{
	return !r->certs.leaf.len || !leaf_fits(&r->certs) ||
	       cert_format_rfc9440(&r->certs.leaf, 1, arena, out);
}

static bool chain_rfc9440(
	const struct header_request *r, struct arena *arena, struct slice *out)
{
	return !chain_fits(&r->certs) ||
	       cert_format_rfc9440(
		       r->certs.chain, r->certs.chain_count, arena, out);
}

static bool leaf_pem(const struct header_request *r, bool escape,
	struct arena *arena, struct slice *out)
{
	return !r->certs.leaf.len || !leaf_fits(&r->certs) ||
	       cert_format_pem(&r->certs.leaf, 1, escape, arena, out);
}

/* The whole chain as ALB's passthrough sends it, leaf first. */
static bool alb_chain(
	const struct header_request *r, struct arena *arena, struct slice *out)
{
	const struct client_auth_certs *certs = &r->certs;
	struct slice leaf, rest;
	char *text;

	if (!certs->leaf.len || !leaf_fits(certs) || !chain_fits(certs))
		return true;
	if (!cert_format_pem(&certs->leaf, 1, false, arena, &leaf) ||
		!cert_format_pem(
			certs->chain, certs->chain_count, false, arena, &rest))
		return false;
	text = arena_printf(
		arena, "%.*s%.*s", SLICE_FMT(leaf), SLICE_FMT(rest));
	*out = slice_str(text);
	return text;
}

static bool alb_passthrough(const struct client_auth *auth)
{
	return auth->settings &&
	       auth->settings->mode == CLIENT_AUTH_REQUEST_ANY;
}

static struct slice boolean(bool value)
{
	return value ? SLICE("true") : SLICE("false");
}

static bool cert_value(const struct header_request *r, enum config_field_id id,
	struct arena *arena, struct slice *out)
{
	switch (id) {
	case FIELD_CERT_PEM:
		return leaf_pem(r, true, arena, out);
	case FIELD_CERT_RFC9440:
		return leaf_rfc9440(r, arena, out);
	case FIELD_CERT_CHAIN_RFC9440:
		return chain_rfc9440(r, arena, out);
	case FIELD_CERT_RFC9440_TOO_LARGE:
		*out = boolean(!leaf_fits(&r->certs));
		return true;
	case FIELD_CERT_CHAIN_RFC9440_TOO_LARGE:
		*out = boolean(!chain_fits(&r->certs));
		return true;
	case FIELD_RFC9440_CERT:
		return !is_verified(r) || leaf_rfc9440(r, arena, out);
	case FIELD_RFC9440_CHAIN:
		return !is_verified(r) || chain_rfc9440(r, arena, out);
	case FIELD_ALB_LEAF:
		return alb_passthrough(r->auth) ||
		       leaf_pem(r, false, arena, out);
	case FIELD_ALB_CHAIN:
		return !alb_passthrough(r->auth) || alb_chain(r, arena, out);
	default:
		return false;
	}
}

enum header_value_fault header_value_request(
	const struct header_request *request,
	const struct config_template_piece *piece, struct arena *arena,
	struct slice *out)
{
	struct slice chosen = {NULL, 0};

	*out = slice_of(NULL, 0);
	switch (piece->field->id) {
	case FIELD_REQUEST_ID:
		*out = request->id;
		return HEADER_VALUE_OK;
	case FIELD_REQUEST_METHOD:
		chosen = request->method;
		break;
	case FIELD_REQUEST_HOST:
		chosen = request->host;
		break;
	case FIELD_REQUEST_PATH:
		chosen = slice_head(
			request->path, slice_find(request->path, '?'));
		break;
	default:
		return cert_value(request, piece->field->id, arena, out)
			       ? HEADER_VALUE_OK
			       : HEADER_VALUE_MEMORY;
	}
	return cert_format_percent(chosen, "", arena, out)
		       ? HEADER_VALUE_OK
		       : HEADER_VALUE_MEMORY;
}
