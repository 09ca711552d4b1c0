/*
 * chain_report: a verification told in words, for a person at a desk.
 *
 * The same verification as in the handshake (tls/chain_verify), of the
 * certificates of a file; beside the verdict it holds every finding, the path
 * and, where no path was found, the nearest miss: what would have matched but
 * for one thing. All text lies in the arena and is escaped as for a header
 * (cert_format), so a certificate cannot break a terminal (R19).
 */
#ifndef MTLSGATE_TLS_CHAIN_REPORT_H
#define MTLSGATE_TLS_CHAIN_REPORT_H

#include "base/slice.h"
#include "tls/cert_time.h"
#include "tls/chain_verify.h"

struct arena;
struct cert_info;
struct err;

enum { CHAIN_REPORT_FINDINGS = 32, CHAIN_REPORT_NOTES = 8 };

struct chain_finding {
	int code; /* as in struct chain_verdict */
	int depth;
};

struct chain_link {
	struct slice subject; /* RFC 2253 form; "(no subject)" */
	struct cert_time not_before;
	struct cert_time not_after;
	bool configured; /* one of the CAs loaded; else the client sent it */
};

struct chain_report {
	unsigned shown; /* certificates in the file */
	/* The leaf, with its extensions; NULL when the library cannot parse
	 * the first certificate: no handshake gets past that, in any mode. */
	struct cert_info *leaf;
	struct slice subject; /* of the leaf */
	struct slice issuer;
	const char *key; /* kind of its public key, "EC P-256" */
	/* No: a key of a kind that signs no handshake here (R16), so that the
	 * client sends no certificate at all. */
	bool key_signs;
	struct chain_verdict verdict;
	/* In the order found, each (code, depth) once; the verdict's is one of
	 * them, except where memory was out. */
	struct chain_finding findings[CHAIN_REPORT_FINDINGS];
	unsigned finding_count;
	struct chain_link *path; /* leaf first */
	unsigned path_len;
	bool whole;      /* the path ends in a configured CA */
	bool genuine;    /* ... and nothing in it looks made up: CRLs of its
	                    issuers were asked */
	bool other_path; /* not the one that the library found first */
	size_t anchors;  /* CA certificates loaded */
	/* The nearest misses and other facts: whole sentences without a dot,
	 * the most telling first. */
	const char *notes[CHAIN_REPORT_NOTES];
	unsigned note_count;
};

/*
 * Reads the PEM file at path (leaf first, then what a client would send
 * beside it) and verifies it at that time (CHAIN_NOW: the clock's). rules'
 * sink is not used. NULL and *err for a file that cannot be read or holds no
 * certificate (EXIT_CODE_NO_INPUT, EXIT_CODE_PERMISSION), and for memory.
 */
struct chain_report *chain_report_file(const struct chain_rules *rules,
	const char *path, int64_t at, struct arena *arena, struct err *err)
	__attribute__((warn_unused_result));

#endif
