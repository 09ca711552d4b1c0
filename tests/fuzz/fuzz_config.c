/*
 * A whole configuration from any bytes: libyaml, the tree, the schema, every
 * value, the checks, the list of problems in both forms; and what is accepted
 * must print to something that is accepted and prints the same.
 */
#include "config/config_load.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "base/buf.h"
#include "config/config_load_priv.h"
#include "config/config_problem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct config *load(struct slice text, struct buf *said)
{
	struct config_problems *problems = config_problems_new();
	struct config *config;

	if (!problems)
		return NULL;
	config = config_load_with(
		text, "/etc/m/m.yaml", problems, CONFIG_LOAD_OFFLINE);
	assert(!config == (config_problems_errors(problems) > 0));
	assert(!config == (config_problems_exit(problems) != EXIT_CODE_OK));
	(void)!config_problems_print(problems, said);
	(void)!config_problems_json(problems, said);
	config_problems_free(problems);
	return config;
}

/* R19: nothing that moves a cursor. */
static void check_said(const struct buf *said)
{
	struct slice s = buf_bytes(said);

	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.ptr[i];

		assert(c >= 0x20 || c == '\n' || c == '\t');
		assert(c != 0x7F);
	}
}

static void check_print(const struct config *config)
{
	struct buf one = {0}, two = {0}, said = {0};
	struct config *again;

	if (!config_print(config, &one))
		return;
	again = load(buf_bytes(&one), &said);
	assert(again);
	if (config_print(again, &two))
		assert(slice_eq(buf_bytes(&one), buf_bytes(&two)));
	config_free(again);
	buf_fini(&one);
	buf_fini(&two);
	buf_fini(&said);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf said = {0};
	struct config *config = load(slice_of(data, size), &said);

	check_said(&said);
	if (config)
		check_print(config);
	config_free(config);
	buf_fini(&said);
	return 0;
}
