#include "base/log.h"

#include <fcntl.h>
#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

/* 2026-11-23T22:40:00.123Z */
#define WALL INT64_C(1795473600123)

static const struct {
	struct slice in;
	const char *text;
	const char *json;
} values[] = {
	{{"web", 3}, "web", "\"web\""},
	{{"", 0}, "\"\"", "\"\""},
	{{"a b", 3}, "\"a b\"", "\"a b\""},
	{{"a=b", 3}, "\"a=b\"", "\"a=b\""},
	{{"q\"\\", 3}, "\"q\\\"\\\\\"", "\"q\\\"\\\\\""},
	{{"a\r\nb\t", 5}, "\"a\\r\\nb\\t\"", "\"a\\r\\nb\\t\""},
	{{"\0\x1b[1m\x7f", 6}, "\"\\x00\\x1B[1m\\x7F\"",
		"\"\\u0000\\u001b[1m\\u007f\""},
	{{"Zo\xC3\xAB", 4}, "\"Zo\\xC3\\xAB\"", "\"Zo\\u00eb\""},
};

static void expect(const char *got, size_t len, const char *want)
{
	if (len != strlen(want) || memcmp(got, want, len))
		fail_msg("got  %.*s\nwant %s", (int)len, got, want);
}

static void values_of_peers_are_escaped_in_every_format(void **state) /* R19 */
{
	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++) {
		const struct log_field f[] = {LOG_SLICE("v", values[i].in)};
		char got[512], want[512];
		size_t len;

		len = log_render(got, sizeof(got), LOG_FORMAT_TEXT,
			LOG_LEVEL_WARN, "e", WALL, f, 1);
		snprintf(want, sizeof(want),
			"2026-11-23T22:40:00.123Z warn e v=%s\n",
			values[i].text);
		expect(got, len, want);
		len = log_render(got, sizeof(got), LOG_FORMAT_JOURNAL,
			LOG_LEVEL_WARN, "e", WALL, f, 1);
		snprintf(want, sizeof(want), "<4>e v=%s\n", values[i].text);
		expect(got, len, want);
		len = log_render(got, sizeof(got), LOG_FORMAT_JSON,
			LOG_LEVEL_WARN, "e", WALL, f, 1);
		snprintf(want, sizeof(want),
			"{\"time\":\"2026-11-23T22:40:00.123Z\",\"level\":"
			"\"warn\",\"event\":\"e\",\"v\":%s}\n",
			values[i].json);
		expect(got, len, want);
	}
}

static void every_kind_and_level_has_its_form(void **state)
{
	const struct log_field f[] = {
		LOG_U64("u", UINT64_MAX),
		LOG_I64("i", -5),
		LOG_BOOL("b", true),
		LOG_BOOL("c", false),
		LOG_STR("n", NULL),
	};
	static const char *const want[] = {"<3>", "<4>", "<6>", "<7>"};

	(void)state;
	for (int level = 0; level < 4; level++) {
		char got[256], line[256];
		size_t len = log_render(got, sizeof(got), LOG_FORMAT_JOURNAL,
			(enum log_level)level, "e", WALL, f, 5);

		snprintf(line, sizeof(line),
			"%se u=18446744073709551615 i=-5 b=true c=false "
			"n=\"\"\n",
			want[level]);
		expect(got, len, line);
	}
}

static void a_line_too_long_keeps_whole_fields_and_says_cut(void **state)
{
	const struct log_field f[] = {
		LOG_STR("a", "one"),
		LOG_STR("b", "a value that may not fit"),
		LOG_STR("c", "3"),
	};
	char whole[512];
	size_t full = log_render(whole, sizeof(whole), LOG_FORMAT_JSON,
		LOG_LEVEL_INFO, "event", WALL, f, 3);
	size_t seen = 0;

	(void)state;
	for (size_t size = 0; size <= full + 12; size++) {
		char got[512];
		size_t len;

		memset(got, '#', sizeof(got));
		len = log_render(got, size, LOG_FORMAT_JSON, LOG_LEVEL_INFO,
			"event", WALL, f, 3);
		assert_true(len <= size);
		assert_int_equal(got[size], '#');
		if (!len)
			continue;
		seen++;
		assert_memory_equal(got + len - 2, "}\n", 2);
		assert_int_equal(got[0], '{');
		if (len == full)
			assert_memory_equal(got, whole, full);
		else
			assert_memory_equal(
				got + len - 13, ",\"cut\":true}\n", 13);
	}
	assert_true(seen > 10);
	/* a field behind the one that is too long is still written */
	full = log_render(
		whole, 56, LOG_FORMAT_TEXT, LOG_LEVEL_INFO, "e", WALL, f, 3);
	expect(whole, full,
		"2026-11-23T22:40:00.123Z info e a=one c=3 cut=true\n");
}

static void times_before_the_epoch_and_far_ahead_do_no_harm(void **state)
{
	char got[128];
	size_t len;

	(void)state;
	len = log_render(got, sizeof(got), LOG_FORMAT_TEXT, LOG_LEVEL_DEBUG,
		"e", -1, NULL, 0);
	expect(got, len, "1969-12-31T23:59:59.999Z debug e\n");
	len = log_render(got, sizeof(got), LOG_FORMAT_TEXT, LOG_LEVEL_DEBUG,
		"e", INT64_MAX, NULL, 0);
	assert_int_equal(got[len - 1], '\n');
}

static size_t read_all(int fd, char *out, size_t size)
{
	ssize_t n = read(fd, out, size - 1);

	assert_true(n >= 0);
	out[n] = '\0';
	return (size_t)n;
}

static void lines_below_the_level_are_not_written(void **state)
{
	char got[512];
	int fds[2];

	(void)state;
	assert_int_equal(pipe2(fds, O_NONBLOCK), 0);
	log_setup(fds[1], LOG_FORMAT_JOURNAL, LOG_LEVEL_WARN, "worker 2");
	assert_true(log_wants(LOG_LEVEL_ERROR));
	assert_true(log_wants(LOG_LEVEL_WARN));
	assert_false(log_wants(LOG_LEVEL_INFO));
	LOG(LOG_LEVEL_INFO, "quiet", LOG_STR("k", "v"));
	LOG(LOG_LEVEL_WARN, "loud", LOG_STR("k", "v"));
	LOG_PLAIN(LOG_LEVEL_ERROR, "louder");
	read_all(fds[0], got, sizeof(got));
	assert_string_equal(got,
		"<4>loud proc=\"worker 2\" k=v\n<3>louder proc=\"worker 2\"\n");
	assert_int_equal(log_lost(), 0);
	close(fds[0]);
	close(fds[1]);
}

static void a_line_that_cannot_be_written_is_counted(void **state)
{
	char filler[4096] = {0};
	int fds[2];

	(void)state;
	assert_int_equal(pipe2(fds, O_NONBLOCK), 0);
	log_setup(fds[1], LOG_FORMAT_TEXT, LOG_LEVEL_INFO, NULL);
	while (write(fds[1], filler, sizeof(filler)) > 0)
		;
	LOG_PLAIN(LOG_LEVEL_INFO, "one");
	LOG_PLAIN(LOG_LEVEL_INFO, "two");
	assert_int_equal(log_lost(), 2);
	assert_int_equal(log_lost(), 0);
	close(fds[0]);
	close(fds[1]);
}

static void the_longest_line_is_one_atomic_write(void **state)
{
	char big[8000], got[8192];
	int fds[2];
	size_t len;

	(void)state;
	memset(big, 'x', sizeof(big));
	assert_int_equal(pipe2(fds, O_NONBLOCK), 0);
	log_setup(fds[1], LOG_FORMAT_TEXT, LOG_LEVEL_INFO, "");
	LOG(LOG_LEVEL_INFO, "e", LOG_SLICE("big", slice_of(big, sizeof(big))),
		LOG_U64("n", 1));
	len = read_all(fds[0], got, sizeof(got));
	assert_true(len > 20 && len < 4096);
	assert_string_equal(got + 24, " info e n=1 cut=true\n");
	close(fds[0]);
	close(fds[1]);
}

static void auto_means_journal_when_the_descriptor_is_the_journals(void **state)
{
	char name[64];
	struct stat st;
	int fds[2];

	(void)state;
	assert_int_equal(pipe2(fds, 0), 0);
	unsetenv("JOURNAL_STREAM");
	assert_int_equal(log_format_auto(fds[1]), LOG_FORMAT_TEXT);
	assert_int_equal(fstat(fds[1], &st), 0);
	snprintf(name, sizeof(name), "%ju:%ju", (uintmax_t)st.st_dev,
		(uintmax_t)st.st_ino);
	setenv("JOURNAL_STREAM", name, 1);
	assert_int_equal(log_format_auto(fds[1]), LOG_FORMAT_JOURNAL);
	assert_int_equal(log_format_auto(-1), LOG_FORMAT_TEXT);
	strncat(name, ":1", sizeof(name) - strlen(name) - 1);
	setenv("JOURNAL_STREAM", name, 1);
	assert_int_equal(log_format_auto(fds[1]), LOG_FORMAT_TEXT);
	setenv("JOURNAL_STREAM", "1:nonsense", 1);
	assert_int_equal(log_format_auto(fds[1]), LOG_FORMAT_TEXT);
	setenv("JOURNAL_STREAM", "", 1);
	assert_int_equal(log_format_auto(fds[1]), LOG_FORMAT_TEXT);
	unsetenv("JOURNAL_STREAM");
	close(fds[0]);
	close(fds[1]);
}

static void a_bucket_lets_a_burst_through_and_counts_the_rest(void **state)
{
	struct log_bucket b;
	uint64_t held = 99;

	(void)state;
	log_bucket_init(&b, 10000, 3);
	for (int i = 0; i < 3; i++) {
		assert_true(log_bucket_take(&b, 1000, &held));
		assert_int_equal(held, 0);
	}
	for (int i = 0; i < 5; i++)
		assert_false(log_bucket_take(&b, 1000, &held));
	assert_false(log_bucket_take(&b, 1099, &held));
	assert_true(log_bucket_take(&b, 1100, &held));
	assert_int_equal(held, 6);
	/* a clock that steps back gives nothing and breaks nothing */
	assert_false(log_bucket_take(&b, 500, &held));
	assert_true(log_bucket_take(&b, 600, &held));
}

static void a_bucket_gives_no_more_and_no_less_than_its_rate(void **state)
{
	static const uint32_t rates[] = {1, 17, 999, 1000, 1500, 1999, 10000};

	(void)state;
	for (size_t i = 0; i < sizeof(rates) / sizeof(*rates); i++) {
		struct log_bucket b;
		uint64_t held, taken = 0;
		const int64_t span = 2000000;

		log_bucket_init(&b, rates[i], 2);
		for (int64_t now = 0; now <= span; now += 1)
			taken += log_bucket_take(&b, now, &held);
		assert_int_equal(
			taken, 2 + (uint64_t)span * rates[i] / 1000000);
	}
}

static void a_bucket_without_rate_or_burst_stays_shut(void **state)
{
	struct log_bucket b;
	uint64_t held;

	(void)state;
	log_bucket_init(&b, 0, 1);
	assert_true(log_bucket_take(&b, 5, &held));
	assert_false(log_bucket_take(&b, INT64_MAX, &held));
	log_bucket_init(&b, UINT32_MAX, 0);
	assert_false(log_bucket_take(&b, INT64_MAX, &held));
	log_bucket_init(&b, UINT32_MAX, UINT32_MAX);
	assert_true(log_bucket_take(&b, INT64_MAX, &held));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_of_peers_are_escaped_in_every_format),
		cmocka_unit_test(every_kind_and_level_has_its_form),
		cmocka_unit_test(
			a_line_too_long_keeps_whole_fields_and_says_cut),
		cmocka_unit_test(
			times_before_the_epoch_and_far_ahead_do_no_harm),
		cmocka_unit_test(lines_below_the_level_are_not_written),
		cmocka_unit_test(a_line_that_cannot_be_written_is_counted),
		cmocka_unit_test(the_longest_line_is_one_atomic_write),
		cmocka_unit_test(
			auto_means_journal_when_the_descriptor_is_the_journals),
		cmocka_unit_test(
			a_bucket_lets_a_burst_through_and_counts_the_rest),
		cmocka_unit_test(
			a_bucket_gives_no_more_and_no_less_than_its_rate),
		cmocka_unit_test(a_bucket_without_rate_or_burst_stays_shut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
