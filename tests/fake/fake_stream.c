#include "fake/fake_stream.h"

#include <assert.h>
#include <string.h>

#include "base/arena.h"

static struct fake_stream *fake_of(struct stream *stream)
{
	struct fake_stream *fake = (struct fake_stream *)stream;

	assert(!fake->closed); /* nothing comes after close */
	return fake;
}

static void say(struct fake_stream *fake, const char *text)
{
	bool ok = buf_printf(
		&fake->verbs, "%s%s", fake->verbs.len ? " " : "", text);

	assert(ok);
}

static void add(struct fake_stream *fake, struct slice bytes)
{
	bool ok = buf_append(&fake->verbs, bytes);

	assert(ok);
}

static void add_fields(
	struct fake_stream *fake, const struct header_block *block)
{
	for (size_t i = 0; block && i < block->count; i++) {
		add(fake, block->fields[i].name);
		add(fake, SLICE(": "));
		add(fake, block->fields[i].value);
		add(fake, SLICE(";"));
	}
}

static void send_head(struct stream *stream, const struct message *head)
{
	struct fake_stream *fake = fake_of(stream);
	bool ok;

	if (head->kind == MESSAGE_REQUEST)
		ok = buf_printf(&fake->verbs, "%shead(%.*s %.*s host=%.*s ",
			fake->verbs.len ? " " : "",
			SLICE_FMT(head->method_text), SLICE_FMT(head->path),
			SLICE_FMT(head->authority));
	else
		ok = buf_printf(&fake->verbs, "%shead(%u ",
			fake->verbs.len ? " " : "", head->status);
	assert(ok);
	ok = head->body == BODY_NONE ? buf_printf(&fake->verbs, "body=none;")
	     : head->body == BODY_UNKNOWN
		     ? buf_printf(&fake->verbs, "body=unknown;")
		     : buf_printf(&fake->verbs, "body=%llu;",
			       (unsigned long long)head->body_len);
	assert(ok);
	assert(!head->upgrade.len);
	if (head->trailer_names.len) {
		add(fake, SLICE("trailer="));
		add(fake, head->trailer_names);
		add(fake, SLICE(";"));
	}
	add_fields(fake, &head->fields);
	add_fields(fake, head->lent);
	add(fake, SLICE(")"));
}

static bool send_body(struct stream *stream, struct slice bytes)
{
	struct fake_stream *fake = fake_of(stream);

	say(fake, "body(");
	add(fake, bytes);
	add(fake, SLICE(")"));
	stream->bytes_out += bytes.len;
	return !fake->full;
}

static void send_end(struct stream *stream, const struct header_block *trailers)
{
	struct fake_stream *fake = fake_of(stream);

	if (!trailers || !trailers->count) {
		say(fake, "end");
		return;
	}
	say(fake, "end(");
	add_fields(fake, trailers);
	add(fake, SLICE(")"));
}

static void pause_stream(struct stream *stream)
{
	struct fake_stream *fake = fake_of(stream);

	assert(!fake->paused);
	fake->paused = true;
	say(fake, "pause");
}

static void resume(struct stream *stream)
{
	struct fake_stream *fake = fake_of(stream);

	assert(fake->paused);
	fake->paused = false;
	fake->resumed++;
	say(fake, "resume");
}

static void tunnel(struct stream *stream)
{
	say(fake_of(stream), "tunnel");
}

static void close_stream(struct stream *stream, enum stream_close how)
{
	struct fake_stream *fake = fake_of(stream);

	say(fake, how == STREAM_DONE ? "done" : "abort");
	fake->closed = true;
}

static const struct stream_ops ops = {
	.send_head = send_head,
	.send_body = send_body,
	.send_end = send_end,
	.pause = pause_stream,
	.resume = resume,
	.tunnel = tunnel,
	.close = close_stream,
};

void fake_stream_init(struct fake_stream *fake)
{
	*fake = (struct fake_stream){.stream = {.ops = &ops}};
}

void fake_stream_fini(struct fake_stream *fake)
{
	buf_fini(&fake->verbs);
}

const char *fake_stream_verbs(struct fake_stream *fake)
{
	struct slice text;
	bool ok = buf_append(&fake->verbs, slice_of("", 1));

	assert(ok);
	text = buf_bytes(&fake->verbs);
	/* kept until the next verb writes over it */
	fake->verbs.len = 0;
	return text.ptr;
}

bool fake_stream_saw(struct fake_stream *fake, const char *text)
{
	struct slice bytes = buf_bytes(&fake->verbs);

	return memmem(bytes.ptr, bytes.len, text, strlen(text));
}

/* ---- events ---- */

static void check_may_raise(const struct fake_stream *fake)
{
	assert(fake->stream.events && !fake->closed && !fake->ended);
}

void fake_stream_head(struct fake_stream *fake, struct message *head)
{
	check_may_raise(fake);
	fake->stream.events->on_head(fake->stream.owner, head);
}

void fake_stream_body(struct fake_stream *fake, const char *text)
{
	check_may_raise(fake);
	assert(!fake->paused);
	fake->stream.bytes_in += strlen(text);
	fake->stream.events->on_body(fake->stream.owner, slice_str(text));
}

void fake_stream_end(struct fake_stream *fake, struct header_block *trailers)
{
	check_may_raise(fake);
	assert(!fake->paused);
	fake->ended = true;
	fake->stream.events->on_end(fake->stream.owner, trailers);
}

void fake_stream_room(struct fake_stream *fake)
{
	assert(fake->stream.events && !fake->closed);
	fake->full = false;
	fake->stream.events->on_room(fake->stream.owner);
}

void fake_stream_fail(struct fake_stream *fake, struct stream_failure failure)
{
	/* behind the end only the loss of the connection may be told */
	if (failure.why != STREAM_GONE)
		check_may_raise(fake);
	assert(fake->stream.events && !fake->closed);
	fake->ended = true;
	fake->stream.events->on_fail(fake->stream.owner, &failure);
}

/* ---- heads ---- */

static struct message *new_head(struct arena *arena, const char *fields)
{
	struct message *head = arena_zalloc(arena, sizeof(*head));
	struct slice rest = slice_str(fields);
	struct slice line;

	assert(head);
	head->version = MESSAGE_HTTP_1_1;
	head->stated_len = -1;
	while (rest.len && slice_next(&rest, '\n', &line)) {
		size_t colon = slice_find(line, ':');
		bool ok = header_add(&head->fields, arena,
			slice_head(line, colon),
			slice_trim(slice_from(line, colon + 1)));

		assert(ok);
	}
	return head;
}

struct message *fake_request(struct fake_stream *fake, const char *method,
	const char *target, const char *fields)
{
	struct message *head = new_head(fake->stream.arena, fields);

	head->kind = MESSAGE_REQUEST;
	head->method_text = slice_str(method);
	head->method = method_of(head->method_text);
	head->path = slice_str(target);
	head->authority = SLICE("www.example");
	return head;
}

struct message *fake_response(
	struct fake_stream *fake, unsigned status, const char *fields)
{
	struct message *head = new_head(fake->stream.arena, fields);

	head->kind = MESSAGE_RESPONSE;
	head->status = status;
	return head;
}
