/*
 * h1_check: the codec as a small program, for tests that run in Python.
 *
 *   h1_check               reads frames from stdin: kind ('q' request or 'r'
 *                          response), length (4 bytes, low first), bytes;
 *                          prints one line for each (see print_verdict)
 *   h1_check --cases       prints the table of requests: name, rule, hex
 *   h1_check --seeds DIR   writes the table as fuzz seeds into DIR/h1_parse
 *                          and DIR/h1_body (both there)
 */
#include "base/arena.h"
#include "fake/h1_cases.h"
#include "fake/h1_judge.h"
#include "http/h1_write.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FRAME_MAX = 1 << 24 };

static const char *const ends[] = {
	[H1_END_DONE] = "done", [H1_END_CUT] = "cut", [H1_END_BAD] = "bad"};

static void die(const char *what)
{
	fprintf(stderr, "h1_check: %s\n", what);
	exit(70);
}

static bool same(const struct h1_verdict *a, const struct h1_verdict *b)
{
	return a->end == b->end && a->rule == b->rule &&
	       a->offset == b->offset && a->len == b->len;
}

/* R9: what was accepted goes on, and reads back as it went. */
static void write_and_read_back(
	enum h1_kind kind, struct message *m, struct arena *arena)
{
	struct h1_write how = {.framing = H1_FRAME_NONE};
	struct http_limits limits = h1_judge_limits;
	struct h1_verdict again;
	const char *bad;
	size_t len;
	char *out;

	if (kind == H1_REQUEST && !m->authority.len)
		m->authority = SLICE("default");
	if (m->body == BODY_LENGTH)
		how.framing = H1_FRAME_LENGTH;
	else if (m->body == BODY_UNKNOWN)
		how.framing = H1_FRAME_CHUNKED;
	limits.header_count += 8; /* Host, framing and Connection are added */
	limits.header_bytes *= 2;
	limits.request_line *= 2;
	out = arena_alloc(arena, h1_head_size(m));
	if (!out)
		die("no memory");
	len = h1_write_head(m, &how, out, h1_head_size(m), &bad);
	if (!len)
		die(bad ? bad : "no room");
	again = h1_judge(
		kind, METHOD_GET, slice_of(out, len), 0, &limits, arena);
	if (!again.head_done || again.message.body != m->body ||
		again.message.fields.count != m->fields.count ||
		!slice_eq(again.message.path, m->path))
		die("what was written reads back as something else");
}

/*
 * End, rule, status and offset of the first message that is not complete (or
 * of the last, when all are), and how many came before it; tabs between.
 */
static void print_verdict(enum h1_kind kind, struct slice raw)
{
	unsigned count = 0;
	struct h1_verdict v;

	do {
		struct arena *arena = arena_new(NULL);
		struct h1_verdict split;

		if (!arena)
			die("no memory");
		v = h1_judge(kind, METHOD_GET, raw, 0, &h1_judge_limits, arena);
		split = h1_judge(
			kind, METHOD_GET, raw, 1, &h1_judge_limits, arena);
		if (!same(&v, &split))
			die("pieces change the verdict");
		if (v.head_done)
			write_and_read_back(kind, &v.message, arena);
		raw = slice_from(raw, v.len);
		count += v.end == H1_END_DONE;
		arena_free(arena);
	} while (v.end == H1_END_DONE && raw.len && !v.close);
	printf("%s\t%s\t%u\t%zu\t%u\n", ends[v.end],
		http_rule_info(v.rule)->name, http_rule_info(v.rule)->status,
		v.offset, count);
}

static int check_frames(void)
{
	unsigned char head[5];

	while (fread(head, 1, sizeof(head), stdin) == sizeof(head)) {
		size_t len = head[1] | (size_t)head[2] << 8 |
			     (size_t)head[3] << 16 | (size_t)head[4] << 24;
		char *raw;

		if (len > FRAME_MAX)
			die("frame too long");
		raw = malloc(len + 1);
		if (!raw || fread(raw, 1, len, stdin) != len)
			die("frame cut");
		print_verdict(head[0] == 'r' ? H1_RESPONSE : H1_REQUEST,
			slice_of(raw, len));
		free(raw);
	}
	return ferror(stdin) || fflush(stdout) ? 1 : 0;
}

static int print_cases(void)
{
	const struct h1_case *c;

	for (size_t i = 0; (c = h1_case_at(i)); i++) {
		printf("%s\t%s\t", c->name, http_rule_info(c->rule)->name);
		for (size_t j = 0; j < c->raw.len; j++)
			printf("%02x", (unsigned char)c->raw.ptr[j]);
		printf("\n");
	}
	return fflush(stdout) ? 1 : 0;
}

/* The two bytes before it are the fuzzers' own switches. */
static void write_seed(
	const char *dir, const char *fuzzer, const char *name, struct slice raw)
{
	char path[512];
	FILE *file;

	if (snprintf(path, sizeof(path), "%s/%s/%s", dir, fuzzer, name) >=
		(int)sizeof(path))
		die("path too long");
	file = fopen(path, "wb");
	if (!file)
		die("cannot write a seed");
	if (fwrite("\0\0", 1, 2, file) != 2 ||
		fwrite(raw.ptr, 1, raw.len, file) != raw.len || fclose(file))
		die("cannot write a seed");
}

/* What stands behind the head of a chunked request. */
static struct slice chunked_body(struct slice raw)
{
	for (size_t i = 0; i + 4 <= raw.len; i++) {
		if (!memcmp(raw.ptr + i, "\r\n\r\n", 4))
			return slice_from(raw, i + 4);
	}
	return slice_of(NULL, 0);
}

static int write_seeds(const char *dir)
{
	const struct h1_case *c;

	for (size_t i = 0; (c = h1_case_at(i)); i++) {
		struct slice body = chunked_body(c->raw);

		write_seed(dir, "h1_parse", c->name, c->raw);
		if (body.len)
			write_seed(dir, "h1_body", c->name, body);
	}
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 1)
		return check_frames();
	if (argc == 2 && !strcmp(argv[1], "--cases"))
		return print_cases();
	if (argc == 3 && !strcmp(argv[1], "--seeds"))
		return write_seeds(argv[2]);
	fprintf(stderr, "usage: h1_check [--cases | --seeds DIR]\n");
	return 64;
}
