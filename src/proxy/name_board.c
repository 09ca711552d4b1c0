#include "proxy/name_board.h"

#include <assert.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>

#include "config/config.h"

struct place {
	_Atomic uint32_t mark; /* odd while it is written; 0: never was */
	uint32_t count;
	struct addr addrs[NAME_BOARD_ADDRESSES];
};

struct name_board {
	size_t size; /* of the mapping */
	size_t count;
	struct place places[];
};

size_t name_board_place(
	const struct config *config, size_t origin, size_t server)
{
	size_t place = server;

	for (size_t i = 0; i < origin; i++)
		place += config->origins[i].server_count;
	return place;
}

bool name_board_needed(const struct config *config)
{
	for (size_t i = 0; i < config->origin_count; i++) {
		const struct config_origin *origin = &config->origins[i];

		for (size_t j = 0; j < origin->server_count; j++) {
			if (origin->resolve_every_ms &&
				origin->servers[j].named)
				return true;
		}
	}
	return false;
}

struct name_board *name_board_new(const struct config *config)
{
	size_t count = name_board_place(config, config->origin_count, 0);
	size_t size = sizeof(struct name_board) + count * sizeof(struct place);
	struct name_board *board = mmap(NULL, size, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (board == MAP_FAILED)
		return NULL;
	board->size = size;
	board->count = count;
	return board;
}

void name_board_free(struct name_board *board)
{
	if (board)
		munmap(board, board->size);
}

void name_board_write(struct name_board *board, size_t place,
	const struct addr *addrs, size_t count)
{
	struct place *p = &board->places[place];
	uint32_t mark = atomic_load(&p->mark) | 1;

	assert(place < board->count && count <= NAME_BOARD_ADDRESSES);
	atomic_store(&p->mark, mark);
	atomic_thread_fence(memory_order_seq_cst);
	p->count = (uint32_t)count;
	memcpy(p->addrs, addrs, count * sizeof(*addrs));
	atomic_thread_fence(memory_order_seq_cst);
	atomic_store(&p->mark, mark + 1);
}

bool name_board_read(const struct name_board *board, size_t place,
	uint32_t *seen, struct addr addrs[NAME_BOARD_ADDRESSES], size_t *count)
{
	const struct place *p = &board->places[place];
	uint32_t mark = atomic_load(&p->mark);

	assert(place < board->count);
	if (mark == *seen || mark & 1)
		return false;
	atomic_thread_fence(memory_order_seq_cst);
	*count = p->count <= NAME_BOARD_ADDRESSES ? p->count : 0;
	memcpy(addrs, p->addrs, *count * sizeof(*addrs));
	atomic_thread_fence(memory_order_seq_cst);
	if (atomic_load(&p->mark) != mark)
		return false; /* next time */
	*seen = mark;
	return *count > 0;
}
