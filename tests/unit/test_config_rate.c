/* config_rate: each key is called as it is written. */
#include "config/config_rate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "config/config_schema.h"

static void each_key_is_called_as_it_is_written(void **state)
{
	const struct config_key *key = config_schema_find("rate_limits[].key");
	size_t words = 0;

	(void)state;
	assert_non_null(key);
	for (const struct config_word *w = key->words; w->word; w++, words++)
		assert_string_equal(w->word,
			config_rate_word((enum config_rate_key)w->value));
	assert_int_equal(words, CONFIG_RATE_KEYS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_key_is_called_as_it_is_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
