/*
 * name_board: where the steward writes what names resolve to, and workers read
 * it: memory that a generation's processes share. One writer, any number of
 * readers; nobody waits for anybody, and a writer that dies in the middle
 * leaves what was there unread, not half read.
 */
#ifndef MTLSGATE_PROXY_NAME_BOARD_H
#define MTLSGATE_PROXY_NAME_BOARD_H

#include "net/addr.h"

struct config;
struct name_board;

enum { NAME_BOARD_ADDRESSES = 32 };

/* A place for each server of `config`, origin by origin. Before the fork. NULL:
 * out of memory. */
struct name_board *name_board_new(const struct config *config)
	__attribute__((warn_unused_result));
void name_board_free(struct name_board *board); /* NULL is ignored */
/* Is there a name to be looked up at all? */
bool name_board_needed(const struct config *config);
/* The place of that server. */
size_t name_board_place(
	const struct config *config, size_t origin, size_t server);

/* At most NAME_BOARD_ADDRESSES of them, with their ports. */
void name_board_write(struct name_board *board, size_t place,
	const struct addr *addrs, size_t count);
/*
 * true: there is something that was not read before; *seen (0 at first) is the
 * reader's own mark.
 */
bool name_board_read(const struct name_board *board, size_t place,
	uint32_t *seen, struct addr addrs[NAME_BOARD_ADDRESSES], size_t *count)
	__attribute__((warn_unused_result));

#endif
