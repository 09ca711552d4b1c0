#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "http/h1_parse.h"

#include "base/arena.h"
#include "fake/h1_cases.h"
#include "fake/h1_judge.h"

/* R8: every row of the table gets the verdict and the rule it names. */
static void every_request_gets_its_verdict(void **state)
{
	const struct h1_case *c;
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; (c = h1_case_at(i)); i++) {
		struct arena *arena = arena_new(NULL);
		struct h1_verdict v = h1_judge(H1_REQUEST, METHOD_OTHER, c->raw,
		        0, &h1_judge_limits, arena);
		bool good =
		        c->rule ? v.end == H1_END_BAD && v.rule == c->rule
		                : v.end == H1_END_DONE && v.len == c->raw.len;

		if (!good) {
			print_error("%s: end %d, rule %s at %zu, not %s\n",
			        c->name, v.end, http_rule_info(v.rule)->name,
			        v.offset, http_rule_info(c->rule)->name);
			wrong++;
		}
		arena_free(arena);
	}
	assert_int_equal(wrong, 0);
}

/* R8: how the bytes arrive changes nothing. */
static void a_request_split_at_every_byte_gets_the_same_verdict(void **state)
{
	const struct h1_case *c;

	(void)state;
	for (size_t i = 0; (c = h1_case_at(i)); i++) {
		struct arena *arena = arena_new(NULL);
		struct h1_verdict whole = h1_judge(H1_REQUEST, METHOD_OTHER,
		        c->raw, 0, &h1_judge_limits, arena);
		struct h1_verdict split = h1_judge(H1_REQUEST, METHOD_OTHER,
		        c->raw, 1, &h1_judge_limits, arena);

		if (whole.end != split.end || whole.rule != split.rule ||
		        whole.offset != split.offset || whole.len != split.len)
			fail_msg("%s: %d %s at %zu, split %d %s at %zu",
			        c->name, whole.end,
			        http_rule_info(whole.rule)->name, whole.offset,
			        split.end, http_rule_info(split.rule)->name,
			        split.offset);
		arena_free(arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(every_request_gets_its_verdict),
	        cmocka_unit_test(
	                a_request_split_at_every_byte_gets_the_same_verdict),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
