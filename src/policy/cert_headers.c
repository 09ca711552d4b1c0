#include "policy/cert_headers.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "tls/cert_format.h"

enum {
	FIELDS = 10,
	CERT_HEADERS_MAGIC = 0x63687264,
};

_Static_assert((int)CERT_HEADERS_MAX == (int)CERT_FORMAT_TOTAL_MAX &&
		       (int)CERT_HEADER_VALUE_MAX == (int)CERT_FORMAT_VALUE_MAX,
	"the handshake measures by the same limits");

struct cert_headers {
	unsigned magic;
	size_t size; /* of the whole heap block */
	struct header_block block;
	struct header_field fields[FIELDS];
	char wire[]; /* names and values of the fields lie in here */
};

/* What the values are made of. */
struct source {
	const struct client_auth *auth;
	const struct cert_info *leaf; /* NULL: none was shown */
	bool fits;                    /* within the limits of fields.md 5 */
	struct arena *arena;
};

typedef bool value_of(const struct source *from, struct slice *out);

static bool presented(const struct source *from, struct slice *out)
{
	*out = from->leaf ? SLICE("1") : SLICE("0");
	return true;
}

static bool verified(const struct source *from, struct slice *out)
{
	char verdict[CLIENT_AUTH_VERDICT];

	client_auth_verdict(from->auth, verdict);
	return arena_dup(from->arena, slice_str(verdict), out);
}

static bool issuer(const struct source *from, struct slice *out)
{
	return !from->leaf || !from->fits ||
	       cert_format_rfc2253(&from->leaf->issuer, from->arena, out);
}

static bool subject(const struct source *from, struct slice *out)
{
	return !from->leaf || !from->fits ||
	       cert_format_rfc2253(&from->leaf->subject, from->arena, out);
}

static bool issuer_legacy(const struct source *from, struct slice *out)
{
	return !from->leaf || !from->fits ||
	       cert_format_legacy(&from->leaf->issuer, from->arena, out);
}

static bool subject_legacy(const struct source *from, struct slice *out)
{
	return !from->leaf || !from->fits ||
	       cert_format_legacy(&from->leaf->subject, from->arena, out);
}

static bool serial(const struct source *from, struct slice *out)
{
	return !from->leaf || !from->fits ||
	       cert_format_serial(from->leaf, from->arena, out);
}

static bool fingerprint(const struct source *from, struct slice *out)
{
	return !from->leaf ||
	       cert_format_hex(from->leaf->sha1, sizeof(from->leaf->sha1),
		       from->arena, out);
}

static bool not_before(const struct source *from, struct slice *out)
{
	return !from->leaf ||
	       cert_format_time(&from->leaf->not_before, from->arena, out);
}

static bool not_after(const struct source *from, struct slice *out)
{
	return !from->leaf ||
	       cert_format_time(&from->leaf->not_after, from->arena, out);
}

/* fields.md section 1, in its order. */
static const struct {
	const char *name;
	value_of *value;
} x_cert[FIELDS] = {
	{"X-CERT-PRESENTED", presented},
	{"X-CERT-VERIFY", verified},
	{"X-CERT-ISSUER-DN", issuer},
	{"X-CERT-SUBJECT-DN", subject},
	{"X-CERT-ISSUER-DN-L", issuer_legacy},
	{"X-CERT-SUBJECT-DN-L", subject_legacy},
	{"X-CERT-SERIAL", serial},
	{"X-CERT-FINGER", fingerprint},
	{"X-CERT-NOTBE", not_before},
	{"X-CERT-NOTAF", not_after},
};

static const struct slice colon = {": ", 2};
static const struct slice line_end = {"\r\n", 2};

/* All values; false with *reason as cert_headers_new has it. */
static bool make_values(const struct source *from, struct slice values[FIELDS],
	const char **reason)
{
	for (size_t i = 0; i < FIELDS; i++) {
		values[i] = (struct slice){NULL, 0};
		if (!x_cert[i].value(from, &values[i]))
			return false;
		/* R6: whatever went wrong above, no byte breaks a line. */
		if (!header_value_printable(values[i])) {
			*reason = x_cert[i].name;
			return false;
		}
	}
	return true;
}

static struct slice put(char **at, struct slice text)
{
	char *start = *at;

	if (text.len)
		memcpy(start, text.ptr, text.len);
	*at += text.len;
	return slice_of(start, text.len);
}

static void add_field(struct cert_headers *headers, char **at,
	struct slice name, struct slice value)
{
	struct header_field *field = &headers->fields[headers->block.count++];

	field->name = put(at, name);
	put(at, colon);
	field->value = put(at, value);
	put(at, line_end);
}

static bool sent(const struct config_headers *settings, struct slice value)
{
	return settings->preset == PRESET_X_CERT &&
	       (value.len || settings->empty == EMPTY_SEND);
}

static struct cert_headers *render(const struct config_headers *settings,
	const struct slice values[FIELDS])
{
	size_t wire = 0, size;
	struct cert_headers *headers;
	char *at;

	for (size_t i = 0; i < FIELDS; i++) {
		if (sent(settings, values[i]))
			wire += strlen(x_cert[i].name) + colon.len +
				values[i].len + line_end.len;
	}
	size = sizeof(*headers) + wire;
	headers = calloc(1, size);
	if (!headers)
		return NULL;
	headers->magic = CERT_HEADERS_MAGIC;
	headers->size = size;
	headers->block.fields = headers->fields;
	headers->block.cap = FIELDS;
	headers->block.wire = slice_of(headers->wire, wire);
	at = headers->wire;
	for (size_t i = 0; i < FIELDS; i++) {
		if (sent(settings, values[i]))
			add_field(headers, &at, slice_str(x_cert[i].name),
				values[i]);
	}
	return headers;
}

struct cert_headers *cert_headers_new(const struct config_headers *settings,
	const struct client_auth *auth, const struct cert_info *leaf,
	struct arena *scratch, const char **reason)
{
	struct source from = {.auth = auth, .arena = scratch};
	struct slice values[FIELDS];

	*reason = NULL;
	if (auth->state != CLIENT_AUTH_NONE) {
		if (!leaf)
			return NULL;
		from.leaf = leaf;
		from.fits = cert_headers_fit(leaf, scratch);
	}
	if (!make_values(&from, values, reason))
		return NULL;
	return render(settings, values);
}

void cert_headers_free(struct cert_headers *headers)
{
	if (headers)
		headers->magic = 0;
	free(headers);
}

const struct header_block *cert_headers_block(const struct cert_headers *h)
{
	return &h->block;
}

size_t cert_headers_size(const struct cert_headers *headers)
{
	return headers->size;
}

bool cert_headers_fit(const struct cert_info *leaf, struct arena *scratch)
{
	return cert_format_fits(leaf, scratch);
}

/* ---- what may not come in (R1, R2) ---- */

static const struct slice prefixes[] = {
	{"x-cert-", 7},
	{"cf-cert-", 8},
	{"x-ssl-client-", 13},
	{"x-amzn-mtls-", 12},
};

static const struct slice names[] = {
	{"client-cert", 11},
	{"client-cert-chain", 17},
	{"x-forwarded-client-cert", 23},
};

bool cert_headers_protects(struct slice name)
{
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		if (header_folds_to_prefix(name, prefixes[i]))
			return true;
	}
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (header_folds_to(name, names[i]))
			return true;
	}
	return false;
}
