/* route: the first that matches counts. */
#include "policy/route.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "fake/rules_rig.h"
#include "policy/path.h"

static const char yaml[] =
	"listeners:\n"
	"  - {name: one, address: 127.0.0.1:1}\n"
	"  - {name: two, address: 127.0.0.1:2, client_auth: {mode: optional}}\n"
	"origins: {web: {servers: [unix:/w]}, pay: {servers: [unix:/p]}}\n"
	"policies: {staff: {any: [{subject_ou: SRE}]}}\n"
	"routes:\n"
	"  - {name: ping, match: {listener: two, path: /ping,\n"
	"      methods: [GET, HEAD]}, certificate: not_needed,\n"
	"      respond: {status: 204}}\n"
	"  - {name: pay, match: {host: api.example.org, path: /pay/**},\n"
	"      policy: staff, origin: pay}\n"
	"  - {name: star, match: {host: \"*.example.org\", path: /s/*/x},\n"
	"      origin: web}\n"
	"  - {name: deep, match: {host: \"**.example.org\", path: /d/**},\n"
	"      origin: web}\n"
	"  - {name: root, match: {path: /}, origin: web}\n"
	"  - {name: two-paths, match: {host: [a.b, c.d], path: [/1, /2]},\n"
	"      origin: web}\n"
	"  - {name: pathless, match: {host: plain.example}, origin: web}\n"
	"  - {name: v6, match: {host: [\"[::1]\",\n"
	"      \"[2001:DB8::0:a]\"]}, origin: web}\n"
	"  - {name: posts, match: {methods: POST}, origin: web}\n"
	"  - {name: below, match: {path: /x/**}, origin: web}\n";

static const struct {
	const char *listener, *method, *authority, *path, *route;
} cases[] = {
	{"2", "GET", "h", "/ping", "ping"},
	{"2", "HEAD", "h", "/ping/", "ping"},
	{"2", "POST", "h", "/ping", "posts"}, {"1", "GET", "h", "/ping", NULL},
	{"1", "GET", "api.example.org", "/pay/x", "pay"},
	{"1", "GET", "API.Example.ORG:8443", "/pay/x/y", "pay"},
	{"1", "GET", "api.example.org.", "/pay/x/", "pay"},
	{"1", "GET", "api.example.org", "/pay", "pay"},
	{"1", "GET", "api.example.org", "/pay/", "pay"},
	{"1", "GET", "api.example.org", "/PAY/x", NULL},
	{"1", "GET", "api.example.org", "/payx", NULL},
	{"1", "GET", "api.example.org", "//pay/../pay/%78", "pay"},
	{"1", "GET", "xapi.example.org", "/pay/x", NULL},
	{"1", "GET", "example.org", "/s/1/x", NULL},
	{"1", "GET", "a.example.org", "/s/1/x", "star"},
	{"1", "GET", "a.example.org", "/s/x", NULL},
	{"1", "GET", "a.example.org", "/s/1/2/x", NULL},
	{"1", "GET", "a.b.example.org", "/s/1/x", NULL},
	{"1", "GET", ".example.org", "/s/1/x", NULL},
	{"1", "GET", "a.b.example.org", "/d/1", "deep"},
	{"1", "GET", "a.example.org", "/d", "deep"},
	{"1", "GET", "example.org", "/d", NULL}, {"1", "GET", "h", "/", "root"},
	{"1", "GET", "", "/", "root"}, {"1", "GET", "a.b", "/2", "two-paths"},
	{"1", "GET", "c.d", "/1/", "two-paths"},
	{"1", "GET", "c.d", "/3", NULL},
	{"1", "GET", "plain.example", "/any/thing", "pathless"},
	{"1", "OPTIONS", "plain.example", "*", "pathless"},
	{"1", "OPTIONS", "a.b", "*", NULL}, {"1", "POST", "h", "*", "posts"},
	{"1", "GET", "[::1]:80", "/q", "v6"}, {"1", "post", "h", "/q", NULL},
	{"1", "GET", "[0:0::01]", "/q", "v6"},
	{"1", "GET", "[::0.0.0.1]", "/q", "v6"},
	{"1", "GET", "[::2]", "/q", NULL},
	{"1", "GET", "[2001:db8:0:0::A]", "/q", "v6"},
	{"1", "POST", "", "/q", "posts"}, {"1", "GET", "h", "/x", "below"},
	{"1", "GET", "h", "/x/1/2/3", "below"},
	{"1", "GET", "h", "/x;p/1", NULL}, /* judged as it stands */
};

static struct route_request request_of(size_t i, struct arena *arena)
{
	struct route_request request = {
		.listener = (size_t)(cases[i].listener[0] - '1'),
		.authority = slice_str(cases[i].authority),
		.method = slice_str(cases[i].method)};
	struct path path;

	if (strcmp(cases[i].path, "*") != 0) {
		assert_int_equal(
			path_read(slice_str(cases[i].path), arena, &path),
			PATH_GOOD);
		request.path = path.judged;
	}
	return request;
}

static void the_first_that_matches_counts(void **state)
{
	const struct route_table *table;
	struct rules_rig rig;

	(void)state;
	rules_init(&rig, yaml);
	if (!rig.rules)
		fail_msg("%s", rig.problems);
	table = rulebook_routes(rig.rules);
	assert_true(route_table_judges_paths(table));
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct route_request request = request_of(i, rig.arena);
		const struct route *route = route_find(table, &request);
		const char *name = route ? route->name : "(none)";
		const char *wanted = cases[i].route ? cases[i].route : "(none)";

		if (strcmp(name, wanted) != 0)
			fail_msg("%s %s%s: %s, not %s", cases[i].method,
				cases[i].authority, cases[i].path, name,
				wanted);
	}
	rules_fini(&rig);
}

/* What explain says of one route is what the index finds. */
static void explaining_agrees_with_finding(void **state)
{
	const struct route_table *table;
	struct rules_rig rig;

	(void)state;
	rules_init(&rig, yaml);
	assert_non_null(rig.rules);
	table = rulebook_routes(rig.rules);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct route_request request = request_of(i, rig.arena);
		const struct route *route = route_find(table, &request);
		size_t first = 0;

		while (first < route_count(table) &&
			route_explain(table, first, &request) != ROUTE_MATCHES)
			first++;
		if (route)
			assert_ptr_equal(route_at(table, first), route);
		else
			assert_int_equal(first, route_count(table));
	}
	rules_fini(&rig);
}

static void a_route_says_where_it_leads_and_what_it_needs(void **state)
{
	const struct route_table *table;
	const struct route *ping, *pay;
	struct rules_rig rig;

	(void)state;
	rules_init(&rig, yaml);
	assert_non_null(rig.rules);
	table = rulebook_routes(rig.rules);
	ping = route_at(table, 0);
	pay = route_at(table, 1);
	assert_int_equal(ping->origin, ROUTE_NONE);
	assert_false(ping->needs_certificate);
	assert_int_equal(ping->policy, ROUTE_NONE);
	assert_int_equal(ping->settings->respond_status, 204);
	assert_int_equal(pay->origin, 1);
	assert_int_equal(pay->policy, 0);
	assert_true(pay->needs_certificate);
	/* it meets a listener that is not `require` */
	assert_false(route_at(table, 2)->needs_certificate);
	rules_fini(&rig);
}

static void without_a_list_everything_goes_to_the_only_origin(void **state)
{
	const struct route_request request = {.method = SLICE("GET")};
	const struct route *route;
	struct rules_rig rig;

	(void)state;
	rules_init(&rig, "origin: unix:/o\n");
	assert_non_null(rig.rules);
	route = route_find(rulebook_routes(rig.rules), &request);
	assert_non_null(route);
	assert_int_equal(route->origin, 0);
	assert_int_equal(route->policy, ROUTE_NONE);
	assert_string_equal(route->name, "");
	assert_null(route->settings);
	assert_false(route_table_judges_paths(rulebook_routes(rig.rules)));
	rules_fini(&rig);
}

static void a_name_longer_than_any_is_no_name(void **state)
{
	char host[300] = "";
	struct route_request request = {.method = SLICE("GET"),
		.authority = slice_of(host, sizeof(host)),
		.path = SLICE("/d")};
	struct rules_rig rig;

	(void)state;
	memset(host, 'a', sizeof(host));
	memcpy(host + sizeof(host) - 12, ".example.org", 12);
	rules_init(&rig, yaml);
	assert_null(route_find(rulebook_routes(rig.rules), &request));
	rules_fini(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_that_matches_counts),
		cmocka_unit_test(explaining_agrees_with_finding),
		cmocka_unit_test(a_route_says_where_it_leads_and_what_it_needs),
		cmocka_unit_test(
			without_a_list_everything_goes_to_the_only_origin),
		cmocka_unit_test(a_name_longer_than_any_is_no_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
