#include "config/config_schema_guess.h"

#include <stdarg.h>
#include <setjmp.h>
#include <string.h>
#include <cmocka.h>

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
		cmocka_unit_test(near_means_two_typing_errors_at_most),
		cmocka_unit_test(an_unknown_key_is_guessed_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
