/*
 * ticket_keys: the keys that session tickets are sealed with (R12).
 *
 * Several at a time: the first one encrypts, all of them decrypt, so that a
 * rotation costs nobody a handshake. They come from a file that a fleet shares
 * (tls.ticket_keys: FILE) or from the ring that the master keeps
 * (tls/ticket_ring).
 *
 * A file holds 1 to TICKET_KEYS_MAX keys one behind the other, bare octets,
 * all of 80 (name 16, HMAC-SHA256 32, AES-256 32) or all of 48 (name 16,
 * HMAC-SHA256 16, AES-128 16): the form that `openssl rand 80` makes and nginx
 * reads. With at most four keys no file size means both.
 */
#ifndef MTLSGATE_TLS_TICKET_KEYS_H
#define MTLSGATE_TLS_TICKET_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"

struct config_problems;

enum {
	TICKET_KEY_NAME = 16,
	TICKET_KEY_SECRET = 32, /* the most of each of the two secrets */
	TICKET_KEY_LONG = 80,   /* octets in a file */
	TICKET_KEY_SHORT = 48,
	TICKET_KEYS_MAX = 4,
};

struct ticket_key {
	uint8_t name[TICKET_KEY_NAME]; /* public; stands in the ticket */
	uint8_t mac[TICKET_KEY_SECRET];
	uint8_t cipher[TICKET_KEY_SECRET];
	size_t secret; /* octets used of mac and of cipher: 16 or 32 */
};

struct ticket_keys {
	size_t count;
	struct ticket_key items[TICKET_KEYS_MAX];
};

/*
 * Reads the file. What is wrong goes to `problems` with the mark of `file`;
 * NULL when there was an error (R11). A file that others may read is a
 * warning. The caller frees.
 */
struct ticket_keys *ticket_keys_load(const struct config_text *file,
	struct config_problems *problems) __attribute__((warn_unused_result));
/* The octets of a file, as above; NULL: fine, else why not. */
const char *ticket_keys_parse(
	const uint8_t *octets, size_t len, struct ticket_keys *out);
/* The key of that name; NULL when there is none. */
const struct ticket_key *ticket_keys_find(
	const struct ticket_keys *keys, const uint8_t name[TICKET_KEY_NAME]);

void ticket_keys_wipe(struct ticket_keys *keys);
void ticket_keys_free(struct ticket_keys *keys); /* wiped; NULL is ignored */

#endif
