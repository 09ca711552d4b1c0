#include "ocsp_staple_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ocsp.h>
#include <openssl/x509.h>

#include "config/config_problem.h"
#include "key_pair_priv.h"
#include "pem_priv.h"
#include "problem_priv.h"
#include "tls/cert_time.h"

/* One load in progress. */
struct loading {
	const struct config_text *file;
	const char *key;
	const struct key_pair *pair;
	struct config_problems *problems;
};

static bool refuse(const struct loading *l, const char *why)
{
	config_problem(l->problems, CONFIG_ERROR, EXIT_CODE_CONFIG,
		l->file->mark, "%s: %s %s", l->key, l->file->text, why);
	ERR_clear_error();
	return false;
}

static void warn(const struct loading *l, const char *why, const char *day)
{
	config_problem(l->problems, CONFIG_WARNING, EXIT_CODE_OK, l->file->mark,
		"%s: %s %s%s", l->key, l->file->text, why, day);
}

/* ---- is it about our certificate? ---- */

static bool same_octets(const ASN1_OCTET_STRING *string,
	const unsigned char *digest, unsigned len)
{
	return ASN1_STRING_length(string) == (int)len &&
	       memcmp(ASN1_STRING_get0_data(string), digest, len) == 0;
}

/* The certificate that issued the leaf, where the chain file has it. */
static X509 *issuer_of(const struct key_pair *pair)
{
	for (int i = 0; i < sk_X509_num(pair->chain); i++) {
		X509 *above = sk_X509_value(pair->chain, i);

		if (X509_check_issued(above, pair->leaf) == X509_V_OK)
			return above;
	}
	return NULL;
}

/* RFC 6960 section 4.1.1; without the issuer its key is not known. */
static bool is_ours(const struct key_pair *pair, OCSP_CERTID *id)
{
	ASN1_OCTET_STRING *name = NULL, *key = NULL;
	unsigned char digest[EVP_MAX_MD_SIZE];
	X509 *issuer = issuer_of(pair);
	ASN1_INTEGER *serial = NULL;
	ASN1_OBJECT *kind = NULL;
	const EVP_MD *md;
	unsigned len = 0;

	if (OCSP_id_get0_info(&name, &kind, &key, &serial, id) != 1 ||
		ASN1_INTEGER_cmp(serial, X509_get0_serialNumber(pair->leaf)) !=
			0)
		return false;
	md = EVP_get_digestbyobj(kind);
	if (!md ||
		X509_NAME_digest(X509_get_issuer_name(pair->leaf), md, digest,
			&len) != 1 ||
		!same_octets(name, digest, len))
		return false;
	return !issuer || (X509_pubkey_digest(issuer, md, digest, &len) == 1 &&
				  same_octets(key, digest, len));
}

static OCSP_SINGLERESP *find_ours(
	const struct key_pair *pair, OCSP_BASICRESP *basic)
{
	for (int i = 0; i < OCSP_resp_count(basic); i++) {
		OCSP_SINGLERESP *single = OCSP_resp_get0(basic, i);
		OCSP_CERTID *id =
			OCSP_CERTID_dup(OCSP_SINGLERESP_get0_id(single));
		bool ours = id && is_ours(pair, id);

		OCSP_CERTID_free(id);
		if (ours)
			return single;
	}
	return NULL;
}

/* ---- what it says ---- */

static void warn_dates(const struct loading *l,
	const struct ocsp_staple *staple, const ASN1_GENERALIZEDTIME *from,
	const ASN1_GENERALIZEDTIME *until)
{
	int64_t now = (int64_t)time(NULL);
	char day[PROBLEM_DAY];

	if (now >= staple->until) {
		problem_day(until, day);
		warn(l, "is stale, it is not stapled; its nextUpdate was ",
			day);
	} else if (now < staple->from) {
		problem_day(from, day);
		warn(l, "is not yet valid, it is stapled only from ", day);
	}
}

/* Its dates; the status itself is the client's business. */
static bool take_single(const struct loading *l, struct ocsp_staple *staple,
	OCSP_SINGLERESP *single)
{
	ASN1_GENERALIZEDTIME *from = NULL, *until = NULL;
	struct cert_time begin, end;
	int status = OCSP_single_get0_status(single, NULL, NULL, &from, &until);

	begin = cert_time_of(from);
	if (!begin.valid)
		return refuse(l, "has no thisUpdate that can be read");
	if (!until)
		return refuse(l, "has no nextUpdate, so that nobody can say "
				 "when it is stale");
	end = cert_time_of(until);
	if (!end.valid || end.unix_seconds <= begin.unix_seconds)
		return refuse(l, "has no nextUpdate behind its thisUpdate");
	staple->from = begin.unix_seconds;
	staple->until = end.unix_seconds;
	if (status == V_OCSP_CERTSTATUS_REVOKED)
		warn(l, "says that our certificate is revoked", "");
	else if (status != V_OCSP_CERTSTATUS_GOOD)
		warn(l, "does not know our certificate", "");
	warn_dates(l, staple, from, until);
	return true;
}

static bool check_basic(const struct loading *l, struct ocsp_staple *staple,
	OCSP_BASICRESP *basic)
{
	OCSP_SINGLERESP *single = find_ours(l->pair, basic);

	if (!single) {
		refuse(l, "is not about this certificate");
		config_problem_note(l->problems,
			"no entry has its serial number, issuer name and "
			"issuer key; was the certificate renewed since?");
		return false;
	}
	if (issuer_of(l->pair) && OCSP_basic_verify(basic, l->pair->chain, NULL,
					  OCSP_NOVERIFY) != 1)
		return refuse(l, "has a signature that does not verify");
	return take_single(l, staple, single);
}

static bool check_response(const struct loading *l, struct ocsp_staple *staple,
	OCSP_RESPONSE *response)
{
	int status = OCSP_response_status(response);
	OCSP_BASICRESP *basic;
	bool ok;

	if (status != OCSP_RESPONSE_STATUS_SUCCESSFUL) {
		refuse(l, "holds no answer but the responder's error");
		config_problem_note(l->problems, "its status is %s",
			OCSP_response_status_str(status));
		return false;
	}
	basic = OCSP_response_get1_basic(response);
	if (!basic)
		return refuse(l, "is no basic OCSP response");
	ok = check_basic(l, staple, basic);
	OCSP_BASICRESP_free(basic);
	return ok;
}

/* ---- the file ---- */

static bool read_response(const struct loading *l, struct ocsp_staple *staple,
	const struct pem_file *file)
{
	const unsigned char *at = (const unsigned char *)file->text;
	const unsigned char *end = at + file->len;
	OCSP_RESPONSE *response;
	bool ok;

	if (file->len > OCSP_STAPLE_MAX)
		return refuse(l, "is larger than 64 KiB");
	response = d2i_OCSP_RESPONSE(NULL, &at, (long)file->len);
	if (!response || at != end) {
		OCSP_RESPONSE_free(response);
		refuse(l, "is no OCSP response in DER form");
		if (slice_starts(slice_of(file->text, file->len),
			    SLICE("-----BEGIN ")))
			config_problem_note(l->problems,
				"it is PEM; openssl base64 -d can convert what "
				"stands between its first and last line");
		return false;
	}
	ok = check_response(l, staple, response);
	OCSP_RESPONSE_free(response);
	if (!ok)
		return false;
	staple->der = malloc(file->len);
	if (!staple->der)
		return refuse(l, "cannot be kept: out of memory");
	memcpy(staple->der, file->text, file->len);
	staple->len = file->len;
	return true;
}

bool ocsp_staple_load(struct ocsp_staple *staple,
	const struct config_text *file, const char *key,
	const struct key_pair *pair, struct config_problems *problems)
{
	const struct loading l = {file, key, pair, problems};
	struct pem_file bytes;
	bool ok;

	*staple = (struct ocsp_staple){0};
	if (!file->text)
		return true;
	if (!pem_open(&bytes, file->text)) {
		problem_unreadable(
			problems, key, file->mark, file->text, errno);
		return false;
	}
	ok = read_response(&l, staple, &bytes);
	pem_close(&bytes);
	ERR_clear_error();
	return ok;
}

void ocsp_staple_fini(struct ocsp_staple *staple)
{
	free(staple->der);
	*staple = (struct ocsp_staple){0};
}

struct slice ocsp_staple_at(const struct ocsp_staple *staple, int64_t now)
{
	if (now < staple->from || now >= staple->until)
		return slice_of(NULL, 0);
	return slice_of(staple->der, staple->len);
}
