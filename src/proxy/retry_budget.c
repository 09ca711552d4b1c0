#include "proxy/retry_budget.h"

/* The seconds that nobody counted in are over, and so are those before. */
static unsigned place_of(struct retry_budget *budget, int64_t now_ms)
{
	int64_t now = now_ms / 1000;

	if (now - budget->second > RETRY_BUDGET_SECONDS)
		budget->second = now - RETRY_BUDGET_SECONDS;
	while (budget->second < now) {
		unsigned place =
			(unsigned)(++budget->second % RETRY_BUDGET_SECONDS);

		budget->requests[place] = 0;
		budget->retries[place] = 0;
	}
	return (unsigned)(budget->second % RETRY_BUDGET_SECONDS);
}

static uint64_t sum_of(const uint64_t counts[RETRY_BUDGET_SECONDS])
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < RETRY_BUDGET_SECONDS; i++)
		sum += counts[i];
	return sum;
}

void retry_budget_request(struct retry_budget *budget, int64_t now_ms)
{
	budget->requests[place_of(budget, now_ms)]++;
}

bool retry_budget_take(
	struct retry_budget *budget, int64_t now_ms, unsigned percent)
{
	unsigned place = place_of(budget, now_ms);

	if (sum_of(budget->retries) >=
		sum_of(budget->requests) * percent / 100 + RETRY_BUDGET_FLOOR)
		return false;
	budget->retries[place]++;
	return true;
}
