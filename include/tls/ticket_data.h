/*
 * ticket_data: what a session ticket carries beside the session (R12).
 *
 * Written at the first full handshake, copied unchanged at each renewal, read
 * back when the ticket is shown. It lies inside of the sealed ticket; it is
 * parsed strictly all the same, since the keys may be a fleet's and the one
 * who wrote it another version.
 *
 * Wire form, numbers big-endian:
 *   version 1 | verdict 1 | sent 1 | flags 1 | group 4 | since 8 |
 *   not_after 8 | next_update 8 | trust 32 | server_name 16 |
 *   issuer serial: length 1, octets | issuer key id: length 1, octets
 */
#ifndef MTLSGATE_TLS_TICKET_DATA_H
#define MTLSGATE_TLS_TICKET_DATA_H

#include <stdint.h>

#include "base/slice.h"

enum {
	TICKET_DATA_VERSION = 1,
	TICKET_DATA_TRUST = 32,
	TICKET_DATA_NAME = 16,
	TICKET_DATA_ISSUER = 64, /* octets of the issuer's serial and key id */
	TICKET_DATA_MAX = 80 + 2 * (1 + TICKET_DATA_ISSUER),
};

/* The only verdict that gets a ticket. */
enum { TICKET_DATA_OK = 1 };

struct ticket_data {
	uint8_t trust[TICKET_DATA_TRUST]; /* trust_digest then */
	/* Of the name that the client asked for; all zero: of none. */
	uint8_t server_name[TICKET_DATA_NAME];
	uint32_t group;        /* of certificates, selected by that name */
	int64_t since_s;       /* the first full handshake, since 1970 */
	int64_t not_after_s;   /* earliest of the chain */
	int64_t next_update_s; /* of the CRLs it rests on; INT64_MAX: none */
	uint8_t verdict;
	uint8_t sent; /* certificates that the client sent then */
	bool issuer_serial_negative;
	uint8_t issuer_serial_len;
	uint8_t issuer_key_id_len;
	uint8_t issuer_serial[TICKET_DATA_ISSUER];
	uint8_t issuer_key_id[TICKET_DATA_ISSUER];
};

/* The octets written; the lengths in data must be within bounds. */
size_t ticket_data_write(
	const struct ticket_data *data, uint8_t out[TICKET_DATA_MAX]);
/* false: not this version, cut, too long, or a value that was never written. */
bool ticket_data_read(struct ticket_data *data, struct slice octets)
	__attribute__((warn_unused_result));

#endif
