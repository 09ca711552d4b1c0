#include "yaml_tree_priv.h"

#include <string.h>

struct sentence {
	const char *theirs;
	const char *ours;
};

static const struct sentence sentences[] = {
	{"mapping values are not allowed in this context",
		"a \":\" is not expected here; is the indentation right, or "
		"does the value need quotes?"},
	{"did not find expected key",
		"a key is expected here; is the indentation right?"},
	{"did not find expected '-' indicator",
		"an item that begins with \"- \" is expected here; is the "
		"indentation right?"},
	{"did not find expected ',' or ']'",
		"a \",\" or \"]\" is missing before this"},
	{"did not find expected ',' or '}'",
		"a \",\" or \"}\" is missing before this"},
	{"could not find expected ':'",
		"a \":\" and a blank are missing behind the key before this"},
	{"found unexpected end of stream",
		"the file ends within a value in quotes"},
	{"did not find expected <document start>",
		"this does not belong here; is the indentation right?"},
	{"did not find expected node content", "a value is missing here"},
	{"block sequence entries are not allowed in this context",
		"a list item is not expected here; begin the list on a line "
		"of its own"},
	{"found unknown escape character",
		"this escape is unknown; use single quotes, or write a "
		"backslash twice"},
	{"control characters are not allowed",
		"a control character stands here; the file must be text"},
	{"did not find expected alphabetic or numeric character",
		"\"*\" and \"&\" begin a YAML reference, which is not "
		"accepted; put the value in quotes"},
	{"invalid leading UTF-8 octet", "this byte is not UTF-8 text"},
	{"invalid trailing UTF-8 octet", "this byte is not UTF-8 text"},
	{"incomplete UTF-8 octet sequence", "the file ends within a character"},
	{"invalid length of a UTF-8 sequence", "this byte is not UTF-8 text"},
	{"invalid Unicode character", "this is no Unicode character"},
};

/* "[::1]:8443" without quotes: YAML reads a list, and then trouble. */
static bool has_bare_ipv6(struct slice line)
{
	while (line.len) {
		line = slice_from(line, slice_find(line, '[') + 1);
		size_t end = 0, colons = 0;

		while (end < line.len &&
			strchr("0123456789abcdefABCDEF:.%", line.ptr[end]))
			colons += line.ptr[end++] == ':';
		if (colons > 1 &&
			slice_starts(slice_from(line, end), SLICE("]:")))
			return true;
	}
	return false;
}

const char *yaml_tree_explain(
	const char *theirs, struct slice here, struct slice line)
{
	if (has_bare_ipv6(line))
		return "an IPv6 address needs quotes, like \"[::]:8443\"";
	for (size_t i = 0; i < sizeof(sentences) / sizeof(*sentences); i++) {
		if (!strcmp(theirs, sentences[i].theirs))
			return sentences[i].ours;
	}
	if (strcmp(theirs, "found character that cannot start any token") != 0)
		return NULL;
	if (here.len && here.ptr[0] == '\t')
		return "a tab cannot indent; use blanks";
	return "a value cannot begin with this character; put it in quotes";
}
