/*
 * remedy: why a client was refused, in a sentence, and what to do about it;
 * one table for whoever explains a refusal, keyed by the word that logs,
 * metrics and answers show. Words of certificates (tls/client_reason) and of
 * requests (proxy/failure) are two kinds: "policy" is one of each.
 */
#ifndef MTLSGATE_CLI_REMEDY_H
#define MTLSGATE_CLI_REMEDY_H

#include <stddef.h>

/* What a client has to pass, in the order in which a checklist shows it. */
enum remedy_step {
	REMEDY_SERVER_NAME, /* a certificate of ours is for it */
	REMEDY_SHOWN,       /* a certificate was sent */
	REMEDY_CHAIN,       /* a path to a configured CA */
	REMEDY_DATES,       /* valid now */
	REMEDY_PURPOSE,     /* made for clients */
	REMEDY_REVOCATION,  /* CRL, deny lists, OCSP */
	REMEDY_LIMITS,      /* key, serial number and size are acceptable */
	REMEDY_REQUEST,     /* is HTTP as it is accepted here */
	REMEDY_NAME,        /* server name and authority agree */
	REMEDY_ROUTE,       /* something is served there */
	REMEDY_POLICY,      /* its policy lets this certificate through */
	REMEDY_STEPS
};

struct remedy {
	const char *word;
	enum remedy_step step;
	const char *cause; /* a whole sentence */
	const char *todo;  /* what to do, whole sentences */
};

/* Never NULL: an unknown word has a row that says where to look. */
const struct remedy *remedy_of(const char *word);
const struct remedy *remedy_of_request(const char *word);
/* "chain", "dates" ...: how a checklist calls the step. */
const char *remedy_step_name(enum remedy_step step);
/* The rows by number, certificates first, NULL behind the last; for tests. */
const struct remedy *remedy_at(size_t index);
size_t remedy_requests_from(void);

#endif
