#include "log_priv.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/json.h"

/* A bounded output; once something did not fit, `over` stays. */
struct room {
	char *out;
	size_t size;
	size_t len;
	bool over;
};

static const char *const level_names[] = {"error", "warn", "info", "debug"};
/* sd-daemon(3) */
static const char *const journal_prefix[] = {"<3>", "<4>", "<6>", "<7>"};

static void put(struct room *room, struct slice bytes)
{
	if (room->over || bytes.len > room->size - room->len) {
		room->over = true;
		return;
	}
	if (bytes.len)
		memcpy(room->out + room->len, bytes.ptr, bytes.len);
	room->len += bytes.len;
}

static void put_str(struct room *room, const char *text)
{
	put(room, slice_str(text));
}

__attribute__((format(printf, 2, 3))) static void put_format(
	struct room *room, const char *format, ...)
{
	char text[64];
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (len < 0 || (size_t)len >= sizeof(text))
		room->over = true;
	else
		put(room, slice_of(text, (size_t)len));
}

/* RFC 3339, UTC, milliseconds. */
static void put_time(struct room *room, int64_t wall_ms)
{
	int64_t ms = wall_ms % 1000;
	time_t seconds = (time_t)(wall_ms / 1000);
	struct tm tm;

	if (ms < 0) {
		ms += 1000;
		seconds--;
	}
	if (!gmtime_r(&seconds, &tm))
		memset(&tm, 0, sizeof(tm));
	put_format(room, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ",
		tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
		tm.tm_min, tm.tm_sec, (int)ms);
}

/* A value that reads the same without quotes. */
static bool is_bare(struct slice value)
{
	for (size_t i = 0; i < value.len; i++) {
		char c = value.ptr[i];

		if (c <= 0x20 || c > 0x7E || c == '"' || c == '\\' || c == '=')
			return false;
	}
	return value.len > 0;
}

static void put_text_byte(struct room *room, char c)
{
	if (c == '"' || c == '\\')
		put_format(room, "\\%c", c);
	else if (c >= 0x20 && c <= 0x7E)
		put(room, slice_of(&c, 1));
	else if (c == '\n')
		put_str(room, "\\n");
	else if (c == '\r')
		put_str(room, "\\r");
	else if (c == '\t')
		put_str(room, "\\t");
	else
		put_format(room, "\\x%02X", (unsigned)(unsigned char)c);
}

static void put_text_value(struct room *room, struct slice value)
{
	if (is_bare(value)) {
		put(room, value);
		return;
	}
	put_str(room, "\"");
	for (size_t i = 0; i < value.len && !room->over; i++)
		put_text_byte(room, value.ptr[i]);
	put_str(room, "\"");
}

static void put_json_value(struct room *room, struct slice value)
{
	size_t len;

	put_str(room, "\"");
	if (room->over)
		return;
	len = json_escape(room->out + room->len, room->size - room->len, value);
	if (len == SIZE_MAX)
		room->over = true;
	else
		room->len += len;
	put_str(room, "\"");
}

static void put_key(struct room *room, enum log_format format, const char *key)
{
	if (format == LOG_FORMAT_JSON) {
		put_str(room, ",\"");
		put_str(room, key);
		put_str(room, "\":");
		return;
	}
	put_str(room, " ");
	put_str(room, key);
	put_str(room, "=");
}

static void put_value(struct room *room, enum log_format format,
	const struct log_field *field)
{
	switch (field->kind) {
	case LOG_KIND_STR:
		if (format == LOG_FORMAT_JSON)
			put_json_value(room, field->text);
		else
			put_text_value(room, field->text);
		break;
	case LOG_KIND_U64:
		put_format(room, "%" PRIu64, (uint64_t)field->number);
		break;
	case LOG_KIND_I64:
		put_format(room, "%" PRId64, field->number);
		break;
	case LOG_KIND_BOOL:
		put_str(room, field->number ? "true" : "false");
		break;
	}
}

/* Whole or not at all. */
static bool put_field(struct room *room, enum log_format format,
	const struct log_field *field)
{
	size_t before = room->len;

	put_key(room, format, field->key);
	put_value(room, format, field);
	if (!room->over)
		return true;
	room->len = before;
	room->over = false;
	return false;
}

static void put_head(struct room *room, const struct log_line *line)
{
	switch (line->format) {
	case LOG_FORMAT_JOURNAL:
		put_str(room, journal_prefix[line->level]);
		put_str(room, line->event);
		break;
	case LOG_FORMAT_TEXT:
		put_time(room, line->wall_ms);
		put_format(room, " %s ", level_names[line->level]);
		put_str(room, line->event);
		break;
	case LOG_FORMAT_JSON:
		put_str(room, "{\"time\":\"");
		put_time(room, line->wall_ms);
		put_format(room, "\",\"level\":\"%s\",\"event\":\"",
			level_names[line->level]);
		put_str(room, line->event);
		put_str(room, "\"");
		break;
	}
}

size_t log_render_line(char *out, size_t size, const struct log_line *line)
{
	bool json = line->format == LOG_FORMAT_JSON;
	struct slice end = json ? SLICE("}\n") : SLICE("\n");
	struct slice cut = json ? SLICE(",\"cut\":true") : SLICE(" cut=true");
	struct log_field who = LOG_STR("proc", line->who);
	struct room room = {.out = out};
	bool whole = true;

	if (size < end.len + cut.len)
		return 0;
	room.size = size - end.len - cut.len;
	put_head(&room, line);
	if (room.over)
		return 0;
	if (who.text.len)
		whole = put_field(&room, line->format, &who);
	for (size_t i = 0; i < line->count; i++) {
		if (!put_field(&room, line->format, &line->fields[i]))
			whole = false;
	}
	room.size = size;
	if (!whole)
		put(&room, cut);
	put(&room, end);
	return room.len;
}

size_t log_render(char *out, size_t size, enum log_format format,
	enum log_level level, const char *event, int64_t wall_ms,
	const struct log_field *fields, size_t count)
{
	const struct log_line line = {
		.format = format,
		.level = level,
		.event = event,
		.wall_ms = wall_ms,
		.fields = fields,
		.count = count,
	};

	return log_render_line(out, size, &line);
}
