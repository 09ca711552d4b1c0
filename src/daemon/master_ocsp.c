/*
 * Workers and the steward of their generation are introduced to each other:
 * whoever of them is new gets one end of a fresh pair, and so does who was
 * there before.
 */
#include "master_priv.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "config/config.h"

static bool is_there(const struct seat *seat)
{
	return seat->state == SEAT_READY || seat->state == SEAT_SERVING;
}

/* If it fails, questions are not answered, and client_auth.ocsp.on_failure
 * decides. */
static void introduce(const struct seat *worker, const struct seat *steward)
{
	const char *why = "a child does not listen";
	int ends[2];
	bool told = false;

	if (!channel_pair(ends)) {
		why = strerror(errno);
	} else {
		told = channel_send(
			       worker->channel, CHANNEL_OCSP, 0, ends[0]) &&
		       channel_send(steward->channel, CHANNEL_OCSP, 0, ends[1]);
		close(ends[0]);
		close(ends[1]);
	}
	if (!told)
		LOG(LOG_LEVEL_ERROR, "cannot_connect_children",
			LOG_U64("worker", (uint64_t)worker->pid),
			LOG_U64("steward", (uint64_t)steward->pid),
			LOG_STR("why", why));
}

void seat_introduce(const struct seat *seat)
{
	const struct generation *g = seat->generation;
	const struct seat *steward = &g->seats[g->seat_count - 1];

	if (!config_asks_ocsp(g->config) || !is_there(steward))
		return;
	for (size_t i = 0; i + 1 < g->seat_count; i++) {
		const struct seat *worker = &g->seats[i];

		if (is_there(worker) && (seat == steward || seat == worker))
			introduce(worker, steward);
	}
}
