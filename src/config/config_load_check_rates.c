/* What holds between the limits of `rate_limits`. */
#include "config_load_check_priv.h"

#include "config/config_rate.h"

/* One that is wrong in itself is not like any other. */
static bool is_same(
	const struct config_rate_limit *a, const struct config_rate_limit *b)
{
	return a->per_hour && a->key == b->key && a->per_hour == b->per_hour &&
	       a->burst == b->burst;
}

void config_check_rates(struct config_loader *loader)
{
	const struct config *config = loader->config;
	struct config_rate_limit *limits = config->rate_limits;

	if (config->rate_limit_count > CONFIG_RATE_LIMITS)
		config_problem(loader->problems, CONFIG_ERROR, EXIT_CODE_CONFIG,
			limits[CONFIG_RATE_LIMITS].mark,
			"rate_limits: found %zu limits; at most %d are allowed",
			config->rate_limit_count, CONFIG_RATE_LIMITS);
	for (size_t i = 0; i < config->rate_limit_count; i++) {
		/* as many as come in a second, and one at least */
		if (!limits[i].burst)
			limits[i].burst = (limits[i].per_hour + 3599) / 3600;
		for (size_t k = 0; k < i; k++) {
			if (is_same(&limits[i], &limits[k]))
				config_problem(loader->problems, CONFIG_ERROR,
					EXIT_CODE_CONFIG, limits[i].mark,
					"rate_limits[%zu]: says the same as "
					"rate_limits[%zu], and each request "
					"would count twice",
					i, k);
		}
	}
}
