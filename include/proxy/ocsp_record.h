/*
 * ocsp_record: what a worker and the steward tell each other about a
 * certificate: one record of fixed size each way, on a socket pair that keeps
 * records.
 *
 * The steward does not trust a worker: lengths are held against the bounds of
 * tls/ocsp_question, and the listener's own settings say what may be asked.
 */
#ifndef MTLSGATE_PROXY_OCSP_RECORD_H
#define MTLSGATE_PROXY_OCSP_RECORD_H

#include "base/slice.h"
#include "tls/ocsp_question.h"

enum { OCSP_RECORD_BYTES = 8168 };

struct ocsp_ask_record {
	uint64_t number; /* the worker's own; comes back */
	uint32_t listener;
	uint16_t issuer_len;
	uint16_t serial_len;
	uint16_t url_len;
	uint16_t unused[3];
	uint8_t bytes[OCSP_RECORD_BYTES]; /* the three, one behind the other */
};

enum ocsp_reply_flag {
	OCSP_REPLY_CACHED = 1,  /* nobody was asked anew */
	OCSP_REPLY_FETCHED = 2, /* for this very question a responder was; it
	                           stands in one reply of those who waited */
};

struct ocsp_reply_record {
	uint64_t number;
	int64_t until; /* as struct ocsp_answer has it */
	uint16_t result;
	uint16_t flags;
	uint32_t unused;
};

/* false: the parts do not fit. */
bool ocsp_ask_record_write(struct ocsp_ask_record *record, uint64_t number,
	size_t listener, const struct ocsp_question *question)
	__attribute__((warn_unused_result));
/* Slices of the record. bytes: received; false: no such record. */
bool ocsp_ask_record_read(const struct ocsp_ask_record *record, size_t bytes,
	struct ocsp_question *question) __attribute__((warn_unused_result));
/* false: no such record. */
bool ocsp_reply_record_valid(const struct ocsp_reply_record *record,
	size_t bytes) __attribute__((warn_unused_result));

#endif
