#include "cli/explain.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/slice.h"
#include "cli/explain_cert.h"
#include "cli/explain_last.h"
#include "cli/explain_options.h"
#include "cli/guess.h"
#include "proxy/refusals.h"
#include "tls/cert_time.h"
#include "tls/chain_verify.h"

static const char usage[] =
	"usage: mtlsgate explain --config FILE --cert PEM [--listener NAME]\n"
	"                        [--host H|--no-host] [--path P] [--method M]\n"
	"                        [--http 1.0|1.1] [--sni N] [--at TIME]\n"
	"                        [--format text|json]\n"
	"       mtlsgate explain --last N|--id ID [--config FILE|--admin "
	"ADDRESS]\n"
	"\n"
	"Says, step by step, whether a client with this certificate is let\n"
	"through, and if not, which step fails and what helps. Nothing is\n"
	"bound, started or connected to.\n"
	"\n"
	"  --config FILE    the configuration\n"
	"  --cert PEM       what the client sends: its own certificate first,\n"
	"                   then the intermediates\n"
	"  --no-cert        a client without a certificate\n"
	"  --listener NAME  the listener it comes to; the first one else\n"
	"  --host, --path, --method\n"
	"                   the request; without --host the handshake alone\n"
	"                   is explained\n"
	"  --no-host        the request has no Host\n"
	"  --http VERSION   its version, 1.1 without\n"
	"  --sni NAME       the server name of the handshake, '' for none; "
	"the\n"
	"                   name of --host else\n"
	"  --at TIME        as if it were 2026-01-31T12:00:00Z, or 2026-01-31\n"
	"  --format FORM    text (the default), or json\n"
	"  --last N         the last N refusals of the running program\n"
	"  --id ID          those of that connection or request\n"
	"  --admin ADDRESS  where to ask for them; else admin.address of the\n"
	"                   configuration, else "
	"unix:/run/mtlsgate/admin.sock\n"
	"  --help           this text\n"
	"\n"
	"exit codes: 0 let through, 1 refused, 64 wrong use, 66 a file is\n"
	"missing or holds no certificate, 70 internal error, 77 a file must\n"
	"not be read, 78 the configuration is wrong\n";

static int wrong_use(const char *why)
{
	fprintf(stderr, "mtlsgate explain: %s\n\n%s", why, usage);
	return EXIT_CODE_USAGE;
}

/*
 * RFC 3339, or its date alone; blanks, dashes and colons apart it is a
 * GeneralizedTime.
 */
static bool read_time(const char *text, int64_t *at)
{
	struct slice rest = slice_str(text);
	char plain[64];
	struct cert_time time;
	size_t len = 0;

	if (rest.len < 10 || rest.len > 40 || rest.ptr[4] != '-' ||
		rest.ptr[7] != '-')
		return false;
	for (size_t i = 0; i < rest.len; i++) {
		bool of_zone = i > 10 && rest.ptr[i] == '-';

		if (of_zone || !strchr("-:Tt", rest.ptr[i]))
			plain[len++] = rest.ptr[i] == 'z' ? 'Z' : rest.ptr[i];
	}
	plain[len] = '\0';
	if (rest.len == 10)
		len = (size_t)snprintf(
			      plain + len, sizeof(plain) - len, "000000Z") +
		      len;
	time = cert_time_parse(slice_of(plain, len), true);
	*at = time.unix_seconds;
	return time.valid;
}

static bool read_format(const char *text, struct explain_options *options)
{
	options->json = !strcmp(text, "json");
	return options->json || !strcmp(text, "text");
}

/* Where the text of an option goes; NULL: it is none of those. */
static const char **text_of(struct explain_options *options, int option)
{
	const struct {
		int option;
		const char **text;
	} texts[] = {
		{'c', &options->config},
		{'C', &options->cert},
		{'H', &options->host},
		{'p', &options->path},
		{'m', &options->method},
		{'s', &options->sni},
		{'v', &options->http},
		{'l', &options->listener},
		{'i', &options->id},
		{'A', &options->admin},
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (texts[i].option == option)
			return texts[i].text;
	}
	return NULL;
}

static const struct option longs[] = {
	{"config", required_argument, NULL, 'c'},
	{"cert", required_argument, NULL, 'C'},
	{"no-cert", no_argument, NULL, 'n'},
	{"host", required_argument, NULL, 'H'},
	{"no-host", no_argument, NULL, 'N'},
	{"http", required_argument, NULL, 'v'},
	{"path", required_argument, NULL, 'p'},
	{"method", required_argument, NULL, 'm'},
	{"sni", required_argument, NULL, 's'},
	{"listener", required_argument, NULL, 'l'},
	{"at", required_argument, NULL, 'a'},
	{"last", required_argument, NULL, 'L'},
	{"id", required_argument, NULL, 'i'},
	{"admin", required_argument, NULL, 'A'},
	{"format", required_argument, NULL, 'f'},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

static bool read_last(const char *text, struct explain_options *options)
{
	uint64_t last;

	if (!slice_to_u64(slice_str(text), REFUSALS_KEEP_MAX, &last) || !last)
		return false;
	options->last = (unsigned)last;
	return true;
}

/* -1: go on; else the exit code. */
static int take_option(int option, char **argv, struct explain_options *options)
{
	const char **text = text_of(options, option);

	if (text) {
		*text = optarg;
	} else if (option == 'n') {
		options->no_cert = true;
	} else if (option == 'N') {
		options->no_host = true;
	} else if (option == 'a') {
		if (!read_time(optarg, &options->at))
			return wrong_use("--at is a time such as "
					 "2026-01-31T12:00:00Z");
	} else if (option == 'L') {
		if (!read_last(optarg, options))
			return wrong_use("--last is a number from 1 to 10000");
	} else if (option == 'f') {
		if (!read_format(optarg, options))
			return wrong_use("--format is text or json");
	} else if (option == 'h') {
		fputs(usage, stdout);
		return fflush(stdout) ? EXIT_CODE_INTERNAL : EXIT_CODE_OK;
	} else {
		guess_option("explain", option, argv, longs);
		fprintf(stderr, "\n%s", usage);
		return EXIT_CODE_USAGE;
	}
	return -1;
}

static int read_options(int argc, char **argv, struct explain_options *options)
{
	int code = -1, option;

	optind = 0; /* glibc: all of its state anew */
	opterr = 0;
	while (code < 0 &&
		(option = getopt_long(argc, argv, "+:", longs, NULL)) != -1)
		code = take_option(option, argv, options);
	if (code >= 0)
		return code;
	return optind < argc ? wrong_use("only options are expected") : -1;
}

/* What would be more than one line of a request head. */
static bool is_one_line(const char *text)
{
	return !text || !strpbrk(text, "\r\n");
}

/* What a question about a request must say. -1: enough. */
static int check_request_options(const struct explain_options *options)
{
	bool asks = options->path || options->method || options->http;

	if (options->host && options->no_host)
		return wrong_use("--host and --no-host exclude each other");
	if (!options->host && !options->no_host && asks)
		return wrong_use("--path, --method and --http need --host or "
				 "--no-host");
	if (options->http && strcmp(options->http, "1.0") != 0 &&
		strcmp(options->http, "1.1") != 0)
		return wrong_use("--http is 1.0 or 1.1");
	if (!is_one_line(options->host) || !is_one_line(options->path) ||
		!is_one_line(options->method))
		return wrong_use("--host, --path and --method hold no line "
				 "end");
	return -1;
}

/* What a question about a certificate must say. -1: enough. */
static int check_cert_options(const struct explain_options *options)
{
	if (!options->config)
		return wrong_use("--config FILE is missing");
	if (!options->cert == !options->no_cert)
		return wrong_use("either --cert PEM or --no-cert is needed");
	return check_request_options(options);
}

/* What a question about real refusals must say. -1: enough. */
static int check_last_options(const struct explain_options *options)
{
	if (options->cert || options->no_cert || options->host ||
		options->no_host || options->listener ||
		options->at != CHAIN_NOW)
		return wrong_use("--last and --id tell of real refusals; "
				 "--cert and the like do not go with them");
	if (options->id &&
		(!*options->id || strspn(options->id, "0123456789abcdef-") !=
					  strlen(options->id)))
		return wrong_use("--id is the id of a connection or request, "
				 "as log and answer tell it");
	if (options->admin && options->config)
		return wrong_use("either --admin or --config says where to "
				 "ask");
	return -1;
}

int cli_explain(int argc, char **argv)
{
	struct explain_options options = {.at = CHAIN_NOW};
	int code = read_options(argc, argv, &options);

	if (code >= 0)
		return code;
	if (options.last || options.id) {
		code = check_last_options(&options);
		return code < 0 ? explain_last(&options) : code;
	}
	code = check_cert_options(&options);
	return code < 0 ? explain_cert(&options) : code;
}
