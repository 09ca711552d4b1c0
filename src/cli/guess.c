#include "cli/guess.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "base/slice.h"
#include "config/config_schema_guess.h"

const char *guess_word(const char *typed, const char *const *words)
{
	const char *best = NULL;
	size_t least = SIZE_MAX;

	for (; *words; words++) {
		size_t steps = config_near(slice_str(typed), slice_str(*words));

		if (steps < least) {
			least = steps;
			best = *words;
		}
	}
	return best;
}

static const char *nearest_option(
	const char *typed, const struct option *options)
{
	const char *words[32];
	size_t count = 0;
	char name[64];

	typed += strspn(typed, "-");
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(typed, "="), typed);
	for (; options->name && count < 31; options++)
		words[count++] = options->name;
	words[count] = NULL;
	return guess_word(name, words);
}

void guess_option(const char *command, int answer, char **argv,
	const struct option *options)
{
	const char *typed = argv[optind - 1];
	const char *near = nearest_option(typed, options);

	if (answer == ':')
		fprintf(stderr, "mtlsgate %s: %s needs a value\n", command,
			typed);
	else if (near)
		fprintf(stderr,
			"mtlsgate %s: cannot take \"%s\"; did you mean "
			"\"--%s\"?\n",
			command, typed, near);
	else
		fprintf(stderr, "mtlsgate %s: there is no option \"%s\"\n",
			command, typed);
}
