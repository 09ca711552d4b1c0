/*
 * What a ticket carries. Promises: what is read is written as the same octets,
 * and a decision about it ends in one of the known reasons.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tls/resumption.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool kept)
{
	if (!kept)
		abort();
}

static void decide(const struct ticket_data *then, int64_t now_s)
{
	struct resumption_terms terms = {.next_update_s = INT64_MAX};
	struct resumption now = {.terms = &terms, .decided_s = now_s};
	enum resumption_reason reason;
	int64_t left_s;

	memcpy(terms.trust, then->trust, sizeof(terms.trust));
	memcpy(now.server_name, then->server_name, sizeof(now.server_name));
	now.group = then->group;
	reason = resumption_decide(&now, then);
	left_s = resumption_left(&terms, then, now_s);
	must(reason > RESUMPTION_NOT_ASKED && reason < RESUMPTION_REASONS);
	must(left_s >= 0);
	if (reason == RESUMPTION_ACCEPTED)
		must(left_s > 0 && then->verdict == TICKET_DATA_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int64_t times[] = {
		0, 1, 1800000000, INT64_C(253402300799)};
	uint8_t again[TICKET_DATA_MAX];
	struct ticket_data read;

	if (!ticket_data_read(&read, slice_of(data, size)))
		return 0;
	must(ticket_data_write(&read, again) == size);
	must(!memcmp(again, data, size));
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++)
		decide(&read, times[i]);
	return 0;
}
