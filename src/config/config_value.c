#include "config_value_priv.h"

#include <inttypes.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "config/config_schema.h"
#include "config/config_schema_guess.h"

bool config_value_is_number(const struct config_key *key)
{
	return key->type <= CONFIG_TYPE_LOG_FORMAT;
}

const char *config_shown(struct slice text, char out[CONFIG_SHOWN])
{
	enum { MOST = 72 };
	bool cut = text.len > MOST;

	/* not within a character */
	if (cut) {
		text.len = MOST - 3;
		while (text.len &&
			((unsigned char)text.ptr[text.len] & 0xC0) == 0x80)
			text.len--;
	}
	snprintf(out, CONFIG_SHOWN, "\"%.*s%s\"", SLICE_FMT(text),
		cut ? "..." : "");
	return out;
}

/* ---- complaints ---- */

bool config_value_complain(
	struct config_complaint *c, struct slice text, const char *format, ...)
{
	char shown[CONFIG_SHOWN];
	va_list args;
	int len;

	len = snprintf(
		c->what, sizeof(c->what), "%s ", config_shown(text, shown));
	va_start(args, format);
	if (len >= 0)
		(void)!vsnprintf(c->what + len, sizeof(c->what) - (size_t)len,
			format, args);
	va_end(args);
	return false;
}

bool config_value_range(const struct config_key *key, struct slice text,
	uint64_t value, struct config_complaint *c)
{
	char least[CONFIG_VALUE_TEXT], most[CONFIG_VALUE_TEXT];

	config_value_format(key, key->min, least);
	config_value_format(key, key->max, most);
	if (key->min == key->max)
		return config_value_complain(
			c, text, "is not known; the only one is %s", least);
	return config_value_complain(c, text,
		"is out of range; allowed is %s to %s%s", least, most,
		value || !config_quantity_is(key)
			? ""
			: ", it cannot be switched off");
}

bool config_value_in_range(const struct config_key *key, struct slice text,
	uint64_t value, struct config_complaint *c)
{
	if (value < key->min || value > key->max)
		return config_value_range(key, text, value, c);
	return true;
}

/* ---- counts ---- */

size_t config_value_digits(struct slice text)
{
	size_t n = 0;

	while (n < text.len && text.ptr[n] >= '0' && text.ptr[n] <= '9')
		n++;
	return n;
}

static uint64_t usable_cores(void)
{
	cpu_set_t set;
	int n = 1;

	CPU_ZERO(&set);
	if (!sched_getaffinity(0, sizeof(set), &set))
		n = CPU_COUNT(&set);
	return n > 0 ? (uint64_t)n : 1;
}

static bool parse_count(const struct config_key *key, struct slice text,
	uint64_t *value, struct config_complaint *c)
{
	bool with_auto = key->type != CONFIG_TYPE_COUNT;

	if (with_auto && slice_eq(text, SLICE("auto"))) {
		*value = key->type == CONFIG_TYPE_WORKERS ? usable_cores() : 0;
		return true;
	}
	if (!text.len || config_value_digits(text) != text.len)
		return config_value_complain(c, text, "is not a whole number%s",
			with_auto ? " or auto" : "");
	if (!slice_to_u64(text, UINT64_MAX, value))
		return config_value_range(key, text, 1, c);
	return config_value_in_range(key, text, *value, c);
}

static bool parse_mode(const struct config_key *key, struct slice text,
	uint64_t *value, struct config_complaint *c)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] < '0' || text.ptr[i] > '7')
			sum = UINT64_MAX;
		else if (sum <= key->max)
			sum = sum * 8 + (uint64_t)(text.ptr[i] - '0');
	}
	if (text.len != 4 || text.ptr[0] != '0' || sum > key->max)
		return config_value_complain(c, text,
			"is not a file mode; write a 0 and three octal digits, "
			"like \"0660\"");
	*value = sum;
	return true;
}

/* ---- words ---- */

static const struct config_word bool_words[] = {
	{"true", 1}, {"false", 0}, {NULL, 0}};

static const struct config_word *words_of(const struct config_key *key)
{
	return key->type == CONFIG_TYPE_BOOL ? bool_words : key->words;
}

/* "a, b and c" */
static void list_words(const struct config_word *words, char *out, size_t room)
{
	size_t len = 0;

	*out = '\0';
	for (size_t i = 0; words[i].word && len < room; i++) {
		const char *parting = !i                  ? ""
				      : words[i + 1].word ? ", "
							  : " and ";
		int n = snprintf(
			out + len, room - len, "%s%s", parting, words[i].word);

		len += n > 0 ? (size_t)n : 0;
	}
}

/* "warning" for warn, "1.3" for TLSv1.3 */
static bool is_part(struct slice a, struct slice b)
{
	return a.len >= 3 && (slice_starts(b, a) || slice_ends(b, a));
}

static void guess_word(const struct config_word *words, struct slice text,
	struct config_complaint *c)
{
	const char *best = NULL;
	size_t least = SIZE_MAX;

	for (; words->word; words++) {
		struct slice word = slice_str(words->word);
		size_t steps = config_near(text, word);

		if (steps == SIZE_MAX &&
			(is_part(text, word) || is_part(word, text)))
			steps = word.len;
		if (steps < least) {
			least = steps;
			best = words->word;
		}
	}
	if (best)
		snprintf(
			c->hint, sizeof(c->hint), "did you mean \"%s\"?", best);
}

/* YAML 1.1 reads these as booleans; here only two words are. */
static const char *meant_bool(struct slice text)
{
	static const char *const yes[] = {"yes", "on", "y", "1", "enabled"};
	static const char *const no[] = {"no", "off", "n", "0", "disabled"};

	for (size_t i = 0; i < sizeof(yes) / sizeof(*yes); i++) {
		if (slice_eq_nocase(text, slice_str(yes[i])))
			return "true";
		if (slice_eq_nocase(text, slice_str(no[i])))
			return "false";
	}
	return NULL;
}

static bool bad_word(const struct config_key *key, struct slice text,
	struct config_complaint *c)
{
	const char *meant = meant_bool(text);
	char allowed[160];

	if (key->type == CONFIG_TYPE_BOOL && meant)
		snprintf(c->hint, sizeof(c->hint), "did you mean \"%s\"?",
			meant);
	else
		guess_word(words_of(key), text, c);
	if (key->type == CONFIG_TYPE_BOOL)
		return config_value_complain(
			c, text, "is not a boolean; write true or false");
	list_words(words_of(key), allowed, sizeof(allowed));
	return config_value_complain(
		c, text, "is not known; allowed are %s", allowed);
}

static bool parse_word(const struct config_key *key, struct slice text,
	uint64_t *value, struct config_complaint *c)
{
	const struct config_word *words = words_of(key);

	for (; words->word; words++) {
		if (slice_eq(text, slice_str(words->word))) {
			*value = key->type == CONFIG_TYPE_WORD_SET
					 ? UINT64_C(1) << words->value
					 : words->value;
			return true;
		}
	}
	return bad_word(key, text, c);
}

static const char *word_for(const struct config_key *key, uint64_t value)
{
	const struct config_word *words = words_of(key);

	while (words->word && words->value != value)
		words++;
	return words->word ? words->word : "?";
}

/* "[a, b]" */
static void format_set(
	const struct config_key *key, uint64_t set, char out[CONFIG_VALUE_TEXT])
{
	const struct config_word *word = words_of(key);
	size_t len = 0;

	for (; word->word && len < CONFIG_VALUE_TEXT; word++) {
		int n = 0;

		if (set & UINT64_C(1) << word->value)
			n = snprintf(out + len, CONFIG_VALUE_TEXT - len, "%s%s",
				len ? ", " : "[", word->word);
		len += n > 0 ? (size_t)n : 0;
	}
	if (len < CONFIG_VALUE_TEXT)
		snprintf(out + len, CONFIG_VALUE_TEXT - len, "]");
}

/* ---- all of them ---- */

bool config_value_parse(const struct config_key *key, struct slice text,
	uint64_t *value, struct config_complaint *complaint)
{
	complaint->hint[0] = '\0';
	if (config_quantity_is(key))
		return config_quantity_parse(key, text, value, complaint);
	switch (key->type) {
	case CONFIG_TYPE_COUNT:
	case CONFIG_TYPE_WORKERS:
	case CONFIG_TYPE_COUNT_AUTO:
		return parse_count(key, text, value, complaint);
	case CONFIG_TYPE_MODE:
		return parse_mode(key, text, value, complaint);
	default:
		return parse_word(key, text, value, complaint);
	}
}

void config_value_format(const struct config_key *key, uint64_t value,
	char out[CONFIG_VALUE_TEXT])
{
	if (config_quantity_is(key)) {
		config_quantity_format(key, value, out);
		return;
	}
	switch (key->type) {
	case CONFIG_TYPE_COUNT_AUTO:
	case CONFIG_TYPE_COUNT:
	case CONFIG_TYPE_WORKERS:
		if (!value && key->type == CONFIG_TYPE_COUNT_AUTO)
			snprintf(out, CONFIG_VALUE_TEXT, "auto");
		else
			snprintf(out, CONFIG_VALUE_TEXT, "%" PRIu64, value);
		break;
	case CONFIG_TYPE_MODE:
		snprintf(out, CONFIG_VALUE_TEXT, "\"%04" PRIo64 "\"", value);
		break;
	case CONFIG_TYPE_WORD_SET:
		format_set(key, value, out);
		break;
	default:
		snprintf(out, CONFIG_VALUE_TEXT, "%s", word_for(key, value));
		break;
	}
}

void config_value_store(
	const struct config_key *key, void *home, uint64_t value)
{
	char *place = (char *)home + key->offset;
	uint32_t word;

	if (key->type == CONFIG_TYPE_LOG_FORMAT) {
		bool is_auto = value == CONFIG_LOG_AUTO;

		memcpy((char *)home + key->auto_offset, &is_auto,
			sizeof(is_auto));
		value = is_auto ? 0 : value;
	}
	word = (uint32_t)value;
	if (key->size == sizeof(bool))
		*place = (char)(value != 0);
	else if (key->size == sizeof(word))
		memcpy(place, &word, sizeof(word));
	else
		memcpy(place, &value, sizeof(value));
}

uint64_t config_value_load(const struct config_key *key, const void *home)
{
	const char *place = (const char *)home + key->offset;
	uint64_t value;
	uint32_t word;
	bool is_auto;

	if (key->type == CONFIG_TYPE_LOG_FORMAT) {
		memcpy(&is_auto, (const char *)home + key->auto_offset,
			sizeof(is_auto));
		if (is_auto)
			return CONFIG_LOG_AUTO;
	}
	if (key->size == sizeof(bool))
		return (uint64_t)(unsigned char)*place;
	if (key->size == sizeof(word)) {
		memcpy(&word, place, sizeof(word));
		return word;
	}
	memcpy(&value, place, sizeof(value));
	return value;
}
