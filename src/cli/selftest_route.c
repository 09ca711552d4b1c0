#include "cli/selftest_route.h"

#include <string.h>

#include "config/config.h"
#include "config/config_route.h"

bool selftest_route_at(const struct config_route *route,
	const struct config_listener *listener)
{
	const struct config_texts *names = &route->match.listeners;

	for (size_t i = 0; i < names->count; i++) {
		if (!strcmp(names->items[i].text, listener->name))
			return true;
	}
	return !names->count;
}

/* Each run of stars becomes one "x". */
static bool fill_in(const char *pattern, char out[SELFTEST_TEXT])
{
	size_t len = 0;

	for (const char *c = pattern; *c; c++) {
		if (*c == '*' && c > pattern && c[-1] == '*')
			continue;
		if (len + 1 == SELFTEST_TEXT)
			return false;
		out[len++] = *c == '*' ? 'x' : *c;
	}
	out[len] = '\0';
	return len > 0;
}

static bool first_of(const struct config_texts *texts, const char *otherwise,
	char out[SELFTEST_TEXT])
{
	return fill_in(texts->count ? texts->items[0].text : otherwise, out);
}

bool selftest_route_host(const struct config_route *route,
	const char *otherwise, char out[SELFTEST_TEXT])
{
	return first_of(&route->match.hosts, otherwise, out);
}

bool selftest_route_path(const struct config_route *route,
	const char *otherwise, char out[SELFTEST_TEXT])
{
	return first_of(&route->match.paths, otherwise, out);
}

const char *selftest_route_method(const struct config_route *route)
{
	static const char *const bodiless[] = {"GET", "OPTIONS", "DELETE"};
	const struct config_texts *methods = &route->match.methods;

	for (size_t k = 0; k < sizeof(bodiless) / sizeof(bodiless[0]); k++) {
		for (size_t i = 0; i < methods->count; i++) {
			if (!strcmp(methods->items[i].text, bodiless[k]))
				return bodiless[k];
		}
	}
	return methods->count ? methods->items[0].text : "GET";
}

void selftest_route_names(
	const struct config *config, const char *names[SELFTEST_NAMES])
{
	const struct config_pairs *set = &config->headers.request.set;
	size_t count = 0;

	for (size_t i = 0; i < set->count && count < SELFTEST_NAMES - 1; i++)
		names[count++] = set->items[i].name.text;
	names[count] = NULL;
}
