#include "cli/run.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "cli/guess.h"
#include "config/config.h"
#include "config/config_problem.h"
#include "daemon/generation.h"
#include "daemon/master.h"
#include "daemon/privdrop.h"
#include "daemon/systemd.h"
#include "tls/ticket_ring.h"

static const char usage[] =
	"usage: mtlsgate run --config FILE\n"
	"\n"
	"Serves in the foreground until a signal ends it.\n"
	"\n"
	"  --config FILE  the configuration\n"
	"  --help         this text\n"
	"\n"
	"signals: HUP reads the configuration anew and keeps the old one when\n"
	"it has errors; TERM or INT finishes what runs and stops, a second "
	"one\n"
	"stops now; USR1 opens the log files anew\n"
	"\n"
	"exit codes: 0 was asked to stop, 64 wrong use, 66 a file is missing,\n"
	"69 an address is in use, 70 internal error, 77 permission denied,\n"
	"78 the configuration is wrong\n";

/* -1: go on; else the exit code. */
static int read_options(int argc, char **argv, const char **config)
{
	static const struct option longs[] = {
		{"config", required_argument, NULL, 'c'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	int option;

	optind = 1;
	opterr = 0;
	while ((option = getopt_long(argc, argv, "+:", longs, NULL)) != -1) {
		if (option == 'c') {
			*config = optarg;
		} else if (option == 'h') {
			fputs(usage, stdout);
			return fflush(stdout) ? EXIT_CODE_INTERNAL
					      : EXIT_CODE_OK;
		} else {
			guess_option("run", option, argv, longs);
			fprintf(stderr, "\n%s", usage);
			return EXIT_CODE_USAGE;
		}
	}
	if (optind == argc && *config)
		return -1;
	fprintf(stderr, "mtlsgate run: %s\n\n%s",
		*config ? "only options are expected"
			: "--config FILE is missing",
		usage);
	return EXIT_CODE_USAGE;
}

static bool print_problems(struct config_problems *problems)
{
	struct buf out = {0};
	bool ok = config_problems_print(problems, &out) &&
		  fwrite(buf_bytes(&out).ptr, 1, out.len, stderr) == out.len;

	buf_fini(&out);
	return ok;
}

static struct generation *load(
	const char *path, const struct ticket_ring *ring, int *code)
{
	struct config_problems *problems = config_problems_new();
	struct generation *first = NULL;

	*code = EXIT_CODE_INTERNAL;
	if (!problems) {
		fputs("mtlsgate run: out of memory\n", stderr);
		return NULL;
	}
	first = generation_load(path, 1, ring, problems, NULL);
	if (first) {
		systemd_log_setup(&first->config->logging, "master");
		master_log_problems(LOG_LEVEL_WARN, "config_warning", problems);
	} else if (print_problems(problems)) {
		*code = (int)config_problems_exit(problems);
	}
	config_problems_free(problems);
	return first;
}

int cli_run(int argc, char **argv)
{
	struct master_setup setup = {.stdout_fd = STDOUT_FILENO};
	struct generation *first;
	struct err err;
	int code = read_options(argc, argv, &setup.config_path);

	if (code >= 0)
		return code;
	/* before the first key is read (R23) */
	if (privdrop_hide_memory(&err))
		setup.ring = ticket_ring_new(&err);
	if (!setup.ring) {
		fprintf(stderr, "mtlsgate run: %s\n", err.text);
		return (int)err.code;
	}
	first = load(setup.config_path, setup.ring, &code);
	if (first)
		code = master_run(&setup, &first);
	ticket_ring_free(setup.ring);
	return code;
}
