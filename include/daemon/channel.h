/*
 * channel: words between the master and one child; nothing to parse.
 *
 * A socket pair that keeps records (SOCK_SEQPACKET): each record is one struct
 * channel_word, and a descriptor may come with it. Both ends are
 * non-blocking and close-on-exec. A record of any other size is a broken peer.
 */
#ifndef MTLSGATE_DAEMON_CHANNEL_H
#define MTLSGATE_DAEMON_CHANNEL_H

#include <stdbool.h>
#include <stdint.h>

enum channel_verb {
	/* child -> master */
	CHANNEL_READY = 1, /* all is made; accepts nothing before START */
	/* master -> child */
	CHANNEL_START,      /* the generation is in force */
	CHANNEL_LAST_CALL,  /* listener `number` is gone from the
	                       configuration: its queue is accepted first */
	CHANNEL_DRAIN,      /* a successor serves; idle clients may linger */
	CHANNEL_STOP,       /* drain without patience */
	CHANNEL_ACCESS_LOG, /* with the descriptor to write to from now on */
	CHANNEL_OCSP, /* with an end of a pair: what the worker asks there, the
	                 steward answers (proxy/ocsp_record.h) */
	CHANNEL_DISTRUST, /* trust has changed under the clients of listener
	                       `number`: no further request of theirs passes */
};

struct channel_word {
	uint16_t verb;
	uint16_t number;
};

enum channel_result {
	CHANNEL_WORD,   /* one was received */
	CHANNEL_NONE,   /* nothing there now */
	CHANNEL_CLOSED, /* the other end is gone, or sends what it may not */
};

/* ends[0] is the master's. */
bool channel_pair(int ends[2]) __attribute__((warn_unused_result));
/* fd: lent, passed along; -1: none. false: the other end is gone or full. */
bool channel_send(int end, enum channel_verb verb, unsigned number, int fd)
	__attribute__((warn_unused_result));
/* *fd: a descriptor for the caller to own, or -1. */
enum channel_result channel_receive(int end, struct channel_word *word, int *fd)
	__attribute__((warn_unused_result));

#endif
