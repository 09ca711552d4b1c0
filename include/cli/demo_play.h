/*
 * demo_play: the cases of `mtlsgate demo`: what a person may try by hand with
 * curl, and what --run plays by itself, forged spellings included.
 */
#ifndef MTLSGATE_CLI_DEMO_PLAY_H
#define MTLSGATE_CLI_DEMO_PLAY_H

#include <stdio.h>

struct demo_style;

struct demo_play {
	unsigned short port;            /* of the proxy, on 127.0.0.1 */
	const char *dir;                /* of demo_ca_write's files */
	const struct demo_style *style; /* colours */
	FILE *out;
};

/* Prints the numbered curl lines, each with its expected result. */
void demo_play_print(const struct demo_play *play);

/*
 * Plays every case over loopback (blocking: in a process of its own), prints
 * a line each and the counts. Returns the number of cases that failed.
 */
unsigned demo_play_run(const struct demo_play *play);

#endif
