#include "pem_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/crypto.h>

static bool read_all(int fd, char *text, size_t len, size_t *got)
{
	*got = 0;
	while (*got < len) {
		ssize_t n = read(fd, text + *got, len - *got);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		if (n == 0)
			return true;
		*got += (size_t)n;
	}
	return true;
}

static bool read_file(struct pem_file *file, int fd)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return false;
	if (!S_ISREG(st.st_mode)) {
		errno = S_ISDIR(st.st_mode) ? EISDIR : EINVAL;
		return false;
	}
	if (st.st_size > PEM_FILE_MAX) {
		errno = EFBIG;
		return false;
	}
	file->len = (size_t)st.st_size;
	file->text = malloc(file->len + 1);
	if (!file->text)
		return false;
	return read_all(fd, file->text, file->len, &file->len);
}

bool pem_open(struct pem_file *file, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	bool ok;
	int saved;

	*file = (struct pem_file){.line = 1};
	if (fd < 0)
		return false;
	ok = read_file(file, fd);
	saved = errno;
	close(fd);
	if (!ok)
		pem_close(file);
	errno = saved;
	return ok;
}

void pem_close(struct pem_file *file)
{
	if (file->text)
		OPENSSL_cleanse(file->text, file->len);
	if (file->der)
		OPENSSL_cleanse(file->der, file->der_size);
	free(file->text);
	free(file->der);
	*file = (struct pem_file){0};
}

/* The next line without its end; false at the end of the file. */
static bool next_line(struct pem_file *file, struct slice *line)
{
	struct slice rest =
		slice_of(file->text + file->at, file->len - file->at);
	size_t len = slice_find(rest, '\n');

	if (!rest.len)
		return false;
	*line = slice_head(rest, len);
	file->at += len < rest.len ? len + 1 : len;
	file->line++;
	while (line->len && (line->ptr[line->len - 1] == '\r' ||
				    line->ptr[line->len - 1] == ' ' ||
				    line->ptr[line->len - 1] == '\t'))
		line->len--;
	return true;
}

/* Is line `prefix` LABEL "-----"? */
static bool boundary(
	struct slice line, struct slice prefix, struct slice *label)
{
	if (!slice_starts(line, prefix) || !slice_ends(line, SLICE("-----")) ||
		line.len <= prefix.len + 5)
		return false;
	*label = slice_of(line.ptr + prefix.len, line.len - prefix.len - 5);
	return true;
}

static int base64_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+')
		return 62;
	return c == '/' ? 63 : -1;
}

/* Base64 across lines (RFC 4648 section 4, padded). */
struct base64 {
	unsigned char *out;
	size_t len;
	uint32_t bits;
	unsigned held;    /* characters in bits, 0-3 */
	unsigned padding; /* '=' seen */
};

static bool base64_line(struct base64 *b, struct slice line)
{
	for (size_t i = 0; i < line.len; i++) {
		int value = base64_value(line.ptr[i]);

		if (line.ptr[i] == '=' && b->held + b->padding >= 2 &&
			b->held + b->padding < 4) {
			b->padding++;
			continue;
		}
		if (value < 0 || b->padding)
			return false;
		b->bits = b->bits << 6 | (uint32_t)value;
		if (++b->held < 4)
			continue;
		b->out[b->len++] = (unsigned char)(b->bits >> 16);
		b->out[b->len++] = (unsigned char)(b->bits >> 8);
		b->out[b->len++] = (unsigned char)b->bits;
		b->held = 0;
	}
	return true;
}

static bool base64_end(struct base64 *b)
{
	if (!b->held)
		return !b->padding;
	if (b->held + b->padding != 4)
		return false;
	if (b->held == 3) {
		b->out[b->len++] = (unsigned char)(b->bits >> 10);
		b->out[b->len++] = (unsigned char)(b->bits >> 2);
		return (b->bits & 3) == 0;
	}
	b->out[b->len++] = (unsigned char)(b->bits >> 4);
	return (b->bits & 15) == 0;
}

/* What is left gets shorter, so one room does for all blocks. */
static bool reserve(struct pem_file *file, size_t size)
{
	if (file->der_size >= size)
		return true;
	if (file->der)
		OPENSSL_cleanse(file->der, file->der_size);
	free(file->der);
	file->der = malloc(size);
	file->der_size = file->der ? size : 0;
	return file->der != NULL;
}

/* RFC 1421 headers stand in front of a blank line ("Proc-Type: ..."). */
static bool header_line(struct slice line)
{
	return slice_find(line, ':') < line.len;
}

/* From behind BEGIN up to END; NULL or what is wrong. */
static const char *read_body(struct pem_file *file, struct pem_block *block)
{
	struct base64 b = {0};
	struct slice line, label;
	bool first = true, headers = false;

	if (!reserve(file, (file->len - file->at) / 4 * 3 + 4))
		return "out of memory";
	b.out = file->der;
	while (next_line(file, &line)) {
		if (slice_starts(line, SLICE("-----"))) {
			if (!boundary(line, SLICE("-----END "), &label) ||
				!slice_eq(label, block->label))
				return "a block has no END of its own";
			if (!base64_end(&b))
				return "its base64 ends in mid-byte";
			block->der = slice_of(b.out, b.len);
			return b.len ? NULL : "a block is empty";
		}
		headers = headers || (first && header_line(line));
		first = false;
		if (headers) {
			block->encrypted |=
				slice_eq(line, SLICE("Proc-Type: 4,ENCRYPTED"));
			headers = line.len > 0;
		} else if (!base64_line(&b, line)) {
			return "this is not base64";
		}
	}
	return "a block does not end";
}

/* A block shifted as a whole would be passed over as if it were words. */
static bool is_shifted(struct slice line)
{
	size_t at = 0;

	while (at < line.len && strchr(" \t\xEF\xBB\xBF", line.ptr[at]) &&
		line.ptr[at])
		at++;
	return at && slice_starts(slice_from(line, at), SLICE("-----BEGIN "));
}

enum pem_result pem_next(struct pem_file *file, struct pem_block *block,
	const char **why, unsigned *line)
{
	struct slice text;

	*block = (struct pem_block){.line = file->line};
	while (next_line(file, &text)) {
		*line = block->line;
		if (!slice_starts(text, SLICE("-----"))) {
			*why = "BEGIN stands behind blanks or a byte order "
			       "mark, not at the start of its line";
			if (is_shifted(text))
				return PEM_BROKEN;
			block->line = file->line;
			continue;
		}
		*why = "a line with dashes begins no block";
		if (!boundary(text, SLICE("-----BEGIN "), &block->label))
			return PEM_BROKEN;
		block->encrypted =
			slice_starts(block->label, SLICE("ENCRYPTED "));
		*why = read_body(file, block);
		*line = *why ? file->line - 1 : block->line;
		return *why ? PEM_BROKEN : PEM_OK;
	}
	return PEM_END;
}

bool pem_looks_like_der(const struct pem_file *file)
{
	return file->len > 4 && file->text[0] == 0x30 &&
	       ((unsigned char)file->text[1] & 0x80) &&
	       memchr(file->text, '\0', file->len);
}
