/*
 * A file of CAs and, behind a line "====", what a client sends; both PEM.
 * Promises: whatever it holds, the verification ends, twice with the same
 * verdict; a good one found nothing and ends in a configured CA; and every
 * text of the report is printable (R19).
 */
#include "tls/chain_report.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/err.h"
#include "config/config_problem.h"
#include "tls/cert_info.h"
#include "tls/tls_context.h"
#include "tls/trust.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char mark[] = "====\n";

enum { AT = 1800000000 }; /* 2027-01-15, so that seeds stay valid */

static void must(bool kept)
{
	if (!kept)
		abort();
}

static void must_print(struct slice text)
{
	for (size_t i = 0; i < text.len; i++)
		must(text.ptr[i] >= 0x20 && text.ptr[i] <= 0x7E);
}

/* A file that has a path and no place. */
static int file_of(const void *bytes, size_t len, char path[64])
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	must(fd >= 0 && write(fd, bytes, len) == (ssize_t)len);
	snprintf(path, 64, "/proc/self/fd/%d", fd);
	return fd;
}

static void check_report(const struct chain_report *report)
{
	const struct chain_verdict *verdict = &report->verdict;

	must(report->shown >= 1);
	if (verdict->good)
		must(!verdict->code && !report->finding_count && report->leaf &&
			report->whole);
	else
		must(!report->leaf || verdict->code);
	must(report->finding_count <= CHAIN_REPORT_FINDINGS);
	must_print(report->subject);
	must_print(report->issuer);
	for (unsigned i = 0; i < report->path_len; i++)
		must_print(report->path[i].subject);
	for (unsigned i = 0; i < report->note_count; i++)
		must_print(slice_str(report->notes[i]));
}

static void judge(const struct config_client_auth *settings,
	const struct trust *trust, const char *path)
{
	const struct chain_rules rules = {.settings = settings, .trust = trust};
	struct arena *arena = arena_new(NULL);
	struct chain_report *report, *again;
	struct err err;

	must(arena != NULL);
	report = chain_report_file(&rules, path, AT, arena, &err);
	again = chain_report_file(&rules, path, AT, arena, &err);
	must(!report == !again);
	if (report) {
		check_report(report);
		must(report->verdict.code == again->verdict.code &&
			report->verdict.depth == again->verdict.depth);
	}
	arena_free(arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *at =
		size ? memmem(data, size, mark, sizeof(mark) - 1) : NULL;
	char ca[64], sent[64];
	struct config_text text = {ca, {0}};
	const struct config_client_auth settings = {
		.ca = {&text, 1}, .max_depth = 4};
	struct config_problems *problems;
	struct trust *trust;
	int ca_fd, sent_fd;

	if (!at)
		return 0;
	must(tls_library_init(NULL));
	ca_fd = file_of(data, (size_t)(at - data), ca);
	at += sizeof(mark) - 1;
	sent_fd = file_of(at, size - (size_t)(at - data), sent);
	problems = config_problems_new();
	must(problems != NULL);
	trust = trust_load(&settings, problems);
	if (trust)
		judge(&settings, trust, sent);
	trust_free(trust);
	config_problems_free(problems);
	close(ca_fd);
	close(sent_fd);
	return 0;
}
