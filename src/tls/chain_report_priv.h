/*
 * chain_report: what its two files share.
 */
#ifndef MTLSGATE_TLS_CHAIN_REPORT_PRIV_H
#define MTLSGATE_TLS_CHAIN_REPORT_PRIV_H

#include "tls/chain_report.h"

struct x509_name_st;

/* One report in the making. */
struct reporter {
	const struct chain_rules *rules;
	struct arena *arena;
	struct chain_report *report;
	struct stack_st_X509 *sent; /* owned */
	struct x509_st *top;        /* the last of the path; owned, or NULL */
	bool no_memory;
};

/* A sentence for the report; formatted into the arena. */
void chain_report_note(struct reporter *r, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* RFC 2253 form in the arena; never NULL. */
struct slice chain_report_name(
	struct reporter *r, struct x509_st *cert, bool issuer);
/* Looks for what would have matched but for one thing, and notes it. */
void chain_report_nearest(struct reporter *r);

#endif
