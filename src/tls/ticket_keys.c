#include "tls/ticket_keys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "config/config_problem.h"
#include "problem_priv.h"

static const char key_key[] = "tls.ticket_keys";

/* One more than the largest file, so that a larger one shows. */
enum { FILE_ROOM = TICKET_KEYS_MAX * TICKET_KEY_LONG + 1 };

/* ---- octets ---- */

/* 0: no such size. */
static size_t size_of_one(size_t len)
{
	static const size_t sizes[] = {TICKET_KEY_LONG, TICKET_KEY_SHORT};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		if (len && len % sizes[i] == 0 &&
			len / sizes[i] <= TICKET_KEYS_MAX)
			return sizes[i];
	}
	return 0;
}

static void take(struct ticket_key *key, const uint8_t *octets, size_t size)
{
	key->secret = (size - TICKET_KEY_NAME) / 2;
	memcpy(key->name, octets, TICKET_KEY_NAME);
	memcpy(key->mac, octets + TICKET_KEY_NAME, key->secret);
	memcpy(key->cipher, octets + TICKET_KEY_NAME + key->secret,
		key->secret);
}

/* Of a file made with dd from /dev/zero, or filled up with blanks. */
static bool is_monotone(const uint8_t *octets, size_t len)
{
	for (size_t i = 1; i < len; i++) {
		if (octets[i] != octets[0])
			return false;
	}
	return true;
}

const char *ticket_keys_parse(
	const uint8_t *octets, size_t len, struct ticket_keys *out)
{
	size_t size = size_of_one(len);

	*out = (struct ticket_keys){0};
	if (!size)
		return "keys of 80 or of 48 octets are expected, one to four "
		       "of one kind, and nothing else";
	for (size_t at = 0; at < len; at += size) {
		struct ticket_key *key = &out->items[out->count];

		take(key, octets + at, size);
		if (ticket_keys_find(out, key->name))
			return "two keys have the same name (their first 16 "
			       "octets)";
		if (is_monotone(key->mac, key->secret) ||
			is_monotone(key->cipher, key->secret))
			return "a key is one octet over and over, not random";
		out->count++;
	}
	return NULL;
}

const struct ticket_key *ticket_keys_find(
	const struct ticket_keys *keys, const uint8_t name[TICKET_KEY_NAME])
{
	for (size_t i = 0; i < keys->count; i++) {
		if (!memcmp(keys->items[i].name, name, TICKET_KEY_NAME))
			return &keys->items[i];
	}
	return NULL;
}

void ticket_keys_wipe(struct ticket_keys *keys)
{
	OPENSSL_cleanse(keys, sizeof(*keys));
}

void ticket_keys_free(struct ticket_keys *keys)
{
	if (keys)
		ticket_keys_wipe(keys);
	free(keys);
}

/* ---- the file ---- */

/* false: errno. */
static bool read_all(int fd, uint8_t *octets, size_t room, size_t *len)
{
	*len = 0;
	while (*len < room) {
		ssize_t n = read(fd, octets + *len, room - *len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		if (n == 0)
			return true;
		*len += (size_t)n;
	}
	return true;
}

static bool read_file(const char *path, uint8_t octets[FILE_ROOM], size_t *len,
	struct stat *st)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	bool ok;
	int saved;

	if (fd < 0)
		return false;
	ok = fstat(fd, st) == 0;
	if (ok && S_ISDIR(st->st_mode)) {
		errno = EISDIR;
		ok = false;
	}
	ok = ok && read_all(fd, octets, FILE_ROOM, len);
	saved = errno;
	close(fd);
	errno = saved;
	return ok;
}

static void warn_permissions(const struct config_text *file,
	const struct stat *st, struct config_problems *problems)
{
	unsigned others = st->st_mode & (S_IROTH | S_IWOTH | S_IWGRP);

	if (!others)
		return;
	config_problem(problems, CONFIG_WARNING, EXIT_CODE_OK, file->mark,
		"%s: %s may be %s by others (mode %04o); chmod 0600 guards it",
		key_key, file->text, others & S_IROTH ? "read" : "written",
		(unsigned)st->st_mode & 07777);
	config_problem_note(problems,
		"who reads these keys can read recorded TLS 1.2 connections "
		"and resume them");
}

static void refuse(const struct config_text *file, const struct stat *st,
	const char *why, struct config_problems *problems)
{
	config_problem(problems, CONFIG_ERROR, EXIT_CODE_CONFIG, file->mark,
		"%s: %s is no file of ticket keys: %s", key_key, file->text,
		why);
	config_problem_note(problems,
		"it has %lld octets; openssl rand 80 makes a key, and cat NEW "
		"OLD keeps the one before it valid",
		(long long)st->st_size);
}

struct ticket_keys *ticket_keys_load(
	const struct config_text *file, struct config_problems *problems)
{
	struct ticket_keys *keys = calloc(1, sizeof(*keys));
	uint8_t octets[FILE_ROOM];
	const char *why = NULL;
	struct stat st;
	size_t len = 0;
	bool ok = false;

	if (!keys) {
		config_problem(problems, CONFIG_ERROR, EXIT_CODE_INTERNAL,
			file->mark, "%s: out of memory", key_key);
		return NULL;
	}
	if (!read_file(file->text, octets, &len, &st)) {
		problem_unreadable(
			problems, key_key, file->mark, file->text, errno);
	} else if ((why = ticket_keys_parse(octets, len, keys))) {
		refuse(file, &st, why, problems);
	} else {
		warn_permissions(file, &st, problems);
		ok = true;
	}
	OPENSSL_cleanse(octets, sizeof(octets));
	if (ok)
		return keys;
	ticket_keys_free(keys);
	return NULL;
}
