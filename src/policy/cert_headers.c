#include "policy/cert_headers.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "config/config_field.h"
#include "config/config_preset.h"
#include "header_plan_priv.h"
#include "tls/cert_format.h"

enum { CERT_HEADERS_MAGIC = 0x63687264 };

_Static_assert((int)CERT_HEADERS_MAX == (int)CERT_FORMAT_TOTAL_MAX &&
		       (int)CERT_HEADER_VALUE_MAX == (int)CERT_FORMAT_VALUE_MAX,
	"the handshake measures by the same limits");

/*
 * Behind the struct lie the fields, then the parts: the pieces of the headers
 * made for each request that are the same for all of them, in order; then the
 * bytes of both.
 */
struct cert_headers {
	unsigned magic;
	unsigned part_count;
	size_t size; /* of the whole heap block */
	struct header_block block;
	struct header_field fields[];
};

static const struct slice colon = {": ", 2};
static const struct slice line_end = {"\r\n", 2};

/* ---- values ---- */

/* Several headers may tell the same field: it is made once. */
struct render {
	struct header_facts facts;
	struct arena *arena;
	struct slice *parts;  /* of the rows made for each request */
	struct slice *values; /* of plan->lasting */
	size_t part_count;
	struct cert_headers_problem *problem;
	struct slice memo[FIELD_COUNT];
	bool known[FIELD_COUNT];
};

static enum cert_headers_fault fault_of(enum header_value_fault fault)
{
	switch (fault) {
	case HEADER_VALUE_OK:
		return CERT_HEADERS_OK;
	case HEADER_VALUE_TOO_LARGE:
		return CERT_HEADERS_TOO_LARGE;
	case HEADER_VALUE_MEMORY:
		break;
	}
	return CERT_HEADERS_NO_MEMORY;
}

static enum cert_headers_fault make_piece(struct render *r,
	const struct config_template_piece *piece, struct slice *out)
{
	enum cert_headers_fault fault;
	enum config_field_id id;

	if (!piece->field) {
		*out = piece->text;
		return CERT_HEADERS_OK;
	}
	id = piece->field->id;
	if (!piece->text.len && r->known[id]) {
		*out = r->memo[id];
		return CERT_HEADERS_OK;
	}
	fault = fault_of(header_value(&r->facts, piece, r->arena, out));
	/* R6: whatever went wrong above, no byte breaks a line. */
	if (fault == CERT_HEADERS_OK && !header_value_printable(*out))
		fault = CERT_HEADERS_BYTE;
	r->known[id] = fault == CERT_HEADERS_OK && !piece->text.len;
	r->memo[id] = *out;
	return fault;
}

static bool join(const struct slice *pieces, size_t count, struct arena *arena,
	struct slice *out)
{
	size_t len = 0;
	char *text;

	if (count == 1) {
		*out = pieces[0];
		return true;
	}
	for (size_t i = 0; i < count; i++)
		len += pieces[i].len;
	text = arena_alloc(arena, len);
	if (!text)
		return false;
	*out = slice_of(text, len);
	for (size_t i = 0; i < count; i++) {
		if (pieces[i].len)
			memcpy(text, pieces[i].ptr, pieces[i].len);
		text += pieces[i].len;
	}
	return true;
}

static enum cert_headers_fault make_value(struct render *r,
	const struct config_template *value, struct slice *out)
{
	struct slice pieces[CONFIG_TEMPLATE_PIECES];
	enum cert_headers_fault fault = CERT_HEADERS_OK;

	for (size_t i = 0; i < value->count && fault == CERT_HEADERS_OK; i++)
		fault = make_piece(r, &value->pieces[i], &pieces[i]);
	if (fault != CERT_HEADERS_OK)
		return fault;
	if (!join(pieces, value->count, r->arena, out))
		return CERT_HEADERS_NO_MEMORY;
	return out->len > CERT_HEADER_VALUE_MAX ? CERT_HEADERS_TOO_LARGE
						: CERT_HEADERS_OK;
}

static bool failed(struct render *r, const struct header_row *row,
	enum cert_headers_fault fault)
{
	if (fault == CERT_HEADERS_OK)
		return false;
	*r->problem = (struct cert_headers_problem){fault, row->name.ptr};
	return true;
}

static bool make_lasting(struct render *r, const struct header_rows *rows)
{
	for (size_t i = 0; i < rows->count; i++) {
		const struct header_row *row = &rows->items[i];

		if (failed(r, row, make_value(r, &row->value, &r->values[i])))
			return false;
	}
	return true;
}

static bool make_parts(struct render *r, const struct header_rows *rows)
{
	for (size_t i = 0; i < rows->count; i++) {
		const struct header_row *row = &rows->items[i];

		for (size_t p = 0; p < row->value.count; p++) {
			if (!header_piece_lasts(&row->value.pieces[p]))
				continue;
			if (failed(r, row,
				    make_piece(r, &row->value.pieces[p],
					    &r->parts[r->part_count++])))
				return false;
		}
	}
	return true;
}

/* ---- the block ---- */

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

static bool is_sent(const struct header_row *row, struct slice value)
{
	return value.len || !row->optional;
}

static struct slice *parts_of(const struct cert_headers *headers)
{
	return (struct slice *)(void *)(headers->block.fields +
					headers->block.cap);
}

struct measure {
	size_t fields;
	size_t wire;
	size_t parts; /* bytes of all parts */
};

static struct measure measure(
	const struct render *r, const struct header_rows *rows)
{
	struct measure m = {0, 0, 0};

	for (size_t i = 0; i < rows->count; i++) {
		if (!is_sent(&rows->items[i], r->values[i]))
			continue;
		m.fields++;
		m.wire += rows->items[i].name.len + colon.len +
			  r->values[i].len + line_end.len;
	}
	for (size_t i = 0; i < r->part_count; i++)
		m.parts += r->parts[i].len;
	return m;
}

static struct cert_headers *block_new(struct measure m, size_t part_count)
{
	size_t size = sizeof(struct cert_headers) +
		      m.fields * sizeof(struct header_field) +
		      part_count * sizeof(struct slice) + m.wire + m.parts;
	struct cert_headers *headers = calloc(1, size);

	if (!headers)
		return NULL;
	headers->magic = CERT_HEADERS_MAGIC;
	headers->size = size;
	headers->part_count = (unsigned)part_count;
	headers->block.fields = headers->fields;
	headers->block.cap = m.fields;
	return headers;
}

static struct cert_headers *fill(
	const struct render *r, const struct header_rows *rows)
{
	struct measure m = measure(r, rows);
	struct cert_headers *headers;
	char *at;

	if (m.wire + m.parts > CERT_HEADERS_MAX) {
		r->problem->fault = CERT_HEADERS_TOO_LARGE;
		return NULL;
	}
	headers = block_new(m, r->part_count);
	if (!headers) {
		r->problem->fault = CERT_HEADERS_NO_MEMORY;
		return NULL;
	}
	at = (char *)(parts_of(headers) + r->part_count);
	headers->block.wire = slice_of(at, m.wire);
	for (size_t i = 0; i < rows->count; i++) {
		if (is_sent(&rows->items[i], r->values[i]))
			add_field(headers, &at, rows->items[i].name,
				r->values[i]);
	}
	for (size_t i = 0; i < r->part_count; i++)
		parts_of(headers)[i] = put(&at, r->parts[i]);
	return headers;
}

static bool render_init(struct render *r, const struct header_plan *plan,
	const struct header_facts *facts)
{
	r->facts = *facts;
	if (facts->auth->state == CLIENT_AUTH_NONE)
		r->facts.leaf = NULL;
	else if (!facts->leaf)
		return false;
	r->facts.fits = !r->facts.leaf ||
			(!facts->oversized &&
				cert_headers_fit(r->facts.leaf, r->arena));
	/* the handshake found that it does: what is missing is memory */
	if (!r->facts.fits && facts->auth->state == CLIENT_AUTH_OK)
		return false;
	r->values =
		arena_alloc(r->arena, plan->lasting.count * sizeof(*r->values));
	r->parts = arena_alloc(r->arena, plan->parts * sizeof(*r->parts));
	return r->values && r->parts;
}

struct cert_headers *cert_headers_new(const struct header_plan *plan,
	const struct header_facts *facts, struct arena *scratch,
	struct cert_headers_problem *problem)
{
	struct render r = {.arena = scratch, .problem = problem};

	*problem = (struct cert_headers_problem){CERT_HEADERS_OK, NULL};
	if (!render_init(&r, plan, facts)) {
		problem->fault = CERT_HEADERS_NO_MEMORY;
		return NULL;
	}
	if (!make_lasting(&r, &plan->lasting) ||
		!make_parts(&r, &plan->passing))
		return NULL;
	return fill(&r, &plan->lasting);
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

/* ---- what is made for each request ---- */

/* Values with a certificate in them have a limit of their own. */
static bool is_too_long(const struct header_row *row, struct slice value)
{
	return !(row->value.needs & (FIELD_NEEDS_DER | FIELD_NEEDS_CHAIN)) &&
	       value.len > CERT_HEADER_VALUE_MAX;
}

static enum cert_headers_fault request_value(const struct header_row *row,
	const struct slice **part, const struct header_request *request,
	struct arena *arena, struct slice *out)
{
	struct slice pieces[CONFIG_TEMPLATE_PIECES];
	enum cert_headers_fault fault = CERT_HEADERS_OK;
	const struct config_template *value = &row->value;

	for (size_t i = 0; i < value->count && fault == CERT_HEADERS_OK; i++) {
		if (header_piece_lasts(&value->pieces[i]))
			pieces[i] = *(*part)++;
		else
			fault = fault_of(header_value_request(
				request, &value->pieces[i], arena, &pieces[i]));
	}
	if (fault != CERT_HEADERS_OK)
		return fault;
	if (!join(pieces, value->count, arena, out))
		return CERT_HEADERS_NO_MEMORY;
	if (!header_value_printable(*out))
		return CERT_HEADERS_BYTE;
	return is_too_long(row, *out) ? CERT_HEADERS_TOO_LARGE
				      : CERT_HEADERS_OK;
}

enum cert_headers_fault cert_headers_add(const struct header_plan *plan,
	const struct cert_headers *headers,
	const struct header_request *request, struct arena *arena,
	struct header_block *fields)
{
	const struct slice *part = parts_of(headers);

	for (size_t i = 0; i < plan->passing.count; i++) {
		const struct header_row *row = &plan->passing.items[i];
		enum cert_headers_fault fault;
		struct slice value;

		fault = request_value(row, &part, request, arena, &value);
		if (fault != CERT_HEADERS_OK)
			return fault;
		if (is_sent(row, value) &&
			!header_add(fields, arena, row->name, value))
			return CERT_HEADERS_NO_MEMORY;
	}
	return CERT_HEADERS_OK;
}

static bool field_needs_chain(
	enum config_field_id id, enum client_auth_mode mode)
{
	if (id == FIELD_ALB_CHAIN && mode != CLIENT_AUTH_REQUEST_ANY)
		return false; /* empty there */
	return config_field_of(id)->needs & FIELD_NEEDS_CHAIN;
}

bool cert_headers_need_chain(
	const struct config_headers *settings, enum client_auth_mode mode)
{
	const struct config_preset_header *header;

	for (size_t i = 0; (header = config_preset_at(i)); i++) {
		if (settings->presets & 1U << header->preset &&
			field_needs_chain(header->field, mode))
			return true;
	}
	for (size_t i = 0; i < settings->request.set.count; i++) {
		if (settings->request.values[i].needs & FIELD_NEEDS_CHAIN)
			return true;
	}
	return false;
}

/* ---- what may not come in (R1, R2) ---- */

static bool is_protected_c(struct slice name)
{
	return header_folds_to_prefix(name, SLICE("cf-cert-")) ||
	       header_folds_to(name, SLICE("client-cert")) ||
	       header_folds_to(name, SLICE("client-cert-chain"));
}

static bool is_protected_x(struct slice name)
{
	return header_folds_to_prefix(name, SLICE("x-cert-")) ||
	       header_folds_to_prefix(name, SLICE("x-ssl-client-")) ||
	       header_folds_to_prefix(name, SLICE("x-amzn-mtls-")) ||
	       header_folds_to(name, SLICE("x-forwarded-client-cert"));
}

bool cert_headers_protects(struct slice name)
{
	if (!name.len)
		return false;
	/* most fields are done with after their first letter */
	switch (header_fold_byte(name.ptr[0])) {
	case 'c':
		return is_protected_c(name);
	case 'x':
		return is_protected_x(name);
	default:
		return false;
	}
}
