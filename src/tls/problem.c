#include "problem_priv.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <openssl/x509.h>

#include "base/arena.h"
#include "config/config_problem.h"
#include "tls/cert_format.h"
#include "tls/cert_time.h"
#include "cert_info_priv.h"
#include "pem_priv.h"

/* Seconds since 1970 of their first moments. */
static const int64_t YEAR_0 = -62167219200, YEAR_10000 = 253402300800;

static enum exit_code exit_code_of(int error)
{
	if (error == ENOENT || error == ENOTDIR)
		return EXIT_CODE_NO_INPUT;
	if (error == EACCES || error == EPERM)
		return EXIT_CODE_PERMISSION;
	return EXIT_CODE_CONFIG;
}

void problem_unreadable(struct config_problems *problems, const char *key,
	struct config_mark mark, const char *path, int error)
{
	char text[128];
	const char *why = strerror_r(error, text, sizeof(text));

	config_problem(problems, CONFIG_ERROR, exit_code_of(error), mark,
		"%s: %s cannot be read: %s", key, path, why);
	if (error == EFBIG)
		config_problem_note(problems, "at most %d MiB are read",
			PEM_FILE_MAX / (1024 * 1024));
	else if (error == EINVAL)
		config_problem_note(problems, "it is no regular file");
}

void problem_no_block(struct config_problems *problems, const char *key,
	struct config_mark mark, const char *path, const char *wanted,
	const struct pem_file *file)
{
	config_problem(problems, CONFIG_ERROR, EXIT_CODE_CONFIG, mark,
		"%s: %s holds no %s in PEM form", key, path, wanted);
	if (!file->len)
		config_problem_note(problems, "the file is empty");
	else if (pem_looks_like_der(file))
		config_problem_note(problems,
			"it looks like DER; openssl can convert it "
			"(-inform DER -outform PEM)");
}

void problem_distinguished_name(
	const struct X509_name_st *name, char out[PROBLEM_NAME])
{
	struct arena *arena = arena_new(NULL);
	struct cert_name parts = {0};
	struct slice text = {NULL, 0};

	if (!arena || !cert_info_read_name(&parts, name, arena) ||
		!cert_format_rfc2253(&parts, arena, &text) || !text.len)
		text = SLICE("(no subject)");
	if (text.len < PROBLEM_NAME)
		snprintf(out, PROBLEM_NAME, "%.*s", SLICE_FMT(text));
	else
		snprintf(out, PROBLEM_NAME, "%.*s...", PROBLEM_NAME - 4,
			text.ptr);
	arena_free(arena);
}

void problem_name(struct x509_st *cert, char out[PROBLEM_NAME])
{
	problem_distinguished_name(X509_get_subject_name(cert), out);
}

void problem_day_of(int64_t unix_seconds, char out[PROBLEM_DAY])
{
	struct cert_date date;

	snprintf(out, PROBLEM_DAY, "?");
	if (unix_seconds < YEAR_0 || unix_seconds >= YEAR_10000)
		return;
	date = cert_date_of(unix_seconds);
	snprintf(out, PROBLEM_DAY, "%04u-%02u-%02u",
		(unsigned)date.year % 10000, (unsigned)date.month % 100,
		(unsigned)date.day % 100);
}

void problem_day(const struct asn1_string_st *time, char out[PROBLEM_DAY])
{
	struct cert_time when = cert_time_of(time);

	if (when.valid)
		problem_day_of(when.unix_seconds, out);
	else
		snprintf(out, PROBLEM_DAY, "?");
}
