#include "config/config_schema.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "config/config.h"
#include "config/config_value.h"

static void every_key_stands_once_and_below_a_map(void **state)
{
	(void)state;
	for (const struct config_key *k = config_schema(); k->path; k++) {
		char parent[128];
		char *dot;

		for (const struct config_key *o = config_schema(); o != k; o++)
			assert_string_not_equal(o->path, k->path);
		snprintf(parent, sizeof(parent), "%s", k->path);
		dot = strrchr(parent, '.');
		if (!dot)
			continue;
		*dot = '\0';
		assert_non_null(config_schema_find(parent));
		if (strcmp(dot + 1, "*"))
			assert_int_equal(config_schema_find(parent)->type,
				CONFIG_TYPE_MAP);
	}
}

static void every_key_says_what_it_is(void **state)
{
	(void)state;
	for (const struct config_key *k = config_schema(); k->path; k++) {
		assert_non_null(k->help);
		assert_true(strlen(k->help) > 3);
		assert_null(strchr(k->help, '\n'));
		assert_true(!k->same_as || config_schema_find(k->same_as));
		assert_true(k->type != CONFIG_TYPE_WORD || k->words);
		assert_true(k->min <= k->max);
	}
}

static void every_value_lies_within_its_home(void **state)
{
	static const size_t homes[] = {
		[CONFIG_HOME_NONE] = 0,
		[CONFIG_HOME_CONFIG] = sizeof(struct config),
		[CONFIG_HOME_LISTENER] = sizeof(struct config_listener),
		[CONFIG_HOME_ORIGIN] = sizeof(struct config_origin),
	};

	(void)state;
	for (const struct config_key *k = config_schema(); k->path; k++) {
		assert_true(k->offset + k->size <= homes[k->home]);
		if (config_value_is_number(k))
			assert_true(!k->size || k->size == 1 || k->size == 4 ||
				    k->size == 8);
		if (k->type == CONFIG_TYPE_TEXT || k->type == CONFIG_TYPE_PATH)
			assert_int_equal(k->size, sizeof(struct config_text));
		for (const struct config_key *o = config_schema(); o != k; o++)
			assert_true(!k->size || o->home != k->home ||
				    !o->size ||
				    o->offset + o->size <= k->offset ||
				    k->offset + k->size <= o->offset);
	}
}

static void every_number_has_a_default_that_it_accepts(void **state)
{
	(void)state;
	for (const struct config_key *k = config_schema(); k->path; k++) {
		struct config_complaint why;
		uint64_t value;

		if (!config_value_is_number(k))
			continue;
		assert_non_null(k->fallback);
		if (!config_value_parse(
			    k, slice_str(k->fallback), &value, &why))
			fail_msg("%s: %s", k->path, why.what);
	}
}

static void keys_are_found_right_below_their_map_only(void **state)
{
	const struct config_key *cert = config_schema_find("tls.cert");

	(void)state;
	assert_non_null(cert);
	assert_ptr_equal(config_schema_child("tls", SLICE("cert")), cert);
	assert_null(config_schema_child("", SLICE("cert")));
	assert_null(config_schema_child("", SLICE("tls.cert")));
	assert_null(config_schema_child("tl", SLICE("s.cert")));
	assert_null(config_schema_child("", SLICE("")));
	assert_null(config_schema_child("", SLICE("listeners[]")));
	assert_null(config_schema_child("origins", SLICE("*")));
	assert_null(config_schema_child("logging", SLICE("access.enabled")));
	assert_non_null(config_schema_child("listeners[]", SLICE("address")));
	assert_non_null(config_schema_child("origins.*", SLICE("servers")));
	assert_non_null(
		config_schema_child("origins.*.keepalive", SLICE("idle")));
	assert_true(config_schema_is_child("tls", cert));
	assert_false(config_schema_is_child("", cert));
	assert_null(config_schema_find("tls.nothing"));
}

static const struct {
	const char *text, *word;
	size_t steps; /* SIZE_MAX: not near */
} words[] = {
	{"timeouts", "timeouts", 0},
	{"timeout", "timeouts", 1},
	{"timeoutss", "timeouts", 1},
	{"timeputs", "timeouts", 1},
	{"timeuots", "timeouts", 1}, /* swapped letters are one step */
	{"TIMEOUTS", "timeouts", 0},
	{"tmieuots", "timeouts", 2},
	{"time", "timeouts", SIZE_MAX},
	{"crt", "cert", 1},
	{"kye", "key", 1},
	{"k", "key", SIZE_MAX}, /* more than half of the word is wrong */
	{"ab", "key", SIZE_MAX},
	{"", "ca", SIZE_MAX},
	{"ca", "key", SIZE_MAX},
};

static void near_means_two_typing_errors_at_most(void **state)
{
	char wide[200];

	(void)state;
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		assert_true(
			config_near(slice_str(words[i].text),
				slice_str(words[i].word)) == words[i].steps);
	memset(wide, 'k', sizeof(wide));
	assert_true(config_near(slice_of(wide, sizeof(wide)), SLICE("key")) ==
		    SIZE_MAX);
}

static const struct {
	const char *prefix, *name;
	enum config_guess guess;
	const char *meant;
} guesses[] = {
	{"", "lisen", CONFIG_GUESS_NEAR, "listen"},
	{"", "listners", CONFIG_GUESS_NEAR, "listeners"},
	{"client_auth", "requre_eku", CONFIG_GUESS_NEAR, "require_eku"},
	{"origins.*", "server", CONFIG_GUESS_NEAR, "servers"},
	{"", "cert", CONFIG_GUESS_PLACE, "tls.cert"},
	{"tls", "max_depth", CONFIG_GUESS_PLACE, "client_auth.max_depth"},
	/* in several places: it would be a guess of one */
	{"limits", "address", CONFIG_GUESS_NONE, NULL},
	{"", "ssl_verify_client", CONFIG_GUESS_FOREIGN, "client_auth.mode"},
	{"", "verify", CONFIG_GUESS_FOREIGN, "client_auth.mode"},
	{"tls", "ca_file", CONFIG_GUESS_FOREIGN, "client_auth.ca"},
	{"tls", "CAfile", CONFIG_GUESS_FOREIGN, "client_auth.ca"},
	{"", "upstream", CONFIG_GUESS_FOREIGN, "origin"},
	{"", "backend", CONFIG_GUESS_FOREIGN, "origin"},
	{"", "proxy_pass", CONFIG_GUESS_FOREIGN, "origin"},
	{"", "something", CONFIG_GUESS_NONE, NULL},
	{"", "", CONFIG_GUESS_NONE, NULL},
};

static void an_unknown_key_is_guessed_at_once(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(guesses) / sizeof(*guesses); i++) {
		const char *meant = NULL;

		assert_int_equal(config_schema_guess(guesses[i].prefix,
					 slice_str(guesses[i].name), &meant),
			guesses[i].guess);
		if (guesses[i].meant)
			assert_string_equal(meant, guesses[i].meant);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_key_stands_once_and_below_a_map),
		cmocka_unit_test(every_key_says_what_it_is),
		cmocka_unit_test(every_value_lies_within_its_home),
		cmocka_unit_test(every_number_has_a_default_that_it_accepts),
		cmocka_unit_test(keys_are_found_right_below_their_map_only),
		cmocka_unit_test(near_means_two_typing_errors_at_most),
		cmocka_unit_test(an_unknown_key_is_guessed_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
