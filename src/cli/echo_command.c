#include "cli/echo_command.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>

#include "base/err.h"
#include "base/loop.h"
#include "cli/echo_origin.h"
#include "cli/guess.h"
#include "net/addr.h"

struct echo_options {
	struct addr listen;
	bool anywhere; /* not loopback alone */
};

static const char usage[] =
	"usage: mtlsgate echo-origin [--listen ADDRESS] [--anywhere]\n"
	"\n"
	"An HTTP origin that answers each request with what it got: to see\n"
	"what a real origin would see. It tells every header that it reads, "
	"so\n"
	"it listens on loopback unless told otherwise. Ctrl-C ends it.\n"
	"\n"
	"  --listen ADDRESS  such as 127.0.0.1:8080 (the default), [::1]:8080\n"
	"                    or unix:/run/echo.sock\n"
	"  --anywhere        allow an address that others can reach\n"
	"  --help            this text\n";

static int wrong_use(const char *why)
{
	fprintf(stderr, "mtlsgate echo-origin: %s\n\n%s", why, usage);
	return EXIT_CODE_USAGE;
}

/* -1: go on; else the exit code. */
static int read_options(int argc, char **argv, struct echo_options *options)
{
	static const struct option longs[] = {
		{"listen", required_argument, NULL, 'l'},
		{"anywhere", no_argument, NULL, 'a'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	const char *listen = "127.0.0.1:8080";
	int option;

	optind = 0; /* glibc: all of its state anew */
	opterr = 0;
	while ((option = getopt_long(argc, argv, "+:", longs, NULL)) != -1) {
		if (option == 'l') {
			listen = optarg;
		} else if (option == 'a') {
			options->anywhere = true;
		} else if (option == 'h') {
			fputs(usage, stdout);
			return EXIT_CODE_OK;
		} else {
			guess_option("echo-origin", option, argv, longs);
			fprintf(stderr, "\n%s", usage);
			return EXIT_CODE_USAGE;
		}
	}
	if (optind < argc)
		return wrong_use("only options are expected");
	if (!addr_parse(slice_str(listen), &options->listen))
		return wrong_use("--listen is an address such as "
				 "127.0.0.1:8080 or unix:/run/echo.sock");
	if (!options->anywhere && !addr_is_loopback(&options->listen))
		return wrong_use("this address can be reached from elsewhere, "
				 "and the answers tell every header; "
				 "--anywhere allows it");
	return -1;
}

static void on_signal(void *arg, int signal)
{
	(void)signal;
	loop_stop(arg);
}

static bool serve(
	const struct echo_options *options, struct loop *loop, struct err *err)
{
	struct echo_origin *origin =
		echo_origin_new(loop, &options->listen, err);
	struct addr where = options->listen;
	char text[ADDR_TEXT];
	bool ok;

	if (!origin)
		return false;
	if (!addr_is_unix(&where))
		addr_set_port(&where, echo_origin_port(origin));
	addr_print(&where, text);
	printf("mtlsgate echo-origin: answers on %s\n", text);
	fflush(stdout);
	ok = loop_run(loop);
	if (!ok)
		err_set(err, EXIT_CODE_INTERNAL, "the event loop broke");
	echo_origin_free(origin);
	return ok;
}

static bool run(const struct echo_options *options, struct err *err)
{
	static const int signals[2] = {SIGINT, SIGTERM};
	struct loop_signal watches[2] = {0};
	struct loop *loop = loop_new();
	bool ok = loop != NULL;

	for (size_t i = 0; ok && i < 2; i++)
		ok = loop_signal_watch(
			loop, &watches[i], signals[i], on_signal, loop);
	if (ok)
		ok = serve(options, loop, err);
	else
		err_set(err, EXIT_CODE_INTERNAL, "out of memory");
	for (size_t i = 0; i < 2; i++)
		loop_signal_unwatch(&watches[i]);
	loop_free(loop);
	return ok;
}

int cli_echo_origin(int argc, char **argv)
{
	struct echo_options options = {.anywhere = false};
	struct err err;
	int code = read_options(argc, argv, &options);

	if (code >= 0)
		return code;
	signal(SIGPIPE, SIG_IGN);
	if (run(&options, &err))
		return EXIT_CODE_OK;
	fprintf(stderr, "mtlsgate echo-origin: %s\n", err.text);
	return (int)err.code;
}
