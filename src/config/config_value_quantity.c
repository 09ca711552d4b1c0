/* Numbers with a unit: durations, sizes, rates. */
#include "config_value_priv.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#include "config/config_schema.h"

struct unit {
	const char *name;
	uint64_t size;
	uint64_t least; /* written in it from so many on */
};

/* The largest first; NULL ends. */
static const struct unit duration_units[] = {
	{"d", UINT64_C(24) * 3600 * 1000, 2},
	{"h", UINT64_C(3600) * 1000, 2},
	{"m", UINT64_C(60) * 1000, 2},
	{"s", 1000, 1},
	{"ms", 1, 0},
	{NULL, 0, 0},
};

static const struct unit size_units[] = {
	{"GiB", 1 << 30, 1},
	{"MiB", 1 << 20, 1},
	{"KiB", 1 << 10, 1},
	{"B", 1, 0},
	{NULL, 0, 0},
};

static const struct unit byte_rate_units[] = {
	{"GiB/s", 1 << 30, 1},
	{"MiB/s", 1 << 20, 1},
	{"KiB/s", 1 << 10, 1},
	{"B/s", 1, 0},
	{NULL, 0, 0},
};

static const struct unit rate_units[] = {
	{"/s", 1000, 0},
	{NULL, 0, 0},
};

static const struct unit request_rate_units[] = {
	{"/s", 3600, 1},
	{"/m", 60, 1},
	{"/h", 1, 0},
	{NULL, 0, 0},
};

static const struct unit percent_units[] = {
	{"%", 1, 0},
	{NULL, 0, 0},
};

/* How a quantity is spoken of. */
struct quantity {
	const struct unit *units;
	const char *name;
	const char *zero;    /* nothing of it, written right */
	const char *usual;   /* a unit to suggest ... */
	const char *smaller; /* ... and another */
	const char *allowed;
};

static const struct quantity duration = {duration_units, "duration", "0s", "s",
	"ms", "allowed are ms, s, m, h and d"};
static const struct quantity size = {size_units, "size", "0KiB", "KiB", "MiB",
	"allowed are B, KiB, MiB and GiB"};
static const struct quantity byte_rate = {byte_rate_units, "rate", "0KiB/s",
	"KiB/s", "MiB/s", "allowed are B/s, KiB/s, MiB/s and GiB/s"};
static const struct quantity rate = {
	rate_units, "rate", "0/s", "/s", NULL, "the only one is /s"};

static const struct quantity request_rate = {request_rate_units, "rate", "1/h",
	"/s", "/m", "allowed are /s, /m and /h"};

static const struct quantity percent = {
	percent_units, "share", "0%", "%", NULL, "the only one is %"};

static const struct quantity *find_quantity(const struct config_key *key)
{
	switch (key->type) {
	case CONFIG_TYPE_DURATION:
		return &duration;
	case CONFIG_TYPE_SIZE:
		return &size;
	case CONFIG_TYPE_BYTE_RATE:
		return &byte_rate;
	case CONFIG_TYPE_RATE:
		return &rate;
	case CONFIG_TYPE_REQUEST_RATE:
		return &request_rate;
	case CONFIG_TYPE_PERCENT:
		return &percent;
	default:
		return NULL;
	}
}

/* Of a key that has a unit (config_quantity_is). */
static const struct quantity *quantity_of(const struct config_key *key)
{
	const struct quantity *quantity = find_quantity(key);

	assert(quantity);
	return quantity;
}

static const struct unit *find_unit(const struct unit *units, struct slice name)
{
	for (; units->name; units++) {
		if (slice_eq(name, slice_str(units->name)))
			return units;
	}
	return NULL;
}

/* What "10k" or "10MB" or "10sec" may be meant as. */
static const char *meant_unit(
	const struct quantity *quantity, struct slice name)
{
	static const char *const meant[][2] = {
		{"k", "KiB"},
		{"kb", "KiB"},
		{"kib", "KiB"},
		{"m", "MiB"},
		{"mb", "MiB"},
		{"mib", "MiB"},
		{"g", "GiB"},
		{"gb", "GiB"},
		{"gib", "GiB"},
		{"b", "B"},
		{"k/s", "KiB/s"},
		{"kb/s", "KiB/s"},
		{"kib/s", "KiB/s"},
		{"m/s", "MiB/s"},
		{"mb/s", "MiB/s"},
		{"mib/s", "MiB/s"},
		{"msec", "ms"},
		{"sec", "s"},
		{"secs", "s"},
		{"second", "s"},
		{"seconds", "s"},
		{"min", "m"},
		{"mins", "m"},
		{"minute", "m"},
		{"minutes", "m"},
		{"hour", "h"},
		{"hours", "h"},
		{"day", "d"},
		{"days", "d"},
		{"r/s", "/s"},
		{"/sec", "/s"},
		{"/second", "/s"},
		{"r/m", "/m"},
		{"/min", "/m"},
		{"/minute", "/m"},
		{"/hour", "/h"},
		{"ms", "ms"},
		{"s", "s"},
		{"h", "h"},
		{"d", "d"},
	};

	for (size_t i = 0; i < sizeof(meant) / sizeof(*meant); i++) {
		if (slice_eq_nocase(name, slice_str(meant[i][0])) &&
			find_unit(quantity->units, slice_str(meant[i][1])))
			return meant[i][1];
	}
	return NULL;
}

static bool no_unit(const struct config_key *key, struct slice text,
	struct config_complaint *c)
{
	const struct quantity *q = quantity_of(key);
	uint64_t value;

	if (slice_to_u64(text, 0, &value))
		return key->min ? config_value_range(key, text, 0, c)
				: config_value_complain(c, text,
					  "has no unit; write %s", q->zero);
	if (!q->smaller)
		return config_value_complain(c, text,
			"has no unit; write %.*s%s", SLICE_FMT(text), q->usual);
	return config_value_complain(c, text,
		"has no unit; write %.*s%s or %.*s%s", SLICE_FMT(text),
		q->usual, SLICE_FMT(text), q->smaller);
}

static bool bad_unit(const struct quantity *q, struct slice text, size_t digits,
	struct config_complaint *c)
{
	struct slice name = slice_trim(slice_from(text, digits));
	const char *meant = meant_unit(q, name);
	char shown[CONFIG_SHOWN];

	if (name.ptr[0] == '.' || name.ptr[0] == ',')
		return config_value_complain(c, text,
			"is not a whole number; use a smaller unit, %s",
			q->allowed);
	if (meant)
		snprintf(c->hint, sizeof(c->hint), "did you mean \"%.*s%s\"?",
			SLICE_FMT(slice_head(text, digits)), meant);
	return config_value_complain(c, text, "has the unknown unit %s; %s",
		config_shown(name, shown), q->allowed);
}

bool config_quantity_parse(const struct config_key *key, struct slice text,
	uint64_t *value, struct config_complaint *c)
{
	const struct quantity *q = quantity_of(key);
	size_t digits = config_value_digits(text);
	const struct unit *unit;
	uint64_t number;

	if (!digits || digits > 30)
		return config_value_complain(c, text,
			"is not a %s; write a number and a unit, like 10%s",
			q->name, q->usual);
	if (digits == text.len)
		return no_unit(key, text, c);
	unit = find_unit(q->units, slice_from(text, digits));
	if (!unit)
		return bad_unit(q, text, digits, c);
	if (!slice_to_u64(
		    slice_head(text, digits), UINT64_MAX / unit->size, &number))
		return config_value_range(key, text, 1, c);
	*value = number * unit->size;
	return config_value_in_range(key, text, *value, c);
}

bool config_quantity_is(const struct config_key *key)
{
	return find_quantity(key) != NULL;
}

void config_quantity_format(const struct config_key *key, uint64_t value,
	char out[CONFIG_VALUE_TEXT])
{
	const struct quantity *q = quantity_of(key);
	const struct unit *unit;

	if (!value) {
		snprintf(out, CONFIG_VALUE_TEXT, "%s", q->zero);
		return;
	}
	unit = q->units;
	while (value % unit->size || value / unit->size < unit->least)
		unit++;
	snprintf(out, CONFIG_VALUE_TEXT, "%" PRIu64 "%s", value / unit->size,
		unit->name);
}
