#include "proxy/server_health.h"

bool server_health_up(const struct server_health *health)
{
	return !health->down_ms;
}

bool server_health_open(const struct server_health *health, int64_t now_ms)
{
	if (health->unwell)
		return false;
	return !health->down_ms ||
	       (!health->trial && now_ms >= health->until_ms);
}

void server_health_begin(struct server_health *health)
{
	health->trial = health->down_ms > 0;
}

void server_health_forget(struct server_health *health)
{
	health->trial = false;
}

static void stay_down(struct server_health *health, int64_t now_ms)
{
	int64_t longer = 2 * health->down_ms;

	health->down_ms = longer < SERVER_HEALTH_DOWN_MAX_MS
				  ? longer
				  : SERVER_HEALTH_DOWN_MAX_MS;
	health->until_ms = now_ms + health->down_ms;
}

bool server_health_note(struct server_health *health, bool ok, int64_t now_ms)
{
	bool was_up = server_health_up(health);

	if (ok) {
		health->failures = 0;
		health->down_ms = health->until_ms = 0;
		health->trial = false;
		return !was_up;
	}
	if (!was_up) {
		/* attempts begun before it went down tell nothing new */
		if (health->trial)
			stay_down(health, now_ms);
		health->trial = false;
		return false;
	}
	if (++health->failures < SERVER_HEALTH_FAILURES)
		return false;
	health->down_ms = SERVER_HEALTH_DOWN_MS;
	health->until_ms = now_ms + health->down_ms;
	return true;
}

bool server_health_answer(struct server_health *health, bool well,
	unsigned unhealthy_after, unsigned healthy_after)
{
	if (well != health->unwell) {
		health->others = 0;
		return false;
	}
	if (++health->others < (well ? healthy_after : unhealthy_after))
		return false;
	health->unwell = !well;
	health->others = 0;
	return true;
}
