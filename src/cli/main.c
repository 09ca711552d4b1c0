#include "cli/main.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "cli/check.h"
#include "cli/demo.h"
#include "cli/echo_command.h"
#include "cli/explain.h"
#include "cli/guess.h"
#include "cli/run.h"
#include "cli/selftest.h"
#include "version.h"

struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *help;
};

static int help(int argc, char **argv);

static const struct command commands[] = {
	{"run", cli_run, "serve until a signal ends it"},
	{"check", cli_check, "say what is wrong with a configuration"},
	{"explain", cli_explain, "say why a certificate is taken or not"},
	{"demo", cli_demo, "a whole set-up to try, without files or root"},
	{"selftest", cli_selftest, "try whether a forged header gets through"},
	{"echo-origin", cli_echo_origin, "an origin that tells what it got"},
	{"help", help, "explain a command: mtlsgate help COMMAND"},
};

enum { COMMANDS = sizeof(commands) / sizeof(*commands) };

static void usage(FILE *to)
{
	fputs("usage: mtlsgate COMMAND [OPTIONS]\n"
	      "\n"
	      "Terminates mutual TLS in front of an HTTP origin; what the "
	      "origin\n"
	      "reads in a certificate header is true.\n"
	      "\n",
		to);
	for (size_t i = 0; i < COMMANDS; i++)
		fprintf(to, "  %-11s %s\n", commands[i].name, commands[i].help);
	fputs("\n"
	      "mtlsgate COMMAND --help tells its options; mtlsgate --version\n"
	      "tells the version.\n",
		to);
}

static const struct command *find(const char *name)
{
	for (size_t i = 0; i < COMMANDS; i++) {
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	}
	return NULL;
}

static int unknown(const char *name)
{
	const char *words[COMMANDS + 1];
	const char *near;

	for (size_t i = 0; i < COMMANDS; i++)
		words[i] = commands[i].name;
	words[COMMANDS] = NULL;
	near = guess_word(name + strspn(name, "-"), words);
	fprintf(stderr, "mtlsgate: there is no %s \"%s\"",
		*name == '-' ? "option" : "command", name);
	if (near)
		fprintf(stderr, "; did you mean \"%s\"?", near);
	fputs("\n\n", stderr);
	usage(stderr);
	return EXIT_CODE_USAGE;
}

static int finish_output(void)
{
	return fflush(stdout) ? EXIT_CODE_INTERNAL : EXIT_CODE_OK;
}

static int help(int argc, char **argv)
{
	char option[] = "--help";
	const struct command *command;

	if (argc > 2) {
		fprintf(stderr, "mtlsgate help: one command at a time\n");
		return EXIT_CODE_USAGE;
	}
	command = argc == 2 ? find(argv[1]) : NULL;
	if (argc == 2 && !command)
		return unknown(argv[1]);
	if (command && command->run != help) {
		char *words[] = {argv[1], option, NULL};

		return command->run(2, words);
	}
	usage(stdout);
	return finish_output();
}

int cli_main(int argc, char **argv)
{
	const struct command *command;

	if (argc < 2) {
		usage(stderr);
		return EXIT_CODE_USAGE;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")) {
		usage(stdout);
		return finish_output();
	}
	if (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V")) {
		puts("mtlsgate " MTLSGATE_VERSION);
		return finish_output();
	}
	command = find(argv[1]);
	return command ? command->run(argc - 1, argv + 1) : unknown(argv[1]);
}
