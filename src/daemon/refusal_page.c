#include "daemon/refusal_page.h"

#include <stdio.h>
#include <time.h>

#include "base/buf.h"
#include "base/json.h"
#include "proxy/refusals.h"

enum { TIME_TEXT = 48, ID_MAX = 64, SHOWN = 256 * 4 + 8 };

/* ---- the question ---- */

struct question {
	uint64_t last;
	struct slice id; /* empty: whatever it is */
};

/* NULL, or what is wrong with it. */
static const char *read_last(struct slice value, struct question *q)
{
	if (q->last)
		return "last stands twice";
	if (!slice_to_u64(value, REFUSALS_KEEP_MAX, &q->last) || !q->last)
		return "last is a number from 1 to 10000";
	return NULL;
}

static const char *read_id(struct slice value, struct question *q)
{
	if (q->id.len)
		return "id stands twice";
	if (!value.len || value.len > ID_MAX)
		return "id has 1 to 64 characters";
	for (size_t i = 0; i < value.len; i++) {
		char c = value.ptr[i];

		if (c != '-' && !(c >= '0' && c <= '9') &&
			!(c >= 'a' && c <= 'f'))
			return "id holds lower-case hex digits and '-' only";
	}
	q->id = value;
	return NULL;
}

static const char *read_part(struct slice part, struct question *q)
{
	size_t equals = slice_find(part, '=');
	struct slice key = slice_head(part, equals);
	struct slice value = slice_from(part, equals + 1);

	if (equals < part.len && slice_eq(key, SLICE("last")))
		return read_last(value, q);
	if (equals < part.len && slice_eq(key, SLICE("id")))
		return read_id(value, q);
	return "only last=N and id=ID may be asked for";
}

static const char *read_query(struct slice query, struct question *q)
{
	struct slice part;

	*q = (struct question){0};
	if (!query.len)
		query = (struct slice){NULL, 0};
	while (slice_next(&query, '&', &part)) {
		const char *why = read_part(part, q);

		if (why)
			return why;
	}
	if (!q->last)
		q->last = q->id.len ? REFUSALS_KEEP_MAX : REFUSAL_PAGE_LAST;
	return NULL;
}

static unsigned refuse_query(const char *why, struct buf *body)
{
	return buf_printf(body, "400 Bad Request: %s\n", why) ? 400 : 503;
}

static bool wanted(const struct question *q, const struct refusal *record)
{
	return !q->id.len ||
	       slice_eq(q->id, refusal_get(record, REFUSAL_CONNECTION)) ||
	       slice_eq(q->id, refusal_get(record, REFUSAL_REQUEST));
}

/* ---- the answer ---- */

struct page {
	struct buf *body;
	struct json json; /* of the JSON page */
};

typedef bool show_fn(struct page *page, const struct refusal *record);

/* Newest first. Those of one moment that cannot be read are left out. */
static bool each(const struct refusals *ring, const struct question *q,
	show_fn *show, struct page *page)
{
	uint64_t total = refusals_total(ring);
	uint64_t kept = refusals_keep(ring);
	uint64_t shown = 0;
	struct refusal record;

	if (kept > total)
		kept = total;
	for (uint64_t i = 1; i <= kept && shown < q->last; i++) {
		if (!refusals_read(ring, total - i, &record) ||
			!wanted(q, &record))
			continue;
		if (!show(page, &record))
			return false;
		shown++;
	}
	return true;
}

static struct slice time_text(int64_t wall_ms, char out[TIME_TEXT])
{
	time_t seconds = (time_t)(wall_ms / 1000);
	struct tm tm;
	int n;

	if (wall_ms < 0 || !gmtime_r(&seconds, &tm))
		return SLICE("");
	n = snprintf(out, TIME_TEXT, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ",
		tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
		tm.tm_min, tm.tm_sec, (int)(wall_ms % 1000));
	return slice_of(out, n > 0 && n < TIME_TEXT ? (size_t)n : 0);
}

static bool is_cut(const struct refusal *record, unsigned which)
{
	return record->cut >> which & 1;
}

static void json_truncated(struct json *json, const struct refusal *record)
{
	if (!record->cut)
		return;
	json_key(json, "truncated");
	json_array(json);
	for (unsigned i = 0; i < REFUSAL_TEXTS; i++) {
		if (is_cut(record, i))
			json_str(json,
				slice_str(refusal_name((enum refusal_text)i)));
	}
	json_end(json);
}

static bool show_json(struct page *page, const struct refusal *record)
{
	struct json *json = &page->json;
	char when[TIME_TEXT];

	json_object(json);
	json_key_str(json, "time", time_text(record->wall_ms, when));
	json_key_str(json, "stage",
		record->by_rule ? SLICE("request") : SLICE("handshake"));
	for (unsigned i = 0; i < REFUSAL_TEXTS; i++) {
		struct slice text = refusal_get(record, (enum refusal_text)i);

		if (text.len)
			json_key_str(
				json, refusal_name((enum refusal_text)i), text);
	}
	json_key_u64(json, "client_port", record->port);
	json_key_u64(json, "certificates_sent", record->sent);
	json_key(json, "depth");
	json_i64(json, record->depth);
	if (record->status)
		json_key_u64(json, "status", record->status);
	json_truncated(json, record);
	json_end(json);
	return !json->failed;
}

/* A backslash stays one, as names are full of them: for people. */
static bool line(struct buf *body, const char *name, struct slice value)
{
	char shown[SHOWN];
	size_t n = 0;

	for (size_t i = 0; i < value.len && n + 5 < sizeof(shown); i++) {
		unsigned char c = (unsigned char)value.ptr[i];

		if (c >= 0x20 && c <= 0x7e)
			shown[n++] = (char)c;
		else
			n += (size_t)snprintf(shown + n, 5, "\\x%02X", c);
	}
	return buf_printf(
		body, "%s: %.*s\n", name, SLICE_FMT(slice_of(shown, n)));
}

static bool text_truncated(struct buf *body, const struct refusal *record)
{
	const char *between = "truncated: ";

	for (unsigned i = 0; i < REFUSAL_TEXTS; i++) {
		if (!is_cut(record, i))
			continue;
		if (!buf_printf(body, "%s%s", between,
			    refusal_name((enum refusal_text)i)))
			return false;
		between = ",";
	}
	return !record->cut || buf_append(body, SLICE("\n"));
}

static bool show_text(struct page *page, const struct refusal *record)
{
	struct buf *body = page->body;
	char when[TIME_TEXT];

	if (!line(body, "time", time_text(record->wall_ms, when)) ||
		!line(body, "stage",
			record->by_rule ? SLICE("request")
					: SLICE("handshake")))
		return false;
	for (unsigned i = 0; i < REFUSAL_TEXTS; i++) {
		struct slice text = refusal_get(record, (enum refusal_text)i);

		if (text.len &&
			!line(body, refusal_name((enum refusal_text)i), text))
			return false;
	}
	return buf_printf(body,
		       "client_port: %u\ncertificates_sent: %u\ndepth: %d\n",
		       record->port, record->sent, (int)record->depth) &&
	       (!record->status ||
		       buf_printf(body, "status: %u\n", record->status)) &&
	       text_truncated(body, record) && buf_append(body, SLICE("\n"));
}

unsigned refusal_page_json(
	const struct refusals *ring, struct slice query, struct buf *body)
{
	struct page page = {.body = body};
	struct question q;
	const char *why = read_query(query, &q);
	bool ok;

	if (why)
		return refuse_query(why, body);
	json_init(&page.json, body);
	json_object(&page.json);
	json_key_u64(&page.json, "total", refusals_total(ring));
	json_key_u64(&page.json, "kept", refusals_keep(ring));
	json_key(&page.json, "refusals");
	json_array(&page.json);
	ok = each(ring, &q, show_json, &page);
	json_end(&page.json);
	json_end(&page.json);
	ok = ok && json_ok(&page.json) && buf_append(body, SLICE("\n"));
	return ok ? 200 : 503;
}

unsigned refusal_page_text(
	const struct refusals *ring, struct slice query, struct buf *body)
{
	struct page page = {.body = body};
	struct question q;
	const char *why = read_query(query, &q);

	if (why)
		return refuse_query(why, body);
	return each(ring, &q, show_text, &page) ? 200 : 503;
}
