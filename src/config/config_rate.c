#include "config/config_rate.h"

#include <assert.h>

const char *config_rate_word(enum config_rate_key key)
{
	static const char *const words[CONFIG_RATE_KEYS] = {
		[RATE_CERTIFICATE] = "certificate",
		[RATE_ADDRESS] = "address",
		[RATE_ROUTE] = "route",
	};

	assert((unsigned)key < CONFIG_RATE_KEYS);
	return words[key];
}
