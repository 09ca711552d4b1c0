#include "config/config_fold.h"

#include <string.h>

static bool is_alnum(char c)
{
	char low = slice_lower(c);

	return (low >= 'a' && low <= 'z') || (c >= '0' && c <= '9');
}

char config_fold_byte(char c)
{
	return is_alnum(c) ? slice_lower(c) : '-';
}

bool config_fold_starts(struct slice name, struct slice prefix)
{
	if (name.len < prefix.len)
		return false;
	for (size_t i = 0; i < prefix.len; i++) {
		if (config_fold_byte(name.ptr[i]) !=
			config_fold_byte(prefix.ptr[i]))
			return false;
	}
	return true;
}

bool config_fold_equal(struct slice a, struct slice b)
{
	return a.len == b.len && config_fold_starts(a, b);
}

bool config_fold_is_name(struct slice name)
{
	for (size_t i = 0; i < name.len; i++) {
		char c = name.ptr[i];

		if (!is_alnum(c) && (!c || !strchr("!#$%&'*+-.^_`|~", c)))
			return false;
	}
	return name.len > 0;
}
