#include "daemon/admin.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/loop.h"
#include "daemon/refusal_page.h"
#include "daemon/shared.h"
#include "http/h1_parse.h"
#include "http/h1_write.h"
#include "http/message.h"
#include "net/conn.h"

static const struct http_limits limits = {
	.header_bytes = ADMIN_HEAD,
	.header_count = 64,
	.request_line = 1024,
};

struct admin_client {
	struct admin *admin;
	struct admin_client *next;
	struct admin_client *prev;
	struct conn *conn;
	struct arena *arena;
	struct h1_parser parser;
	struct loop_timer patience;
	struct loop_corpse corpse;
};

struct admin {
	struct admin_setup setup;
	struct admin_client *first;
	size_t count;
};

/* ---- what is answered ---- */

struct admin_page {
	struct slice path;
	const char *type;
	/* Returns the status; 400 and 200 with what is to be said. */
	unsigned (*print)(const struct admin_setup *setup, struct slice query,
		struct buf *body);
};

static unsigned print_live(
	const struct admin_setup *setup, struct slice query, struct buf *body)
{
	(void)setup;
	(void)query;
	return buf_append(body, SLICE("ok\n")) ? 200 : 503;
}

static unsigned print_metrics(
	const struct admin_setup *setup, struct slice query, struct buf *body)
{
	(void)query;
	return shared_print(setup->shared, loop_now_ms(setup->loop),
		       loop_wall_ms(setup->loop), body)
		       ? 200
		       : 503;
}

static unsigned print_refusals(
	const struct admin_setup *setup, struct slice query, struct buf *body)
{
	return refusal_page_text(shared_refusals(setup->shared), query, body);
}

static unsigned print_refusals_json(
	const struct admin_setup *setup, struct slice query, struct buf *body)
{
	return refusal_page_json(shared_refusals(setup->shared), query, body);
}

#define PLAIN "text/plain; charset=utf-8"

static const struct admin_page pages[] = {
	{{"/livez", 6}, PLAIN, print_live},
	{{"/metrics", 8}, "text/plain; version=0.0.4; charset=utf-8",
		print_metrics},
	{{"/refusals", 9}, PLAIN, print_refusals},
	{{"/refusals.json", 14}, "application/json", print_refusals_json},
};

static const struct admin_page *find_page(struct slice path)
{
	for (size_t i = 0; i < sizeof(pages) / sizeof(*pages); i++) {
		if (slice_eq(pages[i].path, path))
			return &pages[i];
	}
	return NULL;
}

static void say(struct admin_answer *answer, unsigned status)
{
	buf_fini(answer->body);
	answer->status = status;
	answer->type = PLAIN;
	/* Without memory the status stands alone. */
	(void)!buf_printf(
		answer->body, "%u %s\n", status, status_reason(status));
}

void admin_answer(const struct admin_setup *setup,
	const struct message *request, struct admin_answer *answer)
{
	size_t mark = slice_find(request->path, '?');
	const struct admin_page *page =
		find_page(slice_head(request->path, mark));
	unsigned status;

	if (!page) {
		say(answer, 404);
	} else if (request->method != METHOD_GET &&
		   request->method != METHOD_HEAD) {
		say(answer, 405);
	} else if (request->body == BODY_UNKNOWN || request->body_len) {
		say(answer, 400);
	} else {
		status = page->print(setup, slice_from(request->path, mark + 1),
			answer->body);
		if (status == 503) {
			say(answer, 503);
			return;
		}
		answer->status = status;
		answer->type = status == 200 ? page->type : PLAIN;
	}
}

/* ---- a client ---- */

static void client_free(void *object)
{
	struct admin_client *client = object;

	loop_timer_fini(&client->patience);
	arena_free(client->arena);
	free(client);
}

/* Out of the list at once, freed after the turn. */
static void client_leave(struct admin_client *client)
{
	struct admin *admin = client->admin;

	if (client->prev)
		client->prev->next = client->next;
	else
		admin->first = client->next;
	if (client->next)
		client->next->prev = client->prev;
	admin->count--;
	loop_timer_clear(&client->patience);
	loop_free_later(
		admin->setup.loop, &client->corpse, client_free, client);
}

static void client_abort(struct admin_client *client)
{
	conn_abort(&client->conn);
	client_leave(client);
}

static bool write_head(struct admin_client *client, const struct message *head)
{
	const struct h1_write how = {.framing = H1_FRAME_LENGTH, .close = true};
	size_t size = h1_head_size(head), used;
	char *room = arena_alloc(client->arena, size);
	const char *bad;

	if (!room)
		return false;
	used = h1_write_head(head, &how, room, size, &bad);
	assert(used); /* all of it is ours */
	(void)conn_write(client->conn, slice_of(room, used));
	return true;
}

static bool add_fields(struct admin_client *client, struct message *head,
	const struct admin_answer *answer)
{
	struct header_block *fields = &head->fields;

	return header_add(fields, client->arena, SLICE("Content-Type"),
		       slice_str(answer->type)) &&
	       header_add(fields, client->arena, SLICE("Cache-Control"),
		       SLICE("no-store")) &&
	       (answer->status != 405 ||
		       header_add(fields, client->arena, SLICE("Allow"),
			       SLICE("GET, HEAD")));
}

/* The last thing that a client hears. */
static void send_answer(struct admin_client *client,
	const struct admin_answer *answer, bool with_body)
{
	struct message head = {
		.kind = MESSAGE_RESPONSE,
		.version = MESSAGE_HTTP_1_1,
		.status = answer->status,
		.reason = slice_str(status_reason(answer->status)),
		.stated_len = -1,
		.body = BODY_LENGTH,
		.body_len = answer->body->len,
	};

	if (!add_fields(client, &head, answer) || !write_head(client, &head)) {
		client_abort(client);
		return;
	}
	if (with_body)
		(void)conn_write(client->conn, buf_bytes(answer->body));
	conn_finish(&client->conn);
	client_leave(client);
}

static void answer_refusal(struct admin_client *client, enum http_rule rule)
{
	struct buf body = {0};
	struct admin_answer answer = {.body = &body};

	say(&answer, http_rule_info(rule)->status);
	send_answer(client, &answer, true);
	buf_fini(&body);
}

static void answer_request(struct admin_client *client, struct slice head)
{
	struct h1_connection connection;
	struct message request;
	struct buf body = {0};
	struct admin_answer answer = {.body = &body};
	size_t offset;
	enum http_rule rule = h1_parse_request(
		&client->parser, head, &request, &connection, &offset);

	if (rule != HTTP_RULE_NONE) {
		answer_refusal(client, rule);
		return;
	}
	admin_answer(&client->admin->setup, &request, &answer);
	send_answer(client, &answer, request.method != METHOD_HEAD);
	buf_fini(&body);
}

/* ---- events of the connection ---- */

static void on_open(void *owner)
{
	(void)owner;
}

/* Nothing is used before the head is whole: the connection shows it again. */
static size_t on_data(void *owner, struct slice bytes)
{
	struct admin_client *client = owner;

	switch (h1_parser_feed(&client->parser, bytes)) {
	case H1_MORE:
		return 0;
	case H1_DONE:
		answer_request(client,
			slice_head(bytes, h1_parser_len(&client->parser)));
		break;
	case H1_BAD:
		answer_refusal(client, client->parser.rule);
		break;
	}
	return bytes.len; /* whatever follows is not listened to */
}

static void on_eof(void *owner)
{
	client_abort(owner);
}

static void on_room(void *owner)
{
	(void)owner;
}

static void on_fail(void *owner, enum conn_fail why)
{
	(void)why;
	client_abort(owner);
}

static void on_patience_over(void *arg)
{
	client_abort(arg);
}

static const struct conn_events events = {
	on_open, on_data, on_eof, on_room, on_fail};

/* ---- all of them ---- */

struct admin *admin_new(const struct admin_setup *setup)
{
	struct admin *admin = calloc(1, sizeof(*admin));

	if (admin)
		admin->setup = *setup;
	return admin;
}

void admin_free(struct admin *admin)
{
	if (!admin)
		return;
	while (admin->first)
		client_abort(admin->first);
	free(admin);
}

size_t admin_clients(const struct admin *admin)
{
	return admin->count;
}

static void client_join(struct admin_client *client)
{
	struct admin *admin = client->admin;

	client->next = admin->first;
	if (client->next)
		client->next->prev = client;
	admin->first = client;
	admin->count++;
}

/* Takes fd in any case. */
static bool client_open(struct admin_client *client, int fd)
{
	const struct admin_setup *setup = &client->admin->setup;

	loop_timer_init(
		setup->loop, &client->patience, on_patience_over, client);
	client->arena = arena_new(NULL);
	if (!client->arena ||
		!loop_timer_set(&client->patience, ADMIN_PATIENCE_MS)) {
		close(fd);
		return false;
	}
	h1_parser_init(&client->parser, H1_REQUEST, &limits, client->arena);
	client->conn = conn_accept(setup->io, fd, NULL, &events, client);
	return client->conn != NULL;
}

/* Those that were answered count, too: who does not read holds his page. */
static bool has_room(const struct admin *admin)
{
	return admin->count < ADMIN_CLIENTS &&
	       conn_io_lingering(admin->setup.io) < ADMIN_CLIENTS;
}

void admin_accept(struct admin *admin, int fd)
{
	struct admin_client *client = NULL;

	if (has_room(admin))
		client = calloc(1, sizeof(*client));
	if (!client) {
		close(fd);
		return;
	}
	client->admin = admin;
	if (client_open(client, fd))
		client_join(client);
	else
		client_free(client);
}
