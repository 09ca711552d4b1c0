#include "h1_server_time_priv.h"

#include "h1_server_answer_priv.h"
#include "net/conn.h"

/* The average rate of a body is judged from this time on. */
enum { GRACE_MS = 5000 };

/* The earlier of two deadlines; 0 is none. */
static int64_t earlier(int64_t a, int64_t b)
{
	if (!a || !b)
		return a + b;
	return a < b ? a : b;
}

static int64_t after(int64_t since_ms, int64_t wait_ms)
{
	return wait_ms ? since_ms + wait_ms : 0;
}

/* Since when nothing happened: the last answer was taken by the socket. */
static int64_t progress_ms(const struct h1_server *s)
{
	const int64_t sent_ms = conn_last_sent_ms(s->end.conn);

	return s->since_ms > sent_ms ? s->since_ms : sent_ms;
}

static int64_t idle_due(const struct h1_server *s)
{
	const struct http_limits *limits = s->end.limits;
	int64_t since_ms = progress_ms(s);
	int64_t due = after(
		since_ms, s->served ? limits->keepalive_ms : limits->first_ms);

	if (conn_outstanding(s->end.conn))
		due = earlier(due, after(since_ms, limits->write_ms));
	if (!s->draining)
		return due;
	if (since_ms < s->drained_ms)
		since_ms = s->drained_ms;
	return earlier(due, after(since_ms, s->drain_idle_ms));
}

/*
 * When a body that gets no further byte falls below the least rate, averaged
 * over the time in which it could flow.
 */
static int64_t rate_due(const struct h1_server *s)
{
	const uint64_t rate = s->end.limits->body_min_rate;
	const uint64_t bytes = s->end.body.total;
	uint64_t earned_ms;

	if (!rate)
		return 0;
	earned_ms = bytes / rate * 1000 + bytes % rate * 1000 / rate;
	if (earned_ms < GRACE_MS)
		earned_ms = GRACE_MS;
	return s->body_ms + s->end.held_ms + (int64_t)earned_ms;
}

static int64_t body_due(const struct h1_server *s)
{
	return earlier(
		after(s->end.moved_ms, s->end.limits->body_ms), rate_due(s));
}

/* What the client owes us while an exchange runs. */
static int64_t read_due(const struct h1_server *s)
{
	/* It may wait for us: then it is not the slow one. */
	if (s->end.paused || h1_server_awaited(s))
		return 0;
	switch (s->end.in) {
	case H1_IN_HEAD:
		return after(
			s->since_ms + s->end.held_ms, s->end.limits->header_ms);
	case H1_IN_BODY:
	case H1_IN_TRAILERS:
		return body_due(s);
	default:
		return 0;
	}
}

/* Told once: then it is its owner's to end it. */
static int64_t tunnel_due(const struct h1_server *s)
{
	if (!s->draining || s->end.failed)
		return 0;
	return s->drained_first_ms + s->end.limits->tunnel_grace_ms;
}

bool h1_server_stalls(const struct h1_server *s)
{
	const int64_t write_ms = s->end.limits->write_ms;

	return write_ms && conn_outstanding(s->end.conn) &&
	       loop_now_ms(s->end.loop) >= progress_ms(s) + write_ms;
}

int64_t h1_server_due(const struct h1_server *s)
{
	switch (s->phase) {
	case SERVER_IDLE:
		return idle_due(s);
	case SERVER_BUSY:
		return earlier(s->end.tunnel ? tunnel_due(s) : read_due(s),
			h1_end_stall_due(&s->end));
	case SERVER_DROP:
		return body_due(s);
	default:
		return 0;
	}
}
