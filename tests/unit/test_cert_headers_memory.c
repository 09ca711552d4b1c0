/* R23: whatever allocation fails while headers are made, none is half made. */
#include "fake/alloc_fail.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/arena.h"
#include "config/config_field.h"
#include "policy/cert_headers.h"
#include "policy/header_plan.h"

enum { MOST = 500 };

static struct slice names[] = {{"a.example", 9}, {"b,c.example", 11}};
static char octets[9000];
static struct cert_attribute parts[] = {{.short_name = "CN",
	.oid = "2.5.4.3",
	.tag = 12,
	.raw = {octets, 200},
	.rdn = 0}};
static const struct cert_extensions extensions = {
	.dns = {names, 2}, .uri = {names, 1}, .email = {names, 2}};
static const struct cert_info leaf = {.subject = {parts, 1},
	.issuer = {parts, 1},
	.serial = {"\x01", 1},
	.not_before = {true, 0},
	.not_after = {true, 1},
	.extensions = &extensions};

static struct slice ders[] = {{octets, 5000}, {octets, 5000}};
static const struct config_client_auth strict = {.mode = CLIENT_AUTH_REQUIRE};
static const struct client_auth ok = {
	.state = CLIENT_AUTH_OK, .sent = 2, .settings = &strict};
static const struct config_headers settings = {
	.presets = (1U << PRESET_NONE) - 1};

static enum cert_headers_fault add(const struct header_plan *plan,
	const struct cert_headers *headers, struct arena *arena)
{
	const struct header_request request = {.auth = &ok,
		.certs = {ders[0], ders + 1, 1},
		.id = SLICE("id")};
	struct header_block fields = {.count = 0};
	enum cert_headers_fault fault =
		cert_headers_add(plan, headers, &request, arena, &fields);

	if (fault == CERT_HEADERS_OK)
		assert_int_equal(fields.count, 4);
	return fault;
}

/* Were all made? */
static bool make_once(void)
{
	const struct header_facts facts = {
		.settings = &settings, .auth = &ok, .leaf = &leaf};
	struct cert_headers_problem problem = {CERT_HEADERS_NO_MEMORY, NULL};
	struct header_plan *plan = header_plan_new(&settings);
	struct arena *arena = arena_new(NULL);
	struct cert_headers *headers = NULL;

	/* so little is left in its first chunk that each step needs another */
	if (plan && arena && arena_alloc(arena, ARENA_CHUNK - 400)) {
		headers = cert_headers_new(plan, &facts, arena, &problem);
		assert_int_equal(!headers, problem.fault != CERT_HEADERS_OK);
	}
	if (headers)
		problem.fault = add(plan, headers, arena);
	cert_headers_free(headers);
	arena_free(arena);
	header_plan_free(plan);
	if (problem.fault != CERT_HEADERS_OK)
		assert_int_equal(problem.fault, CERT_HEADERS_NO_MEMORY);
	return problem.fault == CERT_HEADERS_OK;
}

static void all_headers_are_made_or_memory_was_short(void **state)
{
	(void)state;
	for (int lasting = 0; lasting < 2; lasting++) {
		size_t n = 0;
		bool failed, made;

		do {
			alloc_fail_arm(++n, lasting);
			alloc_fail_begin();
			made = make_once();
			alloc_fail_end();
			failed = alloc_fail_disarm();
			assert_int_equal(made, !failed);
			assert_true(n < MOST);
		} while (failed);
		assert_true(n > 4); /* else the test tests nothing */
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_headers_are_made_or_memory_was_short),
	};

	alloc_fail_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
