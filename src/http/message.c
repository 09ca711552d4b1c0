#include "http/message.h"

#include "http/header.h"

#include <string.h>

static const struct {
	unsigned status;
	const char *reason;
} reasons[] = {
	{100, "Continue"},
	{101, "Switching Protocols"},
	{102, "Processing"},
	{103, "Early Hints"},
	{200, "OK"},
	{201, "Created"},
	{202, "Accepted"},
	{203, "Non-Authoritative Information"},
	{204, "No Content"},
	{205, "Reset Content"},
	{206, "Partial Content"},
	{207, "Multi-Status"},
	{208, "Already Reported"},
	{226, "IM Used"},
	{300, "Multiple Choices"},
	{301, "Moved Permanently"},
	{302, "Found"},
	{303, "See Other"},
	{304, "Not Modified"},
	{305, "Use Proxy"},
	{307, "Temporary Redirect"},
	{308, "Permanent Redirect"},
	{400, "Bad Request"},
	{401, "Unauthorized"},
	{402, "Payment Required"},
	{403, "Forbidden"},
	{404, "Not Found"},
	{405, "Method Not Allowed"},
	{406, "Not Acceptable"},
	{407, "Proxy Authentication Required"},
	{408, "Request Timeout"},
	{409, "Conflict"},
	{410, "Gone"},
	{411, "Length Required"},
	{412, "Precondition Failed"},
	{413, "Content Too Large"},
	{414, "URI Too Long"},
	{415, "Unsupported Media Type"},
	{416, "Range Not Satisfiable"},
	{417, "Expectation Failed"},
	{421, "Misdirected Request"},
	{422, "Unprocessable Content"},
	{423, "Locked"},
	{424, "Failed Dependency"},
	{425, "Too Early"},
	{426, "Upgrade Required"},
	{428, "Precondition Required"},
	{429, "Too Many Requests"},
	{431, "Request Header Fields Too Large"},
	{451, "Unavailable For Legal Reasons"},
	{500, "Internal Server Error"},
	{501, "Not Implemented"},
	{502, "Bad Gateway"},
	{503, "Service Unavailable"},
	{504, "Gateway Timeout"},
	{505, "HTTP Version Not Supported"},
	{506, "Variant Also Negotiates"},
	{507, "Insufficient Storage"},
	{508, "Loop Detected"},
	{511, "Network Authentication Required"},
};

static bool is(struct slice text, const char *method)
{
	return memcmp(text.ptr, method, text.len) == 0;
}

enum method method_of(struct slice text)
{
	switch (text.len) {
	case 3:
		if (is(text, "GET"))
			return METHOD_GET;
		return is(text, "PUT") ? METHOD_PUT : METHOD_OTHER;
	case 4:
		if (is(text, "POST"))
			return METHOD_POST;
		return is(text, "HEAD") ? METHOD_HEAD : METHOD_OTHER;
	case 5:
		if (is(text, "PATCH"))
			return METHOD_PATCH;
		return is(text, "TRACE") ? METHOD_TRACE : METHOD_OTHER;
	case 6:
		return is(text, "DELETE") ? METHOD_DELETE : METHOD_OTHER;
	case 7:
		if (is(text, "OPTIONS"))
			return METHOD_OPTIONS;
		return is(text, "CONNECT") ? METHOD_CONNECT : METHOD_OTHER;
	default:
		return METHOD_OTHER;
	}
}

bool method_idempotent(enum method method)
{
	switch (method) {
	case METHOD_GET:
	case METHOD_HEAD:
	case METHOD_PUT:
	case METHOD_DELETE:
	case METHOD_OPTIONS:
	case METHOD_TRACE:
		return true;
	case METHOD_OTHER:
	case METHOD_POST:
	case METHOD_CONNECT:
	case METHOD_PATCH:
		break;
	}
	return false;
}

bool message_lifts(struct slice name)
{
	static const struct slice lifted[] = {{"te", 2}, {"host", 4},
		{"expect", 6}, {"trailer", 7}, {"upgrade", 7},
		{"connection", 10}, {"keep-alive", 10}, {"content-length", 14},
		{"http2-settings", 14}, {"proxy-connection", 16},
		{"transfer-encoding", 17}, {"proxy-authenticate", 18},
		{"proxy-authorization", 19}, {"proxy-authentication-info", 25}};

	for (size_t i = 0; i < sizeof(lifted) / sizeof(*lifted); i++) {
		if (header_folds_to(name, lifted[i]))
			return true;
	}
	return false;
}

const char *status_reason(unsigned status)
{
	for (size_t i = 0; i < sizeof(reasons) / sizeof(*reasons); i++) {
		if (reasons[i].status == status)
			return reasons[i].reason;
	}
	return "";
}
