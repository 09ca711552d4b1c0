/* R12 as a table: what held then, what holds now, and the decision. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tls/resumption.h"

enum { NOW = 1800000000, HOUR = 3600, DAY = 24 * HOUR };

static const struct resumption_terms terms = {
	.trust = {1, 2, 3}, .next_update_s = INT64_MAX};

static const struct resumption here = {.terms = &terms,
	.decided_s = NOW,
	.group = 7,
	.server_name = {4, 5, 6}};

static const struct ticket_data good = {.trust = {1, 2, 3},
	.server_name = {4, 5, 6},
	.group = 7,
	.since_s = NOW - HOUR,
	.not_after_s = NOW + DAY,
	.next_update_s = INT64_MAX,
	.verdict = TICKET_DATA_OK,
	.sent = 1};

/* One fact changed since; 0 in a member: as it was. */
struct row {
	const char *what;
	enum resumption_reason reason;
	uint8_t trust; /* another digest now */
	uint8_t name;  /* another name asked for */
	uint32_t group;
	int64_t since_s;
	int64_t not_after_s;
	int64_t crl_then_s;
	int64_t crl_now_s;
	uint8_t verdict;
	bool chain_needed;
};

static const struct row rows[] = {
	{"nothing changed", RESUMPTION_ACCEPTED, .trust = 0},
	/* the digest covers CAs, CRLs, deny lists, mode, depth, purpose and
	 * the listener's name; test_trust has them one by one */
	{"a CA removed, a serial revoked, the mode tightened, another listener",
		RESUMPTION_TRUST_CHANGED, .trust = 9},
	{"another server name", RESUMPTION_SERVER_NAME, .name = 9},
	{"a name that moved to other certificates", RESUMPTION_GROUP,
		.group = 8},
	{"a header needs the chain", RESUMPTION_CHAIN_NEEDED,
		.chain_needed = true},
	{"the last second of the certificate", RESUMPTION_ACCEPTED,
		.not_after_s = NOW + 1},
	{"expired this second", RESUMPTION_EXPIRED, .not_after_s = NOW},
	{"expired since", RESUMPTION_EXPIRED, .not_after_s = NOW - 1},
	{"the last second of its life", RESUMPTION_ACCEPTED,
		.since_s = NOW - RESUMPTION_LIFETIME_S + 1},
	{"too old this second", RESUMPTION_TOO_OLD,
		.since_s = NOW - RESUMPTION_LIFETIME_S},
	{"begun in 1970", RESUMPTION_TOO_OLD, .since_s = 1},
	{"begun where the clock is a little ahead", RESUMPTION_ACCEPTED,
		.since_s = NOW + RESUMPTION_SKEW_S},
	{"begun in the future", RESUMPTION_CLOCK,
		.since_s = NOW + RESUMPTION_SKEW_S + 1},
	{"begun at the end of time", RESUMPTION_CLOCK, .since_s = INT64_MAX},
	{"a CRL that ends now", RESUMPTION_CRL_STALE, .crl_then_s = NOW},
	{"a CRL that goes on a second", RESUMPTION_ACCEPTED,
		.crl_then_s = NOW + 1},
	{"today's CRL ended", RESUMPTION_CRL_STALE, .crl_now_s = NOW,
		.crl_then_s = NOW + DAY},
	{"that day's CRL ended, today's goes on", RESUMPTION_CRL_STALE,
		.crl_then_s = NOW, .crl_now_s = NOW + DAY},
	{"a verdict that is not ok", RESUMPTION_NO_VERDICT, .verdict = 2},
	{"trust comes before time", RESUMPTION_TRUST_CHANGED, .trust = 9,
		.not_after_s = NOW - 1, .since_s = 1},
};

static void each_fact_is_looked_at(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *row = &rows[i];
		struct resumption_terms today = terms;
		struct resumption now = here;
		struct ticket_data then = good;
		enum resumption_reason reason;

		now.terms = &today;
		today.trust[31] = row->trust;
		today.chain_needed = row->chain_needed;
		if (row->crl_now_s)
			today.next_update_s = row->crl_now_s;
		if (row->name)
			now.server_name[0] = row->name;
		if (row->group)
			now.group = row->group;
		if (row->since_s)
			then.since_s = row->since_s;
		if (row->not_after_s)
			then.not_after_s = row->not_after_s;
		if (row->crl_then_s)
			then.next_update_s = row->crl_then_s;
		if (row->verdict)
			then.verdict = row->verdict;
		reason = resumption_decide(&now, &then);
		if (reason != row->reason)
			fail_msg("%s: \"%s\" (%d)", row->what,
				resumption_word(reason), reason);
	}
}

static void without_terms_nothing_resumes(void **state)
{
	struct resumption none = here;

	(void)state;
	none.terms = NULL;
	assert_int_not_equal(
		resumption_decide(&none, &good), RESUMPTION_ACCEPTED);
}

static void a_ticket_ends_when_its_first_fact_does(void **state)
{
	static const struct {
		int64_t since_s, not_after_s, crl_then_s, crl_now_s, left_s;
	} cases[] = {
		{NOW, NOW + DAY, INT64_MAX, INT64_MAX, RESUMPTION_LIFETIME_S},
		{NOW - HOUR, NOW + DAY, INT64_MAX, INT64_MAX,
			RESUMPTION_LIFETIME_S - HOUR},
		{NOW, NOW + 5, INT64_MAX, INT64_MAX, 5},
		{NOW, NOW + DAY, NOW + 6, INT64_MAX, 6},
		{NOW, NOW + DAY, INT64_MAX, NOW + 7, 7},
		{NOW, NOW, INT64_MAX, INT64_MAX, 0},
		{NOW - DAY, NOW + DAY, INT64_MAX, INT64_MAX, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct resumption_terms today = terms;
		struct ticket_data data = good;

		data.since_s = cases[i].since_s;
		data.not_after_s = cases[i].not_after_s;
		data.next_update_s = cases[i].crl_then_s;
		today.next_update_s = cases[i].crl_now_s;
		assert_int_equal(
			resumption_left(&today, &data, NOW), cases[i].left_s);
	}
}

/* No ticket that resumption_left gave time is refused within that time. */
static void what_is_promised_is_kept(void **state)
{
	struct resumption now = here;
	int64_t left_s = resumption_left(&terms, &good, NOW);

	(void)state;
	now.decided_s = NOW + left_s - 1;
	assert_int_equal(resumption_decide(&now, &good), RESUMPTION_ACCEPTED);
	now.decided_s = NOW + left_s;
	assert_int_equal(resumption_decide(&now, &good), RESUMPTION_TOO_OLD);
}

static void a_name_has_one_digest_however_it_is_written(void **state)
{
	static const uint8_t zero[TICKET_DATA_NAME];
	uint8_t a[TICKET_DATA_NAME], b[TICKET_DATA_NAME];
	char longest[256];

	(void)state;
	memset(longest, 'a', sizeof(longest));
	assert_true(resumption_name(a, SLICE("API.example.org")));
	assert_true(resumption_name(b, SLICE("api.Example.ORG")));
	assert_memory_equal(a, b, sizeof(a));
	assert_true(resumption_name(b, SLICE("api.example.or")));
	assert_memory_not_equal(a, b, sizeof(a));
	assert_true(resumption_name(b, SLICE("")));
	assert_memory_equal(b, zero, sizeof(b));
	assert_true(resumption_name(b, slice_of(longest, sizeof(longest))));
	assert_false(
		resumption_name(b, slice_of(longest, sizeof(longest) + 1)));
}

static void every_refusal_has_a_word_of_its_own(void **state)
{
	(void)state;
	for (int i = RESUMPTION_ACCEPTED + 1; i < RESUMPTION_REASONS; i++) {
		assert_true(strlen(resumption_word(i)) > 0);
		for (int j = 0; j < i; j++)
			assert_string_not_equal(
				resumption_word(i), resumption_word(j));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_fact_is_looked_at),
		cmocka_unit_test(without_terms_nothing_resumes),
		cmocka_unit_test(a_ticket_ends_when_its_first_fact_does),
		cmocka_unit_test(what_is_promised_is_kept),
		cmocka_unit_test(a_name_has_one_digest_however_it_is_written),
		cmocka_unit_test(every_refusal_has_a_word_of_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
