#include "log_priv.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* A write of at most PIPE_BUF bytes to a pipe is never mixed with another's. */
enum { LINE_MAX_BYTES = 4096, WHO_MAX_BYTES = 32 };

/* The sink of the process: the one global that changes (style.md). */
static struct {
	int fd;
	enum log_format format;
	enum log_level level;
	char who[WHO_MAX_BYTES];
	uint64_t lost;
} sink = {.fd = 2, .level = LOG_LEVEL_INFO};

void log_setup(
	int fd, enum log_format format, enum log_level level, const char *who)
{
	sink.fd = fd;
	sink.format = format;
	sink.level = level;
	snprintf(sink.who, sizeof(sink.who), "%s", who ? who : "");
}

/* systemd.exec(5): "dev:inode" of the journal's socket, in decimal. */
enum log_format log_format_auto(int fd)
{
	const char *stream = getenv("JOURNAL_STREAM");
	struct slice rest = slice_str(stream);
	struct slice dev, inode;
	uint64_t dev_no, inode_no;
	struct stat st;

	if (!slice_next(&rest, ':', &dev) || !slice_next(&rest, ':', &inode) ||
		rest.ptr)
		return LOG_FORMAT_TEXT;
	if (!slice_to_u64(dev, UINT64_MAX, &dev_no) ||
		!slice_to_u64(inode, UINT64_MAX, &inode_no))
		return LOG_FORMAT_TEXT;
	if (fstat(fd, &st) || st.st_dev != dev_no || st.st_ino != inode_no)
		return LOG_FORMAT_TEXT;
	return LOG_FORMAT_JOURNAL;
}

bool log_wants(enum log_level level)
{
	return level <= sink.level;
}

static int64_t wall_now_ms(void)
{
	struct timespec t;

	if (clock_gettime(CLOCK_REALTIME, &t))
		return 0;
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void log_write(enum log_level level, const char *event,
	const struct log_field *fields, size_t count)
{
	const struct log_line line = {
		.format = sink.format,
		.level = level,
		.event = event,
		.who = sink.who,
		.wall_ms = wall_now_ms(),
		.fields = fields,
		.count = count,
	};
	char text[LINE_MAX_BYTES];
	size_t len;
	ssize_t n;

	if (!log_wants(level))
		return;
	len = log_render_line(text, sizeof(text), &line);
	do {
		n = write(sink.fd, text, len);
	} while (n < 0 && errno == EINTR);
	if (n < 0 || (size_t)n != len)
		sink.lost++;
}

uint64_t log_lost(void)
{
	uint64_t lost = sink.lost;

	sink.lost = 0;
	return lost;
}

/* ---- the bucket ---- */

enum { TOKEN_MICRO = 1000000 };

void log_bucket_init(struct log_bucket *b, uint32_t rate_milli, uint32_t burst)
{
	*b = (struct log_bucket){
		.rate_milli = rate_milli,
		.burst = burst,
		.tokens_micro = (uint64_t)burst * TOKEN_MICRO,
	};
}

/* One millisecond brings rate_milli millionths of a token. */
static void bucket_fill(struct log_bucket *b, int64_t now_ms)
{
	const uint64_t full = (uint64_t)b->burst * TOKEN_MICRO;
	uint64_t missing = full - b->tokens_micro;
	uint64_t passed = 0;

	if (now_ms > b->filled_ms)
		passed = (uint64_t)(now_ms - b->filled_ms);
	b->filled_ms = now_ms;
	if (!b->rate_milli)
		return;
	if (passed > missing / b->rate_milli)
		b->tokens_micro = full;
	else
		b->tokens_micro += passed * b->rate_milli;
}

bool log_bucket_take(struct log_bucket *b, int64_t now_ms, uint64_t *suppressed)
{
	bucket_fill(b, now_ms);
	if (b->tokens_micro < TOKEN_MICRO) {
		b->suppressed++;
		return false;
	}
	b->tokens_micro -= TOKEN_MICRO;
	*suppressed = b->suppressed;
	b->suppressed = 0;
	return true;
}
