#include "tls/ocsp_answer.h"

#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/ocsp.h>
#include <openssl/x509.h>

#include "tls/cert_time.h"
#include "tls/ocsp_question.h"

enum { SECURITY_LEVEL = 2 }; /* as of chains (R16) */

/* ---- decoding ---- */

static enum ocsp_result decode(struct slice der, OCSP_BASICRESP **basic)
{
	const unsigned char *at = (const unsigned char *)der.ptr;
	OCSP_RESPONSE *response = NULL;
	enum ocsp_result result = OCSP_RESULT_MALFORMED;

	if (der.len > OCSP_ANSWER_MAX)
		return OCSP_RESULT_TOO_LARGE;
	if (der.len)
		response = d2i_OCSP_RESPONSE(NULL, &at, (long)der.len);
	if (!response || at != (const unsigned char *)der.ptr + der.len) {
		OCSP_RESPONSE_free(response);
		return result;
	}
	if (OCSP_response_status(response) != OCSP_RESPONSE_STATUS_SUCCESSFUL)
		result = OCSP_RESULT_DECLINED;
	else
		*basic = OCSP_response_get1_basic(response);
	OCSP_RESPONSE_free(response);
	return *basic ? OCSP_RESULT_GOOD : result;
}

/* ---- who signed it ---- */

/* The library asks no level of the answer's own signature. */
static bool weak_digest(const OCSP_BASICRESP *basic)
{
	const X509_ALGOR *algorithm = OCSP_resp_get0_tbs_sigalg(basic);
	const ASN1_OBJECT *oid = NULL;
	int digest = NID_undef;

	X509_ALGOR_get0(&oid, NULL, NULL, algorithm);
	if (!OBJ_find_sigid_algs(OBJ_obj2nid(oid), &digest, NULL))
		return true; /* nothing that we know */
	return digest == NID_sha1 || digest == NID_md5 ||
	       digest == NID_md5_sha1 || digest == NID_sha224;
}

/* The issuer is all that is trusted, root or not. */
static X509_STORE *store_of(X509 *issuer, int64_t now)
{
	X509_STORE *store = X509_STORE_new();
	X509_VERIFY_PARAM *param = store ? X509_STORE_get0_param(store) : NULL;

	if (!store)
		return NULL;
	X509_VERIFY_PARAM_set_time(param, (time_t)now);
	X509_VERIFY_PARAM_set_depth(param, 0);
	X509_VERIFY_PARAM_set_auth_level(param, SECURITY_LEVEL);
	if (X509_VERIFY_PARAM_set_flags(param,
		    X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_TRUSTED_FIRST) ==
			1 &&
		X509_STORE_add_cert(store, issuer) == 1)
		return store;
	X509_STORE_free(store);
	return NULL;
}

static bool signed_by_somebody_who_may(
	OCSP_BASICRESP *basic, X509 *issuer, int64_t now)
{
	STACK_OF(X509) *known = sk_X509_new_null();
	X509_STORE *store = store_of(issuer, now);
	bool ok = known && store && sk_X509_push(known, issuer) > 0 &&
		  !weak_digest(basic) &&
		  OCSP_basic_verify(basic, known, store, OCSP_NOEXPLICIT) == 1;

	X509_STORE_free(store);
	sk_X509_free(known);
	return ok;
}

/* ---- what it says ---- */

struct window {
	int64_t from;
	int64_t until;
};

static bool read_window(const ASN1_GENERALIZEDTIME *this_update,
	const ASN1_GENERALIZEDTIME *next_update, struct window *window)
{
	struct cert_time from = cert_time_of(this_update);
	struct cert_time until = cert_time_of(next_update);

	if (!from.valid || (next_update && !until.valid))
		return false;
	window->from = from.unix_seconds - OCSP_SKEW_S;
	window->until = (next_update ? until.unix_seconds
				     : from.unix_seconds + OCSP_FRESH_S) +
			OCSP_SKEW_S;
	return !next_update || until.unix_seconds >= from.unix_seconds;
}

static struct ocsp_answer read_single(OCSP_SINGLERESP *single, int64_t now)
{
	static const enum ocsp_result results[] = {
		[V_OCSP_CERTSTATUS_GOOD] = OCSP_RESULT_GOOD,
		[V_OCSP_CERTSTATUS_REVOKED] = OCSP_RESULT_REVOKED,
		[V_OCSP_CERTSTATUS_UNKNOWN] = OCSP_RESULT_UNKNOWN,
	};
	ASN1_GENERALIZEDTIME *this_update = NULL, *next_update = NULL;
	struct ocsp_answer answer = {.result = OCSP_RESULT_MALFORMED};
	int status = OCSP_single_get0_status(
		single, NULL, NULL, &this_update, &next_update);
	struct window window;

	if (status < 0 || status > V_OCSP_CERTSTATUS_UNKNOWN ||
		!read_window(this_update, next_update, &window))
		return answer;
	answer.until = window.until;
	answer.result = results[status];
	if (now >= window.from && now <= window.until)
		return answer;
	/* Signed is signed: as with CRLs, no date takes it back (R14). */
	answer.until = now + OCSP_SKEW_S;
	if (status != V_OCSP_CERTSTATUS_REVOKED)
		answer = (struct ocsp_answer){.result = OCSP_RESULT_STALE};
	return answer;
}

static bool is_worse(
	const struct ocsp_answer *a, const struct ocsp_answer *than)
{
	if (than->result == OCSP_RESULT_REVOKED)
		return false;
	return a->result == OCSP_RESULT_REVOKED || a->result > than->result;
}

static struct ocsp_answer find(
	OCSP_BASICRESP *basic, OCSP_CERTID *id, int64_t now)
{
	struct ocsp_answer answer = {.result = OCSP_RESULT_MISMATCH};
	bool found = false;

	for (int i = OCSP_resp_find(basic, id, -1); i >= 0;
		i = OCSP_resp_find(basic, id, i)) {
		struct ocsp_answer one =
			read_single(OCSP_resp_get0(basic, i), now);

		if (!found || is_worse(&one, &answer))
			answer = one;
		found = true;
	}
	return answer;
}

void ocsp_answer_read(struct slice der, const struct ocsp_subject *subject,
	int64_t now, struct ocsp_answer *answer)
{
	OCSP_BASICRESP *basic = NULL;

	*answer = (struct ocsp_answer){.result = decode(der, &basic)};
	if (basic) {
		if (signed_by_somebody_who_may(basic, subject->issuer, now))
			*answer = find(basic, subject->id, now);
		else
			answer->result = OCSP_RESULT_SIGNATURE;
	}
	OCSP_BASICRESP_free(basic);
	ERR_clear_error();
}
