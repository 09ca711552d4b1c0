/* exchange: answers that we give in place of the origin. */
#include "exchange_priv.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/json.h"
#include "http/message.h"
#include "policy/header_plan.h"
#include "policy/route.h"
#include "proxy/http_date.h"
#include "tls/client_auth.h"

struct answer {
	unsigned status;
	const char *reason; /* why, as one word: a rule or a failure */
	const char *sentence;
	struct slice request_id;
	struct slice connection_id; /* empty: not told */
};

/* ---- what the client prefers ---- */

/* "0.85" -> 850; whatever does not parse counts as 1 (RFC 9110 12.4.2). */
static unsigned quality_of(struct slice parameters)
{
	struct slice part;

	while (slice_next(&parameters, ';', &part)) {
		unsigned quality = 0;
		unsigned unit = 100;

		if (part.len < 3 || slice_lower(part.ptr[0]) != 'q' ||
			part.ptr[1] != '=' || part.ptr[2] != '0')
			continue;
		for (size_t i = 4; i < part.len && i < 7; i++) {
			if (part.ptr[i] < '0' || part.ptr[i] > '9')
				break;
			quality += unit * (unsigned)(part.ptr[i] - '0');
			unit /= 10;
		}
		return quality;
	}
	return 1000;
}

struct wish {
	unsigned json;
	unsigned text;
};

static void hear(struct wish *wish, struct slice range)
{
	size_t end = slice_find(range, ';');
	struct slice type = slice_trim(slice_head(range, end));
	unsigned quality = quality_of(slice_from(range, end + 1));
	unsigned *kind = &wish->text;

	if (slice_eq_nocase(type, SLICE("application/json")) ||
		slice_eq_nocase(type, SLICE("application/problem+json")) ||
		slice_eq_nocase(type, SLICE("application/*")))
		kind = &wish->json;
	else if (!slice_eq_nocase(type, SLICE("*/*")) &&
		 !slice_eq_nocase(slice_head(type, 5), SLICE("text/")))
		return;
	if (*kind < quality)
		*kind = quality;
}

static bool prefers_json(const struct message *request)
{
	struct wish wish = {0, 0};
	struct slice rest, range;

	if (!request)
		return false;
	for (size_t i = 0; i < request->fields.count; i++) {
		const struct header_field *field = &request->fields.fields[i];

		if (!slice_eq_nocase(field->name, SLICE("Accept")))
			continue;
		rest = field->value;
		while (slice_next(&rest, ',', &range))
			hear(&wish, range);
	}
	return wish.json > wish.text;
}

/* ---- the body ---- */

static bool render_json(
	const struct answer *answer, struct arena *arena, struct slice *body)
{
	struct buf out = {0};
	struct json json;
	bool ok;

	json_init(&json, &out);
	json_object(&json);
	json_key_str(&json, "title", slice_str(status_reason(answer->status)));
	json_key_u64(&json, "status", answer->status);
	json_key_str(&json, "detail", slice_str(answer->sentence));
	json_key_str(&json, "reason", slice_str(answer->reason));
	json_key_str(&json, "request_id", answer->request_id);
	if (answer->connection_id.len)
		json_key_str(&json, "connection_id", answer->connection_id);
	json_end(&json);
	ok = json_ok(&json) && buf_append(&out, SLICE("\n")) &&
	     arena_dup(arena, buf_bytes(&out), body);
	buf_fini(&out);
	return ok;
}

static bool render_text(
	const struct answer *answer, struct arena *arena, struct slice *body)
{
	const char *text = arena_printf(arena,
		"%u %s\n\n%s\nreason: %s\nrequest id: %.*s\n%s%.*s%s",
		answer->status, status_reason(answer->status), answer->sentence,
		answer->reason, SLICE_FMT(answer->request_id),
		answer->connection_id.len ? "connection id: " : "",
		SLICE_FMT(answer->connection_id),
		answer->connection_id.len ? "\n" : "");

	*body = slice_str(text);
	return text;
}

/* ---- the head ---- */

static bool add(struct exchange *x, struct message *head, struct slice name,
	struct slice value)
{
	return header_add(&head->fields, x->arena, name, value);
}

static const struct slice plain_text = {"text/plain; charset=utf-8", 25};

/* RFC 6585 section 4, RFC 9110 section 10.2.3 */
static bool add_retry_after(struct exchange *x, struct message *head)
{
	const char *seconds = arena_printf(x->arena, "%u", x->retry_after_s);

	return seconds &&
	       add(x, head, SLICE("Retry-After"), slice_str(seconds));
}

/* type: empty for an answer without a body. */
static bool add_fields(
	struct exchange *x, struct message *head, struct slice type)
{
	struct slice date =
		http_date_text(x->env->date, loop_wall_ms(x->env->loop));

	if (type.len && !add(x, head, SLICE("Content-Type"), type))
		return false;
	if (!add(x, head, SLICE("Cache-Control"), SLICE("no-store")) ||
		!add(x, head, SLICE("X-Request-Id"), x->record.request_id))
		return false;
	if (date.len && !add(x, head, SLICE("Date"), date))
		return false;
	/* RFC 9110 section 15.5.6: a 405 must name what is allowed */
	if (head->status == 405 &&
		!add(x, head, SLICE("Allow"),
			SLICE("GET, HEAD, POST, PUT, DELETE, OPTIONS, PATCH")))
		return false;
	if (x->retry_after_s && !add_retry_after(x, head))
		return false;
	return header_plan_response(
		x->env->headers, &head->fields, x->arena, x->record.request_id);
}

static bool has_content(unsigned status)
{
	return status != 204 && status != 304;
}

/* The whole answer; type: of the body. */
static bool write_message(struct exchange *x, unsigned status,
	struct slice type, struct slice body)
{
	bool is_head = x->request && x->request->method == METHOD_HEAD;
	bool content = has_content(status);
	struct message head = {.kind = MESSAGE_RESPONSE,
		.version = MESSAGE_HTTP_1_1,
		.status = status,
		.reason = slice_str(status_reason(status)),
		.body = content && !is_head ? BODY_LENGTH : BODY_NONE,
		.body_len = content ? body.len : 0,
		.stated_len = content && is_head ? (int64_t)body.len : -1};

	if (!add_fields(x, &head, content ? type : SLICE("")))
		return false;
	x->client_end->ops->send_head(x->client_end, &head);
	if (content && !is_head && body.len)
		(void)x->client_end->ops->send_body(x->client_end, body);
	x->client_end->ops->send_end(x->client_end, NULL);
	return true;
}

static bool write_answer(struct exchange *x, const struct answer *answer)
{
	bool json = prefers_json(x->request);
	struct slice body;

	if (json ? !render_json(answer, x->arena, &body)
		 : !render_text(answer, x->arena, &body))
		return false;
	return write_message(x, answer->status,
		json ? SLICE("application/problem+json") : plain_text, body);
}

/* reject_with: http: the client may know what is wrong with its own
 * certificate; the operator finds it by the id. */
static void explain_certificate(const struct exchange *x, struct answer *answer)
{
	int code = x->client.auth->code;
	const char *sentence = arena_printf(x->arena,
		"The client certificate was refused: %s.",
		client_auth_reason(code));

	if (sentence)
		answer->sentence = sentence;
	answer->reason = client_auth_word(code);
	answer->connection_id = x->client.connection_id;
}

/* Only the client's own mistakes are named to it in detail. */
static struct answer answer_for(const struct exchange *x, enum failure failure,
	enum http_rule rule, unsigned status)
{
	struct failure_answer told = failure_answer(failure, rule);
	struct answer answer = {.status = told.status,
		.reason = told.word,
		.sentence = told.sentence,
		.request_id = x->record.request_id};

	if (failure == FAILURE_CERT_REFUSED)
		explain_certificate(x, &answer);
	if (status)
		answer.status = status;
	return answer;
}

void exchange_reply(struct exchange *x, enum failure failure,
	enum http_rule rule, unsigned status)
{
	struct answer answer = answer_for(x, failure, rule, status);

	if (failure_retry_after_s(failure))
		x->retry_after_s = failure_retry_after_s(failure);
	x->record.rule = rule;
	exchange_note_refusal(x, failure, answer.status);
	exchange_drop_origin(x, STREAM_ABORT);
	if (!answer.status || !write_answer(x, &answer)) {
		exchange_finish(x, failure, STREAM_ABORT);
		return;
	}
	x->record.status = answer.status;
	exchange_finish(x, failure, STREAM_DONE);
}

void exchange_respond(struct exchange *x)
{
	const struct config_route *settings = x->route->settings;
	unsigned status = settings->respond_status;

	if (!write_message(x, status, plain_text,
		    slice_str(settings->respond_body.text))) {
		exchange_finish(x, FAILURE_MEMORY, STREAM_ABORT);
		return;
	}
	x->record.status = status;
	exchange_finish(x, FAILURE_NONE, STREAM_DONE);
}
