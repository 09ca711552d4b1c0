/* generation: R11: what is missing or wrong makes none. */
#include "daemon/generation.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/err.h"
#include "config/config.h"
#include "config/config_problem.h"
#include "daemon/sockets.h"
#include "fake/cert_mint.h"

static char dir[] = "/tmp/mg_generation_XXXXXX";

static const char *in_dir(const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static int make_dir(void **state)
{
	struct mint *ca = mint_ca("ca", NULL);
	struct mint *server = mint_server("server", ca);

	(void)state;
	if (!mkdtemp(dir))
		return -1;
	mint_write_cert(dir, "ca.pem", ca);
	mint_write_cert(dir, "server.pem", server);
	mint_write_key(dir, "server.key", server);
	mint_write_key(dir, "other.key", ca);
	mint_free(server);
	mint_free(ca);
	return 0;
}

static int remove_dir(void **state)
{
	static const char *const names[] = {"ca.pem", "server.pem",
		"server.key", "other.key", "g.yaml", "access.log", "moved.log"};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		unlink(in_dir(names[i]));
	return rmdir(dir);
}

struct parts {
	const char *listen, *key, *ca, *more;
};

static const struct parts good = {
	"127.0.0.1:0", "server.key", "ca.pem", "admin: {address: none}\n"};

/* The generation of a file of these parts; NULL: *code tells. */
static struct generation *load(
	const struct parts *parts, unsigned number, enum exit_code *code)
{
	struct config_problems *problems = config_problems_new();
	struct generation *g;
	char text[1024];

	assert_non_null(problems);
	snprintf(text, sizeof(text),
		"listen: %s\n"
		"tls: {cert: server.pem, key: %s}\n"
		"client_auth: {ca: %s}\n"
		"origin: http://127.0.0.1:1\n"
		"process: {workers: 2}\n"
		"%s",
		parts->listen, parts->key, parts->ca, parts->more);
	unlink(in_dir("g.yaml"));
	mint_write(dir, "g.yaml", text);
	g = generation_load(in_dir("g.yaml"), number, NULL, problems, NULL);
	*code = config_problems_exit(problems);
	assert_int_equal(g == NULL, config_problems_errors(problems) > 0);
	config_problems_free(problems);
	return g;
}

static struct generation *load_good(const struct parts *parts)
{
	enum exit_code code;
	struct generation *g = load(parts, 1, &code);

	assert_non_null(g);
	assert_int_equal(code, EXIT_CODE_OK);
	return g;
}

static void a_good_file_makes_one_with_its_contexts(void **state)
{
	struct generation *g = load_good(&good);

	(void)state;
	assert_int_equal(g->number, 1);
	assert_int_equal(g->config->listener_count, 1);
	assert_non_null(g->contexts[0]);
	assert_int_equal(g->who.change, geteuid() == 0);
	generation_free_contexts(g);
	assert_null(g->contexts);
	generation_free(g);
	generation_free(NULL);
}

static void r11_what_is_wrong_makes_none(void **state)
{
	static const struct {
		struct parts parts;
		enum exit_code code;
	} cases[] = {
		{{"127.0.0.1:0", "no.key", "ca.pem", ""}, EXIT_CODE_NO_INPUT},
		{{"127.0.0.1:0", "other.key", "ca.pem", ""}, EXIT_CODE_CONFIG},
		{{"127.0.0.1:0", "server.key", "no.pem", ""},
			EXIT_CODE_NO_INPUT},
		{{"127.0.0.1:0", "server.key", "server.pem", ""},
			EXIT_CODE_CONFIG},
		{{"127.0.0.1:0", "server.key", "server.key", ""},
			EXIT_CODE_CONFIG},
		{{"127.0.0.1", "server.key", "ca.pem", ""}, EXIT_CODE_CONFIG},
		{{"127.0.0.1:0", "server.key", "ca.pem", "x: 1\n"},
			EXIT_CODE_CONFIG},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		enum exit_code code;

		assert_null(load(&cases[i].parts, 2, &code));
		if (code != cases[i].code)
			fail_msg("case %zu: exit code %d", i, code);
	}
}

static void it_opens_a_socket_for_each_worker(void **state)
{
	struct sockets *sockets = sockets_new();
	struct generation *g = load_good(&good);
	struct err err;

	(void)state;
	sockets_begin(sockets);
	assert_true(generation_open(g, sockets, STDOUT_FILENO, &err));
	sockets_commit(sockets);
	assert_int_equal(socket_group_count(g->groups[0]), 2);
	assert_null(g->admin);
	assert_int_equal(g->access_fd, STDOUT_FILENO);
	assert_false(g->access_owned);
	generation_free(g);
	sockets_free(sockets);
}

static void an_address_of_another_is_named_with_its_listener(void **state)
{
	struct sockets *first = sockets_new(), *second = sockets_new();
	struct generation *g = load_good(&good);
	struct parts parts = good;
	char listen[ADDR_TEXT];
	struct err err;

	(void)state;
	sockets_begin(first);
	assert_true(generation_open(g, first, STDOUT_FILENO, &err));
	sockets_commit(first);
	addr_print(socket_group_bound(g->groups[0]), listen);
	generation_free(g);
	parts.listen = listen;
	g = load_good(&parts);
	sockets_begin(second);
	assert_false(generation_open(g, second, STDOUT_FILENO, &err));
	sockets_abort(second);
	assert_int_equal(err.code, EXIT_CODE_UNAVAILABLE);
	assert_non_null(strstr(err.text, "listener default"));
	assert_non_null(strstr(err.text, listen));
	generation_free(g);
	sockets_free(second);
	sockets_free(first);
}

static void the_operators_door_is_no_listener(void **state)
{
	struct sockets *sockets = sockets_new();
	struct parts parts = good;
	struct generation *g;
	struct err err;

	(void)state;
	parts.listen = "unix:door.sock";
	parts.more = "admin: {address: 'unix:door.sock'}\n";
	g = load_good(&parts);
	sockets_begin(sockets);
	assert_false(generation_open(g, sockets, STDOUT_FILENO, &err));
	assert_int_equal(err.code, EXIT_CODE_CONFIG);
	assert_non_null(strstr(err.text, "listener default"));
	sockets_abort(sockets);
	generation_free(g);
	sockets_free(sockets);
}

static void its_log_is_opened_anew_after_a_move(void **state)
{
	struct sockets *sockets = sockets_new();
	struct parts parts = good;
	struct stat before, after;
	struct generation *g;
	char more[256], moved[128];
	struct err err;

	(void)state;
	snprintf(more, sizeof(more),
		"admin: {address: none}\nlogging: {access: {output: %s}}\n",
		in_dir("access.log"));
	parts.more = more;
	g = load_good(&parts);
	sockets_begin(sockets);
	assert_true(generation_open(g, sockets, STDOUT_FILENO, &err));
	sockets_commit(sockets);
	assert_true(g->access_owned);
	assert_int_equal(fstat(g->access_fd, &before), 0);
	assert_int_equal(before.st_mode & 0137, 0);
	snprintf(moved, sizeof(moved), "%s/moved.log", dir);
	assert_int_equal(rename(in_dir("access.log"), moved), 0);
	assert_true(generation_reopen(g, &err));
	assert_int_equal(fstat(g->access_fd, &after), 0);
	assert_int_not_equal(before.st_ino, after.st_ino);
	/* where it cannot be opened, the old one goes on */
	unlink(in_dir("access.log"));
	assert_int_equal(mkdir(in_dir("access.log"), 0700), 0);
	assert_false(generation_reopen(g, &err));
	assert_int_equal(fstat(g->access_fd, &before), 0);
	assert_int_equal(before.st_ino, after.st_ino);
	assert_int_equal(rmdir(in_dir("access.log")), 0);
	generation_free(g);
	sockets_free(sockets);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_good_file_makes_one_with_its_contexts),
		cmocka_unit_test(r11_what_is_wrong_makes_none),
		cmocka_unit_test(it_opens_a_socket_for_each_worker),
		cmocka_unit_test(
			an_address_of_another_is_named_with_its_listener),
		cmocka_unit_test(the_operators_door_is_no_listener),
		cmocka_unit_test(its_log_is_opened_anew_after_a_move),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
