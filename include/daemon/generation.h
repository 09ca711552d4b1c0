/*
 * generation: one configuration and all that was made from it: contexts with
 * their keys, the sockets it listens on, the file it logs to, its processes.
 *
 * The master makes one at the start and one per reload (phase one); what
 * fails leaves nothing behind. Children have theirs through fork and free
 * every other first (R23).
 */
#ifndef MTLSGATE_DAEMON_GENERATION_H
#define MTLSGATE_DAEMON_GENERATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/privdrop.h"
#include "tls/trust.h"

struct config;
struct config_problems;
struct file_watch;
struct err;
struct name_board;
struct origin_context;
struct rulebook;
struct seat;
struct socket_group;
struct sockets;
struct ticket_ring;
struct tls_context;

/* What was last said of a CRL's end. */
enum crl_told { CRL_TOLD_NOTHING, CRL_TOLD_SOON, CRL_TOLD_END };

/* What a listener trusts; outlives its context. */
struct generation_trust {
	uint8_t digest[TRUST_DIGEST];
	uint8_t content[TRUST_DIGEST]; /* the same without its name */
	int64_t crl_next_update; /* seconds since 1970; INT64_MAX: no end */
	int64_t crl_warn_at;
	enum crl_told told;
};

struct generation {
	unsigned number;
	struct config *config;
	struct file_watch *files;      /* that it was made from */
	struct rulebook *rules;        /* its policies and routes */
	struct tls_context **contexts; /* one per listener; NULL: freed */
	/* One per origin, NULL where no server is https://; NULL: freed. */
	struct origin_context **origin_contexts;
	struct name_board *names;       /* NULL: none is looked up */
	struct generation_trust *trust; /* one per listener */
	struct privdrop who;
	struct socket_group **groups; /* one per listener; lent by sockets */
	struct socket_group *admin;   /* NULL: none */
	int access_fd;                /* -1: no access log */
	bool access_owned;            /* a file of ours */
	struct seat *seats;           /* workers, then the steward; master's */
	size_t seat_count;
	struct generation *next; /* older one that still drains */
};

/*
 * Loads and checks the file, builds the contexts, finds the user; what is
 * wrong goes to `problems` (lent). NULL when there is an error among it
 * (R11). The first one of the process also initialises the TLS library. ring:
 * for `ticket_keys: auto` (lent, outlives it); NULL: no tickets without a file.
 * tried: when it fails, the files that were looked at (the caller's, or NULL),
 * so that one that is mended can be noticed; may be NULL.
 */
struct generation *generation_load(const char *path, unsigned number,
	const struct ticket_ring *ring, struct config_problems *problems,
	struct file_watch **tried) __attribute__((warn_unused_result));
/* Without children; NULL is ignored. Keys are wiped. */
void generation_free(struct generation *generation);
/* A successor serves: contexts and their keys are not needed any more. */
void generation_free_contexts(struct generation *generation);

/*
 * What it needs beside its files: sockets (between sockets_begin and commit
 * or abort) and the access log. stdout_fd: where `stdout` leads.
 */
bool generation_open(struct generation *generation, struct sockets *sockets,
	int stdout_fd, struct err *err) __attribute__((warn_unused_result));
/* The access log's file anew, after it was moved away (USR1); on false the old
 * one stays. */
bool generation_reopen(struct generation *generation, struct err *err)
	__attribute__((warn_unused_result));

#endif
