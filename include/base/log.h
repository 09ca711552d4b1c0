/*
 * log: levelled lines of key=value pairs; the one sink of the process.
 *
 *   LOG(LOG_LEVEL_WARN, "origin_down", LOG_STR("origin", name),
 *       LOG_U64("failures", n));
 *
 * text:    2026-11-23T22:40:00.123Z warn origin_down origin=web failures=3
 * journal: <4>origin_down origin=web failures=3
 * json:    {"time":"...","level":"warn","event":"origin_down",...}
 *
 * Values are escaped in every format: bytes outside 0x20-0x7E, quotes and
 * backslashes never reach the line raw (R19). A line leaves in one write();
 * a write that fails is counted and told of later (log_lost).
 * Only proxy, daemon and cli write lines.
 */
#ifndef MTLSGATE_BASE_LOG_H
#define MTLSGATE_BASE_LOG_H

#include "base/slice.h"

enum log_level {
	LOG_LEVEL_ERROR, /* needs a hand */
	LOG_LEVEL_WARN,  /* may need one */
	LOG_LEVEL_INFO,  /* the daemon's life */
	LOG_LEVEL_DEBUG, /* for its developers */
};

enum log_format { LOG_FORMAT_TEXT, LOG_FORMAT_JOURNAL, LOG_FORMAT_JSON };

enum log_kind { LOG_KIND_STR, LOG_KIND_U64, LOG_KIND_I64, LOG_KIND_BOOL };

struct log_field {
	const char *key;
	enum log_kind kind;
	struct slice text;
	int64_t number;
};

#define LOG_SLICE(k, s)                                       \
	{                                                     \
		.key = (k), .kind = LOG_KIND_STR, .text = (s) \
	}
#define LOG_STR(k, s) LOG_SLICE(k, slice_str(s))
#define LOG_U64(k, n)                             \
	{                                         \
		.key = (k), .kind = LOG_KIND_U64, \
		.number = (int64_t)(uint64_t)(n)  \
	}
#define LOG_I64(k, n)                                                    \
	{                                                                \
		.key = (k), .kind = LOG_KIND_I64, .number = (int64_t)(n) \
	}
#define LOG_BOOL(k, b)                                           \
	{                                                        \
		.key = (k), .kind = LOG_KIND_BOOL, .number = (b) \
	}

/* Fields are evaluated whatever the level; guard costly ones by log_wants. */
#define LOG(level, event, ...)                                               \
	log_write((level), (event), (const struct log_field[]){__VA_ARGS__}, \
		sizeof((const struct log_field[]){__VA_ARGS__}) /            \
			sizeof(struct log_field))
#define LOG_PLAIN(level, event) log_write((level), (event), NULL, 0)

/*
 * Sets the sink: fd (lent, usually 2), format, level. `who` ("master",
 * "worker 2") is copied and stands in every line as proc=... unless empty.
 */
void log_setup(
	int fd, enum log_format format, enum log_level level, const char *who);
/* The format `auto` means: journal when $JOURNAL_STREAM names fd, else text. */
enum log_format log_format_auto(int fd);
bool log_wants(enum log_level level);
/* event: a literal, snake_case. */
void log_write(enum log_level level, const char *event,
	const struct log_field *fields, size_t count);
/* Lines that could not be written since the last call. */
uint64_t log_lost(void);

/*
 * Renders one line (newline included, no NUL) into out; returns its length.
 * Fields for which the room does not suffice are left out whole, and the line
 * then ends with cut=true; it is always well-formed. 0: not even its head
 * fits. `wall_ms`: UTC milliseconds since 1970. For access lines that go to a
 * descriptor of their own.
 */
size_t log_render(char *out, size_t size, enum log_format format,
	enum log_level level, const char *event, int64_t wall_ms,
	const struct log_field *fields, size_t count);

/* A token bucket: `burst` lines at once, `rate_milli`/1000 per second. */
struct log_bucket {
	uint32_t rate_milli;
	uint32_t burst;
	uint64_t tokens_micro; /* millionths: nothing is lost in rounding */
	int64_t filled_ms;
	uint64_t suppressed;
};
void log_bucket_init(struct log_bucket *b, uint32_t rate_milli, uint32_t burst);
/*
 * May a line be written at now_ms (monotonic)? If so *suppressed is the number
 * of lines held back since the last one let through.
 */
bool log_bucket_take(
	struct log_bucket *b, int64_t now_ms, uint64_t *suppressed);

#endif
