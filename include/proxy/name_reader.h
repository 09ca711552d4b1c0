/*
 * name_reader: a worker's look at the board of names (proxy/name_board), every
 * second: what changed is told to its origins.
 */
#ifndef MTLSGATE_PROXY_NAME_READER_H
#define MTLSGATE_PROXY_NAME_READER_H

struct config;
struct loop;
struct name_board;
struct name_reader;
struct origin;

enum { NAME_READER_MS = 1000 };

/* All lent; origins: one per config->origins. NULL: out of memory. */
struct name_reader *name_reader_new(struct loop *loop,
	const struct config *config, const struct name_board *board,
	struct origin *const *origins) __attribute__((warn_unused_result));
void name_reader_free(struct name_reader *reader); /* NULL is ignored */

#endif
