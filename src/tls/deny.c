#include "deny_priv.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "base/slice.h"
#include "config/config_client_auth.h"
#include "config/config_problem.h"
#include "config/config_value.h"

enum {
	DIGITS = 2 * SERIAL_SET_LONGEST,
	SERIAL_OCTETS = 64, /* longer serials are refused anyhow */
};

/* ---- hex ---- */

static int digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = slice_lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Digits without their colons, which part octets: pairs, of which the first may
 * lack a zero. Others could mean two numbers. 0: none of this. */
static size_t read_digits(struct slice text, uint8_t out[DIGITS])
{
	size_t count = 0, group = 0;
	bool parted = false;

	for (size_t i = 0; i < text.len; i++) {
		int digit = digit_of(text.ptr[i]);

		if (text.ptr[i] == ':' &&
			(group == 2 || (group == 1 && !parted))) {
			parted = true;
			group = 0;
			continue;
		}
		if (digit < 0 || count == DIGITS)
			return 0;
		out[count++] = (uint8_t)digit;
		group++;
	}
	return parted && group != 2 ? 0 : count;
}

/* Octets; an odd first digit stands alone. */
static size_t read_hex(struct slice text, uint8_t out[SERIAL_SET_LONGEST])
{
	uint8_t digits[DIGITS];
	size_t count = read_digits(text, digits);
	size_t len = 0;

	for (size_t i = 0; i < count;) {
		uint8_t high = 0;

		if ((count - i) % 2 == 0)
			high = digits[i++];
		out[len++] = (uint8_t)(high << 4 | digits[i++]);
	}
	return len;
}

/* ---- loading ---- */

static bool complain(struct config_problems *problems, const char *key,
	const struct config_text *text, const char *what)
{
	char shown[CONFIG_SHOWN];

	config_problem(problems, CONFIG_ERROR, EXIT_CODE_CONFIG, text->mark,
		"%s: %s is %s", key, config_shown(slice_str(text->text), shown),
		what);
	return false;
}

static bool no_memory(struct config_problems *problems, struct config_mark mark)
{
	config_problem(problems, CONFIG_ERROR, EXIT_CODE_INTERNAL, mark,
		"client_auth.deny: out of memory");
	return false;
}

static bool load_serial(struct deny *deny, const struct config_text *text,
	struct config_problems *problems)
{
	struct slice digits = slice_str(text->text);
	bool negative = slice_starts(digits, SLICE("-"));
	uint8_t octets[SERIAL_SET_LONGEST];
	size_t len = read_hex(slice_from(digits, negative), octets);

	if (!len || len > SERIAL_OCTETS)
		return complain(problems, "client_auth.deny.serials", text,
			"no serial number; expected up to 128 hex digits, like "
			"4A110C or 4a:11:0c");
	return serial_set_add(&deny->serials, octets, len, negative) ||
	       no_memory(problems, text->mark);
}

static bool load_fingerprint(struct deny *deny, const struct config_text *text,
	struct config_problems *problems)
{
	uint8_t octets[SERIAL_SET_LONGEST];
	uint8_t digits[DIGITS];
	struct slice hex = slice_str(text->text);

	if (read_digits(hex, digits) != 2 * (size_t)DENY_FINGERPRINT)
		return complain(problems,
			"client_auth.deny.fingerprints_sha256", text,
			"no SHA-256; expected 64 hex digits, as openssl x509 "
			"-noout -fingerprint -sha256 prints them");
	(void)read_hex(hex, octets);
	memcpy(deny->fingerprints[deny->fingerprint_count++], octets,
		DENY_FINGERPRINT);
	return true;
}

static int by_octets(const void *a, const void *b)
{
	return memcmp(a, b, DENY_FINGERPRINT);
}

static void seal(struct deny *deny)
{
	size_t kept = 0;

	serial_set_seal(&deny->serials);
	if (!deny->fingerprint_count)
		return;
	qsort(deny->fingerprints, deny->fingerprint_count,
		sizeof(*deny->fingerprints), by_octets);
	for (size_t i = 0; i < deny->fingerprint_count; i++) {
		if (!kept || by_octets(deny->fingerprints[kept - 1],
				     deny->fingerprints[i]))
			memmove(deny->fingerprints[kept++],
				deny->fingerprints[i], DENY_FINGERPRINT);
	}
	deny->fingerprint_count = kept;
}

bool deny_load(struct deny *deny, const struct config_deny *settings,
	struct config_problems *problems)
{
	const struct config_texts *serials = &settings->serials;
	const struct config_texts *prints = &settings->fingerprints_sha256;
	bool ok = true;

	*deny = (struct deny){0};
	if (prints->count) {
		deny->fingerprints =
			calloc(prints->count, sizeof(*deny->fingerprints));
		if (!deny->fingerprints)
			return no_memory(problems, prints->items[0].mark);
	}
	for (size_t i = 0; i < serials->count; i++)
		ok = load_serial(deny, &serials->items[i], problems) && ok;
	for (size_t i = 0; i < prints->count; i++)
		ok = load_fingerprint(deny, &prints->items[i], problems) && ok;
	seal(deny);
	return ok;
}

void deny_fini(struct deny *deny)
{
	serial_set_fini(&deny->serials);
	free(deny->fingerprints);
	*deny = (struct deny){0};
}

/* ---- asking ---- */

bool deny_any(const struct deny *deny, struct x509_st *cert)
{
	uint8_t digest[EVP_MAX_MD_SIZE];

	if (!deny->fingerprint_count)
		return false;
	/* A certificate that cannot be told from a denied one is denied. */
	if (X509_digest(cert, EVP_sha256(), digest, NULL) != 1)
		return true;
	return bsearch(digest, deny->fingerprints, deny->fingerprint_count,
		sizeof(*deny->fingerprints), by_octets);
}

bool deny_leaf(const struct deny *deny, struct x509_st *leaf)
{
	return serial_set_has(&deny->serials, X509_get0_serialNumber(leaf)) ||
	       deny_any(deny, leaf);
}

bool deny_active(const struct deny *deny)
{
	return deny->serials.count || deny->fingerprint_count;
}
