/*
 * config_preset: the headers of each preset: the names and the forms of the
 * system that it copies. Names of different presets never fold to the same.
 */
#ifndef MTLSGATE_CONFIG_CONFIG_PRESET_H
#define MTLSGATE_CONFIG_CONFIG_PRESET_H

#include "config/config_field.h"
#include "config/config_headers.h"

struct config_preset_header {
	enum preset preset;
	const char *name;
	enum config_field_id field;
	/* Left out when empty, whatever headers.empty says: so does the system
	 * that is copied, and an empty value would not parse there. */
	bool optional;
};

/* All of them, in the order in which they are sent; NULL behind the last. */
const struct config_preset_header *config_preset_at(size_t index);
/* The one among `presets` whose name folds to the same (R1), or NULL. */
const struct config_preset_header *config_preset_find(
	unsigned presets, struct slice name);

#endif
