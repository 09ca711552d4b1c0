#include "config/yaml_tree.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "base/arena.h"
#include "config/config_problem.h"
#include "fake/problems_text.h"

struct fixture {
	struct arena *arena;
	struct config_problems *problems;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	*state = f;
	f->arena = arena_new(NULL);
	f->problems = config_problems_new();
	return f->arena && f->problems ? 0 : -1;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	arena_free(f->arena);
	config_problems_free(f->problems);
	free(f);
	return 0;
}

static const struct yaml_node *parse(struct fixture *f, struct slice text)
{
	return yaml_tree_parse(f->arena, text, "f", f->problems);
}

static void nodes_remember_their_place(void **state)
{
	const struct yaml_node *root = parse(*state, SLICE("a: 1\n"
							   "b:\n"
							   "  - x y\n"
							   "  - {c: \"q\"}\n"));
	const struct yaml_node *b, *c;

	assert_non_null(root);
	assert_int_equal(root->kind, YAML_KIND_MAP);
	assert_int_equal(root->count, 2);
	b = yaml_tree_find(root, "b");
	assert_non_null(b);
	assert_int_equal(b->kind, YAML_KIND_LIST);
	assert_int_equal(b->count, 2);
	assert_int_equal(b->key->mark.line, 2);
	assert_int_equal(b->first->mark.line, 3);
	assert_int_equal(b->first->mark.column, 5);
	assert_int_equal(b->first->width, 3);
	assert_string_equal(b->first->text.ptr, "x y");
	assert_false(b->first->quoted);
	assert_null(b->first->key);
	c = yaml_tree_find(b->first->next, "c");
	assert_non_null(c);
	assert_string_equal(c->text.ptr, "q");
	assert_true(c->quoted);
	assert_int_equal(c->width, 3);
	assert_int_equal(c->mark.line, 4);
	assert_int_equal(c->mark.column, 9);
	assert_string_equal(c->mark.file, "f");
	assert_int_equal(yaml_tree_key_mark(c).column, 6);
	assert_int_equal(yaml_tree_key_mark(root).line, 1);
	assert_int_equal(
		config_problems_errors(((struct fixture *)*state)->problems),
		0);
}

static void paths_lead_down_maps_only(void **state)
{
	const struct yaml_node *root =
		parse(*state, SLICE("a: {b: {c: 1}}\nd: [e]\n"));

	assert_non_null(root);
	assert_string_equal(yaml_tree_find_path(root, "a.b.c")->text.ptr, "1");
	assert_null(yaml_tree_find_path(root, "a.b.d"));
	assert_null(yaml_tree_find_path(root, "d.e"));
	assert_null(yaml_tree_find_path(root, "a.b.c.d"));
	assert_null(yaml_tree_find_path(NULL, "a"));
	assert_null(yaml_tree_find(NULL, "a"));
}

static void a_key_given_twice_counts_once_and_is_told(void **state)
{
	struct fixture *f = *state;
	const struct yaml_node *root =
		parse(f, SLICE("b: 1\na: 2\nb: 3\nc: 4\nb: 5\n"));

	assert_non_null(root);
	assert_int_equal(root->count, 3);
	assert_string_equal(yaml_tree_find(root, "b")->text.ptr, "1");
	expect_problems(f->problems,
		"f:3:1: key \"b\" is given twice\n"
		"   note: it is first given in line 1, column 1\n"
		"f:5:1: key \"b\" is given twice\n"
		"   note: it is first given in line 1, column 1\n"
		"2 errors in 1 file; configuration not loaded\n");
}

static void bytes_that_are_no_text_are_refused_where_they_stand(void **state)
{
	static const struct {
		struct slice text;
		const char *want;
	} cases[] = {
		{{"a: b\xC3\xBC \xFF", 8},
			"f:1:7: not valid YAML: this byte is not UTF-8 text\n"},
		{{"a: b\n\x01", 6},
			"f:2:1: not valid YAML: a control character stands "
			"here; the file must be text\n"},
		{{"a: b\n\0", 6},
			"f:2:1: not valid YAML: a control character stands "
			"here; the file must be text\n"},
		{{"a: \xC3", 4},
			"f:1:4: not valid YAML: the file ends within a "
			"character\n"},
		{{"a\0:\0", 4},
			"f:1:2: not valid YAML: a control character stands "
			"here; the file must be text\n"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		void *f;
		char want[256];

		assert_int_equal(setup(&f), 0);
		assert_null(parse(f, cases[i].text));
		snprintf(want, sizeof(want), "%s%s", cases[i].want,
			"1 error in 1 file; configuration not loaded\n");
		expect_problems(((struct fixture *)f)->problems, want);
		teardown(&f);
	}
}

static char *repeat(const char *piece, size_t size)
{
	size_t len = strlen(piece);
	char *text = malloc(size);

	assert_non_null(text);
	for (size_t i = 0; i < size; i++)
		text[i] = piece[i % len];
	return text;
}

static void thirty_two_levels_are_accepted_and_no_more(void **state) /* R17 */
{
	struct fixture *f = *state;
	char text[2 * YAML_TREE_DEPTH + 2];

	memset(text, '[', YAML_TREE_DEPTH);
	memset(text + YAML_TREE_DEPTH, ']', YAML_TREE_DEPTH);
	assert_non_null(parse(f, slice_of(text, 2 * YAML_TREE_DEPTH)));
	assert_int_equal(config_problems_errors(f->problems), 0);
	memset(text, '[', YAML_TREE_DEPTH + 1);
	memset(text + YAML_TREE_DEPTH + 1, ']', YAML_TREE_DEPTH + 1);
	assert_null(parse(f, slice_of(text, sizeof(text))));
	expect_problems(f->problems,
		"f:1:33: maps and lists are nested more than 32 levels deep\n"
		"1 error in 1 file; configuration not loaded\n");
}

/*
 * R17. libyaml alone needs seconds for 60 kB of '[': it is stopped before it
 * reads on. Each of these fills a whole file.
 */
static void no_file_costs_more_than_its_size(void **state)
{
	static const char *const pieces[] = {"[", "[\n", "{", "{a: ", "- ",
		"? ", "a:\n", "a", "a,", "[],", "a: [", "# x\n", "\n", " ",
		"%TAG !a! x\n", "---\n", "--- ", "'", "\"", "\\", "&a ", "*a ",
		"!a ", "|\n", ">\n", "a: |\n x\n", ": ", "\t", "\xC3\xBC",
		"<<: ", "a: b\n"};

	(void)state;
	for (size_t i = 0; i < sizeof(pieces) / sizeof(*pieces); i++) {
		char *text = repeat(pieces[i], YAML_TREE_SIZE);
		clock_t begin = clock();
		void *f;

		assert_int_equal(setup(&f), 0);
		(void)!parse(f, slice_of(text, YAML_TREE_SIZE));
		if (clock() - begin > 2 * CLOCKS_PER_SEC)
			fail_msg("1 MiB of \"%s\" took %.2f s", pieces[i],
				(double)(clock() - begin) / CLOCKS_PER_SEC);
		teardown(&f);
		free(text);
	}
}

static void the_list_of_values_has_an_end(void **state) /* R17 */
{
	struct fixture *f = *state;
	char *text = repeat("- a\n", 4 * YAML_TREE_NODES);

	/* the list itself counts, too */
	assert_non_null(parse(f, slice_of(text, 4 * (YAML_TREE_NODES - 1))));
	assert_null(parse(f, slice_of(text, 4 * YAML_TREE_NODES)));
	expect_problems(f->problems,
		"f:65536:3: the file holds more than 65536 keys and values\n"
		"1 error in 1 file; configuration not loaded\n");
	free(text);
}

static void a_file_has_at_most_one_mebibyte(void **state) /* R17 */
{
	struct fixture *f = *state;
	char *text = repeat("a", YAML_TREE_SIZE + 1);

	assert_non_null(parse(f, slice_of(text, YAML_TREE_SIZE)));
	assert_null(parse(f, slice_of(text, YAML_TREE_SIZE + 1)));
	expect_problems(f->problems,
		"f: the file is larger than 1 MiB\n"
		"1 error in 1 file; configuration not loaded\n");
	free(text);
}

static void nothing_is_a_problem_and_not_a_tree(void **state)
{
	static const char *const empty[] = {"", "\n", "# words\n", "---\n"};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		void *f;

		assert_int_equal(setup(&f), 0);
		assert_null(parse(f, slice_str(empty[i])));
		expect_problems(((struct fixture *)f)->problems,
			"f: the file is empty\n"
			"1 error in 1 file; configuration not loaded\n");
		teardown(&f);
	}
	assert_null(parse(*state, slice_of(NULL, 0)));
}

int main(void)
{
#define WITH_FIXTURE(test) \
	cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		WITH_FIXTURE(nodes_remember_their_place),
		WITH_FIXTURE(paths_lead_down_maps_only),
		WITH_FIXTURE(a_key_given_twice_counts_once_and_is_told),
		WITH_FIXTURE(
			bytes_that_are_no_text_are_refused_where_they_stand),
		WITH_FIXTURE(thirty_two_levels_are_accepted_and_no_more),
		WITH_FIXTURE(no_file_costs_more_than_its_size),
		WITH_FIXTURE(the_list_of_values_has_an_end),
		WITH_FIXTURE(a_file_has_at_most_one_mebibyte),
		WITH_FIXTURE(nothing_is_a_problem_and_not_a_tree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
