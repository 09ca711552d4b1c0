#include "cli/selftest.h"

#include <getopt.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/log.h"
#include "base/loop.h"
#include "cli/guess.h"
#include "cli/selftest_gate.h"
#include "cli/selftest_play.h"
#include "cli/selftest_route.h"
#include "config/config.h"
#include "config/config_route.h"
#include "net/addr.h"
#include "tls/cert_file.h"
#include "tls/cert_info.h"
#include "tls/tls_context.h"

enum { HOST = 256, PORT = 8 };

struct selftest_options {
	const char *config;
	const char *url;
	const char *cert;
	const char *key;
	const char *cacert;
	const char *host;
	const char *path;
};

static const char usage[] =
	"usage: mtlsgate selftest --config FILE --cert PEM [--key PEM]\n"
	"                         [--host NAME] [--path PATH]\n"
	"       mtlsgate selftest --url https://HOST[:PORT][/PATH] --cert PEM\n"
	"                         [--key PEM] [--cacert PEM]\n"
	"\n"
	"Forges every certificate header in every spelling and says whether\n"
	"any arrived at the origin, and whether the true ones are true.\n"
	"\n"
	"  --config FILE  starts a private instance of this configuration on\n"
	"                 free ports of 127.0.0.1; its origins are echo\n"
	"                 origins, all else is as the file says\n"
	"  --url URL      asks a running instance whose origin is mtlsgate\n"
	"                 echo-origin\n"
	"  --cert PEM     a client certificate that is let in\n"
	"  --key PEM      its key; without it in the same file\n"
	"  --cacert PEM   the CA of the server's certificate (--url)\n"
	"  --host NAME    the host that is asked for; else a name of the\n"
	"                 server's certificate\n"
	"  --path PATH    the path; / else\n"
	"  --help         this text\n"
	"\n"
	"exit codes: 0 nothing forged arrived, 1 something failed, 64 wrong\n"
	"use, 66 a file is missing, 69 cannot connect, 70 internal error,\n"
	"77 a file must not be read, 78 the configuration is wrong\n";

static int wrong_use(const char *why)
{
	fprintf(stderr, "mtlsgate selftest: %s\n\n%s", why, usage);
	return EXIT_CODE_USAGE;
}

static int say(const struct err *err)
{
	fprintf(stderr, "mtlsgate selftest: %s\n", err->text);
	return (int)err->code;
}

/* ---- options ---- */

static const struct option longs[] = {
	{"config", required_argument, NULL, 'c'},
	{"url", required_argument, NULL, 'u'},
	{"cert", required_argument, NULL, 'C'},
	{"key", required_argument, NULL, 'k'},
	{"cacert", required_argument, NULL, 'a'},
	{"host", required_argument, NULL, 'H'},
	{"path", required_argument, NULL, 'p'},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

static const char **text_of(struct selftest_options *options, int option)
{
	switch (option) {
	case 'c':
		return &options->config;
	case 'u':
		return &options->url;
	case 'C':
		return &options->cert;
	case 'k':
		return &options->key;
	case 'a':
		return &options->cacert;
	case 'H':
		return &options->host;
	case 'p':
		return &options->path;
	default:
		return NULL;
	}
}

/* Would it stand in a request as it is? */
static bool is_plain(const char *text)
{
	for (; *text; text++) {
		if (*text <= ' ' || *text > '~')
			return false;
	}
	return true;
}

static int check_options(const struct selftest_options *options)
{
	if (!options->config == !options->url)
		return wrong_use("either --config FILE or --url URL is needed");
	if (!options->cert)
		return wrong_use("--cert PEM is missing");
	if (options->url && (options->host || options->path))
		return wrong_use("--url names host and path itself");
	if (options->path &&
		(*options->path != '/' || !is_plain(options->path)))
		return wrong_use("--path begins with / and has no blank");
	if (options->host && (!*options->host || !is_plain(options->host)))
		return wrong_use("--host is a name");
	return -1;
}

/* -1: go on; else the exit code. */
static int read_options(int argc, char **argv, struct selftest_options *options)
{
	int option;

	optind = 0; /* glibc: all of its state anew */
	opterr = 0;
	while ((option = getopt_long(argc, argv, "+:", longs, NULL)) != -1) {
		const char **text = text_of(options, option);

		if (text) {
			*text = optarg;
		} else if (option == 'h') {
			fputs(usage, stdout);
			return EXIT_CODE_OK;
		} else {
			guess_option("selftest", option, argv, longs);
			fprintf(stderr, "\n%s", usage);
			return EXIT_CODE_USAGE;
		}
	}
	if (optind < argc)
		return wrong_use("only options are expected");
	return check_options(options);
}

/* ---- what is played ---- */

static struct selftest_play play_of(const struct selftest_options *options)
{
	return (struct selftest_play){.ca_file = options->cacert,
		.cert_file = options->cert,
		.key_file = options->key,
		.out = stdout};
}

static int close_play(const struct selftest_play *play)
{
	bool ok = play->passed && !play->failed;

	if (!play->passed && !play->failed)
		printf("nothing reached an echo origin; --host and --path say "
		       "where this certificate is let in\n");
	printf("%u passed, %u failed, %u skipped: %s\n", play->passed,
		play->failed, play->skipped,
		ok ? "no forged header arrived"
		   : "see the lines that say FAIL or skip");
	return ok ? EXIT_CODE_OK : EXIT_CODE_FAILED;
}

/* One place to ask; forgeries only where the plain request gets through. */
static void play_target(struct selftest_play *play,
	const struct selftest_target *target, const char *why)
{
	char title[HOST * 2];

	snprintf(title, sizeof(title), "%s%s https://%s%.200s", why,
		target->method, target->host, target->path);
	if (selftest_play_truth(play, target, title))
		selftest_play_forgeries(play, target);
}

/* ---- a private instance ---- */

/* A name that the listener's certificate has, so that R15 is content. */
static void host_of(const struct selftest_options *options,
	const struct config_listener *listener, char out[HOST])
{
	const struct config_tls *tls = &listener->tls;
	const char *cert = tls->certificate_count
				   ? tls->certificates[0].cert.text
				   : tls->cert.text;
	struct arena *arena = arena_new(NULL);
	const struct cert_info *leaf = NULL;
	struct slice name = SLICE("localhost");
	struct err err;

	if (arena && !options->host && cert)
		leaf = cert_file_leaf(cert, arena, &err);
	if (leaf && leaf->extensions->dns.count)
		name = leaf->extensions->dns.items[0];
	if (options->host)
		name = slice_str(options->host);
	if (slice_starts(name, SLICE("*.")))
		snprintf(out, HOST, "selftest%.*s",
			SLICE_FMT(slice_head(slice_from(name, 1), HOST / 2)));
	else
		snprintf(out, HOST, "%.*s", SLICE_FMT(slice_head(name, 253)));
	arena_free(arena);
}

/* What this route serves, asked at this listener. */
static void play_route(struct selftest_play *play,
	const struct selftest_options *options,
	const struct config_route *route, const char *otherwise)
{
	char host[SELFTEST_TEXT], path[SELFTEST_TEXT], why[HOST];
	const struct selftest_target target = {.host = host,
		.name = host,
		.path = path,
		.method = selftest_route_method(route)};

	if (!selftest_route_host(route, otherwise, host) ||
		!selftest_route_path(
			route, options->path ? options->path : "/", path))
		return;
	snprintf(why, sizeof(why), "route %.100s: ", route->name);
	play_target(play, &target, why);
}

static void play_listener(struct selftest_play *play,
	const struct selftest_options *options,
	const struct selftest_gate *gate, size_t i)
{
	const struct config *config = selftest_gate_config(gate);
	const struct config_listener *listener = &config->listeners[i];
	char host[HOST];
	const struct selftest_target target = {.host = host,
		.name = host,
		.path = options->path ? options->path : "/",
		.method = "GET"};

	if (!addr_parse_ip(
		    SLICE("127.0.0.1"), selftest_gate_port(gate, i), &play->to))
		return;
	host_of(options, listener, host);
	play->label = listener->name;
	/* a host or path that was typed is asked for, and no other */
	if (!config->route_count || options->host || options->path) {
		play_target(play, &target, "");
		return;
	}
	for (size_t k = 0; k < config->route_count; k++) {
		if (selftest_route_at(&config->routes[k], listener))
			play_route(play, options, &config->routes[k], host);
	}
}

static int play_all(const struct selftest_options *options,
	const struct selftest_gate *gate)
{
	struct selftest_play play = play_of(options);
	const struct config *config = selftest_gate_config(gate);
	const char *names[SELFTEST_NAMES];

	selftest_route_names(config, names);
	play.names = names;
	for (size_t i = 0; i < config->listener_count; i++)
		play_listener(&play, options, gate, i);
	return close_play(&play);
}

struct selftest_run {
	struct loop *loop;
	pid_t player;
	int code;
};

static void on_child(void *arg, int number)
{
	struct selftest_run *run = arg;
	int status;

	(void)number;
	if (waitpid(run->player, &status, WNOHANG) != run->player)
		return;
	run->player = 0;
	run->code =
		WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_CODE_INTERNAL;
	loop_stop(run->loop);
}

static void on_signal(void *arg, int number)
{
	struct selftest_run *run = arg;

	run->code = 128 + number;
	loop_stop(run->loop);
}

static bool watch_signals(
	struct selftest_run *run, struct loop_signal watches[3])
{
	return loop_signal_watch(
		       run->loop, &watches[0], SIGCHLD, on_child, run) &&
	       loop_signal_watch(
		       run->loop, &watches[1], SIGINT, on_signal, run) &&
	       loop_signal_watch(
		       run->loop, &watches[2], SIGTERM, on_signal, run);
}

/* The client blocks, so it is a process of its own beside the instance. */
static void serve(struct selftest_run *run,
	const struct selftest_options *options,
	const struct selftest_gate *gate)
{
	fflush(NULL);
	run->player = fork();
	if (!run->player) {
		int code = play_all(options, gate);

		fflush(NULL);
		_exit(code);
	}
	if (run->player < 0 || !loop_run(run->loop))
		run->code = EXIT_CODE_INTERNAL;
	if (run->player > 0) {
		kill(run->player, SIGTERM);
		waitpid(run->player, NULL, 0);
	}
}

static int test_config(const struct selftest_options *options)
{
	struct selftest_run run = {.loop = loop_new()};
	struct loop_signal watches[3] = {0};
	struct selftest_gate *gate = NULL;
	struct err err;

	err_set(&err, EXIT_CODE_INTERNAL, "out of memory");
	if (run.loop && watch_signals(&run, watches))
		gate = selftest_gate_new(run.loop, options->config, &err);
	if (gate)
		serve(&run, options, gate);
	else
		run.code = say(&err);
	selftest_gate_free(gate);
	for (size_t i = 0; i < 3; i++)
		loop_signal_unwatch(&watches[i]);
	loop_free(run.loop);
	return run.code;
}

/* ---- a running instance ---- */

struct url {
	char host[HOST]; /* as the request names it, port included */
	char name[HOST]; /* without the port */
	char port[PORT];
	char path[HOST * 4];
};

/* https://HOST[:PORT][/PATH]; an IPv6 address in brackets. */
static bool read_url(const char *text, struct url *url)
{
	struct slice rest = slice_str(text), authority, name, port;
	size_t slash, colon;

	if (!slice_starts(rest, SLICE("https://")) || !is_plain(text))
		return false;
	rest = slice_from(rest, 8);
	slash = slice_find(rest, '/');
	authority = slice_head(rest, slash);
	rest = slice_from(rest, slash);
	if (slice_starts(authority, SLICE("["))) {
		size_t end = slice_find(authority, ']');

		name = slice_from(slice_head(authority, end), 1);
		port = slice_from(authority, end + 1);
		colon = slice_starts(port, SLICE(":")) ? 0 : port.len;
	} else {
		colon = slice_find(authority, ':');
		name = slice_head(authority, colon);
		port = authority;
	}
	port = slice_from(port, colon + 1);
	if (!name.len || authority.len >= HOST || rest.len >= sizeof(url->path))
		return false;
	snprintf(url->host, HOST, "%.*s", SLICE_FMT(authority));
	snprintf(url->name, HOST, "%.*s", SLICE_FMT(name));
	snprintf(url->port, PORT, "%.*s",
		SLICE_FMT(port.len ? port : SLICE("443")));
	snprintf(url->path, sizeof(url->path), "%.*s",
		SLICE_FMT(rest.len ? rest : SLICE("/")));
	return true;
}

static bool resolve(const struct url *url, struct addr *to, struct err *err)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	struct addrinfo *found = NULL;
	int code = getaddrinfo(url->name, url->port, &hints, &found);

	if (code || found->ai_addrlen > sizeof(to->sa)) {
		err_set(err, EXIT_CODE_UNAVAILABLE, "%s: %s", url->name,
			code ? gai_strerror(code) : "no address");
		if (found)
			freeaddrinfo(found);
		return false;
	}
	*to = (struct addr){.len = found->ai_addrlen};
	memcpy(&to->sa, found->ai_addr, found->ai_addrlen);
	freeaddrinfo(found);
	return true;
}

static int test_url(const struct selftest_options *options)
{
	struct selftest_play play = play_of(options);
	struct selftest_target target = {.method = "GET"};
	struct url url;
	struct err err;

	if (!read_url(options->url, &url))
		return wrong_use("--url is https://HOST[:PORT][/PATH]");
	if (!resolve(&url, &play.to, &err))
		return say(&err);
	target.host = url.host;
	target.name = url.name;
	target.path = url.path;
	play.label = url.host;
	play_target(&play, &target, "");
	return close_play(&play);
}

int cli_selftest(int argc, char **argv)
{
	struct selftest_options options = {0};
	int code = read_options(argc, argv, &options);

	if (code >= 0)
		return code;
	signal(SIGPIPE, SIG_IGN);
	/* what is refused is shown by the lines of the test */
	log_setup(STDERR_FILENO, LOG_FORMAT_TEXT, LOG_LEVEL_ERROR, "");
	if (options.config)
		return test_config(&options);
	if (!tls_library_init(NULL))
		return EXIT_CODE_INTERNAL;
	return test_url(&options);
}
