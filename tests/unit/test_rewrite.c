/* rewrite: R1, R2, R3, R5, R6 at the level of fields. */
#include "policy/rewrite.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/buf.h"
#include "http/message.h"
#include "policy/header_plan.h"

struct rig {
	struct arena *arena;
	struct config_headers settings;
	struct header_plan *plan;
	struct rewrite_facts facts;
	struct rewrite_stripped stripped;
	struct message head;
	struct header_block lent;
	struct buf text;
};

static int start(void **state)
{
	struct rig *rig = calloc(1, sizeof(*rig));

	assert_non_null(rig);
	rig->arena = arena_new(NULL);
	rig->head.version = MESSAGE_HTTP_1_1;
	rig->head.authority = SLICE("www.example");
	rig->plan = header_plan_new(&rig->settings);
	assert_non_null(rig->plan);
	rig->facts = (struct rewrite_facts){.plan = rig->plan,
		.client_ip = SLICE("192.0.2.1"),
		.request_id = SLICE("id-1"),
		.origin_authority = SLICE("origin:80"),
		.cert_headers = &rig->lent};
	*state = rig;
	return 0;
}

static int stop(void **state)
{
	struct rig *rig = *state;

	header_plan_free(rig->plan);
	arena_free(rig->arena);
	buf_fini(&rig->text);
	free(rig);
	return 0;
}

static void field(struct rig *rig, const char *name, const char *value)
{
	assert_true(header_add(&rig->head.fields, rig->arena, slice_str(name),
		slice_str(value)));
}

static const char *print(struct rig *rig, const struct header_block *block)
{
	buf_fini(&rig->text);
	for (size_t i = 0; i < block->count; i++)
		assert_true(buf_printf(&rig->text, "%.*s=%.*s ",
			SLICE_FMT(block->fields[i].name),
			SLICE_FMT(block->fields[i].value)));
	assert_true(buf_append(&rig->text, slice_of("", 1)));
	return buf_bytes(&rig->text).ptr;
}

static enum http_rule rewrite(struct rig *rig)
{
	return rewrite_request(
		&rig->head, rig->arena, &rig->facts, &rig->stripped);
}

static bool answer(struct rig *rig)
{
	return rewrite_response(
		&rig->head, rig->arena, rig->plan, SLICE("now"), SLICE("id-1"));
}

static void ours_are_added_and_the_certificates_are_lent(void **state)
{
	struct rig *rig = *state;

	field(rig, "Accept", "*/*");
	assert_int_equal(rewrite(rig), HTTP_RULE_NONE);
	assert_string_equal(print(rig, &rig->head.fields),
		"Accept=*/* X-Forwarded-For=192.0.2.1 "
		"X-Forwarded-Host=www.example X-Forwarded-Proto=https "
		"X-Request-Id=id-1 Via=1.1 mtlsgate ");
	assert_ptr_equal(rig->head.lent, &rig->lent);
	assert_int_equal(rig->stripped.total, 0);
}

/* R1, R2 */
static void reserved_names_go_in_every_spelling(void **state)
{
	static const char *const names[] = {"X-CERT-VERIFY", "x_cert_verify",
		"X.Cert.Verify", "x-cert-anything", "X-CERT-", "x!cert!x",
		"Client-Cert", "client_cert_chain", "X-Forwarded-Client-Cert",
		"Cf-Cert-Verified", "X-SSL-Client-Verify", "x_ssl_client_dn",
		"X-Amzn-Mtls-Clientcert-Subject", "X-Forwarded-For",
		"x_forwarded_for", "X-Forwarded-Anything", "Forwarded",
		"FORWARDED", "Via", "vIa", "X-Request-Id", "x.request.id",
		"X-Real-IP"};
	struct rig *rig = *state;

	for (enum alias_headers how = ALIAS_DROP; how <= ALIAS_PASS; how++) {
		rig->settings.alias_headers = how;
		for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
			rig->head.fields.count = 0;
			rig->stripped.total = rig->stripped.alias = 0;
			field(rig, names[i], "forged");
			assert_int_equal(rewrite(rig), HTTP_RULE_NONE);
			if (strstr(print(rig, &rig->head.fields), "forged"))
				fail_msg("%s", names[i]);
			assert_int_equal(rig->stripped.total, 1);
			assert_int_equal(rig->stripped.alias, 0);
			assert_int_equal(
				rig->stripped.names[0].len, strlen(names[i]));
		}
	}
}

static void neighbours_of_reserved_names_stay(void **state)
{
	static const char *const names[] = {"X-Certificate", "X-Cert", "Via2",
		"Forwarded-By", "X-Forwarded", "X-Request-Id2", "F", "V", "X",
		"Client-Certificate", "Authorization", "Cookie"};
	struct rig *rig = *state;

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		field(rig, names[i], "kept");
	assert_int_equal(rewrite(rig), HTTP_RULE_NONE);
	assert_int_equal(rig->stripped.total, 0);
}

/* R2 */
static void other_odd_names_are_dropped_refused_or_passed(void **state)
{
	struct rig *rig = *state;

	field(rig, "odd_name", "1");
	field(rig, "Even-Name", "2");
	rig->settings.alias_headers = ALIAS_PASS;
	assert_int_equal(rewrite(rig), HTTP_RULE_NONE);
	assert_non_null(strstr(print(rig, &rig->head.fields), "odd_name=1"));
	rig->settings.alias_headers = ALIAS_DROP;
	assert_int_equal(rewrite(rig), HTTP_RULE_NONE);
	assert_null(strstr(print(rig, &rig->head.fields), "odd_name=1"));
	assert_non_null(strstr(print(rig, &rig->head.fields), "Even-Name=2"));
	assert_int_equal(rig->stripped.alias, 1);
	field(rig, "odd.name", "1");
	rig->settings.alias_headers = ALIAS_REJECT;
	assert_int_equal(rewrite(rig), HTTP_RULE_ALIAS_NAME);
}

/* R2, R8: what an origin that folds would take for framing never passes. */
static void odd_names_of_framing_fields_go_even_under_pass(void **state)
{
	static const char *const names[] = {"Transfer_Encoding",
		"Content_Length", "content.length", "Keep_Alive",
		"Proxy_Connection", "transfer~encoding"};
	struct rig *rig = *state;

	rig->settings.alias_headers = ALIAS_PASS;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		rig->head.fields.count = 0;
		field(rig, names[i], "forged");
		rewrite_trailers(
			&rig->head.fields, rig->plan, NULL, &rig->stripped);
		assert_int_equal(rig->head.fields.count, 0);
		field(rig, names[i], "forged");
		assert_int_equal(rewrite(rig), HTTP_RULE_NONE);
		if (strstr(print(rig, &rig->head.fields), "forged"))
			fail_msg("%s", names[i]);
		assert_int_equal(rig->stripped.total, 2 * (i + 1));
		assert_int_equal(rig->stripped.alias, 2 * (i + 1));
	}
}

static void more_names_are_counted_than_remembered(void **state)
{
	struct rig *rig = *state;

	for (unsigned i = 0; i < 20; i++)
		field(rig, "X-CERT-VERIFY", "forged");
	assert_int_equal(rewrite(rig), HTTP_RULE_NONE);
	assert_int_equal(rig->stripped.total, 20);
}

/* R5 */
static void trailers_are_fields_too(void **state)
{
	struct rig *rig = *state;

	field(rig, "x_cert_verify", "SUCCESS");
	field(rig, "Digest", "1");
	field(rig, "odd_name", "1");
	rig->settings.alias_headers = ALIAS_REJECT;
	rewrite_trailers(&rig->head.fields, rig->plan, NULL, &rig->stripped);
	assert_string_equal(print(rig, &rig->head.fields), "Digest=1 ");
	assert_int_equal(rig->stripped.total, 2);
	assert_int_equal(rig->stripped.alias, 1);
	rewrite_trailers(NULL, rig->plan, NULL, &rig->stripped);
}

/* R5 */
static void the_trailer_field_names_what_is_left(void **state)
{
	static const struct {
		const char *before, *after;
	} rows[] = {
		{"", ""},
		{"Digest", "Digest"},
		{"X-CERT-VERIFY", ""},
		{"Digest,X-Cert-Verify , Sum", "Digest, Sum"},
		{"a,b,c", "a, b, c"},
		{",, ,", ""},
		{"odd_name, Via, Sum", "Sum"},
	};
	struct rig *rig = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		rig->head.trailer_names = slice_str(rows[i].before);
		assert_int_equal(rewrite(rig), HTTP_RULE_NONE);
		assert_true(slice_eq(
			rig->head.trailer_names, slice_str(rows[i].after)));
	}
	assert_int_equal(rig->stripped.alias, 0);
}

static void host_is_preserved_or_that_of_the_origin(void **state)
{
	struct rig *rig = *state;

	rig->settings.host = HOST_ORIGIN;
	assert_int_equal(rewrite(rig), HTTP_RULE_NONE);
	assert_true(slice_eq(rig->head.authority, SLICE("origin:80")));
	assert_non_null(strstr(
		print(rig, &rig->head.fields), "X-Forwarded-Host=www.example"));
	/* HTTP/1.0 without a Host */
	rig->settings.host = HOST_PRESERVE;
	rig->head.fields.count = 0;
	rig->head.authority = SLICE("");
	rig->head.version = MESSAGE_HTTP_1_0;
	assert_int_equal(rewrite(rig), HTTP_RULE_NONE);
	assert_true(slice_eq(rig->head.authority, SLICE("origin:80")));
	assert_null(strstr(print(rig, &rig->head.fields), "Forwarded-Host"));
	assert_non_null(strstr(print(rig, &rig->head.fields), "1.0 mtlsgate"));
}

static void forwarded_none_adds_nothing_and_still_strips(void **state)
{
	struct rig *rig = *state;

	rig->settings.forwarded = FORWARDED_NONE;
	field(rig, "X-Forwarded-For", "6.6.6.6");
	assert_int_equal(rewrite(rig), HTTP_RULE_NONE);
	assert_null(strstr(print(rig, &rig->head.fields), "Forwarded"));
}

static void a_client_without_address_is_not_forwarded_for(void **state)
{
	struct rig *rig = *state;

	rig->facts.client_ip = SLICE("");
	assert_int_equal(rewrite(rig), HTTP_RULE_NONE);
	assert_null(strstr(print(rig, &rig->head.fields), "Forwarded-For"));
}

/* R6 */
static void an_authority_that_cannot_be_a_value_is_refused(void **state)
{
	struct rig *rig = *state;

	rig->head.authority = SLICE("a\r\nX-CERT-VERIFY: SUCCESS");
	assert_int_equal(rewrite(rig), HTTP_RULE_HOST_SYNTAX);
	rig->head.authority = SLICE("z\xc3\xb6");
	assert_int_equal(rewrite(rig), HTTP_RULE_HOST_SYNTAX);
}

static void answers_get_via_and_a_date_if_they_lack_one(void **state)
{
	struct rig *rig = *state;

	field(rig, "Via", "1.1 inner");
	assert_true(answer(rig));
	assert_string_equal(print(rig, &rig->head.fields),
		"Via=1.1 inner Date=now Via=1.1 mtlsgate ");
	rig->head.fields.count = 0;
	field(rig, "date", "then");
	assert_true(answer(rig));
	assert_string_equal(
		print(rig, &rig->head.fields), "date=then Via=1.1 mtlsgate ");
}

/* Settings put together by hand, as the loader would compile them. */
static void use(struct rig *rig, struct config_header_edits request,
	struct config_header_edits response)
{
	struct config_header_edits *both[] = {&request, &response};

	for (int i = 0; i < 2; i++) {
		size_t count = both[i]->set.count;

		both[i]->values = arena_zalloc(
			rig->arena, (count + 1) * sizeof(*both[i]->values));
		for (size_t v = 0; v < count; v++) {
			struct config_template_error why;

			assert_true(config_template_compile(
				slice_str(both[i]->set.items[v].value.text),
				rig->arena, &both[i]->values[v], &why));
		}
	}
	rig->settings.request = request;
	rig->settings.response = response;
	header_plan_free(rig->plan);
	rig->plan = header_plan_new(&rig->settings);
	assert_non_null(rig->plan);
	rig->facts.plan = rig->plan;
}

#define PAIR(name_, value_)                                         \
	{                                                           \
		.name = {.text = name_}, .value = {.text = value_ } \
	}

/* R1: and so is every name that a configuration sets. */
static void set_names_go_in_every_spelling(void **state)
{
	static struct config_pair pairs[] = {
		PAIR("X-Team", "{cert.subject.ou}"),
		PAIR("Tls_Version", "{tls.version}"), PAIR("9lives", "9")};
	static const char *const forged[] = {"X-Team", "x_team", "X.TEAM",
		"tls-version", "TLS_Version", "Tls~Version", "9LIVES"};
	static const char *const others[] = {
		"X-Teams", "Team", "X-Tea", "Tls-Versio", "Y-Team", "8lives"};
	struct rig *rig = *state;

	use(rig, (struct config_header_edits){.set = {pairs, 3}},
		(struct config_header_edits){.set = {NULL, 0}});
	rig->settings.alias_headers = ALIAS_PASS;
	for (size_t i = 0; i < sizeof(forged) / sizeof(*forged); i++) {
		rig->head.fields.count = 0;
		field(rig, forged[i], "forged");
		rewrite_trailers(
			&rig->head.fields, rig->plan, NULL, &rig->stripped);
		assert_int_equal(rig->head.fields.count, 0); /* R5 */
		field(rig, forged[i], "forged");
		assert_int_equal(rewrite(rig), HTTP_RULE_NONE);
		if (strstr(print(rig, &rig->head.fields), "forged"))
			fail_msg("%s", forged[i]);
		assert_int_equal(rig->stripped.total, 2 * (i + 1));
	}
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
		rig->head.fields.count = 0;
		field(rig, others[i], "mine");
		assert_int_equal(rewrite(rig), HTTP_RULE_NONE);
		assert_non_null(strstr(print(rig, &rig->head.fields), "mine"));
	}
}

/* R3: each exactly once. */
static void setting_one_of_ours_takes_its_place(void **state)
{
	static struct config_pair pairs[] = {
		PAIR("x_request_id", "{request.id}"),
		PAIR("X-Forwarded-For", "{client.ip}")};
	struct rig *rig = *state;

	use(rig, (struct config_header_edits){.set = {pairs, 2}},
		(struct config_header_edits){.set = {NULL, 0}});
	assert_int_equal(rewrite(rig), HTTP_RULE_NONE);
	assert_string_equal(print(rig, &rig->head.fields),
		"X-Forwarded-Host=www.example X-Forwarded-Proto=https "
		"Via=1.1 mtlsgate ");
}

static void what_is_to_be_removed_goes_without_being_counted(void **state)
{
	static struct config_text names[] = {
		{.text = "X-Powered-By"}, {.text = "Cookie"}};
	struct rig *rig = *state;

	use(rig, (struct config_header_edits){.remove = {names, 2}},
		(struct config_header_edits){.set = {NULL, 0}});
	field(rig, "x-powered-by", "1");
	field(rig, "COOKIE", "2");
	field(rig, "Cookies", "3");
	assert_int_equal(rewrite(rig), HTTP_RULE_NONE);
	assert_non_null(strstr(
		print(rig, &rig->head.fields), "Cookies=3 X-Forwarded-For"));
	assert_int_equal(rig->head.fields.count, 6);
	assert_int_equal(rig->stripped.total, 0);
}

static void answers_are_edited_as_configured(void **state)
{
	static struct config_pair pairs[] = {
		PAIR("Strict-Transport-Security", "max-age=1"),
		PAIR("X-Id", "<{request.id}> {{}")};
	static struct config_text names[] = {{.text = "Server"}};
	struct rig *rig = *state;

	use(rig, (struct config_header_edits){.set = {NULL, 0}},
		(struct config_header_edits){
			.set = {pairs, 2}, .remove = {names, 1}});
	field(rig, "server", "x");
	field(rig, "strict-transport-security", "max-age=0");
	field(rig, "X-Id", "theirs");
	field(rig, "ETag", "1");
	rig->head.trailer_names = SLICE("Server, Sum,x_id");
	assert_true(answer(rig));
	assert_true(slice_eq(rig->head.trailer_names, SLICE("Sum"))); /* R5 */
	assert_string_equal(print(rig, &rig->head.fields),
		"ETag=1 Date=now Strict-Transport-Security=max-age=1 "
		"X-Id=<id-1> {} Via=1.1 mtlsgate ");
}

int main(void)
{
	struct CMUnitTest tests[] = {
		cmocka_unit_test(ours_are_added_and_the_certificates_are_lent),
		cmocka_unit_test(reserved_names_go_in_every_spelling),
		cmocka_unit_test(neighbours_of_reserved_names_stay),
		cmocka_unit_test(other_odd_names_are_dropped_refused_or_passed),
		cmocka_unit_test(
			odd_names_of_framing_fields_go_even_under_pass),
		cmocka_unit_test(more_names_are_counted_than_remembered),
		cmocka_unit_test(trailers_are_fields_too),
		cmocka_unit_test(the_trailer_field_names_what_is_left),
		cmocka_unit_test(host_is_preserved_or_that_of_the_origin),
		cmocka_unit_test(forwarded_none_adds_nothing_and_still_strips),
		cmocka_unit_test(a_client_without_address_is_not_forwarded_for),
		cmocka_unit_test(
			an_authority_that_cannot_be_a_value_is_refused),
		cmocka_unit_test(answers_get_via_and_a_date_if_they_lack_one),
		cmocka_unit_test(set_names_go_in_every_spelling),
		cmocka_unit_test(setting_one_of_ours_takes_its_place),
		cmocka_unit_test(
			what_is_to_be_removed_goes_without_being_counted),
		cmocka_unit_test(answers_are_edited_as_configured),
	};

	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
		tests[i].setup_func = start;
		tests[i].teardown_func = stop;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
