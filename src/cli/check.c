#include "cli/check.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "cli/guess.h"
#include "config/config_load.h"
#include "config/config_problem.h"
#include "policy/rulebook.h"
#include "tls/origin_context.h"
#include "tls/tls_context.h"

struct check_options {
	const char *config;
	bool print;
	bool strict;
	bool json;
};

static const char usage[] =
	"usage: mtlsgate check --config FILE [--print] [--strict]\n"
	"                      [--format text|json]\n"
	"\n"
	"Reads the configuration and every file it names, and says what is\n"
	"wrong with them, all in one run. Nothing is bound, started or\n"
	"changed.\n"
	"\n"
	"  --config FILE  the configuration\n"
	"  --print        print every key with the value in force, as a\n"
	"                 configuration that means the same\n"
	"  --strict       warnings are errors\n"
	"  --format FORM  text (the default), or json: one object on stdout\n"
	"                 with all problems\n"
	"  --help         this text\n"
	"\n"
	"exit codes: 0 fit to run, 64 wrong use, 66 a file is missing,\n"
	"69 the name of the origin is not found, 70 internal error,\n"
	"77 a file must not be read, 78 the configuration is wrong\n";

static int wrong_use(const char *why)
{
	fprintf(stderr, "mtlsgate check: %s\n\n%s", why, usage);
	return EXIT_CODE_USAGE;
}

static int wrong_option(int answer, char **argv, const struct option *longs)
{
	guess_option("check", answer, argv, longs);
	fprintf(stderr, "\n%s", usage);
	return EXIT_CODE_USAGE;
}

static bool read_format(const char *text, struct check_options *options)
{
	options->json = !strcmp(text, "json");
	return options->json || !strcmp(text, "text");
}

/* -1: go on; else the exit code. */
static int read_options(int argc, char **argv, struct check_options *options)
{
	static const struct option longs[] = {
		{"config", required_argument, NULL, 'c'},
		{"print", no_argument, NULL, 'p'},
		{"strict", no_argument, NULL, 's'},
		{"format", required_argument, NULL, 'f'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	int option;

	optind = 0; /* glibc: all of its state anew */
	opterr = 0;
	while ((option = getopt_long(argc, argv, "+:", longs, NULL)) != -1) {
		if (option == 'c')
			options->config = optarg;
		else if (option == 'p')
			options->print = true;
		else if (option == 's')
			options->strict = true;
		else if (option == 'f' && !read_format(optarg, options))
			return wrong_use("--format is text or json");
		else if (option == ':' || option == '?')
			return wrong_option(option, argv, longs);
		if (option != 'h')
			continue;
		fputs(usage, stdout);
		return EXIT_CODE_OK;
	}
	if (optind < argc)
		return wrong_use("only options are expected");
	if (!options->config)
		return wrong_use("--config FILE is missing");
	if (options->print && options->json)
		return wrong_use("--print prints YAML; leave --format out");
	return -1;
}

static bool flush(const struct buf *out, FILE *to)
{
	struct slice bytes = buf_bytes(out);

	return fwrite(bytes.ptr ? bytes.ptr : "", 1, bytes.len, to) ==
		       bytes.len &&
	       !fflush(to);
}

/* What was found, in the form that is asked for. */
static bool report(
	const struct check_options *options, struct config_problems *problems)
{
	struct buf out = {0};
	bool ok;

	if (options->json)
		ok = config_problems_json(problems, &out) &&
		     flush(&out, stdout);
	else
		ok = config_problems_print(problems, &out) &&
		     flush(&out, stderr);
	buf_fini(&out);
	return ok;
}

static bool print_config(const struct config *config)
{
	struct buf out = {0};
	bool ok = config_print(config, &out) && flush(&out, stdout);

	buf_fini(&out);
	return ok;
}

static void check_loaded(
	const struct config *config, struct config_problems *problems)
{
	tls_context_check(config, problems);
	for (size_t i = 0; i < config->origin_count; i++) {
		if (origin_context_needed(&config->origins[i]))
			origin_context_free(origin_context_new(
				&config->origins[i], problems));
	}
}

/* The system's openssl.cnf is not read, here neither (R16). */
static void check_certificates(
	const struct config *config, struct config_problems *problems)
{
	const struct config_text *own = &config->listeners->tls.openssl_config;

	if (!tls_library_init(own->text))
		config_problem(problems, CONFIG_ERROR, EXIT_CODE_CONFIG,
			own->mark,
			"tls.openssl_config: %s cannot be used by OpenSSL",
			own->text ? own->text : "the library's own defaults");
	else
		check_loaded(config, problems);
}

static int check(
	const struct check_options *options, struct config_problems *problems)
{
	struct config *config;
	enum exit_code code;
	bool ok;

	if (options->strict)
		config_problems_strict(problems);
	config = config_load(options->config, problems);
	if (config) {
		check_certificates(config, problems);
		rulebook_free(rulebook_new(config, problems));
	}
	code = config_problems_exit(problems);
	ok = report(options, problems);
	if (ok && code == EXIT_CODE_OK && options->print)
		ok = print_config(config);
	else if (ok && code == EXIT_CODE_OK && !options->json)
		ok = printf("%s: fit to run\n", options->config) > 0 &&
		     !fflush(stdout);
	config_free(config);
	return ok ? (int)code : EXIT_CODE_INTERNAL;
}

int cli_check(int argc, char **argv)
{
	struct check_options options = {0};
	struct config_problems *problems;
	int code = read_options(argc, argv, &options);

	if (code >= 0)
		return code;
	problems = config_problems_new();
	if (!problems) {
		fputs("mtlsgate check: out of memory\n", stderr);
		return EXIT_CODE_INTERNAL;
	}
	code = check(&options, problems);
	config_problems_free(problems);
	return code;
}
