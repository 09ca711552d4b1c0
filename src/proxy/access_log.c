#include "proxy/access_log.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proxy/metrics.h"
#include "tls/client_auth.h"

_Static_assert(ACCESS_LINE <= PIPE_BUF, "a pipe takes a line whole");

enum { ACCESS_FIELDS = 43, ACCESS_NAMES = 512, ACCESS_HEX = 65 };

/* Text that a line needs and nobody keeps. */
struct scratch {
	char target[ACCESS_TARGET + 8];
	char names[ACCESS_NAMES];
	char verdict[CLIENT_AUTH_VERDICT];
	char sha256[ACCESS_HEX];
};

struct line {
	struct log_field fields[ACCESS_FIELDS];
	size_t count;
};

/* ---- the line ---- */

static void add_slice(struct line *line, const char *key, struct slice value)
{
	line->fields[line->count++] = (struct log_field)LOG_SLICE(key, value);
}

static void add_text(struct line *line, const char *key, const char *value)
{
	if (value && *value)
		add_slice(line, key, slice_str(value));
}

static void add_known(struct line *line, const char *key, struct slice value)
{
	if (value.len)
		add_slice(line, key, value);
}

static void add_u64(struct line *line, const char *key, uint64_t value)
{
	line->fields[line->count++] = (struct log_field)LOG_U64(key, value);
}

/* The target without what may be secret, cut where it grows too long. */
static struct slice target_text(
	const struct access_record *r, bool redact, struct scratch *scratch)
{
	struct slice shown = r->target;
	size_t query = slice_find(shown, '?');
	size_t len;

	if (redact && query < shown.len)
		shown = slice_head(shown, query + 1);
	if (shown.len == r->target.len && shown.len <= ACCESS_TARGET)
		return shown;
	len = shown.len < ACCESS_TARGET ? shown.len : ACCESS_TARGET;
	for (size_t i = 0; i < len; i++)
		scratch->target[i] = shown.ptr[i];
	for (unsigned i = 0; i < 3; i++)
		scratch->target[len++] = '.';
	return slice_of(scratch->target, len);
}

/* Names of removed fields, comma-separated; they are tokens. */
static struct slice stripped_text(
	const struct rewrite_stripped *stripped, struct scratch *scratch)
{
	size_t len = 0;

	for (unsigned i = 0; i < stripped->total && i < REWRITE_NAMES; i++) {
		struct slice name = slice_head(stripped->names[i], 60);

		if (i)
			scratch->names[len++] = ',';
		memcpy(scratch->names + len, name.ptr, name.len);
		len += name.len;
	}
	return slice_of(scratch->names, len);
}

static void hex(char out[ACCESS_HEX], const uint8_t octets[32])
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < 32; i++) {
		out[2 * i] = digits[octets[i] >> 4];
		out[2 * i + 1] = digits[octets[i] & 15];
	}
	out[64] = '\0';
}

static void add_request(struct line *line, const struct access_record *r,
	bool redact, struct scratch *scratch)
{
	add_slice(line, "conn", r->connection_id);
	add_slice(line, "request", r->request_id);
	add_known(line, "client", r->client_ip);
	add_u64(line, "port", r->client_port);
	add_known(line, "peer", r->peer);
	add_text(line, "listener", r->listener);
	add_known(line, "method", r->method);
	add_known(line, "target", target_text(r, redact, scratch));
	add_known(line, "authority", r->authority);
}

static const char *word_of(bool denied)
{
	return denied ? "denied" : "allowed";
}

/* All of these are names and words of the configuration. */
static void add_route(struct line *line, const struct access_record *r)
{
	add_text(line, "route", r->route);
	if (r->policy) {
		add_text(line, "policy", r->policy);
		add_text(line, "policy_verdict", word_of(r->policy_denied));
	}
	if (r->dry_run) {
		add_text(line, "dry_run", r->dry_run);
		add_text(line, "dry_run_verdict", word_of(r->dry_run_denied));
	}
}

static void add_outcome(struct line *line, const struct access_record *r)
{
	add_u64(line, "status", r->status);
	if (r->failure != FAILURE_NONE) {
		add_text(line, "failure", failure_info(r->failure)->word);
		add_text(line, "blame", failure_blame(r->failure));
	}
	if (r->rule != HTTP_RULE_NONE)
		add_text(line, "rule", http_rule_info(r->rule)->name);
	add_text(line, "rate_limit", r->rate_limit);
	add_route(line, r);
	add_u64(line, "bytes_in", r->bytes_in);
	add_u64(line, "bytes_out", r->bytes_out);
	add_u64(line, "duration_us", r->duration_us);
	if (r->origin.len) {
		add_slice(line, "origin", r->origin);
		add_u64(line, "origin_us", r->origin_us);
	}
	add_slice(line, "upgrade", r->upgrade);
	if (r->queued_us)
		add_u64(line, "queued_us", r->queued_us);
	if (r->retries)
		add_u64(line, "retries", r->retries);
}

static void add_client(struct line *line, const struct access_record *r,
	struct scratch *scratch)
{
	add_text(line, "tls", r->tls_version);
	add_text(line, "cipher", r->tls_cipher);
	if (r->auth && r->auth->resumption.resumed)
		line->fields[line->count++] =
			(struct log_field)LOG_BOOL("resumed", true);
	if (r->auth) {
		client_auth_verdict(r->auth, scratch->verdict);
		add_text(line, "verify", scratch->verdict);
	}
	if (r->auth && r->auth->state != CLIENT_AUTH_NONE) {
		hex(scratch->sha256, r->auth->sha256);
		add_text(line, "sha256", scratch->sha256);
		add_slice(line, "serial", r->serial);
	}
	if (r->stripped.total) {
		add_slice(
			line, "stripped", stripped_text(&r->stripped, scratch));
		add_u64(line, "stripped_count", r->stripped.total);
	}
	/* the longest comes last: a line that is full loses no other */
	if (r->auth && r->auth->state != CLIENT_AUTH_NONE)
		add_slice(line, "subject", r->subject);
}

size_t access_log_line(char out[ACCESS_LINE], enum log_format format,
	bool redact_query, const struct access_record *r)
{
	struct scratch scratch;
	struct line line;

	line.count = 0;
	add_request(&line, r, redact_query, &scratch);
	add_outcome(&line, r);
	add_client(&line, r, &scratch);
	return log_render(out, ACCESS_LINE, format, LOG_LEVEL_INFO, "access",
		r->wall_ms, line.fields, line.count);
}

/* ---- where it goes ---- */

/* A description of our own, so that non-blocking is ours alone. */
static int open_anew(int fd)
{
	char path[32];

	if (snprintf(path, sizeof(path), "/proc/self/fd/%d", fd) < 0)
		return -1;
	return open(
		path, O_WRONLY | O_APPEND | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
}

static void look_at(struct access_log *log, int fd)
{
	struct stat st;
	int own;

	log->fd = fd;
	log->owned = log->is_socket = log->must_poll = false;
	if (fd < 0 || fstat(fd, &st) || S_ISREG(st.st_mode))
		return;
	if (S_ISSOCK(st.st_mode)) {
		log->is_socket = true;
		return;
	}
	own = open_anew(fd);
	log->owned = own >= 0;
	log->must_poll = own < 0;
	if (own >= 0)
		log->fd = own;
}

void access_log_init(struct access_log *log, int fd, enum log_format format,
	bool redact_query, struct metrics *metrics)
{
	*log = (struct access_log){.format = format,
		.redact_query = redact_query,
		.metrics = metrics};
	look_at(log, fd);
}

void access_log_set_fd(struct access_log *log, int fd)
{
	access_log_fini(log);
	look_at(log, fd);
}

void access_log_fini(struct access_log *log)
{
	if (log->owned)
		close(log->fd);
	log->fd = -1;
	log->owned = false;
}

bool access_log_wanted(const struct access_log *log)
{
	return log->fd >= 0;
}

static ssize_t put(const struct access_log *log, const char *line, size_t len)
{
	struct pollfd poller = {.fd = log->fd, .events = POLLOUT};

	if (log->is_socket)
		return send(log->fd, line, len, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (log->must_poll && poll(&poller, 1, 0) != 1) {
		errno = EAGAIN;
		return -1;
	}
	return write(log->fd, line, len);
}

void access_log_write(struct access_log *log, const struct access_record *r)
{
	char line[ACCESS_LINE];
	size_t len;
	ssize_t put_len;

	if (log->fd < 0)
		return;
	len = access_log_line(line, log->format, log->redact_query, r);
	do {
		put_len = put(log, line, len);
	} while (put_len < 0 && errno == EINTR);
	if (put_len < 0 || (size_t)put_len != len)
		metrics_add(&log->metrics->value[METRIC_ACCESS_LOG_LOST], 1);
}
