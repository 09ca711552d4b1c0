#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "config/config_field.h"
#include "config/config_template.h"

/* Pieces as "'literal'" and "<field.name>" or "<field.name/oid>". */
static const char *show(const struct config_template *t, struct arena *arena)
{
	const char *text = "";

	for (size_t i = 0; i < t->count; i++) {
		const struct config_template_piece *p = &t->pieces[i];

		if (!p->field)
			text = arena_printf(
				arena, "%s'%.*s'", text, SLICE_FMT(p->text));
		else
			text = arena_printf(arena, "%s<%s%s%.*s>", text,
				p->field->name, p->text.len ? "/" : "",
				SLICE_FMT(p->text));
	}
	return text;
}

static void texts_become_pieces(void **state)
{
	static const struct {
		const char *text;
		const char *pieces;
		unsigned needs;
	} rows[] = {
		{"", "", 0},
		{"plain", "'plain'", 0},
		{"{cert.serial}", "<cert.serial>", 0},
		{"a {request.id} b", "'a '<request.id>' b'",
			FIELD_NEEDS_REQUEST | FIELD_IN_RESPONSE},
		{"{tls.sni}{cert.pem}", "<tls.sni><cert.pem>", FIELD_NEEDS_DER},
		{"{cert.subject.ou}", "<cert.subject.ou/2.5.4.11>", 0},
		{"{{", "'{'", 0},
		{"a{{b}c}}", "'a{''b}c}}'", 0},
		{"{{{cert.ski}}", "'{'<cert.ski>'}'", FIELD_NEEDS_EXTENSIONS},
		{"}", "'}'", 0},
		{"{{\"a\":\"{client.ip}\"}", "'{''\"a\":\"'<client.ip>'\"}'",
			0},
		{"{{{{", "'{''{'", 0},
	};
	struct arena *arena = arena_new(NULL);

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct config_template out;
		struct config_template_error error;

		if (!config_template_compile(
			    slice_str(rows[i].text), arena, &out, &error))
			fail_msg("%s", rows[i].text);
		assert_int_equal(error.fault, CONFIG_TEMPLATE_OK);
		assert_string_equal(show(&out, arena), rows[i].pieces);
		assert_int_equal(out.needs, rows[i].needs);
	}
	arena_free(arena);
}

static void what_is_wrong_is_told_with_its_place(void **state)
{
	static const struct {
		const char *text;
		enum config_template_fault fault;
		size_t at;
		const char *name;
	} rows[] = {
		{"ab{cert.nope}", CONFIG_TEMPLATE_UNKNOWN, 2, "cert.nope"},
		{"{}", CONFIG_TEMPLATE_UNKNOWN, 0, ""},
		{"{ cert.serial }", CONFIG_TEMPLATE_UNKNOWN, 0,
			" cert.serial "},
		{"{{x {cert.serial", CONFIG_TEMPLATE_UNCLOSED, 4,
			"cert.serial"},
		{"a{", CONFIG_TEMPLATE_UNCLOSED, 1, ""},
		{"{cert.serial}\t", CONFIG_TEMPLATE_BYTE, 13, ""},
		{"a\r\nX: y", CONFIG_TEMPLATE_BYTE, 1, ""},
		{"Zo\xC3\xAB", CONFIG_TEMPLATE_BYTE, 2, ""},
		{"\x7F", CONFIG_TEMPLATE_BYTE, 0, ""},
	};
	struct arena *arena = arena_new(NULL);

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct config_template out;
		struct config_template_error error;

		if (config_template_compile(
			    slice_str(rows[i].text), arena, &out, &error))
			fail_msg("%s", rows[i].text);
		assert_int_equal(error.fault, rows[i].fault);
		assert_int_equal(error.at, rows[i].at);
		assert_true(slice_eq(error.name, slice_str(rows[i].name)));
	}
	arena_free(arena);
}

/* R17 */
static void long_texts_and_many_pieces_are_refused(void **state)
{
	static char text[CONFIG_TEMPLATE_MAX + 1];
	struct arena *arena = arena_new(NULL);
	struct config_template out;
	struct config_template_error error;
	size_t len = 0;

	(void)state;
	memset(text, 'a', sizeof(text));
	assert_true(config_template_compile(
		slice_of(text, CONFIG_TEMPLATE_MAX), arena, &out, &error));
	assert_false(config_template_compile(
		slice_of(text, CONFIG_TEMPLATE_MAX + 1), arena, &out, &error));
	assert_int_equal(error.fault, CONFIG_TEMPLATE_TOO_LONG);
	for (int i = 0; i <= CONFIG_TEMPLATE_PIECES; i++) {
		memcpy(text + len, "{tls.sni}", 9);
		len += 9;
		if (i == CONFIG_TEMPLATE_PIECES - 1)
			assert_true(config_template_compile(
				slice_of(text, len), arena, &out, &error));
	}
	assert_false(config_template_compile(
		slice_of(text, len), arena, &out, &error));
	assert_int_equal(error.fault, CONFIG_TEMPLATE_TOO_LONG);
	arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_become_pieces),
		cmocka_unit_test(what_is_wrong_is_told_with_its_place),
		cmocka_unit_test(long_texts_and_many_pieces_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
