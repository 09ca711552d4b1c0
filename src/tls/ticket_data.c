#include "tls/ticket_data.h"

#include <assert.h>
#include <string.h>

enum { FLAG_SERIAL_NEGATIVE = 1, FLAGS_KNOWN = 1 };

/* ---- writing ---- */

struct writer {
	uint8_t *at;
};

static void put(struct writer *to, const void *octets, size_t len)
{
	if (len)
		memcpy(to->at, octets, len);
	to->at += len;
}

static void put_number(struct writer *to, uint64_t number, unsigned octets)
{
	while (octets--)
		*to->at++ = (uint8_t)(number >> (8 * octets));
}

static void put_short(struct writer *to, const uint8_t *octets, uint8_t len)
{
	assert(len <= TICKET_DATA_ISSUER);
	put_number(to, len, 1);
	put(to, octets, len);
}

size_t ticket_data_write(
	const struct ticket_data *data, uint8_t out[TICKET_DATA_MAX])
{
	struct writer to = {out};

	put_number(&to, TICKET_DATA_VERSION, 1);
	put_number(&to, data->verdict, 1);
	put_number(&to, data->sent, 1);
	put_number(&to, data->issuer_serial_negative, 1);
	put_number(&to, data->group, 4);
	put_number(&to, (uint64_t)data->since_s, 8);
	put_number(&to, (uint64_t)data->not_after_s, 8);
	put_number(&to, (uint64_t)data->next_update_s, 8);
	put(&to, data->trust, sizeof(data->trust));
	put(&to, data->server_name, sizeof(data->server_name));
	put_short(&to, data->issuer_serial, data->issuer_serial_len);
	put_short(&to, data->issuer_key_id, data->issuer_key_id_len);
	return (size_t)(to.at - out);
}

/* ---- reading ---- */

struct reader {
	struct slice rest;
	bool ok;
};

static void get(struct reader *from, void *octets, size_t len)
{
	from->ok = from->ok && from->rest.len >= len;
	if (!from->ok || !len)
		return;
	memcpy(octets, from->rest.ptr, len);
	from->rest = slice_from(from->rest, len);
}

static uint64_t get_number(struct reader *from, unsigned octets)
{
	uint64_t number = 0;

	while (octets--) {
		uint8_t octet = 0;

		get(from, &octet, 1);
		number = number << 8 | octet;
	}
	return number;
}

static uint8_t get_short(
	struct reader *from, uint8_t octets[TICKET_DATA_ISSUER])
{
	size_t len = (size_t)get_number(from, 1);

	from->ok = from->ok && len <= TICKET_DATA_ISSUER;
	if (!from->ok)
		return 0;
	get(from, octets, len);
	return (uint8_t)len;
}

static int64_t get_time(struct reader *from)
{
	uint64_t seconds = get_number(from, 8);

	from->ok = from->ok && seconds <= INT64_MAX;
	return from->ok ? (int64_t)seconds : 0;
}

bool ticket_data_read(struct ticket_data *data, struct slice octets)
{
	struct reader from = {octets, true};
	uint64_t flags;

	*data = (struct ticket_data){0};
	if (get_number(&from, 1) != TICKET_DATA_VERSION)
		return false;
	data->verdict = (uint8_t)get_number(&from, 1);
	data->sent = (uint8_t)get_number(&from, 1);
	flags = get_number(&from, 1);
	data->issuer_serial_negative = flags & FLAG_SERIAL_NEGATIVE;
	data->group = (uint32_t)get_number(&from, 4);
	data->since_s = get_time(&from);
	data->not_after_s = get_time(&from);
	data->next_update_s = get_time(&from);
	get(&from, data->trust, sizeof(data->trust));
	get(&from, data->server_name, sizeof(data->server_name));
	data->issuer_serial_len = get_short(&from, data->issuer_serial);
	data->issuer_key_id_len = get_short(&from, data->issuer_key_id);
	return from.ok && !from.rest.len && flags <= FLAGS_KNOWN &&
	       data->sent > 0;
}
