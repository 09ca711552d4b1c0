/* The keys of session tickets: changed in time, let go in children. */
#include "master_priv.h"

#include "base/err.h"
#include "base/log.h"
#include "tls/ticket_ring.h"

static bool set_timer(struct master *master)
{
	return loop_timer_set(
		&master->ticket_timer, TICKET_RING_PERIOD_S * INT64_C(1000));
}

/* Old keys go on working where new ones cannot be made. */
static void on_timer(void *arg)
{
	struct master *master = arg;

	if (ticket_ring_rotate(master->setup->ring))
		LOG_PLAIN(LOG_LEVEL_INFO, "ticket_keys_rotated");
	else
		LOG(LOG_LEVEL_ERROR, "ticket_keys_not_rotated",
			LOG_STR("why", "the kernel gave no random octets"));
	if (!set_timer(master))
		LOG(LOG_LEVEL_ERROR, "ticket_keys_not_rotated",
			LOG_STR("why", "out of memory"));
}

bool master_tickets_start(struct master *master, struct err *err)
{
	const struct ticket_ring *ring = master->setup->ring;

	loop_timer_init(master->loop, &master->ticket_timer, on_timer, master);
	if (!ring)
		return true;
	if (!ticket_ring_locked(ring))
		LOG(LOG_LEVEL_WARN, "ticket_keys_not_locked",
			LOG_STR("why", "RLIMIT_MEMLOCK is too low: they may be "
				       "swapped out"));
	if (set_timer(master))
		return true;
	err_set(err, EXIT_CODE_INTERNAL, "out of memory");
	return false;
}

void master_tickets_forget(struct master *master)
{
	ticket_ring_inherit(master->setup->ring);
}
