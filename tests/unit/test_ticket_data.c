/* R12: what a ticket carries, octet by octet, and what is not read as one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tls/ticket_data.h"

static const struct ticket_data full = {
	.trust = {0xAA, 0xBB, [31] = 0xCC},
	.server_name = {1, 2, [15] = 3},
	.group = 0x01020304,
	.since_s = 1700000000,
	.not_after_s = 1800000000,
	.next_update_s = INT64_MAX,
	.verdict = TICKET_DATA_OK,
	.sent = 3,
	.issuer_serial_negative = true,
	.issuer_serial_len = TICKET_DATA_ISSUER,
	.issuer_key_id_len = 20,
	.issuer_serial = {0x7F, [63] = 0x01},
	.issuer_key_id = {0xDE, [19] = 0xAD},
};

/* Written again it is the same; padding has no say. */
static void assert_reads(const uint8_t *octets, size_t len)
{
	uint8_t again[TICKET_DATA_MAX];
	struct ticket_data back;

	assert_true(ticket_data_read(&back, slice_of(octets, len)));
	assert_int_equal(ticket_data_write(&back, again), len);
	assert_memory_equal(again, octets, len);
}

static void what_is_written_is_read(void **state)
{
	uint8_t octets[TICKET_DATA_MAX];
	struct ticket_data back;
	size_t len = ticket_data_write(&full, octets);

	(void)state;
	assert_int_equal(len, 80 + 1 + 64 + 1 + 20);
	assert_reads(octets, len);
	assert_true(ticket_data_read(&back, slice_of(octets, len)));
	assert_int_equal(back.since_s, full.since_s);
	assert_int_equal(back.not_after_s, full.not_after_s);
	assert_int_equal(back.next_update_s, full.next_update_s);
	assert_int_equal(back.group, full.group);
	assert_int_equal(back.sent, full.sent);
	assert_memory_equal(back.trust, full.trust, sizeof(full.trust));
}

static void the_longest_fits(void **state)
{
	struct ticket_data most = full;
	uint8_t octets[TICKET_DATA_MAX];

	(void)state;
	most.issuer_key_id_len = TICKET_DATA_ISSUER;
	assert_int_equal(ticket_data_write(&most, octets), TICKET_DATA_MAX);
	assert_reads(octets, sizeof(octets));
}

static void nothing_shorter_is_read(void **state)
{
	uint8_t octets[TICKET_DATA_MAX];
	size_t len = ticket_data_write(&full, octets);
	struct ticket_data back;

	(void)state;
	for (size_t cut = 0; cut < len; cut++)
		assert_false(ticket_data_read(&back, slice_of(octets, cut)));
}

static void no_octet_too_many_is_read(void **state)
{
	uint8_t octets[TICKET_DATA_MAX];
	size_t len = ticket_data_write(&full, octets);
	struct ticket_data back;

	(void)state;
	octets[len] = 0;
	assert_false(ticket_data_read(&back, slice_of(octets, len + 1)));
}

/* Offsets as the header has them. */
static void values_that_nobody_writes_are_refused(void **state)
{
	static const struct {
		const char *what;
		size_t at;
		uint8_t value;
	} cases[] = {
		{"version 0", 0, 0},
		{"the next version", 0, TICKET_DATA_VERSION + 1},
		{"no certificate sent", 2, 0},
		{"a flag of later", 3, 2},
		{"begun before 1970", 8, 0x80},
		{"an end before 1970", 16, 0x80},
		{"a nextUpdate before 1970", 24, 0xFF},
		{"a serial longer than any", 80, TICKET_DATA_ISSUER + 1},
		{"a serial longer than the rest", 80, 255},
		{"a key id longer than any", 80 + 1 + 64, 65},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t octets[TICKET_DATA_MAX];
		size_t len = ticket_data_write(&full, octets);
		struct ticket_data back;

		octets[cases[i].at] = cases[i].value;
		if (ticket_data_read(&back, slice_of(octets, len)))
			fail_msg("%s was read", cases[i].what);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(the_longest_fits),
		cmocka_unit_test(nothing_shorter_is_read),
		cmocka_unit_test(no_octet_too_many_is_read),
		cmocka_unit_test(values_that_nobody_writes_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
