#include "cli/demo.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/slice.h"
#include "cli/demo_ca.h"
#include "cli/demo_gate.h"
#include "cli/demo_play.h"
#include "cli/demo_view.h"
#include "cli/echo_origin.h"
#include "tls/tls_context.h"

enum { DEMO_PORT = 8443 };

struct demo_options {
	bool run;
	bool port_given;
	unsigned short port;
	const char *keep; /* NULL: a temporary directory, removed at the end */
};

struct demo {
	struct demo_options options;
	const struct demo_style *style;
	char dir[PATH_MAX];
	bool dir_made;
	struct loop *loop;
	struct echo_origin *origin;
	struct demo_view *view;
	struct demo_gate *gate;
	struct loop_signal signals[3];
	pid_t player; /* --run: the process that plays the client */
	int status;   /* exit code */
};

static const char usage[] =
	"usage: mtlsgate demo [--run] [--port N] [--keep DIR]\n"
	"\n"
	"Makes a throw-away CA, certificates, an echo origin and the proxy in\n"
	"front of it, prints curl lines to try, and shows each request as it\n"
	"passes. Ctrl-C ends it and removes everything.\n"
	"\n"
	"  --run       play every case without a hand, forged headers "
	"included;\n"
	"              the exit code is 1 when one fails\n"
	"  --port N    port of the proxy on 127.0.0.1 (default 8443, or a "
	"free\n"
	"              one when that is taken; 0: any free one)\n"
	"  --keep DIR  write certificates and the configuration there and "
	"leave\n"
	"              them, ready for `mtlsgate run`\n"
	"  --help      this text\n";

/* ---- options ---- */

static bool read_port(const char *text, struct demo_options *options)
{
	uint64_t port;

	if (!slice_to_u64(slice_str(text), UINT16_MAX, &port))
		return false;
	options->port = (unsigned short)port;
	options->port_given = true;
	return true;
}

/* -1: go on; else the exit code. */
static int read_options(int argc, char **argv, struct demo_options *options)
{
	static const struct option longs[] = {
		{"run", no_argument, NULL, 'r'},
		{"port", required_argument, NULL, 'p'},
		{"keep", required_argument, NULL, 'k'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	int option;

	*options = (struct demo_options){.port = DEMO_PORT};
	optind = 1;
	while ((option = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		if (option == 'r') {
			options->run = true;
		} else if (option == 'k') {
			options->keep = optarg;
		} else if (option == 'h') {
			fputs(usage, stdout);
			return EXIT_CODE_OK;
		} else if (option != 'p' || !read_port(optarg, options)) {
			fputs(usage, stderr);
			return EXIT_CODE_USAGE;
		}
	}
	if (optind == argc)
		return -1;
	fprintf(stderr, "mtlsgate demo: \"%s\" is not expected here\n%s",
		argv[optind], usage);
	return EXIT_CODE_USAGE;
}

/* ---- files ---- */

static bool make_dir(struct demo *demo, struct err *err)
{
	const char *tmp = getenv("TMPDIR");

	if (demo->options.keep) {
		if (mkdir(demo->options.keep, S_IRWXU) && errno != EEXIST) {
			err_set(err, EXIT_CODE_PERMISSION,
				"cannot make the directory %s: %m",
				demo->options.keep);
			return false;
		}
		if (realpath(demo->options.keep, demo->dir))
			return true;
		err_set(err, EXIT_CODE_NO_INPUT, "%s: %m", demo->options.keep);
		return false;
	}
	snprintf(demo->dir, sizeof(demo->dir), "%s/mtlsgate-demo-XXXXXX",
		tmp && *tmp == '/' ? tmp : "/tmp");
	demo->dir_made = mkdtemp(demo->dir) != NULL;
	if (!demo->dir_made)
		err_set(err, EXIT_CODE_PERMISSION,
			"cannot make a directory %s: %m", demo->dir);
	return demo->dir_made;
}

static void remove_dir(const struct demo *demo)
{
	const char *const *name = demo_ca_files();
	char path[PATH_MAX + 32];

	if (!demo->dir_made)
		return;
	for (; *name; name++) {
		snprintf(path, sizeof(path), "%s/%s", demo->dir, *name);
		unlink(path);
	}
	snprintf(path, sizeof(path), "%s/" DEMO_GATE_CONFIG, demo->dir);
	unlink(path);
	rmdir(demo->dir);
}

/* ---- running ---- */

static void on_signal(void *arg, int signal)
{
	struct demo *demo = arg;
	int status;

	if (signal != SIGCHLD) {
		loop_stop(demo->loop);
		return;
	}
	if (demo->player <= 0 ||
		waitpid(demo->player, &status, WNOHANG) != demo->player)
		return;
	demo->player = 0;
	demo->status =
		WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_CODE_INTERNAL;
	loop_stop(demo->loop);
}

static bool watch_signals(struct demo *demo)
{
	static const int signals[3] = {SIGINT, SIGTERM, SIGCHLD};

	for (size_t i = 0; i < 3; i++) {
		if (!loop_signal_watch(demo->loop, &demo->signals[i],
			    signals[i], on_signal, demo))
			return false;
	}
	return true;
}

static struct demo_play play_of(const struct demo *demo)
{
	return (struct demo_play){.port = demo_gate_port(demo->gate),
		.dir = demo->dir,
		.style = demo->style,
		.out = stdout};
}

/* The client's part of --run, in a process of its own. */
static bool start_player(struct demo *demo, struct err *err)
{
	const struct demo_play play = play_of(demo);

	fflush(NULL);
	demo->player = fork();
	if (demo->player < 0) {
		err_set(err, EXIT_CODE_UNAVAILABLE, "cannot fork: %m");
		return false;
	}
	if (!demo->player) {
		unsigned failed = demo_play_run(&play);

		fflush(NULL);
		_exit(failed ? EXIT_CODE_FAILED : EXIT_CODE_OK);
	}
	return true;
}

static void print_welcome(const struct demo *demo)
{
	const struct demo_play play = play_of(demo);

	printf("mtlsgate demo: https://localhost:%u asks for a certificate of "
	       "the demo's CA\nand forwards to an echo origin at "
	       "http://127.0.0.1:%u.\n\n",
		demo_gate_port(demo->gate), echo_origin_port(demo->origin));
	demo_play_print(&play);
	if (demo->options.keep)
		printf("\nKept in %s. The same without the demo, behind any "
		       "origin on\nport %u:  mtlsgate run --config "
		       "%s/" DEMO_GATE_CONFIG "\n",
			demo->dir, echo_origin_port(demo->origin), demo->dir);
	printf("\nPaste a line into another terminal; what passes is shown "
	       "here. Ctrl-C ends.\n");
	fflush(stdout);
}

static bool start_gate(struct demo *demo, struct err *err)
{
	struct demo_gate_setup setup = {.loop = demo->loop,
		.dir = demo->dir,
		.port = demo->options.port,
		.any_port_if_taken = !demo->options.port_given,
		.origin_port = echo_origin_port(demo->origin),
		.observer = demo->options.run ? NULL
					      : demo_view_observer(demo->view)};

	demo->gate = demo_gate_new(&setup, err);
	return demo->gate != NULL;
}

static bool demo_start(struct demo *demo, struct err *err)
{
	if (!make_dir(demo, err))
		return false;
	err_set(err, EXIT_CODE_INTERNAL, "out of memory");
	demo->style = demo_style_for(stdout);
	/* what passes and what is refused is shown by the view */
	log_setup(STDERR_FILENO, LOG_FORMAT_TEXT, LOG_LEVEL_ERROR, "");
	demo->loop = loop_new();
	demo->view = demo_view_new(stdout, demo->style);
	if (!demo->loop || !demo->view || !watch_signals(demo) ||
		!tls_library_init(NULL))
		return false;
	demo->origin = echo_origin_new(demo->loop, NULL, err);
	if (!demo->origin || !demo_ca_write(demo->dir, err) ||
		!start_gate(demo, err))
		return false;
	if (demo->options.run)
		return start_player(demo, err);
	print_welcome(demo);
	return true;
}

static void demo_end(struct demo *demo)
{
	if (demo->player > 0) {
		kill(demo->player, SIGTERM);
		waitpid(demo->player, NULL, 0);
	}
	demo_gate_free(demo->gate);
	echo_origin_free(demo->origin);
	for (size_t i = 0; i < 3; i++)
		loop_signal_unwatch(&demo->signals[i]);
	demo_view_free(demo->view);
	loop_free(demo->loop);
	remove_dir(demo);
}

int cli_demo(int argc, char **argv)
{
	struct demo demo = {.status = EXIT_CODE_OK};
	struct err err;
	int code = read_options(argc, argv, &demo.options);

	if (code >= 0)
		return code;
	signal(SIGPIPE, SIG_IGN);
	if (!demo_start(&demo, &err)) {
		fprintf(stderr, "mtlsgate demo: %s\n", err.text);
		demo_end(&demo);
		return (int)err.code;
	}
	if (!loop_run(demo.loop))
		demo.status = EXIT_CODE_INTERNAL;
	demo_end(&demo);
	if (!demo.options.run)
		printf("\n%s\n", demo.options.keep
					 ? "Ended; the files are kept."
					 : "Ended; everything is removed.");
	return demo.status;
}
