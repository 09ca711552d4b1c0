/*
 * access_log: the record of one exchange and its line.
 *
 * The record lies in the exchange by value; its slices are lent by the
 * exchange's arena and its client, and hold until the exchange is over.
 *
 * A line leaves in one write and never blocks the worker. The flags of a
 * descriptor that was inherited are shared with other processes and stay as
 * they are: a socket is written with MSG_DONTWAIT; a pipe or terminal is opened
 * anew, non-blocking, through /proc/self/fd, and where that is not allowed it
 * is polled first; files do not block. Lines are at most PIPE_BUF bytes, so a
 * pipe takes each whole or not at all. What cannot be written is counted.
 */
#ifndef MTLSGATE_PROXY_ACCESS_LOG_H
#define MTLSGATE_PROXY_ACCESS_LOG_H

#include "base/log.h"
#include "http/message.h"
#include "policy/rewrite.h"
#include "proxy/failure.h"

struct client_auth;
struct metrics;

enum { ACCESS_LINE = 4096, ACCESS_TARGET = 1024 };

struct access_record {
	int64_t wall_ms; /* when its first byte came, UTC since 1970 */
	uint64_t duration_us;
	uint64_t origin_us; /* lease -> head of the answer; 0: none came */
	uint64_t bytes_in;  /* of bodies */
	uint64_t bytes_out;
	struct slice connection_id;
	struct slice request_id;
	struct slice client_ip;
	uint16_t client_port;
	struct slice peer; /* the proxy that announced it; empty: none */
	const char *listener;
	const char *tls_version; /* NULL: not known */
	const char *tls_cipher;
	struct slice method;
	struct slice target; /* as it came; the line redacts it */
	struct slice authority;
	enum message_version version;
	unsigned status; /* sent; 0: none */
	enum failure failure;
	enum http_rule rule; /* of the message that was refused */
	unsigned retries;
	struct slice upgrade; /* the protocol of a tunnel; empty: none */
	uint64_t queued_us;   /* waited for a place at the origin */
	struct slice origin;  /* address; empty: none was asked */
	const struct client_auth *auth;
	struct slice subject;
	struct slice serial;
	const char *route;  /* NULL: none was found; "" without a list */
	const char *policy; /* of the route; NULL: none */
	bool policy_denied;
	const char *dry_run; /* its policy_dry_run; NULL: none */
	bool dry_run_denied;
	const char *rate_limit; /* key of the limit that refused; or NULL */
	struct rewrite_stripped stripped;
};

struct access_log {
	int fd;     /* where lines go; -1: nowhere */
	bool owned; /* opened anew by us */
	bool is_socket;
	bool must_poll;
	enum log_format format;
	bool redact_query;
	struct metrics *metrics; /* lent */
};

/* fd is lent; -1: no access log. */
void access_log_init(struct access_log *log, int fd, enum log_format format,
	bool redact_query, struct metrics *metrics);
void access_log_set_fd(struct access_log *log, int fd);
void access_log_fini(struct access_log *log);
bool access_log_wanted(const struct access_log *log);
void access_log_write(struct access_log *log, const struct access_record *r);

/* The line, newline included; returns its length. For tests and the demo. */
size_t access_log_line(char out[ACCESS_LINE], enum log_format format,
	bool redact_query, const struct access_record *r);

#endif
