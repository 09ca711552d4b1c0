#include "config/config_value.h"

#include <inttypes.h>
#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "config/config.h"
#include "config/config_schema.h"

static const struct {
	const char *path, *text;
	uint64_t value;
	const char *printed; /* NULL: as text */
} good[] = {
	{"timeouts.shutdown", "0s", 0, NULL},
	{"timeouts.shutdown", "0ms", 0, "0s"},
	{"timeouts.shutdown", "1ms", 1, NULL},
	{"timeouts.shutdown", "1500ms", 1500, NULL},
	{"timeouts.shutdown", "2000ms", 2000, "2s"},
	{"timeouts.shutdown", "60s", 60000, NULL},
	{"timeouts.shutdown", "1m", 60000, "60s"},
	{"timeouts.shutdown", "90s", 90000, NULL},
	{"timeouts.shutdown", "2m", 120000, NULL},
	{"timeouts.shutdown", "1h", 3600000, "60m"},
	{"timeouts.shutdown", "1d", 86400000, "24h"},
	{"timeouts.shutdown", "007s", 7000, "7s"},
	{"limits.body", "0B", 0, "0KiB"},
	{"limits.body", "1B", 1, NULL},
	{"limits.body", "1024B", 1024, "1KiB"},
	{"limits.body", "10MiB", 10485760, NULL},
	{"limits.body", "1GiB", 1073741824, NULL},
	{"limits.body_min_rate", "1KiB/s", 1024, NULL},
	{"limits.body_min_rate", "0KiB/s", 0, NULL},
	{"logging.rejections.rate", "10/s", 10000, NULL},
	{"limits.connections", "1", 1, NULL},
	{"limits.connections_per_ip", "0", 0, NULL},
	{"process.workers", "3", 3, NULL},
	{"process.max_open_files", "auto", 0, NULL},
	{"process.max_open_files", "1024", 1024, NULL},
	{"admin.mode", "0660", 0660, "\"0660\""},
	{"admin.mode", "0000", 0, "\"0000\""},
	{"logging.access.enabled", "true", 1, NULL},
	{"logging.access.enabled", "false", 0, NULL},
	{"client_auth.mode", "optional", CLIENT_AUTH_OPTIONAL, NULL},
	{"tls.min_version", "TLSv1.3", 0x0304, NULL},
	{"logging.format", "auto", CONFIG_LOG_AUTO, NULL},
};

static void values_are_read_and_written_back(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		const struct config_key *key = config_schema_find(good[i].path);
		struct config_complaint why;
		char text[CONFIG_VALUE_TEXT];
		uint64_t value = 77;

		assert_non_null(key);
		if (!config_value_parse(
			    key, slice_str(good[i].text), &value, &why))
			fail_msg("%s: %s", good[i].path, why.what);
		assert_int_equal(value, good[i].value);
		config_value_format(key, value, text);
		assert_string_equal(
			text, good[i].printed ? good[i].printed : good[i].text);
	}
}

/* What is printed is read back, for any value that a key may have. */
static void every_printed_value_means_the_same_value(void **state)
{
	unsigned seed = 3;

	(void)state;
	for (const struct config_key *k = config_schema_next(NULL); k;
		k = config_schema_next(k)) {
		for (int i = 0; config_value_is_number(k) && i < 500; i++) {
			struct config_complaint why;
			char text[CONFIG_VALUE_TEXT];
			uint64_t value, got;
			size_t len;

			if (k->type == CONFIG_TYPE_WORD_SET)
				break; /* a list, which the tree reads */
			seed = seed * 1103515245 + 12345;
			value = k->max > k->min
					? k->min + seed % (k->max - k->min + 1)
					: k->min;
			if (k->words)
				value = k->words[i % 2].value;
			if (k->type == CONFIG_TYPE_RATE)
				value -= value % 1000;
			config_value_format(k, value, text);
			len = strlen(text);
			if (text[0] == '"') {
				memmove(text, text + 1, len);
				text[len - 2] = '\0';
			}
			assert_true(config_value_parse(
				k, slice_str(text), &got, &why));
			assert_true(got == value);
		}
	}
}

static void one_worker_per_usable_core(void **state)
{
	const struct config_key *key = config_schema_find("process.workers");
	struct config_complaint why;
	uint64_t value = 0;

	(void)state;
	assert_true(config_value_parse(key, SLICE("auto"), &value, &why));
	assert_true(value >= 1);
}

static void a_value_is_stored_in_its_own_bytes_only(void **state)
{
	(void)state;
	for (const struct config_key *k = config_schema_next(NULL); k;
		k = config_schema_next(k)) {
		unsigned char home[sizeof(struct config) + 4096];
		size_t changed = 0;

		if (!config_value_is_number(k) || !k->size ||
			k->type == CONFIG_TYPE_LOG_FORMAT)
			continue;
		memset(home, 0xA5, sizeof(home));
		config_value_store(k, home, 1);
		assert_int_equal(config_value_load(k, home), 1);
		for (size_t i = 0; i < sizeof(home); i++)
			changed += home[i] != 0xA5;
		assert_int_equal(changed, k->size);
	}
}

static void auto_of_a_log_format_sets_its_flag(void **state)
{
	const struct config_key *key = config_schema_find("logging.format");
	struct config config = {0};

	(void)state;
	config_value_store(key, &config, CONFIG_LOG_AUTO);
	assert_true(config.logging.format_auto);
	assert_int_equal(config_value_load(key, &config), CONFIG_LOG_AUTO);
	config_value_store(key, &config, LOG_FORMAT_JSON);
	assert_false(config.logging.format_auto);
	assert_int_equal(config.logging.format, LOG_FORMAT_JSON);
	assert_int_equal(config_value_load(key, &config), LOG_FORMAT_JSON);
}

static void whatever_comes_is_refused_with_words(void **state)
{
	static const char bytes[] = "019.,-+ smhdKMGiB/autorel\"\\\x1b\xC3\xBC";
	unsigned seed = 11;

	(void)state;
	for (const struct config_key *k = config_schema_next(NULL); k;
		k = config_schema_next(k)) {
		for (int i = 0; config_value_is_number(k) && i < 2000; i++) {
			struct config_complaint why;
			char text[200];
			size_t len;
			uint64_t value;

			seed = seed * 1103515245 + 12345;
			len = (seed >> 16) % (i % 2 ? 6 : sizeof(text));
			for (size_t at = 0; at < len; at++) {
				seed = seed * 1103515245 + 12345;
				text[at] = bytes[(seed >> 16) %
						 (sizeof(bytes) - 1)];
			}
			memset(&why, '#', sizeof(why));
			if (config_value_parse(
				    k, slice_of(text, len), &value, &why))
				continue;
			assert_int_equal(why.what[0], '"');
			assert_true(memchr(why.what, 0, sizeof(why.what)));
			assert_true(memchr(why.hint, 0, sizeof(why.hint)));
		}
	}
}

static void a_long_text_is_cut_between_characters(void **state)
{
	char out[CONFIG_SHOWN], text[100];

	(void)state;
	assert_string_equal(config_shown(SLICE("ab"), out), "\"ab\"");
	memset(text, 'x', sizeof(text));
	config_shown(slice_of(text, 72), out);
	assert_int_equal(strlen(out), 74);
	config_shown(slice_of(text, 73), out);
	assert_string_equal(out + strlen(out) - 5, "x...\"");
	memcpy(text + 67, "\xF0\x9F\x94\x91", 4);
	config_shown(slice_of(text, 100), out);
	assert_string_equal(out + strlen(out) - 5, "x...\"");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_are_read_and_written_back),
		cmocka_unit_test(every_printed_value_means_the_same_value),
		cmocka_unit_test(one_worker_per_usable_core),
		cmocka_unit_test(a_value_is_stored_in_its_own_bytes_only),
		cmocka_unit_test(auto_of_a_log_format_sets_its_flag),
		cmocka_unit_test(whatever_comes_is_refused_with_words),
		cmocka_unit_test(a_long_text_is_cut_between_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
