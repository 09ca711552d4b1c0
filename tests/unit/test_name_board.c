/* name_board: what is written is read once, whole, and by everybody. */
#include "proxy/name_board.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "config/config.h"

static struct config_server servers[3] = {
	{.named = false}, {.named = true}, {.named = true}};
static struct config_origin origins[2] = {
	{.servers = servers, .server_count = 2},
	{.servers = &servers[2], .server_count = 1}};

static struct config config_of(int64_t every_ms)
{
	struct config config = {.origins = origins, .origin_count = 2};

	origins[0].resolve_every_ms = origins[1].resolve_every_ms = every_ms;
	return config;
}

static struct addr at(const char *text)
{
	struct addr addr;

	assert_true(addr_parse(slice_str(text), &addr));
	return addr;
}

static void each_server_has_a_place(void **state)
{
	struct config config = config_of(1000);

	(void)state;
	assert_true(name_board_needed(&config));
	assert_int_equal(name_board_place(&config, 0, 1), 1);
	assert_int_equal(name_board_place(&config, 1, 0), 2);
	config = config_of(0);
	assert_false(name_board_needed(&config));
}

static void what_is_written_is_read_once(void **state)
{
	struct config config = config_of(1000);
	struct name_board *board = name_board_new(&config);
	struct addr in[2] = {at("127.0.0.1:1"), at("[::1]:2")};
	struct addr out[NAME_BOARD_ADDRESSES];
	uint32_t seen = 0, other = 0;
	size_t count = 0;

	(void)state;
	assert_false(name_board_read(board, 1, &seen, out, &count));
	name_board_write(board, 1, in, 2);
	assert_false(name_board_read(board, 2, &other, out, &count));
	assert_true(name_board_read(board, 1, &seen, out, &count));
	assert_int_equal(count, 2);
	assert_true(addr_eq(&out[1], &in[1]));
	assert_false(name_board_read(board, 1, &seen, out, &count));
	assert_true(name_board_read(board, 1, &other, out, &count));
	name_board_write(board, 1, in, 1);
	assert_true(name_board_read(board, 1, &seen, out, &count));
	assert_int_equal(count, 1);
	name_board_free(board);
}

enum { ROUNDS = 20000 };

/* All of one round have the same port; a mix of two would show. */
static void write_rounds(struct name_board *board)
{
	struct addr in[NAME_BOARD_ADDRESSES];

	for (unsigned i = 1; i <= ROUNDS; i++) {
		for (size_t j = 0; j < NAME_BOARD_ADDRESSES; j++) {
			in[j] = at("127.0.0.1:1");
			addr_set_port(&in[j], (uint16_t)i);
		}
		name_board_write(board, 0, in, NAME_BOARD_ADDRESSES);
	}
}

static void nothing_is_read_by_halves(void **state)
{
	struct config config = config_of(1000);
	struct name_board *board = name_board_new(&config);
	struct addr out[NAME_BOARD_ADDRESSES];
	uint32_t seen = 0;
	size_t count = 0;
	int status = 1;
	pid_t pid = fork();

	(void)state;
	if (!pid) {
		write_rounds(board);
		_exit(0);
	}
	while (!count || addr_port(&out[0]) != ROUNDS) {
		if (!name_board_read(board, 0, &seen, out, &count))
			continue;
		for (size_t i = 1; i < count; i++)
			assert_int_equal(
				addr_port(&out[i]), addr_port(&out[0]));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	name_board_free(board);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_server_has_a_place),
		cmocka_unit_test(what_is_written_is_read_once),
		cmocka_unit_test(nothing_is_read_by_halves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
