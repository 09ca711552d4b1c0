/* siphash: against the vectors of its authors. */
#include "base/siphash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct siphash_key known = {
	{0x0706050403020100U, 0x0f0e0d0c0b0a0908U}};

/* Of the octets 0, 1, 2, ... in that number. */
static void the_published_vectors_hold(void **state)
{
	static const struct {
		size_t len;
		uint64_t hash;
	} table[] = {
		{0, 0x726fdb47dd0e0e31U},
		{1, 0x74f839c593dc67fdU},
		{7, 0xab0200f58b01d137U},
		{8, 0x93f5f5799a932462U},
		{15, 0xa129ca6149be45e5U},
	};
	uint8_t bytes[16];

	(void)state;
	for (uint8_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = i;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		assert_int_equal(
			siphash(&known, bytes, table[i].len), table[i].hash);
	assert_int_equal(siphash(&known, NULL, 0), table[0].hash);
}

static void a_new_key_is_another_one(void **state)
{
	struct siphash_key a = {{0, 0}}, b = {{0, 0}};

	(void)state;
	assert_true(siphash_key_new(&a));
	assert_true(siphash_key_new(&b));
	assert_int_not_equal(siphash(&a, "x", 1), siphash(&b, "x", 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_published_vectors_hold),
		cmocka_unit_test(a_new_key_is_another_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
