#include "tls/resumption.h"

#include <assert.h>
#include <string.h>

#include <openssl/evp.h>

static const char *const words[RESUMPTION_REASONS] = {
	[RESUMPTION_NOT_ASKED] = "",
	[RESUMPTION_ACCEPTED] = "",
	[RESUMPTION_UNKNOWN_KEY] = "unknown_key",
	[RESUMPTION_NO_DATA] = "no_data",
	[RESUMPTION_NO_VERDICT] = "no_verdict",
	[RESUMPTION_CHAIN_NEEDED] = "chain_needed",
	[RESUMPTION_TRUST_CHANGED] = "trust_changed",
	[RESUMPTION_SERVER_NAME] = "server_name",
	[RESUMPTION_GROUP] = "certificate_group",
	[RESUMPTION_CLOCK] = "clock",
	[RESUMPTION_TOO_OLD] = "too_old",
	[RESUMPTION_EXPIRED] = "expired",
	[RESUMPTION_CRL_STALE] = "crl_stale",
	[RESUMPTION_NOT_TAKEN] = "not_taken",
};

const char *resumption_word(enum resumption_reason reason)
{
	assert(reason < RESUMPTION_REASONS);
	return words[reason];
}

static int64_t earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static bool differ(const uint8_t *a, const uint8_t *b, size_t len)
{
	return memcmp(a, b, len) != 0;
}

enum resumption_reason resumption_decide(
	const struct resumption *now, const struct ticket_data *then)
{
	const struct resumption_terms *terms = now->terms;
	int64_t time_s = now->decided_s;

	if (!terms || terms->chain_needed)
		return RESUMPTION_CHAIN_NEEDED;
	if (then->verdict != TICKET_DATA_OK)
		return RESUMPTION_NO_VERDICT;
	if (differ(then->trust, terms->trust, sizeof(then->trust)))
		return RESUMPTION_TRUST_CHANGED;
	if (differ(then->server_name, now->server_name,
		    sizeof(then->server_name)))
		return RESUMPTION_SERVER_NAME;
	if (then->group != now->group)
		return RESUMPTION_GROUP;
	if (then->since_s > time_s &&
		then->since_s - time_s > RESUMPTION_SKEW_S)
		return RESUMPTION_CLOCK;
	if (time_s - then->since_s >= RESUMPTION_LIFETIME_S)
		return RESUMPTION_TOO_OLD;
	if (time_s >= then->not_after_s)
		return RESUMPTION_EXPIRED;
	if (time_s >= earlier(then->next_update_s, terms->next_update_s))
		return RESUMPTION_CRL_STALE;
	return RESUMPTION_ACCEPTED;
}

int64_t resumption_left(const struct resumption_terms *terms,
	const struct ticket_data *data, int64_t now_s)
{
	int64_t since_s = earlier(data->since_s, now_s + RESUMPTION_SKEW_S);
	int64_t end_s = earlier(since_s + RESUMPTION_LIFETIME_S,
		earlier(data->not_after_s,
			earlier(data->next_update_s, terms->next_update_s)));

	return end_s > now_s ? end_s - now_s : 0;
}

bool resumption_name(uint8_t out[TICKET_DATA_NAME], struct slice server_name)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	char lower[256];

	memset(out, 0, TICKET_DATA_NAME);
	if (!server_name.len)
		return true;
	/* A name of DNS has at most 255 octets; longer ones are no names. */
	if (server_name.len > sizeof(lower))
		return false;
	for (size_t i = 0; i < server_name.len; i++) {
		char c = server_name.ptr[i];

		lower[i] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
	}
	if (EVP_Digest(lower, server_name.len, digest, NULL, EVP_sha256(),
		    NULL) != 1)
		return false;
	memcpy(out, digest, TICKET_DATA_NAME);
	return true;
}
