/*
 * explain_list: the checklist of one explanation, and its two forms.
 *
 * All texts are lent and outlive the list; bytes of peers among them are
 * printable already.
 */
#ifndef MTLSGATE_CLI_EXPLAIN_LIST_H
#define MTLSGATE_CLI_EXPLAIN_LIST_H

#include <stdbool.h>

#include "cli/remedy.h"

struct buf;

enum explain_state {
	EXPLAIN_SKIP, /* not asked for, or not reached */
	EXPLAIN_PASS,
	EXPLAIN_FAIL,
};

enum { EXPLAIN_LINES = 12, EXPLAIN_FACTS = 16 };

/* One step; text says what was seen. */
struct explain_step {
	enum explain_state state;
	const char *text;
	const char *lines[EXPLAIN_LINES]; /* further ones, indented */
	unsigned line_count;
};

struct explain_list {
	/* what was asked: name and value, in order */
	struct {
		const char *name;
		const char *value;
	} facts[EXPLAIN_FACTS];
	unsigned fact_count;
	struct explain_step steps[REMEDY_STEPS];
	bool allowed;
	const char *because; /* a sentence without a dot */
	const char *code;    /* the word of the log; NULL when nothing failed */
	const char *reason;  /* its text, as in the log */
	int depth;           /* of the certificate at fault; -1: none is */
	int alert; /* what the client sees in the handshake; 0: none */
	const char *alert_name;
	int status; /* what its requests are answered; 0: they are forwarded */
	const char *verify; /* X-CERT-VERIFY; NULL: no request gets there */
	const char *cause;  /* of the code; NULL when nothing failed */
	const char *todo;
	const char *notes[EXPLAIN_LINES]; /* nearest misses */
	unsigned note_count;
};

void explain_list_fact(
	struct explain_list *list, const char *name, const char *value);
void explain_list_line(struct explain_step *step, const char *text);

/* For a person, and one JSON object with a line end. false: memory. */
bool explain_list_text(const struct explain_list *list, struct buf *out)
	__attribute__((warn_unused_result));
bool explain_list_json(const struct explain_list *list, struct buf *out)
	__attribute__((warn_unused_result));

#endif
