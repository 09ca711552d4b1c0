/* cert_file: what the first certificate of a file says. */
#include "tls/cert_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/err.h"
#include "fake/tls_files.h"
#include "tls/cert_info.h"

static void the_first_one_is_read_whole(void **state)
{
	struct arena *arena = arena_new(NULL);
	struct tls_files files;
	struct cert_info *info;
	struct err err;

	(void)state;
	tls_files_init(&files);
	info = cert_file_leaf(files.cert, arena, &err);
	assert_non_null(info);
	assert_non_null(info->extensions);
	assert_true(info->subject.count > 0);
	arena_free(arena);
	tls_files_fini(&files);
}

static void a_file_without_one_says_so(void **state)
{
	static const char *const texts[] = {"", "hello\n",
		"-----BEGIN CERTIFICATE-----\nAAAA\n-----END "
		"CERTIFICATE-----\n",
		"-----BEGIN CERTIFICATE-----\n",
		"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE "
		"KEY-----\n"};
	char path[] = "/tmp/mtlsgate-cert-XXXXXX";
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct arena *arena = arena_new(NULL);
		struct err err;

		assert_int_equal(ftruncate(fd, 0), 0);
		assert_int_equal(pwrite(fd, texts[i], strlen(texts[i]), 0),
			(ssize_t)strlen(texts[i]));
		assert_null(cert_file_leaf(path, arena, &err));
		assert_int_equal(err.code, EXIT_CODE_NO_INPUT);
		assert_non_null(strstr(err.text, "holds no certificate"));
		arena_free(arena);
	}
	close(fd);
	unlink(path);
}

static void a_file_that_is_missing_is_named(void **state)
{
	struct arena *arena = arena_new(NULL);
	struct err err;

	(void)state;
	assert_null(cert_file_leaf("/nonexistent.pem", arena, &err));
	assert_int_equal(err.code, EXIT_CODE_NO_INPUT);
	assert_non_null(strstr(err.text, "/nonexistent.pem"));
	arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_one_is_read_whole),
		cmocka_unit_test(a_file_without_one_says_so),
		cmocka_unit_test(a_file_that_is_missing_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
