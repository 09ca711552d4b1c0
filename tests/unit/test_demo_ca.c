#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "base/err.h"
#include "cli/demo_ca.h"

struct place {
	char dir[64];
};

static int setup(void **state)
{
	struct place *place = calloc(1, sizeof(*place));
	struct err err;

	assert_non_null(place);
	snprintf(place->dir, sizeof(place->dir), "/tmp/test-demo-ca-XXXXXX");
	assert_non_null(mkdtemp(place->dir));
	assert_true(demo_ca_write(place->dir, &err));
	*state = place;
	return 0;
}

static int teardown(void **state)
{
	struct place *place = *state;
	const char *const *name = demo_ca_files();
	char path[128];

	for (; *name; name++) {
		snprintf(path, sizeof(path), "%s/%s", place->dir, *name);
		unlink(path);
	}
	/* fails, and the test with it, when a file is not in the list */
	assert_int_equal(rmdir(place->dir), 0);
	free(place);
	return 0;
}

static X509 *load(const struct place *place, const char *name)
{
	char path[128];
	X509 *cert;
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", place->dir, name);
	file = fopen(path, "r");
	assert_non_null(file);
	cert = PEM_read_X509(file, NULL, NULL, NULL);
	fclose(file);
	assert_non_null(cert);
	return cert;
}

/* The library's verdict of a client certificate under ca.pem. */
static int verdict(const struct place *place, const char *name, int purpose)
{
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *context = X509_STORE_CTX_new();
	X509 *ca = load(place, "ca.pem");
	X509 *cert = load(place, name);
	int code;

	assert_int_equal(X509_STORE_add_cert(store, ca), 1);
	assert_int_equal(X509_STORE_CTX_init(context, store, cert, NULL), 1);
	X509_STORE_CTX_set_purpose(context, purpose);
	X509_verify_cert(context);
	code = X509_STORE_CTX_get_error(context);
	X509_STORE_CTX_free(context);
	X509_STORE_free(store);
	X509_free(ca);
	X509_free(cert);
	return code;
}

static void each_certificate_has_the_fate_of_its_name(void **state)
{
	static const struct {
		const char *file;
		int purpose;
		int code;
	} table[] = {
		{"good.pem", X509_PURPOSE_SSL_CLIENT, X509_V_OK},
		{"server.pem", X509_PURPOSE_SSL_SERVER, X509_V_OK},
		{"expired.pem", X509_PURPOSE_SSL_CLIENT,
			X509_V_ERR_CERT_HAS_EXPIRED},
		{"server-only.pem", X509_PURPOSE_SSL_CLIENT,
			X509_V_ERR_INVALID_PURPOSE},
		{"stranger.pem", X509_PURPOSE_SSL_CLIENT,
			X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		assert_int_equal(
			verdict(*state, table[i].file, table[i].purpose),
			table[i].code);
}

static void the_server_is_named_for_every_loopback(void **state)
{
	X509 *cert = load(*state, "server.pem");

	assert_int_equal(X509_check_host(cert, "localhost", 0, 0, NULL), 1);
	assert_int_equal(X509_check_ip_asc(cert, "127.0.0.1", 0), 1);
	assert_int_equal(X509_check_ip_asc(cert, "::1", 0), 1);
	X509_free(cert);
}

static void files_are_readable_by_their_owner_alone(void **state)
{
	const struct place *place = *state;
	const char *const *name = demo_ca_files();
	struct stat info;
	char path[128];

	for (; *name; name++) {
		snprintf(path, sizeof(path), "%s/%s", place->dir, *name);
		assert_int_equal(stat(path, &info), 0);
		assert_int_equal(info.st_mode & 0777, 0600);
	}
}

static void a_directory_that_is_missing_is_told(void **state)
{
	struct err err;

	(void)state;
	assert_false(demo_ca_write("/nonexistent/dir", &err));
	assert_int_equal(err.code, EXIT_CODE_PERMISSION);
	assert_non_null(strstr(err.text, "/nonexistent/dir/ca.pem"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_certificate_has_the_fate_of_its_name),
		cmocka_unit_test(the_server_is_named_for_every_loopback),
		cmocka_unit_test(files_are_readable_by_their_owner_alone),
		cmocka_unit_test(a_directory_that_is_missing_is_told),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
