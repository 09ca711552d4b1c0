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
	for (const struct config_key *k = config_schema_next(NULL); k;
		k = config_schema_next(k)) {
		char parent[128];
		char *dot;

		for (const struct config_key *o = config_schema_next(NULL);
			o != k; o = config_schema_next(o))
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
	for (const struct config_key *k = config_schema_next(NULL); k;
		k = config_schema_next(k)) {
		assert_non_null(k->help);
		assert_true(strlen(k->help) > 3);
		assert_null(strchr(k->help, '\n'));
		assert_true(!k->same_as || config_schema_find(k->same_as));
		assert_true(k->type != CONFIG_TYPE_WORD || k->words);
		assert_true(k->min <= k->max);
	}
}

static size_t size_of_home(enum config_home home)
{
	const struct config_key *k = NULL;

	if (home == CONFIG_HOME_CONFIG)
		return sizeof(struct config);
	while ((k = config_schema_next(k))) {
		if (k->item_size && k->item == home)
			return k->item_size;
	}
	return 0;
}

static bool are_apart(const struct config_key *a, const struct config_key *b)
{
	return !a->size || !b->size || a->home != b->home ||
	       a->offset + a->size <= b->offset ||
	       b->offset + b->size <= a->offset;
}

static size_t size_of_type(enum config_type type)
{
	switch (type) {
	case CONFIG_TYPE_TEXT:
	case CONFIG_TYPE_TEXT_DEFAULT:
	case CONFIG_TYPE_PATH:
	case CONFIG_TYPE_PATH_AUTO:
		return sizeof(struct config_text);
	case CONFIG_TYPE_TEXTS:
	case CONFIG_TYPE_PATHS:
		return sizeof(struct config_texts);
	case CONFIG_TYPE_PAIRS:
		return sizeof(struct config_pairs);
	case CONFIG_TYPE_LIST:
	case CONFIG_TYPE_NAMED:
		return sizeof(void *);
	default:
		return 0;
	}
}

static void every_value_lies_within_its_home(void **state)
{
	const struct config_key *k = NULL, *o;

	(void)state;
	while ((k = config_schema_next(k))) {
		size_t size = size_of_type(k->type);

		assert_true(k->offset + k->size <= size_of_home(k->home));
		if (config_value_is_number(k))
			assert_true(!k->size || k->size == 1 || k->size == 4 ||
				    k->size == 8);
		if (size)
			assert_int_equal(k->size, size);
		for (o = config_schema_next(NULL); o != k;
			o = config_schema_next(o))
			assert_true(are_apart(k, o));
	}
}

static void every_list_says_what_an_item_is(void **state)
{
	const struct config_key *k = NULL;

	(void)state;
	while ((k = config_schema_next(k))) {
		char item[128];

		if (k->type != CONFIG_TYPE_LIST && k->type != CONFIG_TYPE_NAMED)
			continue;
		assert_non_null(k->sample);
		assert_int_equal(k->item_size, size_of_home(k->item));
		assert_true(k->mark_offset + sizeof(struct config_mark) <=
			    k->item_size);
		assert_true(k->count_offset + sizeof(size_t) <=
			    size_of_home(k->home));
		if (k->type == CONFIG_TYPE_NAMED)
			assert_non_null(k->item_word);
		if (k->item_word)
			assert_true(k->name_offset + sizeof(char *) <=
				    k->item_size);
		if (k->same_as)
			continue;
		snprintf(item, sizeof(item), "%s%s", k->path,
			k->type == CONFIG_TYPE_LIST ? "[]" : ".*");
		assert_non_null(config_schema_find(item));
	}
}

static void every_number_has_a_default_that_it_accepts(void **state)
{
	(void)state;
	for (const struct config_key *k = config_schema_next(NULL); k;
		k = config_schema_next(k)) {
		struct config_complaint why;
		uint64_t value;

		if (!config_value_is_number(k))
			continue;
		if (k->same_as) {
			assert_non_null(config_schema_find(k->same_as));
			assert_int_equal(
				config_schema_find(k->same_as)->type, k->type);
			assert_int_equal(config_schema_find(k->same_as)->home,
				CONFIG_HOME_CONFIG);
			continue;
		}
		if (k->optional || k->required) {
			assert_null(k->fallback);
			assert_true(k->words || k->min > 0);
			continue;
		}
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_key_stands_once_and_below_a_map),
		cmocka_unit_test(every_key_says_what_it_is),
		cmocka_unit_test(every_value_lies_within_its_home),
		cmocka_unit_test(every_list_says_what_an_item_is),
		cmocka_unit_test(every_number_has_a_default_that_it_accepts),
		cmocka_unit_test(keys_are_found_right_below_their_map_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
