/* main: what a person types finds its command, or an explanation. */
#include "cli/main.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/err.h"
#include "cli/guess.h"

enum { OUTPUT = 8192 };

/* Runs the program with stdout or stderr caught in a file. */
static int run(int which, char *argv[], char output[OUTPUT])
{
	FILE *file = tmpfile();
	FILE *stream = which == 1 ? stdout : stderr;
	int saved, code, argc = 0;
	size_t n;

	assert_non_null(file);
	while (argv[argc])
		argc++;
	fflush(NULL);
	saved = dup(which);
	assert_true(saved >= 0);
	assert_int_equal(dup2(fileno(file), which), which);
	code = cli_main(argc, argv);
	fflush(stream);
	assert_int_equal(dup2(saved, which), which);
	close(saved);
	rewind(file);
	n = fread(output, 1, OUTPUT - 1, file);
	output[n] = '\0';
	fclose(file);
	return code;
}

static void what_is_asked_for_is_answered(void **state)
{
	static const struct {
		const char *words[3];
		int which, code;
		const char *says;
	} cases[] = {
		{{"--help"}, 1, EXIT_CODE_OK, "usage: mtlsgate COMMAND"},
		{{"-h"}, 1, EXIT_CODE_OK, "usage: mtlsgate COMMAND"},
		{{"help"}, 1, EXIT_CODE_OK, "usage: mtlsgate COMMAND"},
		{{"help", "help"}, 1, EXIT_CODE_OK, "usage: mtlsgate COMMAND"},
		{{"help", "check"}, 1, EXIT_CODE_OK, "usage: mtlsgate check"},
		{{"--version"}, 1, EXIT_CODE_OK, "mtlsgate "},
		{{"-V"}, 1, EXIT_CODE_OK, "mtlsgate "},
		{{NULL}, 2, EXIT_CODE_USAGE, "usage: mtlsgate COMMAND"},
		{{"chekc"}, 2, EXIT_CODE_USAGE, "did you mean \"check\"?"},
		{{"--chek"}, 2, EXIT_CODE_USAGE, "did you mean \"check\"?"},
		{{"xyzzy"}, 2, EXIT_CODE_USAGE, "no command \"xyzzy\"\n"},
		{{"--xyzzy"}, 2, EXIT_CODE_USAGE, "no option \"--xyzzy\"\n"},
		{{"help", "chekc"}, 2, EXIT_CODE_USAGE,
			"did you mean \"check\"?"},
		{{"help", "check", "help"}, 2, EXIT_CODE_USAGE, "one command"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char program[] = "mtlsgate";
		char *argv[5] = {program};
		char output[OUTPUT];
		int code;

		for (size_t k = 0; k < 3; k++)
			argv[k + 1] = (char *)(uintptr_t)cases[i].words[k];
		code = run(cases[i].which, argv, output);
		if (code != cases[i].code || !strstr(output, cases[i].says))
			fail_msg("case %zu: exit %d, said:\n%s", i, code,
				output);
	}
}

static void a_command_is_listed_once(void **state)
{
	char program[] = "mtlsgate", word[] = "--help";
	char *argv[] = {program, word, NULL};
	char output[OUTPUT];
	const char *first;

	(void)state;
	assert_int_equal(run(1, argv, output), EXIT_CODE_OK);
	first = strstr(output, "\n  demo ");
	assert_non_null(first);
	assert_null(strstr(first + 1, "\n  demo "));
}

static void an_option_near_by_is_named(void **state)
{
	static const char *const words[] = {"config", "print", "format", NULL};
	static const struct {
		const char *typed, *meant;
	} cases[] = {
		{"confg", "config"},
		{"CONFIG", "config"},
		{"ofrmat", "format"},
		{"pritn", "print"},
		{"", NULL},
		{"verbose", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const char *meant = guess_word(cases[i].typed, words);

		if (!cases[i].meant)
			assert_null(meant);
		else
			assert_string_equal(meant, cases[i].meant);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_asked_for_is_answered),
		cmocka_unit_test(a_command_is_listed_once),
		cmocka_unit_test(an_option_near_by_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
