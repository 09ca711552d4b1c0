#include "h1_server_answer_priv.h"

#include "h1_read_priv.h"

bool h1_server_awaited(const struct h1_server *s)
{
	return s->awaits_continue && !s->end.body.total;
}

/*
 * Does the connection live on behind this answer? The first answer that says
 * no closes it; so does a request that is still far from its end.
 */
bool h1_server_keeps(const struct h1_server *s, enum h1_framing framing)
{
	const struct h1_end *end = &s->end;
	const struct http_limits *limits = end->limits;

	if (framing == H1_FRAME_CLOSE || !s->persistent)
		return false;
	if (s->draining || s->peer_done)
		return false;
	if (limits->requests && s->served + 1 >= limits->requests)
		return false;
	if (s->run && s->run >= limits->pipelined)
		return false;
	if (h1_end_received(end))
		return true;
	return !h1_server_awaited(s) && h1_end_nearly(end, H1_SERVER_DROP);
}

bool h1_server_bodyless(const struct h1_server *s, const struct message *head)
{
	return s->method == METHOD_HEAD || head->status == 304 ||
	       head->status == 204;
}

/* RFC 9112 section 6.3; a length of a body that may not follow is kept. */
enum h1_framing h1_server_framing(
	const struct h1_server *s, const struct message *head)
{
	if (head->status == 204)
		return H1_FRAME_NONE;
	if (h1_server_bodyless(s, head))
		return head->body == BODY_LENGTH ? H1_FRAME_LENGTH
						 : H1_FRAME_NONE;
	if (head->body != BODY_UNKNOWN)
		return H1_FRAME_LENGTH;
	return s->version == MESSAGE_HTTP_1_0 ? H1_FRAME_CLOSE
					      : H1_FRAME_CHUNKED;
}
