#include "h1_priv.h"

#include "http/target.h"

enum { VERSION_LEN = 8 }; /* "HTTP/1.1" */

static enum http_rule refuse(enum http_rule rule, size_t at, size_t *offset)
{
	*offset = at;
	return rule;
}

/* malformed: the rule for what is no HTTP/digit.digit at all. */
static enum http_rule check_version(
        struct slice version, enum http_rule malformed)
{
	if (version.len != VERSION_LEN ||
	        !slice_starts(version, SLICE("HTTP/")) || version.ptr[6] != '.')
		return malformed;
	if (slice_eq(version, SLICE("HTTP/1.1")) ||
	        slice_eq(version, SLICE("HTTP/1.0")))
		return HTTP_RULE_NONE;
	if (version.ptr[5] < '0' || version.ptr[5] > '9' ||
	        version.ptr[7] < '0' || version.ptr[7] > '9')
		return malformed;
	return HTTP_RULE_VERSION;
}

static enum http_rule check_method(
        struct slice text, enum method method, size_t *bad)
{
	*bad = bytes_span(text.ptr, 0, text.len, BYTE_TOKEN);
	if (*bad < text.len)
		return HTTP_RULE_METHOD;
	*bad = 0;
	if (text.len > H1_METHOD_MAX)
		return HTTP_RULE_METHOD;
	if (method == METHOD_CONNECT)
		return HTTP_RULE_METHOD_CONNECT;
	if (method == METHOD_TRACE)
		return HTTP_RULE_METHOD_TRACE;
	return HTTP_RULE_NONE;
}

enum http_rule h1_start_request(
        struct h1_parser *parser, const char *bytes, size_t end, size_t *offset)
{
	const size_t at = parser->line_start;
	struct slice line = slice_of(bytes + at, end - at);
	size_t first = slice_find(line, ' ');
	struct slice method = slice_head(line, first);
	struct slice rest = slice_from(line, first + 1);
	size_t second = slice_find(rest, ' ');
	struct slice target = slice_head(rest, second);
	struct slice version = slice_from(rest, second + 1);
	enum method known = method_of(method);
	enum http_rule rule;
	size_t bad;

	if (!first)
		return refuse(HTTP_RULE_REQUEST_LINE, at, offset);
	rule = check_method(method, METHOD_OTHER, &bad);
	if (rule)
		return refuse(rule, at + bad, offset);
	if (!target.len)
		return refuse(HTTP_RULE_REQUEST_LINE, at + first, offset);
	first++;
	second += first;
	rule = check_version(version, HTTP_RULE_REQUEST_LINE);
	if (rule)
		return refuse(rule, at + second, offset);
	rule = check_method(method, known, &bad);
	if (rule)
		return refuse(rule, at, offset);
	bad = target_span(target, known == METHOD_OPTIONS);
	if (bad < target.len)
		return refuse(HTTP_RULE_TARGET, at + first + bad, offset);
	parser->start[0] = h1_span(at, at + method.len);
	parser->start[1] = h1_span(at + first, at + second);
	parser->start[2] = h1_span(at + second + 1, end);
	return HTTP_RULE_NONE;
}

enum http_rule h1_start_response(
        struct h1_parser *parser, const char *bytes, size_t end, size_t *offset)
{
	const size_t at = parser->line_start;
	struct slice line = slice_of(bytes + at, end - at);
	enum http_rule rule;
	uint64_t status;
	size_t code = at + VERSION_LEN + 1;

	rule = check_version(
	        slice_head(line, VERSION_LEN), HTTP_RULE_STATUS_LINE);
	if (rule)
		return refuse(rule, at, offset);
	if (line.len < VERSION_LEN + 5 || line.ptr[VERSION_LEN] != ' ' ||
	        line.ptr[VERSION_LEN + 4] != ' ')
		return refuse(HTTP_RULE_STATUS_LINE, at + VERSION_LEN, offset);
	if (!slice_to_u64(slice_of(bytes + code, 3), 599, &status) ||
	        status < 100)
		return refuse(HTTP_RULE_STATUS_CODE, code, offset);
	parser->start[0] = h1_span(at, at + VERSION_LEN);
	parser->start[1] = h1_span(code, code + 3);
	parser->start[2] = h1_span(code + 4, end);
	return HTTP_RULE_NONE;
}
