#include "serial_set_priv.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/asn1.h>
#include <openssl/evp.h>

enum { HEAD = 2 }; /* sign and length of an item */

/* ---- one number ---- */

struct number {
	const uint8_t *magnitude;
	size_t len;
	bool negative;
};

static struct number number_of(
	const uint8_t *magnitude, size_t len, bool negative)
{
	while (len && !*magnitude) {
		magnitude++;
		len--;
	}
	return (struct number){magnitude, len, negative && len};
}

static struct number number_of_asn1(const ASN1_INTEGER *serial)
{
	return number_of(ASN1_STRING_get0_data(serial),
		(size_t)ASN1_STRING_length(serial),
		ASN1_STRING_type(serial) == V_ASN1_NEG_INTEGER);
}

/* Any order will do, so: by sign, then length, then octets. */
static int compare(const uint8_t *item, const struct number *number)
{
	int by_head = item[0] - number->negative;

	if (!by_head)
		by_head = item[1] - (int)number->len;
	if (by_head || !number->len)
		return by_head;
	return memcmp(item + HEAD, number->magnitude, number->len);
}

static int by_value(const void *a, const void *b, void *bytes)
{
	const uint8_t *x = (const uint8_t *)bytes + *(const uint32_t *)a;
	const uint8_t *y = (const uint8_t *)bytes + *(const uint32_t *)b;
	const struct number number = {y + HEAD, y[1], y[0]};

	return compare(x, &number);
}

/* ---- the set ---- */

static bool reserve(struct serial_set *set, size_t more)
{
	size_t size = set->size ? set->size : 256;
	size_t room = set->room ? set->room : 16;
	void *moved;

	while (size < set->len + more)
		size *= 2;
	if (size > UINT32_MAX)
		return false;
	if (size > set->size) {
		moved = realloc(set->bytes, size);
		if (!moved)
			return false;
		set->bytes = moved;
		set->size = size;
	}
	if (set->count < set->room)
		return true;
	if (set->room)
		room *= 2;
	moved = realloc(set->items, room * sizeof(*set->items));
	if (!moved)
		return false;
	set->items = moved;
	set->room = room;
	return true;
}

static bool add(struct serial_set *set, struct number number)
{
	uint8_t *item;

	if (number.len > SERIAL_SET_LONGEST || !reserve(set, HEAD + number.len))
		return false;
	item = set->bytes + set->len;
	item[0] = number.negative;
	item[1] = (uint8_t)number.len;
	if (number.len)
		memcpy(item + HEAD, number.magnitude, number.len);
	set->items[set->count++] = (uint32_t)set->len;
	set->len += HEAD + number.len;
	return true;
}

bool serial_set_add(struct serial_set *set, const uint8_t *magnitude,
	size_t len, bool negative)
{
	return add(set, number_of(magnitude, len, negative));
}

bool serial_set_add_asn1(
	struct serial_set *set, const struct asn1_string_st *serial)
{
	return add(set, number_of_asn1(serial));
}

/* To shrink may fail, too; then it stays as large as it is. */
static void shrink(struct serial_set *set)
{
	void *bytes = realloc(set->bytes, set->len);
	void *items = realloc(set->items, set->count * sizeof(*set->items));

	if (bytes) {
		set->bytes = bytes;
		set->size = set->len;
	}
	if (items) {
		set->items = items;
		set->room = set->count;
	}
}

void serial_set_seal(struct serial_set *set)
{
	size_t kept = 0;

	if (!set->count)
		return;
	qsort_r(set->items, set->count, sizeof(*set->items), by_value,
		set->bytes);
	for (size_t i = 0; i < set->count; i++) {
		if (!kept || by_value(&set->items[kept - 1], &set->items[i],
				     set->bytes))
			set->items[kept++] = set->items[i];
	}
	set->count = kept;
	shrink(set);
}

bool serial_set_has(
	const struct serial_set *set, const struct asn1_string_st *serial)
{
	const struct number number = number_of_asn1(serial);
	size_t from = 0, to = set->count;

	if (number.len > SERIAL_SET_LONGEST)
		return false;
	while (from < to) {
		size_t middle = from + (to - from) / 2;
		int order = compare(set->bytes + set->items[middle], &number);

		if (!order)
			return true;
		if (order < 0)
			from = middle + 1;
		else
			to = middle;
	}
	return false;
}

bool serial_set_digest(const struct serial_set *set, struct evp_md_ctx_st *ctx)
{
	bool ok = true;

	for (size_t i = 0; ok && i < set->count; i++) {
		const uint8_t *item = set->bytes + set->items[i];

		ok = EVP_DigestUpdate(ctx, item, HEAD + (size_t)item[1]) == 1;
	}
	return ok;
}

void serial_set_fini(struct serial_set *set)
{
	free(set->bytes);
	free(set->items);
	*set = (struct serial_set){0};
}
