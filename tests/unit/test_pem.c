/*
 * PEM read strictly (R11): a file that is half a list of CAs is broken, not
 * short.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "fake/heap_scan.h"
#include "tls/pem_priv.h"

static char path[] = "/tmp/mtlsgate-pem-XXXXXX";

static void open_text(struct pem_file *file, const char *text, size_t len)
{
	FILE *out = fopen(path, "we");

	assert_non_null(out);
	assert_int_equal(fwrite(text, 1, len, out), len);
	assert_int_equal(fclose(out), 0);
	assert_true(pem_open(file, path));
}

#define BLOCK(label, body) \
	"-----BEGIN " label "-----\n" body "-----END " label "-----\n"

/* One block is read from it, with that content. */
static const struct {
	const char *text;
	const char *label;
	const char *der;
	unsigned line;
	bool encrypted;
} good[] = {
	{BLOCK("A", "YWJj\n"), "A", "abc", 1, false},
	{BLOCK("A B", "YWI=\n"), "A B", "ab", 1, false},
	{BLOCK("A", "YQ==\n"), "A", "a", 1, false},
	{BLOCK("A", "YW\nJj\n"), "A", "abc", 1, false},
	{BLOCK("A", "Y\nQ=\n=\n"), "A", "a", 1, false},
	{BLOCK("A", "\nYWJj\n\n"), "A", "abc", 1, false},
	{"-----BEGIN A-----\r\nYWJj\r\n-----END A-----\r\n", "A", "abc", 1,
		false},
	{"-----BEGIN A-----  \nYWJj \t\n-----END A-----", "A", "abc", 1, false},
	{"words\n\n" BLOCK("A", "YWJj\n"), "A", "abc", 3, false},
	{"# -----BEGIN B-----\n# YWI=\n# -----END B-----\n" BLOCK(
		 "A", "YWJj\n"),
		"A", "abc", 4, false},
	{"- - -\n----\n" BLOCK("A", "YWJj\n"), "A", "abc", 3, false},
	{BLOCK("ENCRYPTED PRIVATE KEY", "YWJj\n"), "ENCRYPTED PRIVATE KEY",
		"abc", 1, true},
	{BLOCK("K", "Proc-Type: 4,ENCRYPTED\nDEK-Info: x\n\nYWJj\n"), "K",
		"abc", 1, true},
	{BLOCK("K", "Comment: mine\n\nYWJj\n"), "K", "abc", 1, false},
};

static void blocks_are_read_with_what_they_hold(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct pem_file file;
		struct pem_block block;
		const char *why = NULL;
		unsigned line = 0;

		open_text(&file, good[i].text, strlen(good[i].text));
		if (pem_next(&file, &block, &why, &line) != PEM_OK)
			fail_msg("%s: %s", good[i].text, why);
		assert_true(slice_eq(block.label, slice_str(good[i].label)));
		assert_true(slice_eq(block.der, slice_str(good[i].der)));
		assert_int_equal(block.line, good[i].line);
		assert_int_equal(block.encrypted, good[i].encrypted);
		assert_int_equal(pem_next(&file, &block, &why, &line), PEM_END);
		pem_close(&file);
	}
}

static const struct {
	const char *text;
	const char *why;
	unsigned line;
} bad[] = {
	{"-----BEGIN A-----\nYWJj\n", "a block does not end", 2},
	{"-----BEGIN A-----", "a block does not end", 1},
	{"-----BEGIN A----\nYWJj\n-----END A-----\n", "begins no block", 1},
	{"-----BEGIN -----\n", "begins no block", 1},
	{"-----\n", "begins no block", 1},
	{"-----END A-----\n", "begins no block", 1},
	{"a\n\n-----END A-----\n", "begins no block", 3},
	/* passed over as words, it would be a CA or a CRL less */
	{"  -----BEGIN A-----\n  YWJj\n  -----END A-----\n", "behind blanks",
		1},
	{"a\n\t-----BEGIN A-----\n\tYWJj\n\t-----END A-----\n", "behind blanks",
		2},
	{"\xEF\xBB\xBF" BLOCK("A", "YWJj\n"), "byte order mark", 1},
	{"-----BEGIN A-----\nYWJj\n-----END B-----\n", "no END of its own", 3},
	{"-----BEGIN A-----\nYWJj\n-----BEGIN A-----\n", "no END of its own",
		3},
	{BLOCK("A", ""), "a block is empty", 2},
	{BLOCK("A", "\n\n"), "a block is empty", 4},
	{BLOCK("A", "YWJ\n"), "ends in mid-byte", 3},
	{BLOCK("A", "YWJjY\n"), "ends in mid-byte", 3},
	{BLOCK("A", "YWF=\n"), "ends in mid-byte", 3}, /* bits left over */
	{BLOCK("A", "YR==\n"), "ends in mid-byte", 3},
	{BLOCK("A", "YW=\n"), "ends in mid-byte", 3},
	{BLOCK("A", "YWJj=\n"), "not base64", 2},
	{BLOCK("A", "=\n"), "not base64", 2},
	{BLOCK("A", "YWI==\n"), "not base64", 2},
	{BLOCK("A", "YQ==YQ==\n"), "not base64", 2},
	{BLOCK("A", "YW Jj\n"), "not base64", 2},
	{BLOCK("A", "YWJj\nYW*j\n"), "not base64", 3},
	{BLOCK("A", "YWJj\nProc-Type: x\n\nYWJj\n"), "not base64", 3},
};

static void broken_files_are_told_with_their_line(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct pem_file file;
		struct pem_block block;
		const char *why = "";
		unsigned line = 0;

		open_text(&file, bad[i].text, strlen(bad[i].text));
		if (pem_next(&file, &block, &why, &line) != PEM_BROKEN ||
			!strstr(why, bad[i].why) || line != bad[i].line)
			fail_msg("%s: %s, line %u", bad[i].text, why, line);
		pem_close(&file);
	}
}

static void what_follows_a_good_block_is_judged_too(void **state)
{
	static const char text[] = BLOCK("A", "YWJj\n")
		BLOCK("B", "YWI=\n") "-----BEGIN C-----\nYW";
	struct pem_file file;
	struct pem_block block;
	const char *why;
	unsigned line;

	(void)state;
	open_text(&file, text, sizeof(text) - 1);
	assert_int_equal(pem_next(&file, &block, &why, &line), PEM_OK);
	assert_int_equal(pem_next(&file, &block, &why, &line), PEM_OK);
	assert_true(slice_eq(block.label, SLICE("B")));
	assert_true(slice_eq(block.der, SLICE("ab")));
	assert_int_equal(block.line, 4);
	assert_int_equal(pem_next(&file, &block, &why, &line), PEM_BROKEN);
	pem_close(&file);
}

/* Later ones are read into the room of the first, whose rest is not theirs. */
static void many_blocks_share_one_room(void **state)
{
	static const char text[] = BLOCK("A", "YWJjYWJjYWJjYWJj\n")
		BLOCK("B", "YWI=\n") BLOCK("C", "YWJjZGVm\n");
	static const char *const wanted[] = {"abcabcabcabc", "ab", "abcdef"};
	struct pem_file file;
	struct pem_block block;
	const unsigned char *room = NULL;
	const char *why;
	unsigned line;

	(void)state;
	open_text(&file, text, sizeof(text) - 1);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(pem_next(&file, &block, &why, &line), PEM_OK);
		assert_true(slice_eq(block.der, slice_str(wanted[i])));
		assert_true(!room || file.der == room);
		room = file.der;
	}
	assert_int_equal(pem_next(&file, &block, &why, &line), PEM_END);
	pem_close(&file);
}

static void a_nul_is_a_byte_like_others(void **state)
{
	static const char text[] =
		"text \0 more\n-----BEGIN A-----\nYW\0Jj\n-----END A-----\n";
	struct pem_file file;
	struct pem_block block;
	const char *why = "";
	unsigned line;

	(void)state;
	open_text(&file, text, sizeof(text) - 1);
	assert_int_equal(pem_next(&file, &block, &why, &line), PEM_BROKEN);
	assert_int_equal(line, 3);
	pem_close(&file);
}

static void an_empty_file_holds_no_block(void **state)
{
	struct pem_file file;
	struct pem_block block;
	const char *why;
	unsigned line;

	(void)state;
	open_text(&file, "", 0);
	assert_int_equal(pem_next(&file, &block, &why, &line), PEM_END);
	assert_false(pem_looks_like_der(&file));
	pem_close(&file);
}

static void der_is_recognised(void **state)
{
	struct pem_file file;

	(void)state;
	open_text(&file, "\x30\x82\x01\x00\x00\x00", 6);
	assert_true(pem_looks_like_der(&file));
	pem_close(&file);
}

static void what_is_no_regular_file_or_too_large_is_not_read(void **state)
{
	struct pem_file file;
	char sparse[] = "/tmp/mtlsgate-pem-XXXXXX";
	int fd = mkstemp(sparse);

	(void)state;
	assert_false(pem_open(&file, "/tmp"));
	assert_int_equal(errno, EISDIR);
	assert_false(pem_open(&file, "/dev/zero"));
	assert_int_equal(errno, EINVAL);
	assert_false(pem_open(&file, "/nonexistent/file"));
	assert_int_equal(errno, ENOENT);
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, PEM_FILE_MAX + 1), 0);
	close(fd);
	assert_false(pem_open(&file, sparse));
	assert_int_equal(errno, EFBIG);
	unlink(sparse);
}

/* Must not wait for a writer. */
static void a_pipe_is_not_read(void **state)
{
	char name[64];
	struct pem_file file;

	(void)state;
	snprintf(name, sizeof(name), "%s.fifo", path);
	assert_int_equal(mkfifo(name, 0600), 0);
	assert_false(pem_open(&file, name));
	assert_int_equal(errno, EINVAL);
	unlink(name);
}

/* R23: neither the text nor what was decoded from it. */
static void a_closed_file_leaves_nothing_in_memory(void **state)
{
	static const char base64[] = "bm90aGluZyBvZiB0aGlzIHN0YXlz"
				     "bm90aGluZyBvZiB0aGlzIHN0YXlz";
	static const char decoded[] = "nothing of this stays";
	int fd = open(path, O_WRONLY | O_TRUNC);
	struct pem_file file;
	struct pem_block block;
	const char *why;
	unsigned line;

	(void)state;
	if (!heap_scan_works())
		skip();
	/* written without a buffer, which would hold it as well */
	assert_true(fd >= 0);
	assert_true(dprintf(fd, "-----BEGIN K-----\n") > 0);
	assert_int_equal(
		write(fd, base64, sizeof(base64) - 1), sizeof(base64) - 1);
	assert_true(dprintf(fd, "\n-----END K-----\n") > 0);
	close(fd);
	assert_true(pem_open(&file, path));
	assert_int_equal(pem_next(&file, &block, &why, &line), PEM_OK);
	assert_true(heap_scan_holds(base64, 28)); /* the search finds it */
	assert_true(heap_scan_holds(decoded, sizeof(decoded) - 1));
	pem_close(&file);
	assert_false(heap_scan_holds(base64, 28));
	assert_false(heap_scan_holds(decoded, sizeof(decoded) - 1));
}

static int set_up(void **state)
{
	int fd = mkstemp(path);

	(void)state;
	return fd >= 0 && close(fd) == 0 ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	return unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(blocks_are_read_with_what_they_hold),
		cmocka_unit_test(broken_files_are_told_with_their_line),
		cmocka_unit_test(many_blocks_share_one_room),
		cmocka_unit_test(what_follows_a_good_block_is_judged_too),
		cmocka_unit_test(a_nul_is_a_byte_like_others),
		cmocka_unit_test(an_empty_file_holds_no_block),
		cmocka_unit_test(der_is_recognised),
		cmocka_unit_test(
			what_is_no_regular_file_or_too_large_is_not_read),
		cmocka_unit_test(a_pipe_is_not_read),
		cmocka_unit_test(a_closed_file_leaves_nothing_in_memory),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
