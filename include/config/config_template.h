/*
 * config_template: the value of a header as the configuration writes it, with
 * {fields} in it, cut into pieces once at load time.
 *
 *   "team {cert.subject.ou}"    literal "team ", then a field
 *   "{{literal}"                {{ stands for {; a } outside of a field
 *                               stands for itself
 *
 * Literal text is 0x20-0x7E (R6). Slices lie in the arena given.
 */
#ifndef MTLSGATE_CONFIG_CONFIG_TEMPLATE_H
#define MTLSGATE_CONFIG_CONFIG_TEMPLATE_H

#include "base/slice.h"

struct arena;
struct config_field;

struct config_template_piece {
	const struct config_field *field; /* NULL: literal */
	struct slice text; /* the literal, or the OID of an attribute */
};

struct config_template {
	struct config_template_piece *pieces;
	size_t count;   /* 0: always empty */
	unsigned needs; /* enum config_field_needs of all fields */
};

/* Bounds before work (R17). */
enum { CONFIG_TEMPLATE_MAX = 4096, CONFIG_TEMPLATE_PIECES = 64 };

enum config_template_fault {
	CONFIG_TEMPLATE_OK,
	CONFIG_TEMPLATE_UNKNOWN,  /* no such field: name, at */
	CONFIG_TEMPLATE_UNCLOSED, /* a { without its }: at */
	CONFIG_TEMPLATE_BYTE,     /* outside 0x20-0x7E: at */
	CONFIG_TEMPLATE_TOO_LONG,
	CONFIG_TEMPLATE_NO_MEMORY,
};

struct config_template_error {
	enum config_template_fault fault;
	size_t at;         /* offset into the text: of the brace or byte */
	struct slice name; /* between the braces; lies in the text */
};

/* false: *error says why and where. */
bool config_template_compile(struct slice text, struct arena *arena,
	struct config_template *out, struct config_template_error *error)
	__attribute__((warn_unused_result));

#endif
