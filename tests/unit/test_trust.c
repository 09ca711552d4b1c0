/*
 * R11: whatever is missing, empty, malformed or no CA is an error with a
 * sentence, and never a fallback.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include <openssl/x509.h>

#include "base/buf.h"
#include "config/config_problem.h"
#include "fake/cert_mint.h"
#include "fake/der.h"
#include "fake/tls_files.h"
#include "tls/tls_context.h"
#include "tls/trust.h"

static struct tls_files files;
static struct mint *client, *second, *old, *v1, *no_sign, *weak;

enum { DAY = 86400 };

/* What was told, and how it went. */
struct outcome {
	struct trust *trust;
	size_t errors;
	size_t warnings;
	enum exit_code code;
	struct buf text;
};

static void load(struct outcome *out, const char *const *names, size_t count,
	enum config_auto advertise, enum client_auth_mode mode)
{
	struct config_problems *problems = config_problems_new();
	struct config_text texts[4] = {0};
	char paths[4][160];
	struct config_client_auth settings = files.listener.client_auth;

	for (size_t i = 0; i < count; i++) {
		snprintf(paths[i], sizeof(paths[i]), "%s/%s", files.directory,
			names[i]);
		texts[i] = (struct config_text){paths[i], {"test.yaml", 6, 20}};
	}
	settings.ca = (struct config_texts){texts, count};
	settings.advertise_ca_names = advertise;
	settings.mode = mode;
	*out = (struct outcome){0};
	out->trust = trust_load(&settings, problems);
	out->errors = config_problems_errors(problems);
	out->warnings = config_problems_warnings(problems);
	out->code = config_problems_exit(problems);
	assert_true(config_problems_print(problems, &out->text));
	config_problems_free(problems);
	/* no trust without an error, no error without its sentence */
	assert_int_equal(!out->trust, out->errors > 0);
}

static void load_one(struct outcome *out, const char *name)
{
	load(out, &name, 1, CONFIG_AUTO, CLIENT_AUTH_REQUIRE);
}

static void drop(struct outcome *out)
{
	trust_free(out->trust);
	buf_fini(&out->text);
}

static bool says(const struct outcome *out, const char *what)
{
	struct slice text = buf_bytes(&out->text);

	return memmem(text.ptr, text.len, what, strlen(what)) != NULL;
}

static void put(const char *name, const char *text)
{
	mint_write(files.directory, name, text);
}

/* The file is written by `make`; the words must be told. */
static const struct {
	const char *name;
	enum exit_code code;
	const char *says[3];
} refused[] = {
	{"missing.pem", EXIT_CODE_NO_INPUT,
		{"missing.pem cannot be read: No such file"}},
	{"empty.pem", EXIT_CODE_CONFIG,
		{"holds no certificate in PEM form", "the file is empty"}},
	{"prose.pem", EXIT_CODE_CONFIG, {"holds no certificate in PEM form"}},
	{"der.pem", EXIT_CODE_CONFIG,
		{"holds no certificate in PEM form", "looks like DER"}},
	{"client.pem", EXIT_CODE_CONFIG,
		{"client.pem holds 1 certificate but it is not a CA",
			"CN=client-1 has no basicConstraints CA:TRUE; did you "
			"give the client certificate by mistake?"}},
	{"mixed.pem", EXIT_CODE_CONFIG,
		{"certificate 2 of 2", "is not a CA", "CN=client-1"}},
	{"v1.pem", EXIT_CODE_CONFIG, {"version 1"}},
	{"nosign.pem", EXIT_CODE_CONFIG, {"key usage without keyCertSign"}},
	{"cut.pem", EXIT_CODE_CONFIG, {"a block does not end"}},
	{"trailing.pem", EXIT_CODE_CONFIG, {"a block does not end"}},
	{"dashes.pem", EXIT_CODE_CONFIG, {"begins no block"}},
	{"shifted.pem", EXIT_CODE_CONFIG, {"line 2: BEGIN stands behind"}},
	{"otherend.pem", EXIT_CODE_CONFIG, {"has no END of its own"}},
	{"base64.pem", EXIT_CODE_CONFIG, {"this is not base64"}},
	{"notder.pem", EXIT_CODE_CONFIG, {"line 1", "no X.509 certificate"}},
	{"tail.pem", EXIT_CODE_CONFIG, {"no X.509 certificate"}},
	{"crl.pem", EXIT_CODE_CONFIG, {"X509 CRL"}},
	{"trusted.pem", EXIT_CODE_CONFIG, {"TRUSTED CERTIFICATE"}},
	{"emptydir", EXIT_CODE_CONFIG, {"no *.pem and no *.crt"}},
	{"keyonly.pem", EXIT_CODE_CONFIG, {"holds no certificate"}},
};

static void every_wrong_file_is_refused_with_its_reason(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		struct outcome out;

		load_one(&out, refused[i].name);
		if (out.trust || out.code != refused[i].code)
			fail_msg("%s: code %d, %.*s", refused[i].name, out.code,
				SLICE_FMT(buf_bytes(&out.text)));
		for (int j = 0; j < 3 && refused[i].says[j]; j++) {
			if (!says(&out, refused[i].says[j]))
				fail_msg("%s: no \"%s\" in %.*s",
					refused[i].name, refused[i].says[j],
					SLICE_FMT(buf_bytes(&out.text)));
		}
		drop(&out);
	}
}

static void no_ca_at_all_is_refused(void **state)
{
	struct outcome out;

	(void)state;
	load(&out, NULL, 0, CONFIG_AUTO, CLIENT_AUTH_REQUIRE);
	assert_int_equal(out.errors, 1);
	drop(&out);
}

static void all_wrong_files_are_told_of_in_one_run(void **state)
{
	const char *names[] = {"missing.pem", "ca.pem", "client.pem"};
	struct outcome out;

	(void)state;
	load(&out, names, 3, CONFIG_AUTO, CLIENT_AUTH_REQUIRE);
	assert_int_equal(out.errors, 2);
	drop(&out);
}

static void files_and_directories_add_up_and_duplicates_do_no_harm(void **state)
{
	const char *names[] = {"ca.pem", "ca.pem", "dir"};
	struct outcome out;

	(void)state;
	load(&out, names, 3, CONFIG_AUTO, CLIENT_AUTH_REQUIRE);
	assert_non_null(out.trust);
	assert_int_equal(trust_count(out.trust), 2);
	assert_int_equal(sk_X509_NAME_num(trust_names(out.trust)), 2);
	assert_int_equal(out.warnings, 0);
	drop(&out);
}

static void text_between_the_blocks_is_skipped(void **state)
{
	struct outcome out;

	(void)state;
	load_one(&out, "annotated.pem");
	assert_non_null(out.trust);
	assert_int_equal(trust_count(out.trust), 1);
	drop(&out);
}

static void what_is_usable_but_odd_is_a_warning(void **state)
{
	static const struct {
		const char *name;
		const char *says;
	} cases[] = {
		{"old.pem", "expired on "},
		{"withkey.pem", "holds a private key"},
		{"weak.pem", "weak key (1024 bits)"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct outcome out;

		load_one(&out, cases[i].name);
		assert_non_null(out.trust);
		assert_int_equal(out.warnings, 1);
		if (!says(&out, cases[i].says))
			fail_msg("%.*s", SLICE_FMT(buf_bytes(&out.text)));
		drop(&out);
	}
}

static void ca_names_are_sent_as_the_mode_and_the_key_say(void **state)
{
	static const struct {
		enum config_auto advertise;
		enum client_auth_mode mode;
		bool sent;
	} cases[] = {
		{CONFIG_AUTO, CLIENT_AUTH_REQUIRE, true},
		{CONFIG_AUTO, CLIENT_AUTH_OPTIONAL, true},
		{CONFIG_AUTO, CLIENT_AUTH_REQUEST_ANY, false},
		{CONFIG_TRUE, CLIENT_AUTH_REQUEST_ANY, true},
		{CONFIG_FALSE, CLIENT_AUTH_REQUIRE, false},
	};
	const char *name = "ca.pem";

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct outcome out;

		load(&out, &name, 1, cases[i].advertise, cases[i].mode);
		assert_int_equal(trust_names(out.trust) != NULL, cases[i].sent);
		drop(&out);
	}
}

static void too_many_ca_names_are_not_sent_but_told_of(void **state)
{
	char cn[1024];
	struct outcome out;

	(void)state;
	memset(cn, 'n', sizeof(cn) - 1);
	cn[sizeof(cn) - 1] = '\0';
	for (int i = 0; i < 17; i++) {
		struct mint *ca;

		cn[0] = (char)('a' + i);
		ca = mint_new(&(struct mint_spec){
			.cn = cn, .ca = true, .same_key = files.ca});
		mint_write_cert(files.directory, "names.pem", ca);
		mint_free(ca);
	}
	load_one(&out, "names.pem");
	assert_non_null(out.trust);
	assert_null(trust_names(out.trust));
	assert_int_equal(trust_count(out.trust), 17);
	assert_int_equal(out.warnings, 1);
	assert_true(says(&out, "advertise_ca_names"));
	drop(&out);
}

static void an_unreadable_file_asks_for_permission(void **state)
{
	char path[160];
	struct outcome out;

	(void)state;
	if (geteuid() == 0)
		skip();
	snprintf(path, sizeof(path), "%s/locked.pem", files.directory);
	mint_write_cert(files.directory, "locked.pem", files.ca);
	assert_int_equal(chmod(path, 0), 0);
	load_one(&out, "locked.pem");
	assert_int_equal(out.code, EXIT_CODE_PERMISSION);
	drop(&out);
}

/* "-----BEGIN" and so on around base64 of whatever. */
static void put_block(
	const char *name, const char *begin, const char *body, const char *end)
{
	char *text = malloc(65536);

	assert_non_null(text);
	snprintf(text, 65536, "-----BEGIN %s-----\n%s-----END %s-----\n", begin,
		body, end);
	put(name, text);
	free(text);
}

/* The base64 lines of a certificate alone. */
static char *body_of(const struct mint *mint)
{
	char *pem = mint_cert_pem(mint);
	char *from = strchr(pem, '\n') + 1;
	char *end = strstr(from, "-----END");
	char *body = strndup(from, (size_t)(end - from));

	free(pem);
	return body;
}

static void write_broken_files(void)
{
	char *pem = mint_cert_pem(files.ca), *body = body_of(files.ca);
	char *text = malloc(65536), *half = strndup(pem, strlen(pem) / 2);

	put("empty.pem", "");
	put("prose.pem", "Please put the CA here.\n");
	put("cut.pem", half);
	snprintf(text, 65536, "%s%s", pem, half);
	put("trailing.pem", text);
	snprintf(text, 65536, "%s-----BEGIN CERTIFICATE----\n%s", pem, body);
	put("dashes.pem", text);
	put("shifted.pem", "one, two\n\t-----BEGIN CERTIFICATE-----\n");
	put_block("otherend.pem", "CERTIFICATE", body, "X509 CRL");
	put_block("base64.pem", "CERTIFICATE", "AA*A\n", "CERTIFICATE");
	put_block("notder.pem", "CERTIFICATE", "AAAA\n", "CERTIFICATE");
	put_block("crl.pem", "X509 CRL", body, "X509 CRL");
	put_block("trusted.pem", "TRUSTED CERTIFICATE", body,
		"TRUSTED CERTIFICATE");
	snprintf(text, 65536, "subject: Test CA\nissuer: itself\n\n%s\n# end\n",
		pem);
	put("annotated.pem", text);
	free(text);
	free(half);
	free(body);
	free(pem);
}

static void write_files(void)
{
	struct mint tail = *files.ca;
	char path[160];
	FILE *der;

	mint_write_cert(files.directory, "client.pem", client);
	mint_write_cert(files.directory, "mixed.pem", files.ca);
	mint_write_cert(files.directory, "mixed.pem", client);
	mint_write_cert(files.directory, "v1.pem", v1);
	mint_write_cert(files.directory, "nosign.pem", no_sign);
	mint_write_cert(files.directory, "old.pem", old);
	mint_write_cert(files.directory, "weak.pem", weak);
	mint_write_cert(files.directory, "withkey.pem", files.ca);
	mint_write_key(files.directory, "withkey.pem", files.ca);
	mint_write_key(files.directory, "keyonly.pem", files.ca);
	tail.der_len = files.ca->der_len + 1;
	tail.der = calloc(1, tail.der_len);
	memcpy(tail.der, files.ca->der, files.ca->der_len);
	mint_write_cert(files.directory, "tail.pem", &tail);
	free(tail.der);
	snprintf(path, sizeof(path), "%s/der.pem", files.directory);
	der = fopen(path, "we");
	assert_non_null(der);
	fwrite(files.ca->der, 1, files.ca->der_len, der);
	fclose(der);
	snprintf(path, sizeof(path), "%s/emptydir", files.directory);
	assert_int_equal(mkdir(path, 0700), 0);
	mint_write(path, "readme.txt", "nothing\n");
	mint_write_cert(path, ".hidden.pem", files.ca);
	snprintf(path, sizeof(path), "%s/dir", files.directory);
	assert_int_equal(mkdir(path, 0700), 0);
	mint_write_cert(path, "a.pem", files.ca);
	mint_write_cert(path, "b.crt", second);
	mint_write(path, "notes.txt", "not read\n");
}

static int set_up(void **state)
{
	(void)state;
	if (!tls_library_init(NULL))
		return -1;
	tls_files_init(&files);
	client = mint_client("client-1", files.ca);
	second = mint_ca("Second CA", NULL);
	old = mint_new(&(struct mint_spec){.cn = "Old CA",
		.ca = true,
		.from_s = -9 * DAY,
		.until_s = -DAY});
	v1 = mint_new(&(struct mint_spec){.cn = "V1 CA", .version_1 = true});
	no_sign = mint_new(&(struct mint_spec){.cn = "No Sign CA",
		.ca = true,
		.key_usage = "critical,digitalSignature"});
	weak = mint_new(&(struct mint_spec){
		.cn = "Weak CA", .ca = true, .key = MINT_RSA1024});
	write_broken_files();
	write_files();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	mint_free(client);
	mint_free(second);
	mint_free(old);
	mint_free(v1);
	mint_free(no_sign);
	mint_free(weak);
	tls_files_fini(&files);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_wrong_file_is_refused_with_its_reason),
		cmocka_unit_test(no_ca_at_all_is_refused),
		cmocka_unit_test(all_wrong_files_are_told_of_in_one_run),
		cmocka_unit_test(
			files_and_directories_add_up_and_duplicates_do_no_harm),
		cmocka_unit_test(text_between_the_blocks_is_skipped),
		cmocka_unit_test(what_is_usable_but_odd_is_a_warning),
		cmocka_unit_test(ca_names_are_sent_as_the_mode_and_the_key_say),
		cmocka_unit_test(too_many_ca_names_are_not_sent_but_told_of),
		cmocka_unit_test(an_unreadable_file_asks_for_permission),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
