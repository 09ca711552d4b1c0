#include "h1_priv.h"

struct known {
	struct slice name;
	enum h1_field field;
};

/* The one known name of that length and first letter, or NULL. */
static const struct known *known_of(size_t len, char first)
{
	static const struct known te = {{"te", 2}, H1_FIELD_TE};
	static const struct known host = {{"host", 4}, H1_FIELD_HOST};
	static const struct known expect = {{"expect", 6}, H1_FIELD_EXPECT};
	static const struct known trailer = {{"trailer", 7}, H1_FIELD_TRAILER};
	static const struct known upgrade = {{"upgrade", 7}, H1_FIELD_UPGRADE};
	static const struct known connection = {
		{"connection", 10}, H1_FIELD_CONNECTION};
	static const struct known keep_alive = {
		{"keep-alive", 10}, H1_FIELD_DROPPED};
	static const struct known length = {
		{"content-length", 14}, H1_FIELD_CONTENT_LENGTH};
	static const struct known h2c = {
		{"http2-settings", 14}, H1_FIELD_DROPPED};
	static const struct known proxy_connection = {
		{"proxy-connection", 16}, H1_FIELD_DROPPED};
	static const struct known coding = {
		{"transfer-encoding", 17}, H1_FIELD_TRANSFER_ENCODING};
	static const struct known proxy_challenge = {
		{"proxy-authenticate", 18}, H1_FIELD_DROPPED};
	static const struct known proxy_login = {
		{"proxy-authorization", 19}, H1_FIELD_DROPPED};
	static const struct known proxy_info = {
		{"proxy-authentication-info", 25}, H1_FIELD_DROPPED};

	switch (len) {
	case 2:
		return first == 't' ? &te : NULL;
	case 4:
		return first == 'h' ? &host : NULL;
	case 6:
		return first == 'e' ? &expect : NULL;
	case 7:
		if (first == 't')
			return &trailer;
		return first == 'u' ? &upgrade : NULL;
	case 10:
		if (first == 'c')
			return &connection;
		return first == 'k' ? &keep_alive : NULL;
	case 14:
		if (first == 'c')
			return &length;
		return first == 'h' ? &h2c : NULL;
	case 16:
		return first == 'p' ? &proxy_connection : NULL;
	case 17:
		return first == 't' ? &coding : NULL;
	case 18:
		return first == 'p' ? &proxy_challenge : NULL;
	case 19:
		return first == 'p' ? &proxy_login : NULL;
	case 25:
		return first == 'p' ? &proxy_info : NULL;
	default:
		return NULL;
	}
}

enum h1_field h1_field_known(struct slice name)
{
	const struct known *known;

	known = known_of(name.len, slice_lower(name.ptr[0]));
	if (!known || !bytes_is_word(name, known->name.ptr))
		return H1_FIELD_END_TO_END;
	return known->field;
}

static bool in_list(struct slice name, const struct slice *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (slice_eq_nocase(name, list[i]))
			return true;
	}
	return false;
}

static bool starts_nocase(struct slice name, struct slice prefix)
{
	return slice_eq_nocase(slice_head(name, prefix.len), prefix);
}

bool h1_field_kept(struct slice name)
{
	static const struct slice prefixes[] = {{"content-", 8}, {"if-", 3},
		{"sec-", 4}, {"x-forwarded-", 12}, {"access-control-", 15}};
	static const struct slice names[] = {{"accept", 6},
		{"accept-encoding", 15}, {"age", 3}, {"authorization", 13},
		{"authentication-info", 19}, {"cache-control", 13},
		{"cookie", 6}, {"date", 4}, {"etag", 4}, {"expires", 7},
		{"forwarded", 9}, {"last-modified", 13}, {"location", 8},
		{"origin", 6}, {"pragma", 6}, {"range", 5}, {"referer", 7},
		{"set-cookie", 10}, {"strict-transport-security", 25},
		{"user-agent", 10}, {"vary", 4}, {"via", 3},
		{"www-authenticate", 16}, {"x-real-ip", 9},
		{"x-request-id", 12}};

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(*prefixes); i++) {
		if (starts_nocase(name, prefixes[i]))
			return true;
	}
	return in_list(name, names, sizeof(names) / sizeof(*names));
}

bool h1_field_not_in_trailers(struct slice name)
{
	static const struct slice names[] = {{"authorization", 13},
		{"cache-control", 13}, {"content-encoding", 16},
		{"content-range", 13}, {"content-type", 12}, {"cookie", 6},
		{"location", 8}, {"max-forwards", 12}, {"range", 5},
		{"set-cookie", 10}, {"www-authenticate", 16}};

	return h1_field_of(name) != H1_FIELD_END_TO_END ||
	       starts_nocase(name, SLICE("if-")) ||
	       in_list(name, names, sizeof(names) / sizeof(*names));
}
