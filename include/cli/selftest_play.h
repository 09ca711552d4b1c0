/*
 * selftest_play: the client of `mtlsgate selftest`: forges every protected
 * name in every spelling, and says whether any arrived. Blocking.
 */
#ifndef MTLSGATE_CLI_SELFTEST_PLAY_H
#define MTLSGATE_CLI_SELFTEST_PLAY_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "cli/selftest_case.h"
#include "net/addr.h"

struct selftest_play { /* the texts are lent */
	struct addr to;
	const char *label;   /* of the listener; stands in each line */
	const char *ca_file; /* that vouches for the server; NULL: not asked */
	const char *cert_file;
	const char *key_file;
	/* Names that the configuration sets besides; NULL-ended, or NULL. */
	const char *const *names;
	FILE *out;
	/* counted up */
	unsigned passed;
	unsigned failed;
	unsigned skipped;
};

/*
 * The plain request: do the certificate headers arrive, each once, and do they
 * say what the certificate says? false: the request reached no echo origin;
 * told and counted as skipped, or as failed when nobody can tell why.
 */
bool selftest_play_truth(struct selftest_play *play,
	const struct selftest_target *target, const char *title);
/* The forged ones, towards a target that passed the plain request. */
void selftest_play_forgeries(
	struct selftest_play *play, const struct selftest_target *target);

#endif
