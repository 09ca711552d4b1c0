/* R12, R23: files of ticket keys, and what is refused as one (R11). */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "config/config_problem.h"
#include "tls/ticket_keys.h"

/* Octets that are all different from those before them. */
static void fill(uint8_t *octets, size_t len)
{
	for (size_t i = 0; i < len; i++)
		octets[i] = (uint8_t)(i * 7 + i / 80 * 11 + i / 48);
}

static void a_long_key_is_name_mac_cipher(void **state)
{
	uint8_t octets[TICKET_KEY_LONG];
	struct ticket_keys keys;

	(void)state;
	fill(octets, sizeof(octets));
	assert_null(ticket_keys_parse(octets, sizeof(octets), &keys));
	assert_int_equal(keys.count, 1);
	assert_int_equal(keys.items[0].secret, 32);
	assert_memory_equal(keys.items[0].name, octets, 16);
	assert_memory_equal(keys.items[0].mac, octets + 16, 32);
	assert_memory_equal(keys.items[0].cipher, octets + 48, 32);
}

static void a_short_key_has_halves_of_16(void **state)
{
	uint8_t octets[TICKET_KEY_SHORT];
	struct ticket_keys keys;

	(void)state;
	fill(octets, sizeof(octets));
	assert_null(ticket_keys_parse(octets, sizeof(octets), &keys));
	assert_int_equal(keys.items[0].secret, 16);
	assert_memory_equal(keys.items[0].mac, octets + 16, 16);
	assert_memory_equal(keys.items[0].cipher, octets + 32, 16);
}

static void the_size_of_a_file_says_what_it_holds(void **state)
{
	static const struct {
		size_t len, count, secret;
	} cases[] = {
		{48, 1, 16},
		{80, 1, 32},
		{96, 2, 16},
		{144, 3, 16},
		{160, 2, 32},
		{192, 4, 16},
		{240, 3, 32},
		{320, 4, 32},
		{0, 0, 0},
		{1, 0, 0},
		{47, 0, 0},
		{49, 0, 0},
		{79, 0, 0},
		{81, 0, 0}, /* a line end behind it */
		{128, 0, 0},
		{288, 0, 0},
		{321, 0, 0},
		{400, 0, 0},
	};
	uint8_t octets[400];

	(void)state;
	fill(octets, sizeof(octets));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct ticket_keys keys;
		const char *why =
			ticket_keys_parse(octets, cases[i].len, &keys);

		if (!why != (cases[i].count > 0) ||
			keys.count != cases[i].count)
			fail_msg("%zu octets: %s", cases[i].len,
				why ? why : "taken");
		if (keys.count)
			assert_int_equal(keys.items[0].secret, cases[i].secret);
	}
}

static void keys_that_are_none_are_refused(void **state)
{
	uint8_t octets[2 * TICKET_KEY_LONG];
	struct ticket_keys keys;

	(void)state;
	memset(octets, 0, sizeof(octets));
	assert_non_null(ticket_keys_parse(octets, TICKET_KEY_LONG, &keys));
	fill(octets, sizeof(octets));
	memset(octets + 48, 'x', 32);
	assert_non_null(ticket_keys_parse(octets, TICKET_KEY_LONG, &keys));
	fill(octets, sizeof(octets));
	memcpy(octets + TICKET_KEY_LONG, octets, 16);
	assert_non_null(ticket_keys_parse(octets, sizeof(octets), &keys));
}

static void a_key_is_found_by_its_name(void **state)
{
	uint8_t octets[3 * TICKET_KEY_LONG];
	struct ticket_keys keys;

	(void)state;
	fill(octets, sizeof(octets));
	assert_null(ticket_keys_parse(octets, sizeof(octets), &keys));
	for (size_t i = 0; i < 3; i++)
		assert_ptr_equal(
			ticket_keys_find(&keys, octets + i * TICKET_KEY_LONG),
			&keys.items[i]);
	octets[5]++;
	assert_null(ticket_keys_find(&keys, octets));
}

/* ---- files ---- */

struct file {
	char path[64];
	struct config_text text;
};

static void file_new(struct file *file, size_t len, mode_t mode)
{
	uint8_t octets[512];
	int fd;

	assert_true(len <= sizeof(octets));
	fill(octets, sizeof(octets));
	snprintf(file->path, sizeof(file->path), "/tmp/ticket-keys.XXXXXX");
	fd = mkstemp(file->path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, octets, len), len);
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
	file->text = (struct config_text){.text = file->path};
}

/* The report; the caller frees. */
static char *load(const struct config_text *text, size_t keys, size_t warnings)
{
	struct config_problems *problems = config_problems_new();
	struct ticket_keys *loaded = ticket_keys_load(text, problems);
	struct buf out = {0};
	char *report;

	assert_int_equal(loaded ? loaded->count : 0, keys);
	assert_int_equal(config_problems_errors(problems), !loaded);
	assert_int_equal(config_problems_warnings(problems), warnings);
	assert_true(config_problems_print(problems, &out));
	report = out.len ? strndup(buf_bytes(&out).ptr, out.len) : strdup("");
	buf_fini(&out);
	ticket_keys_free(loaded);
	config_problems_free(problems);
	return report;
}

static void a_file_for_the_owner_alone_is_taken_quietly(void **state)
{
	struct file file;

	(void)state;
	file_new(&file, 160, 0600);
	free(load(&file.text, 2, 0));
	assert_int_equal(chmod(file.path, 0640), 0);
	free(load(&file.text, 2, 0));
	unlink(file.path);
}

static void a_file_that_others_may_touch_is_warned_of(void **state)
{
	static const struct {
		mode_t mode;
		const char *says;
	} cases[] = {{0644, "may be read by others (mode 0644)"},
		{0602, "may be written by others"},
		{0660, "may be written by others"}};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct file file;
		char *report;

		file_new(&file, 80, cases[i].mode);
		report = load(&file.text, 1, 1);
		if (!strstr(report, cases[i].says))
			fail_msg("%s", report);
		free(report);
		unlink(file.path);
	}
}

static void a_file_of_another_size_is_refused_with_words(void **state)
{
	struct file file;
	char *report;

	(void)state;
	file_new(&file, 81, 0600);
	report = load(&file.text, 0, 0);
	if (!strstr(report, "80 or of 48 octets") ||
		!strstr(report, "it has 81 octets") ||
		!strstr(report, "openssl rand 80"))
		fail_msg("%s", report);
	free(report);
	unlink(file.path);
}

static void a_file_that_is_not_there_is_refused(void **state)
{
	const struct config_text gone = {.text = "/tmp/no-such-ticket-keys"};
	const struct config_text directory = {.text = "/tmp"};
	char *report = load(&gone, 0, 0);

	(void)state;
	assert_non_null(strstr(report, "cannot be read: No such file"));
	free(report);
	report = load(&directory, 0, 0);
	assert_non_null(strstr(report, "cannot be read: Is a directory"));
	free(report);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_long_key_is_name_mac_cipher),
		cmocka_unit_test(a_short_key_has_halves_of_16),
		cmocka_unit_test(the_size_of_a_file_says_what_it_holds),
		cmocka_unit_test(keys_that_are_none_are_refused),
		cmocka_unit_test(a_key_is_found_by_its_name),
		cmocka_unit_test(a_file_for_the_owner_alone_is_taken_quietly),
		cmocka_unit_test(a_file_that_others_may_touch_is_warned_of),
		cmocka_unit_test(a_file_of_another_size_is_refused_with_words),
		cmocka_unit_test(a_file_that_is_not_there_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
