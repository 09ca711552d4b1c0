/* What is a change of files, and when it is told. */
#include "daemon/file_watch.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char dir[] = "/tmp/mg_file_watch_XXXXXX";
static struct file_watch *watch;

static const char *at(const char *name)
{
	static char paths[4][128];
	static unsigned next;
	char *path = paths[next++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%s", dir, name);
	return path;
}

/* Always another inode, so that no clock is needed to tell them apart. */
static void write_anew(const char *name, const char *text)
{
	FILE *file = fopen(at("fresh"), "we");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0 && fclose(file) == 0);
	assert_int_equal(rename(at("fresh"), at(name)), 0);
}

static void append(const char *name, const char *text)
{
	FILE *file = fopen(at(name), "ae");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0 && fclose(file) == 0);
}

static int start(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/mg_file_watch_XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	write_anew("a", "one");
	write_anew("b", "one");
	watch = file_watch_new();
	assert_non_null(watch);
	assert_true(file_watch_add(watch, at("a")));
	assert_true(file_watch_add(watch, at("b")));
	return 0;
}

static int stop(void **state)
{
	char command[160];

	(void)state;
	file_watch_free(watch);
	snprintf(command, sizeof(command), "rm -r %s", dir);
	return system(command);
}

/* Told at the second look, once. */
static void expect_told(const char *name)
{
	const char *told;

	assert_null(file_watch_look(watch));
	told = file_watch_look(watch);
	assert_non_null(told);
	assert_string_equal(told, at(name));
	assert_null(file_watch_look(watch));
	assert_null(file_watch_look(watch));
}

static void expect_nothing(void)
{
	for (int i = 0; i < 3; i++)
		assert_null(file_watch_look(watch));
}

static void nothing_changed_is_told_of_nothing(void **state)
{
	(void)state;
	expect_nothing();
}

static void a_file_renamed_over_another_is_told_once(void **state)
{
	(void)state;
	write_anew("b", "two");
	expect_told("b");
	/* the same bytes in another file are a change, too: who knows why */
	write_anew("b", "two");
	expect_told("b");
}

static void a_file_that_grows_is_told_when_it_is_still(void **state)
{
	(void)state;
	for (int i = 0; i < 4; i++) {
		append("a", "more");
		assert_null(file_watch_look(watch));
	}
	assert_string_equal(file_watch_look(watch), at("a"));
	expect_nothing();
}

static void one_that_moves_holds_no_other_back(void **state)
{
	(void)state;
	write_anew("a", "two");
	assert_null(file_watch_look(watch));
	append("b", "more");
	assert_string_equal(file_watch_look(watch), at("a"));
	append("b", "more");
	assert_null(file_watch_look(watch));
	assert_string_equal(file_watch_look(watch), at("b"));
	expect_nothing();
}

static void one_that_never_rests_is_told_at_last(void **state)
{
	(void)state;
	for (int i = 0; i < 5; i++) {
		append("b", "more");
		assert_null(file_watch_look(watch));
	}
	append("b", "more");
	assert_string_equal(file_watch_look(watch), at("b"));
	expect_nothing();
}

static void a_file_that_goes_and_comes_is_told(void **state)
{
	(void)state;
	assert_int_equal(unlink(at("a")), 0);
	expect_told("a");
	write_anew("a", "one");
	expect_told("a");
}

static void a_mode_that_changes_is_told(void **state)
{
	(void)state;
	assert_int_equal(chmod(at("a"), S_IRUSR), 0);
	expect_told("a");
}

static void what_is_accepted_is_not_told(void **state)
{
	(void)state;
	write_anew("a", "two");
	file_watch_accept(watch);
	expect_nothing();
	/* also in the middle of a change */
	write_anew("a", "three");
	assert_null(file_watch_look(watch));
	file_watch_accept(watch);
	expect_nothing();
}

/* Kubernetes: files are links through ..data, which is a link, too. */
static void a_link_that_is_turned_is_told(void **state)
{
	(void)state;
	assert_int_equal(mkdir(at("one"), S_IRWXU), 0);
	assert_int_equal(mkdir(at("two"), S_IRWXU), 0);
	write_anew("one/tls.crt", "x");
	write_anew("two/tls.crt", "x");
	assert_int_equal(symlink("one", at("..data")), 0);
	assert_int_equal(symlink("..data/tls.crt", at("tls.crt")), 0);
	assert_true(file_watch_add(watch, at("tls.crt")));
	expect_nothing();
	assert_int_equal(symlink("two", at("..data_tmp")), 0);
	assert_int_equal(rename(at("..data_tmp"), at("..data")), 0);
	expect_told("tls.crt");
}

static void of_a_directory_certificates_and_crls_count(void **state)
{
	(void)state;
	assert_int_equal(mkdir(at("ca"), S_IRWXU), 0);
	write_anew("ca/one.pem", "x");
	assert_true(file_watch_add(watch, at("ca")));
	write_anew("ca/README", "x");
	write_anew("ca/.one.pem.swp", "x");
	expect_nothing();
	write_anew("ca/two.crt", "x");
	expect_told("ca");
	write_anew("ca/one.pem", "y");
	expect_told("ca");
	write_anew("ca/list.crl", "y");
	expect_told("ca");
	assert_int_equal(rename(at("ca/two.crt"), at("ca/three.crt")), 0);
	expect_told("ca");
	assert_int_equal(unlink(at("ca/three.crt")), 0);
	expect_told("ca");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)
		TEST(nothing_changed_is_told_of_nothing),
		TEST(a_file_renamed_over_another_is_told_once),
		TEST(a_file_that_grows_is_told_when_it_is_still),
		TEST(one_that_moves_holds_no_other_back),
		TEST(one_that_never_rests_is_told_at_last),
		TEST(a_file_that_goes_and_comes_is_told),
		TEST(a_mode_that_changes_is_told),
		TEST(what_is_accepted_is_not_told),
		TEST(a_link_that_is_turned_is_told),
		TEST(of_a_directory_certificates_and_crls_count),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
