#include "daemon/systemd.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "config/config.h"

/* What one line on stderr looks like; `journal`: stderr is the journal's. */
static void line_with(
	const struct config_logging *logging, bool journal, char line[256])
{
	FILE *file = tmpfile();
	int saved = dup(STDERR_FILENO);
	char stream[64];
	struct stat st;
	size_t n;

	assert_non_null(file);
	assert_true(saved >= 0);
	assert_int_equal(fstat(fileno(file), &st), 0);
	snprintf(stream, sizeof(stream), "%llu:%llu",
		(unsigned long long)st.st_dev,
		(unsigned long long)st.st_ino + !journal);
	assert_int_equal(setenv("JOURNAL_STREAM", stream, 1), 0);
	assert_int_equal(dup2(fileno(file), STDERR_FILENO), STDERR_FILENO);
	systemd_log_setup(logging, "worker 7");
	LOG_PLAIN(LOG_LEVEL_WARN, "seen");
	LOG_PLAIN(LOG_LEVEL_INFO, "below_the_level");
	assert_int_equal(dup2(saved, STDERR_FILENO), STDERR_FILENO);
	close(saved);
	unsetenv("JOURNAL_STREAM");
	rewind(file);
	n = fread(line, 1, 255, file);
	line[n] = '\0';
	fclose(file);
}

static void auto_is_the_journal_where_stderr_leads_there(void **state)
{
	const struct config_logging logging = {
		.format_auto = true, .level = LOG_LEVEL_WARN};
	char line[256];

	(void)state;
	line_with(&logging, true, line);
	assert_string_equal(line, "<4>seen proc=\"worker 7\"\n");
}

static void auto_is_text_anywhere_else(void **state)
{
	const struct config_logging logging = {
		.format_auto = true, .level = LOG_LEVEL_WARN};
	char line[256];

	(void)state;
	line_with(&logging, false, line);
	assert_non_null(strstr(line, "Z warn seen proc=\"worker 7\"\n"));
}

static void a_format_that_is_set_counts_everywhere(void **state)
{
	const struct config_logging logging = {
		.format = LOG_FORMAT_JSON, .level = LOG_LEVEL_WARN};
	char line[256];

	(void)state;
	line_with(&logging, true, line);
	assert_int_equal(line[0], '{');
	assert_non_null(strstr(line, "\"event\":\"seen\""));
	assert_null(strstr(line, "below_the_level"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(auto_is_the_journal_where_stderr_leads_there),
		cmocka_unit_test(auto_is_text_anywhere_else),
		cmocka_unit_test(a_format_that_is_set_counts_everywhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
