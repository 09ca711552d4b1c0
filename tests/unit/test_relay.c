/* relay: backpressure, and nothing else. */
#include "proxy/relay.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "fake/fake_stream.h"

struct ends {
	struct fake_stream from;
	struct fake_stream to;
	struct relay relay;
};

static int start(void **state)
{
	static struct ends ends;

	fake_stream_init(&ends.from);
	fake_stream_init(&ends.to);
	relay_init(&ends.relay, &ends.from.stream);
	*state = &ends;
	return 0;
}

static int stop(void **state)
{
	struct ends *ends = *state;

	fake_stream_fini(&ends->from);
	fake_stream_fini(&ends->to);
	return 0;
}

static void bytes_and_the_end_are_passed_on(void **state)
{
	struct ends *e = *state;

	relay_join(&e->relay, &e->to.stream);
	relay_body(&e->relay, SLICE("one"));
	relay_body(&e->relay, SLICE("two"));
	relay_end(&e->relay, NULL);
	assert_string_equal(
		fake_stream_verbs(&e->to), "body(one) body(two) end");
	assert_string_equal(fake_stream_verbs(&e->from), "");
}

static void a_full_end_pauses_the_other_until_it_has_room(void **state)
{
	struct ends *e = *state;

	relay_join(&e->relay, &e->to.stream);
	e->to.full = true;
	relay_body(&e->relay, SLICE("one"));
	assert_string_equal(fake_stream_verbs(&e->from), "pause");
	relay_room(&e->relay);
	assert_string_equal(fake_stream_verbs(&e->from), "resume");
	relay_room(&e->relay); /* room nobody waits for */
	assert_string_equal(fake_stream_verbs(&e->from), "");
}

static void a_held_end_goes_on_when_the_other_joins(void **state)
{
	struct ends *e = *state;

	relay_hold(&e->relay);
	assert_string_equal(fake_stream_verbs(&e->from), "pause");
	relay_join(&e->relay, &e->to.stream);
	assert_string_equal(fake_stream_verbs(&e->from), "resume");
}

static void an_end_that_came_early_is_passed_on_at_each_join(void **state)
{
	struct ends *e = *state;

	relay_end(&e->relay, NULL);
	relay_join(&e->relay, &e->to.stream);
	assert_string_equal(fake_stream_verbs(&e->to), "end");
	relay_part(&e->relay);
	relay_join(&e->relay, &e->to.stream);
	assert_string_equal(fake_stream_verbs(&e->to), "end");
	assert_string_equal(fake_stream_verbs(&e->from), "");
}

static void parting_pauses_what_still_flows(void **state)
{
	struct ends *e = *state;

	relay_join(&e->relay, &e->to.stream);
	relay_part(&e->relay);
	assert_string_equal(fake_stream_verbs(&e->from), "pause");
	relay_room(&e->relay); /* of the end that parted: not ours */
	assert_true(e->from.paused);
	relay_join(&e->relay, &e->to.stream);
	assert_false(e->from.paused);
}

static void parting_while_blocked_pauses_once(void **state)
{
	struct ends *e = *state;

	relay_join(&e->relay, &e->to.stream);
	e->to.full = true;
	relay_body(&e->relay, SLICE("x"));
	relay_part(&e->relay);
	assert_string_equal(fake_stream_verbs(&e->from), "pause");
	relay_join(&e->relay, &e->to.stream);
	assert_string_equal(fake_stream_verbs(&e->from), "resume");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_and_the_end_are_passed_on),
		cmocka_unit_test(a_full_end_pauses_the_other_until_it_has_room),
		cmocka_unit_test(a_held_end_goes_on_when_the_other_joins),
		cmocka_unit_test(
			an_end_that_came_early_is_passed_on_at_each_join),
		cmocka_unit_test(parting_pauses_what_still_flows),
		cmocka_unit_test(parting_while_blocked_pauses_once),
	};
	struct CMUnitTest framed[sizeof(tests) / sizeof(tests[0])];

	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
		framed[i] = tests[i];
		framed[i].setup_func = start;
		framed[i].teardown_func = stop;
	}
	return cmocka_run_group_tests(framed, NULL, NULL);
}
