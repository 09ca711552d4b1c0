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
	if (version.len != VERSION_LEN)
		return malformed;
	if (memcmp(version.ptr, "HTTP/1.1", VERSION_LEN) == 0 ||
		memcmp(version.ptr, "HTTP/1.0", VERSION_LEN) == 0)
		return HTTP_RULE_NONE;
	if (memcmp(version.ptr, "HTTP/", 5) != 0 || version.ptr[6] != '.')
		return malformed;
	if (version.ptr[5] < '0' || version.ptr[5] > '9' ||
		version.ptr[7] < '0' || version.ptr[7] > '9')
		return malformed;
	return HTTP_RULE_VERSION;
}

/* The method is the first `len` bytes of the line, up to no token byte. */
static enum http_rule check_method(struct slice line, size_t len, size_t *bad)
{
	*bad = 0;
	if (!line.len || line.ptr[0] == ' ')
		return HTTP_RULE_REQUEST_LINE;
	*bad = len;
	if (len < line.len && line.ptr[len] != ' ')
		return HTTP_RULE_METHOD;
	*bad = 0;
	return len > H1_METHOD_MAX ? HTTP_RULE_METHOD : HTTP_RULE_NONE;
}

/* The methods that are never served, whatever their target. */
static enum http_rule check_offered(enum method method)
{
	if (method == METHOD_CONNECT)
		return HTTP_RULE_METHOD_CONNECT;
	return method == METHOD_TRACE ? HTTP_RULE_METHOD_TRACE : HTTP_RULE_NONE;
}

/* Up to the next blank. *good: it is a path all right, the common case. */
static struct slice cut_target(struct slice rest, bool *good)
{
	size_t len = target_path_span(rest);

	*good = len && len < rest.len && rest.ptr[len] == ' ';
	return slice_head(rest, *good ? len : slice_find(rest, ' '));
}

enum http_rule h1_start_request(
	struct h1_parser *parser, const char *bytes, size_t end, size_t *offset)
{
	const size_t at = parser->line_start;
	struct slice line = slice_of(bytes + at, end - at);
	struct slice method =
		slice_head(line, bytes_token_span(line.ptr, 0, line.len));
	const size_t target_at = at + method.len + 1;
	enum method known;
	struct slice rest, target, version;
	enum http_rule rule;
	size_t bad;
	bool good;

	rule = check_method(line, method.len, &bad);
	if (rule)
		return refuse(rule, at + bad, offset);
	rest = slice_from(line, method.len + 1);
	target = cut_target(rest, &good);
	if (!target.len)
		return refuse(HTTP_RULE_REQUEST_LINE, at + method.len, offset);
	version = slice_from(rest, target.len + 1);
	rule = check_version(version, HTTP_RULE_REQUEST_LINE);
	if (rule)
		return refuse(rule, target_at + target.len, offset);
	known = method_of(method);
	rule = check_offered(known);
	if (rule)
		return refuse(rule, at, offset);
	bad = good ? target.len : target_span(target, known == METHOD_OPTIONS);
	if (bad < target.len)
		return refuse(HTTP_RULE_TARGET, target_at + bad, offset);
	parser->start[0] = h1_span(at, at + method.len);
	parser->start[1] = h1_span(target_at, target_at + target.len);
	parser->start[2] = h1_span(target_at + target.len + 1, end);
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
