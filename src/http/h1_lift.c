/*
 * The fields of one hop become members of the message or are dropped (R4).
 */
#include "h1_priv.h"

#include "base/arena.h"
#include "http/target.h"

enum {
	CONNECTION_OPTIONS = 64, /* more of them is no honest message (R17) */
};

static bool is_request(const struct h1_reader *r)
{
	return r->message->kind == MESSAGE_REQUEST;
}

static enum http_rule lift_host(struct h1_reader *r, struct slice value)
{
	if (!is_request(r))
		return HTTP_RULE_NONE; /* means nothing there: dropped */
	if (r->host)
		return HTTP_RULE_HOST_TWICE;
	r->host = true;
	if (!target_authority_valid(value))
		return HTTP_RULE_HOST_SYNTAX;
	r->message->authority = value;
	return HTTP_RULE_NONE;
}

static enum http_rule lift_length(struct h1_reader *r, struct slice value)
{
	if (r->length)
		return HTTP_RULE_CONTENT_LENGTH_TWICE;
	if (r->coding)
		return HTTP_RULE_LENGTH_CONFLICT;
	r->length = true;
	r->length_at = r->offset;
	if (!slice_to_u64(value, INT64_MAX, &r->length_value))
		return HTTP_RULE_CONTENT_LENGTH;
	return HTTP_RULE_NONE;
}

static enum http_rule lift_coding(struct h1_reader *r, struct slice value)
{
	if (r->coding)
		return HTTP_RULE_TRANSFER_ENCODING_TWICE;
	if (r->length)
		return HTTP_RULE_LENGTH_CONFLICT;
	if (r->message->version == MESSAGE_HTTP_1_0)
		return HTTP_RULE_TRANSFER_ENCODING_1_0;
	r->coding = true;
	if (!slice_eq_nocase(value, SLICE("chunked")))
		return HTTP_RULE_TRANSFER_ENCODING;
	return HTTP_RULE_NONE;
}

/* Is the option one that we know, so that it nominates nothing more? */
static bool option_known(struct h1_reader *r, struct slice option)
{
	if (slice_eq_nocase(option, SLICE("close")))
		r->connection->close = true;
	else if (slice_eq_nocase(option, SLICE("keep-alive")))
		r->connection->keep_alive = true;
	else if (slice_eq_nocase(option, SLICE("upgrade")))
		r->upgrades = true;
	else
		return h1_field_of(option) != H1_FIELD_END_TO_END;
	return true;
}

static enum http_rule lift_connection(struct h1_reader *r, struct slice value)
{
	struct slice option;

	if (value.len == 10 && bytes_is_word(value, "keep-alive")) {
		r->connection->keep_alive = true; /* the common case */
		return HTTP_RULE_NONE;
	}
	while (slice_next(&value, ',', &option)) {
		if (++r->options > CONNECTION_OPTIONS)
			return HTTP_RULE_CONNECTION;
		if (!option.len)
			continue; /* RFC 9110 section 5.6.1.2 */
		if (!header_name_valid(option))
			return HTTP_RULE_CONNECTION;
		if (!option_known(r, option))
			r->nominated = true;
	}
	return HTTP_RULE_NONE;
}

static enum http_rule lift_expect(struct h1_reader *r, struct slice value)
{
	if (!is_request(r))
		return HTTP_RULE_NONE;
	if (r->expect || !slice_eq_nocase(value, SLICE("100-continue")))
		return HTTP_RULE_EXPECT;
	r->expect = true;
	return HTTP_RULE_NONE;
}

static enum http_rule lift_te(struct h1_reader *r, struct slice value)
{
	struct slice coding;

	if (!is_request(r) || r->message->version == MESSAGE_HTTP_1_0)
		return HTTP_RULE_NONE;
	while (slice_next(&value, ',', &coding)) {
		if (slice_eq_nocase(coding, SLICE("trailers")))
			r->message->wants_trailers = true;
	}
	return HTTP_RULE_NONE;
}

static enum http_rule join_trailer_names(
	struct h1_reader *r, struct slice value)
{
	struct slice *names = &r->message->trailer_names;
	size_t len = names->len + 2 + value.len;
	char *joined;

	if (!names->len || !value.len) {
		*names = names->len ? *names : value;
		return HTTP_RULE_NONE;
	}
	joined = arena_alloc(r->parser->arena, len);
	if (!joined)
		return HTTP_RULE_NO_MEMORY;
	memcpy(joined, names->ptr, names->len);
	memcpy(joined + names->len, ", ", 2);
	memcpy(joined + names->len + 2, value.ptr, value.len);
	*names = slice_of(joined, len);
	return HTTP_RULE_NONE;
}

static enum http_rule lift_trailer(struct h1_reader *r, struct slice value)
{
	struct slice rest = value;
	struct slice name;

	while (slice_next(&rest, ',', &name)) {
		if (name.len && (!header_name_valid(name) ||
					h1_field_not_in_trailers(name)))
			return HTTP_RULE_TRAILER;
	}
	if (r->message->version == MESSAGE_HTTP_1_0)
		return HTTP_RULE_NONE;
	return join_trailer_names(r, value);
}

/* protocol = name ["/" version], both tokens (RFC 9110 section 7.8) */
static bool protocol_valid(struct slice protocol)
{
	size_t slash = slice_find(protocol, '/');

	if (!header_name_valid(slice_head(protocol, slash)))
		return false;
	return slash == protocol.len ||
	       header_name_valid(slice_from(protocol, slash + 1));
}

/* The first protocol counts that is not HTTP/2 in the clear: h2c never passes,
 * it would open a tunnel past every rule. */
static enum http_rule lift_upgrade(struct h1_reader *r, struct slice value)
{
	struct slice protocol;

	while (slice_next(&value, ',', &protocol)) {
		if (!protocol.len)
			continue;
		if (!protocol_valid(protocol))
			return HTTP_RULE_UPGRADE;
		if (!r->upgrade.len &&
			!slice_eq_nocase(slice_head(protocol, 3), SLICE("h2c")))
			r->upgrade = protocol;
	}
	return HTTP_RULE_NONE;
}

enum http_rule h1_lift(
	struct h1_reader *r, enum h1_field field, struct slice value)
{
	switch (field) {
	case H1_FIELD_HOST:
		return lift_host(r, value);
	case H1_FIELD_CONTENT_LENGTH:
		return lift_length(r, value);
	case H1_FIELD_TRANSFER_ENCODING:
		return lift_coding(r, value);
	case H1_FIELD_CONNECTION:
		return lift_connection(r, value);
	case H1_FIELD_EXPECT:
		return lift_expect(r, value);
	case H1_FIELD_TE:
		return lift_te(r, value);
	case H1_FIELD_TRAILER:
		return lift_trailer(r, value);
	case H1_FIELD_UPGRADE:
		return lift_upgrade(r, value);
	case H1_FIELD_DROPPED:
	case H1_FIELD_END_TO_END:
		break;
	}
	return HTTP_RULE_NONE;
}

/* Removes what one Connection field nominated (R4). */
static void drop_nominated_by(struct header_block *block, struct slice value)
{
	struct slice option;

	while (slice_next(&value, ',', &option)) {
		if (option.len && !h1_field_kept(option))
			header_remove(block, option);
	}
}

void h1_drop_nominated(struct h1_reader *r)
{
	for (size_t i = 0; i < r->parser->line_count; i++) {
		const struct h1_line *line = &r->parser->lines[i];

		if (h1_field_of(h1_span_of(r->head, line->name)) ==
			H1_FIELD_CONNECTION)
			drop_nominated_by(&r->message->fields,
				h1_span_of(r->head, line->value));
	}
}
