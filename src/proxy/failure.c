#include "proxy/failure.h"

#include <assert.h>

#include "http/stream.h"

static const struct failure_info table[FAILURE_COUNT] = {
	[FAILURE_NONE] = {"none", 0, BLAME_NOBODY, ""},
	[FAILURE_BAD_REQUEST] = {"bad-request", 400, BLAME_CLIENT,
		"The request is not HTTP as it is accepted here."},
	[FAILURE_TOO_LARGE] = {"too-large", 413, BLAME_CLIENT,
		"The request is larger than the limits allow."},
	[FAILURE_REQUEST_TIMEOUT] = {"request-timeout", 408, BLAME_CLIENT,
		"The request did not arrive in time."},
	[FAILURE_CLIENT_GONE] = {"client-gone", 0, BLAME_CLIENT,
		"The client left before the exchange was over."},
	[FAILURE_CLIENT_STALLED] = {"client-stalled", 0, BLAME_CLIENT,
		"The client stopped reading the answer."},
	[FAILURE_TRUST_CHANGED] = {"trust-changed", 421, BLAME_CLIENT,
		"What is trusted here has changed; connect again."},
	[FAILURE_MISDIRECTED] = {"misdirected", 421, BLAME_CLIENT,
		"This connection was opened for another server name; the "
		"request needs one of its own."},
	[FAILURE_CERTIFICATE] = {"certificate", 403, BLAME_CLIENT,
		"The client certificate does not allow this request."},
	[FAILURE_CERT_REFUSED] = {"certificate-refused", 403, BLAME_CLIENT,
		"The client certificate was refused."},
	[FAILURE_POLICY] = {"policy", 403, BLAME_CLIENT,
		"The client certificate does not allow this request."},
	[FAILURE_NO_ROUTE] = {"no-route", 404, BLAME_CLIENT,
		"Nothing is served there."},
	[FAILURE_ALIAS_NAME] = {"alias-name", 400, BLAME_CLIENT,
		"A header name holds a character besides letters, digits "
		"and '-'."},
	[FAILURE_RATE_LIMITED] = {"rate-limited", 429, BLAME_CLIENT,
		"Requests come faster than is allowed; try again later."},
	[FAILURE_ORIGIN_CONNECT] = {"origin-connect", 502, BLAME_ORIGIN,
		"The origin cannot be reached."},
	[FAILURE_ORIGIN_CONNECT_TIMEOUT] = {"origin-connect-timeout", 504,
		BLAME_ORIGIN, "The origin cannot be reached in time."},
	[FAILURE_ORIGIN_TLS] = {"origin-tls", 502, BLAME_ORIGIN,
		"No trusted connection to the origin can be made."},
	[FAILURE_ORIGIN_UNAVAILABLE] = {"origin-unavailable", 503, BLAME_ORIGIN,
		"The origin is not available now."},
	[FAILURE_ORIGIN_QUEUE_FULL] = {"origin-queue-full", 503, BLAME_ORIGIN,
		"The origin is busy, and too many wait for it."},
	[FAILURE_ORIGIN_QUEUE_TIMEOUT] = {"origin-queue-timeout", 503,
		BLAME_ORIGIN, "The origin stayed busy for too long."},
	[FAILURE_ORIGIN_TIMEOUT] = {"origin-timeout", 504, BLAME_ORIGIN,
		"The origin did not answer in time."},
	[FAILURE_ORIGIN_GONE] = {"origin-gone", 502, BLAME_ORIGIN,
		"The origin left without an answer."},
	[FAILURE_ORIGIN_ANSWER] = {"origin-answer", 502, BLAME_ORIGIN,
		"The answer of the origin is not acceptable."},
	[FAILURE_ORIGIN_CUT] = {"origin-cut", 502, BLAME_ORIGIN,
		"The origin left within its answer."},
	[FAILURE_ORIGIN_STALLED] = {"origin-stalled", 504, BLAME_ORIGIN,
		"The origin stopped within its answer."},
	[FAILURE_TUNNEL_IDLE] = {"tunnel-idle", 0, BLAME_US,
		"No byte came through the tunnel for too long."},
	[FAILURE_TUNNEL_GRACE] = {"tunnel-grace", 0, BLAME_US,
		"The connection of the tunnel had to end."},
	[FAILURE_CERT_HEADERS] = {"cert-headers", 500, BLAME_US,
		"The request cannot be forwarded truthfully."},
	[FAILURE_MEMORY] = {"memory", 503, BLAME_US,
		"The service is overloaded."},
	[FAILURE_SHUTDOWN] = {"shutdown", 0, BLAME_US,
		"The service is shutting down."},
};

const struct failure_info *failure_info(enum failure failure)
{
	assert(failure < FAILURE_COUNT);
	return &table[failure];
}

unsigned failure_retry_after_s(enum failure failure)
{
	return failure == FAILURE_ORIGIN_QUEUE_FULL ||
	       failure == FAILURE_ORIGIN_QUEUE_TIMEOUT;
}

struct failure_answer failure_answer(enum failure failure, enum http_rule rule)
{
	const struct failure_info *info = failure_info(failure);
	const struct http_rule_info *broken = http_rule_info(rule);

	if (info->blame == BLAME_CLIENT && rule != HTTP_RULE_NONE)
		return (struct failure_answer){
			broken->status, broken->name, broken->sentence};
	return (struct failure_answer){
		info->status, info->word, info->sentence};
}

const char *failure_blame(enum failure failure)
{
	static const char *const words[] = {[BLAME_NOBODY] = "",
		[BLAME_CLIENT] = "client",
		[BLAME_ORIGIN] = "origin",
		[BLAME_US] = "us"};

	return words[failure_info(failure)->blame];
}

/* The message broke a rule when nothing could be answered any more. */
static enum failure failure_of_rule(enum http_rule rule)
{
	switch (rule) {
	case HTTP_RULE_NONE:
	case HTTP_RULE_HEAD_CUT:
	case HTTP_RULE_BODY_CUT:
		return FAILURE_CLIENT_GONE;
	case HTTP_RULE_HEADER_TIMEOUT:
	case HTTP_RULE_BODY_TIMEOUT:
		return FAILURE_REQUEST_TIMEOUT;
	case HTTP_RULE_BODY_TOO_LARGE:
	case HTTP_RULE_TRAILER_TOO_LARGE:
	case HTTP_RULE_CHUNKS_TOO_MANY:
		return FAILURE_TOO_LARGE;
	default:
		return FAILURE_BAD_REQUEST;
	}
}

enum failure failure_of_client(const struct stream_failure *told)
{
	if (told->rule == HTTP_RULE_NO_MEMORY)
		return FAILURE_MEMORY;
	if (told->rule == HTTP_RULE_WRITE_TIMEOUT)
		return FAILURE_CLIENT_STALLED;
	switch (told->why) {
	case STREAM_BAD_MESSAGE:
		return FAILURE_BAD_REQUEST;
	case STREAM_TOO_LARGE:
		return FAILURE_TOO_LARGE;
	case STREAM_TIMED_OUT:
		return FAILURE_REQUEST_TIMEOUT;
	case STREAM_REFUSED:
	case STREAM_GONE:
		break;
	}
	return failure_of_rule(told->rule);
}

enum failure failure_of_origin(
	const struct stream_failure *told, bool head_seen)
{
	if (told->rule == HTTP_RULE_NO_MEMORY)
		return FAILURE_MEMORY;
	switch (told->why) {
	case STREAM_BAD_MESSAGE:
	case STREAM_TOO_LARGE:
		return FAILURE_ORIGIN_ANSWER;
	case STREAM_TIMED_OUT:
		return head_seen ? FAILURE_ORIGIN_STALLED
				 : FAILURE_ORIGIN_TIMEOUT;
	case STREAM_REFUSED:
	case STREAM_GONE:
		break;
	}
	return head_seen ? FAILURE_ORIGIN_CUT : FAILURE_ORIGIN_GONE;
}
