#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "config/config_fold.h"
#include "config/config_preset.h"
#include "policy/cert_headers.h"

static void no_two_headers_of_any_presets_are_one_to_an_origin(void **state)
{
	const struct config_preset_header *a, *b;

	(void)state;
	for (size_t i = 0; (a = config_preset_at(i)); i++) {
		assert_true(config_fold_is_name(slice_str(a->name)));
		for (size_t j = 0; j < i; j++) {
			b = config_preset_at(j);
			assert_false(config_fold_equal(
				slice_str(a->name), slice_str(b->name)));
		}
	}
}

/* R2: the names of all presets are protected, whichever are sent. */
static void every_name_of_a_preset_is_protected(void **state)
{
	const struct config_preset_header *header;

	(void)state;
	for (size_t i = 0; (header = config_preset_at(i)); i++) {
		if (!cert_headers_protects(slice_str(header->name)))
			fail_msg("%s", header->name);
	}
}

static void a_name_is_found_in_the_presets_that_are_on(void **state)
{
	const unsigned nginx = 1U << PRESET_NGINX;
	const struct config_preset_header *header =
		config_preset_find(nginx, SLICE("x_ssl_client.verify"));

	(void)state;
	assert_non_null(header);
	assert_string_equal(header->name, "X-SSL-Client-Verify");
	assert_int_equal(header->preset, PRESET_NGINX);
	assert_null(config_preset_find(nginx, SLICE("X-CERT-VERIFY")));
	assert_null(config_preset_find(0, SLICE("X-SSL-Client-Verify")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			no_two_headers_of_any_presets_are_one_to_an_origin),
		cmocka_unit_test(every_name_of_a_preset_is_protected),
		cmocka_unit_test(a_name_is_found_in_the_presets_that_are_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
