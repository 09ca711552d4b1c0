/*
 * ocsp_asker: a worker's side of asking the steward about certificates.
 *
 * Never waits: a question goes into the socket, or into the queue before it
 * while the steward is slow, dead or not there yet. A steward that is
 * replaced is asked anew. How long a question may take is its owner's
 * business; the owner cancels it then.
 */
#ifndef MTLSGATE_PROXY_OCSP_ASKER_H
#define MTLSGATE_PROXY_OCSP_ASKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tls/ocsp_result.h"

struct loop;
struct ocsp_ask;
struct ocsp_asker;
struct ocsp_question;

struct ocsp_asker *ocsp_asker_new(struct loop *loop)
	__attribute__((warn_unused_result));
/* Every question must be over or cancelled. NULL is ignored. */
void ocsp_asker_free(struct ocsp_asker *asker);
/* A steward's end; takes fd. The one before, if any, is closed. */
void ocsp_asker_attach(struct ocsp_asker *asker, int fd);
/*
 * Its worker drains: whoever is here, or the one attached now, is the last
 * steward. If it dies, what was asked is told OCSP_RESULT_INTERNAL, later, and
 * nothing more is asked; a line says so. May be said twice.
 */
void ocsp_asker_finish(struct ocsp_asker *asker);
bool ocsp_asker_attached(const struct ocsp_asker *asker);

struct ocsp_told {
	enum ocsp_result result;
	int64_t until; /* as struct ocsp_answer has it */
	bool cached;   /* no responder was asked anew */
	bool fetched;  /* one was, for this question */
};

/*
 * About a client of that listener. `told` is called once, later; the ask is
 * over then. NULL: memory, or the last steward is gone.
 */
struct ocsp_ask *ocsp_ask_new(struct ocsp_asker *asker, size_t listener,
	const struct ocsp_question *question,
	void (*told)(void *owner, const struct ocsp_told *told), void *owner)
	__attribute__((warn_unused_result));
void ocsp_ask_cancel(struct ocsp_ask *ask); /* told is not called any more */

#endif
