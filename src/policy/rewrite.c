#include "policy/rewrite.h"

#include "base/arena.h"
#include "http/message.h"
#include "policy/cert_headers.h"
#include "policy/forwarded.h"
#include "policy/header_plan.h"

struct strip {
	const struct header_plan *plan;
	enum alias_headers alias_headers;
	struct rewrite_stripped *stripped;
	bool rejected;
	bool quiet; /* trusted: what is carried over is not told as removed */
};

/* alias: of the route; NULL: that of the plan counts. */
static struct strip strip_of(const struct header_plan *plan,
	const unsigned *alias, struct rewrite_stripped *stripped)
{
	return (struct strip){.plan = plan,
		.alias_headers =
			alias ? (enum alias_headers) * alias
			      : header_plan_settings(plan)->alias_headers,
		.stripped = stripped};
}

/* Names that we write ourselves, folded (R1). An origin that trusts one of
 * them trusts whoever stands in front of it: that is us. */
static bool is_own_name(struct slice name)
{
	if (name.len == 0)
		return false;
	/* most fields are done with after their first letter */
	switch (header_fold_byte(name.ptr[0])) {
	case 'x':
		return header_folds_to_prefix(name, SLICE("x-forwarded-")) ||
		       header_folds_to(name, SLICE("x-request-id")) ||
		       header_folds_to(name, SLICE("x-real-ip"));
	case 'f':
		return header_folds_to(name, SLICE("forwarded"));
	case 'v':
		return header_folds_to(name, SLICE("via"));
	default:
		return false;
	}
}

/* Of a trusted proxy these are carried over, in this very spelling. */
static bool is_carried(const struct strip *strip, struct slice name)
{
	struct slice list = forwarded_field(header_plan_settings(strip->plan));

	if (!strip->quiet)
		return false;
	if (slice_eq_nocase(name, list))
		return true;
	return list.ptr && list.ptr[0] == 'X' &&
	       (slice_eq_nocase(name, SLICE("X-Forwarded-Host")) ||
		       slice_eq_nocase(name, SLICE("X-Forwarded-Proto")));
}

static void note(struct rewrite_stripped *stripped, struct slice name)
{
	if (stripped->total < REWRITE_NAMES)
		stripped->names[stripped->total] = name;
	stripped->total++;
}

static bool must_go(struct slice name, struct strip *strip)
{
	if (is_carried(strip, name))
		return true;
	if (cert_headers_protects(name) || is_own_name(name) ||
		header_plan_protects(strip->plan, name)) {
		note(strip->stripped, name);
		return true;
	}
	if (header_plan_removes(strip->plan, name))
		return true;
	if (!header_is_alias(name))
		return false;
	/* what an origin may take for framing goes even then */
	if (strip->alias_headers == ALIAS_PASS && !message_lifts(name))
		return false;
	strip->rejected |= strip->alias_headers == ALIAS_REJECT;
	strip->stripped->alias++;
	note(strip->stripped, name);
	return true;
}

static bool drop_field(const struct header_field *field, void *arg)
{
	return must_go(field->name, arg);
}

/* The Trailer field promises what is left of the trailers (R5). */
static bool keep_trailer_names(struct message *head, struct arena *arena,
	bool (*drop)(const struct header_field *field, void *arg), void *arg)
{
	struct slice rest = head->trailer_names;
	struct slice name;
	size_t len = 0;
	char *left;

	if (rest.len == 0)
		return true;
	left = arena_alloc(arena, rest.len * 2);
	if (!left)
		return false;
	while (slice_next(&rest, ',', &name)) {
		if (!name.len ||
			drop(&(struct header_field){.name = name}, arg))
			continue;
		if (len) {
			left[len++] = ',';
			left[len++] = ' ';
		}
		for (size_t i = 0; i < name.len; i++)
			left[len++] = name.ptr[i];
	}
	head->trailer_names = slice_of(left, len);
	return true;
}

/* What it only announces is not counted: the trailer itself will be. */
static bool keep_request_trailer_names(struct message *head,
	struct arena *arena, const struct rewrite_facts *facts)
{
	struct rewrite_stripped uncounted = {.total = 0};
	struct strip strip =
		strip_of(facts->plan, facts->alias_headers, &uncounted);

	return keep_trailer_names(head, arena, drop_field, &strip);
}

static struct slice via_of(const struct message *head)
{
	switch (head->version) {
	case MESSAGE_HTTP_1_0:
		return SLICE("1.0 mtlsgate");
	case MESSAGE_HTTP_2:
		return SLICE("2.0 mtlsgate");
	case MESSAGE_HTTP_1_1:
		break;
	}
	return SLICE("1.1 mtlsgate");
}

/* Unless headers.set writes it. */
static bool add_unset(struct message *head, struct arena *arena,
	const struct rewrite_facts *facts, enum header_own own,
	struct header_field field)
{
	return header_plan_sets(facts->plan, own) ||
	       header_add(&head->fields, arena, field.name, field.value);
}

/* What a trusted proxy said, taken before its fields are removed. */
struct carried {
	struct slice list; /* X-Forwarded-For or Forwarded, ours at its end */
	struct slice host; /* empty: not told, or told twice */
	struct slice proto;
};

/* The value of a field that stands there once. */
static struct slice only(const struct header_block *fields, struct slice name)
{
	struct slice found = {NULL, 0};
	size_t count = 0;

	for (size_t i = 0; i < fields->count; i++) {
		if (!slice_eq_nocase(fields->fields[i].name, name))
			continue;
		found = fields->fields[i].value;
		count++;
	}
	return count == 1 ? found : slice_of(NULL, 0);
}

static bool is_quotable(struct slice text)
{
	return text.len && header_value_printable(text) &&
	       slice_find(text, '"') == text.len &&
	       slice_find(text, '\\') == text.len;
}

/* RFC 7239 section 4: for, host and proto of this hop. */
static bool make_element(const struct rewrite_facts *facts,
	struct slice authority, struct arena *arena, struct slice *out)
{
	bool v6 = slice_find(facts->client_ip, ':') < facts->client_ip.len;
	const char *quote = v6 ? "\"" : "";
	struct slice ip =
		facts->client_ip.len ? facts->client_ip : SLICE("unknown");
	const char *text =
		arena_printf(arena, "for=%s%s%.*s%s%s%s%.*s%s;proto=https",
			quote, v6 ? "[" : "", SLICE_FMT(ip), v6 ? "]" : "",
			quote, is_quotable(authority) ? ";host=\"" : "",
			is_quotable(authority) ? (int)authority.len : 0,
			authority.len ? authority.ptr : "",
			is_quotable(authority) ? "\"" : "");

	*out = slice_str(text);
	return text;
}

/* The list with our entry, and the rest; nothing is looked for that an
 * untrusted client may have written. */
static bool carry(const struct message *head, struct arena *arena,
	const struct rewrite_facts *facts, struct carried *out)
{
	const struct config_headers *settings =
		header_plan_settings(facts->plan);
	struct slice own = facts->client_ip;

	*out = (struct carried){
		.host = head->authority, .proto = SLICE("https")};
	if (settings->forwarded == FORWARDED_RFC7239 &&
		!make_element(facts, head->authority, arena, &own))
		return false;
	out->list = own;
	if (!facts->trusted)
		return true;
	if (settings->forwarded == FORWARDED_X) {
		struct slice host =
			only(&head->fields, SLICE("X-Forwarded-Host"));
		struct slice proto =
			only(&head->fields, SLICE("X-Forwarded-Proto"));

		out->host = host.len ? host : out->host;
		out->proto = proto.len ? proto : out->proto;
	}
	return forwarded_join(&head->fields, forwarded_field(settings), own,
		arena, &out->list);
}

/* An empty value is left out. */
static bool add_told(struct message *head, struct arena *arena,
	const struct rewrite_facts *facts, enum header_own own,
	struct header_field field)
{
	return !field.value.len || add_unset(head, arena, facts, own, field);
}

static bool add_forwarded(struct message *head, struct arena *arena,
	const struct rewrite_facts *facts, const struct carried *told)
{
	switch (header_plan_settings(facts->plan)->forwarded) {
	case FORWARDED_NONE:
		return true;
	case FORWARDED_RFC7239:
		return add_told(head, arena, facts, HEADER_OWN_FORWARDED,
			(struct header_field){SLICE("Forwarded"), told->list});
	case FORWARDED_X:
		break;
	}
	/* a client on a unix socket has no address */
	return add_told(head, arena, facts, HEADER_OWN_FORWARDED_FOR,
		       (struct header_field){
			       SLICE("X-Forwarded-For"), told->list}) &&
	       add_told(head, arena, facts, HEADER_OWN_FORWARDED_HOST,
		       (struct header_field){
			       SLICE("X-Forwarded-Host"), told->host}) &&
	       add_told(head, arena, facts, HEADER_OWN_FORWARDED_PROTO,
		       (struct header_field){
			       SLICE("X-Forwarded-Proto"), told->proto});
}

static bool add_own(struct message *head, struct arena *arena,
	const struct rewrite_facts *facts, const struct carried *told)
{
	/* HTTP/1.0 may come without a Host; the origin gets one all the same */
	if (header_plan_settings(facts->plan)->host == HOST_ORIGIN ||
		!head->authority.len)
		head->authority = facts->origin_authority;
	return add_forwarded(head, arena, facts, told) &&
	       add_unset(head, arena, facts, HEADER_OWN_REQUEST_ID,
		       (struct header_field){
			       SLICE("X-Request-Id"), facts->request_id}) &&
	       header_add(&head->fields, arena, SLICE("Via"), via_of(head));
}

enum http_rule rewrite_request(struct message *head, struct arena *arena,
	const struct rewrite_facts *facts, struct rewrite_stripped *stripped)
{
	struct strip strip =
		strip_of(facts->plan, facts->alias_headers, stripped);

	struct carried told;

	if (!header_value_printable(head->authority))
		return HTTP_RULE_HOST_SYNTAX;
	if (!carry(head, arena, facts, &told))
		return HTTP_RULE_NO_MEMORY;
	strip.quiet = facts->trusted;
	header_remove_if(&head->fields, drop_field, &strip);
	if (!keep_request_trailer_names(head, arena, facts))
		return HTTP_RULE_NO_MEMORY;
	if (strip.rejected)
		return HTTP_RULE_ALIAS_NAME;
	if (!add_own(head, arena, facts, &told))
		return HTTP_RULE_NO_MEMORY;
	head->lent = facts->cert_headers;
	return HTTP_RULE_NONE;
}

void rewrite_trailers(struct header_block *trailers,
	const struct header_plan *plan, const unsigned *alias_headers,
	struct rewrite_stripped *stripped)
{
	struct strip strip = strip_of(plan, alias_headers, stripped);

	if (trailers)
		header_remove_if(trailers, drop_field, &strip);
}

static bool is_edited(const struct header_field *field, void *arg)
{
	const struct header_plan *const *plan = arg;

	return header_plan_edits_response(*plan, field->name);
}

bool rewrite_response(struct message *head, struct arena *arena,
	const struct header_plan *plan, struct slice date,
	struct slice request_id)
{
	if (date.len && !header_find(&head->fields, SLICE("Date")) &&
		!header_add(&head->fields, arena, SLICE("Date"), date))
		return false;
	return keep_trailer_names(head, arena, is_edited, &plan) &&
	       header_plan_response(plan, &head->fields, arena, request_id) &&
	       header_add(&head->fields, arena, SLICE("Via"), via_of(head));
}
