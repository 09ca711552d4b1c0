#include "proxy/name_reader.h"

#include <stdint.h>
#include <stdlib.h>

#include "base/loop.h"
#include "config/config.h"
#include "proxy/name_board.h"
#include "proxy/origin.h"

struct name_reader {
	const struct config *config;
	const struct name_board *board;
	struct origin *const *origins;
	struct loop_timer timer;
	uint32_t *seen; /* of each place */
};

static void look(struct name_reader *reader, size_t origin, size_t server)
{
	size_t place = name_board_place(reader->config, origin, server);
	struct addr addrs[NAME_BOARD_ADDRESSES];
	size_t count;

	if (name_board_read(
		    reader->board, place, &reader->seen[place], addrs, &count))
		origin_set_addresses(
			reader->origins[origin], server, addrs, count);
}

static void on_timer(void *arg)
{
	struct name_reader *reader = arg;
	const struct config *config = reader->config;

	for (size_t i = 0; i < config->origin_count; i++) {
		for (size_t j = 0; j < config->origins[i].server_count; j++) {
			if (config->origins[i].servers[j].named)
				look(reader, i, j);
		}
	}
	/* the timer exists: setting it again needs no memory */
	(void)!loop_timer_set(&reader->timer, NAME_READER_MS);
}

struct name_reader *name_reader_new(struct loop *loop,
	const struct config *config, const struct name_board *board,
	struct origin *const *origins)
{
	struct name_reader *reader = calloc(1, sizeof(*reader));

	if (!reader)
		return NULL;
	reader->config = config;
	reader->board = board;
	reader->origins = origins;
	reader->seen =
		calloc(name_board_place(config, config->origin_count, 0) + 1,
			sizeof(*reader->seen));
	loop_timer_init(loop, &reader->timer, on_timer, reader);
	if (reader->seen && loop_timer_set(&reader->timer, NAME_READER_MS))
		return reader;
	name_reader_free(reader);
	return NULL;
}

void name_reader_free(struct name_reader *reader)
{
	if (!reader)
		return;
	loop_timer_fini(&reader->timer);
	free(reader->seen);
	free(reader);
}
