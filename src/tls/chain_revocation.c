/*
 * chain_verify: is a certificate of the path denied, or on a CRL?
 *
 * What a CRL of its issuer lists is refused wherever it stands in the path,
 * in either scope, and also by a CRL that is out of date or made for other
 * certificates (R14). The scope says for whom a valid CRL must be there: the
 * leaf, or every certificate below the anchor, each judged by its own issuer.
 */
#include "chain_verify_priv.h"

#include <string.h>
#include <time.h>

#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "config/config_client_auth.h"
#include "crl_set_priv.h"
#include "deny_priv.h"
#include "tls/client_reason.h"
#include "trust_priv.h"

/* ---- deny lists ---- */

static void check_deny(struct chain_run *run, const STACK_OF(X509) * path)
{
	const struct deny *deny = &run->rules->trust->deny;
	X509 *leaf = X509_STORE_CTX_get0_cert(run->ctx);

	if (!deny_active(deny))
		return;
	if (deny_leaf(deny, leaf))
		chain_note(run, CLIENT_AUTH_CODE_DENIED, 0, leaf);
	for (int i = 1; i < sk_X509_num(path); i++) {
		X509 *cert = sk_X509_value(path, i);

		if (deny_any(deny, cert))
			chain_note(run, CLIENT_AUTH_CODE_DENIED, i, cert);
	}
}

/* ---- CRLs ---- */

/* One certificate and what the CRLs of its issuer have to say about it. */
struct look {
	struct chain_run *run;
	X509 *cert;
	X509 *issuer;
	int depth;
	int64_t now;
	uint8_t key[CRL_KEY]; /* of the issuer */
	/* so far: */
	bool listed;
	bool covered;
	int64_t until; /* the latest nextUpdate of those that cover it */
	int lack;      /* why none covers it; X509_V_ERR_* */
	int unknown;   /* why one could not be asked; 0: all were */
};

static int64_t time_of(X509_STORE_CTX *ctx)
{
	X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(ctx);

	if (X509_VERIFY_PARAM_get_flags(param) & X509_V_FLAG_USE_CHECK_TIME)
		return (int64_t)X509_VERIFY_PARAM_get_time(param);
	return (int64_t)time(NULL);
}

/* A CRL that was found weighs more than one that was not. */
static void lack(struct look *look, int code)
{
	static const int weight[] = {X509_V_ERR_UNABLE_TO_GET_CRL,
		X509_V_ERR_DIFFERENT_CRL_SCOPE, X509_V_ERR_KEYUSAGE_NO_CRL_SIGN,
		X509_V_ERR_CRL_NOT_YET_VALID, X509_V_ERR_CRL_HAS_EXPIRED};
	const size_t count = sizeof(weight) / sizeof(weight[0]);

	for (size_t i = count; i-- && weight[i] != look->lack;) {
		if (weight[i] == code)
			look->lack = code;
	}
}

static const struct config_crl *settings_of(const struct look *look)
{
	return &look->run->rules->settings->crl;
}

static void weigh_dates(struct look *look, const struct crl *crl)
{
	if (crl->this_update > look->now) {
		lack(look, X509_V_ERR_CRL_NOT_YET_VALID);
		return;
	}
	if (crl->next_update <= look->now) {
		lack(look, X509_V_ERR_CRL_HAS_EXPIRED);
		return;
	}
	if (!look->covered || look->until < crl->next_update)
		look->until = crl->next_update;
	look->covered = true;
}

/* The key fits. What it revoked is revoked, with the right to sign lists or
 * without, and whatever the list is for (R14). */
static void hear(struct look *look, const struct crl *crl, bool right)
{
	if (serial_set_has(&crl->serials, X509_get0_serialNumber(look->cert)))
		look->listed = true;
	else if (!right)
		lack(look, X509_V_ERR_KEYUSAGE_NO_CRL_SIGN);
	else if (crl_covers(crl, look->cert))
		weigh_dates(look, crl);
	else
		lack(look, X509_V_ERR_DIFFERENT_CRL_SCOPE);
}

static void ask(struct look *look, struct crl *crl)
{
	enum crl_proof proof = CRL_NO_ANSWER;

	if (X509_NAME_cmp(crl->issuer, X509_get_issuer_name(look->cert)))
		return;
	/* a CA that anybody made up costs no look at a list (R17) */
	if (crl->proven || chain_is_genuine(look->run))
		proof = crl_speaks_for(crl, look->issuer, look->key);
	switch (proof) {
	case CRL_PROVEN:
	case CRL_NO_RIGHT:
		hear(look, crl, proof == CRL_PROVEN);
		break;
	case CRL_NO_ANSWER:
		look->unknown = X509_V_ERR_CRL_SIGNATURE_FAILURE;
		break;
	case CRL_OTHER_KEY:
		break;
	}
}

static void ask_each(struct look *look, const struct crl_set *set)
{
	for (size_t i = 0; i < set->count && !look->listed; i++)
		ask(look, set->items[i]);
}

static bool is_soft(const struct look *look)
{
	switch (look->lack) {
	case X509_V_ERR_UNABLE_TO_GET_CRL:
	case X509_V_ERR_DIFFERENT_CRL_SCOPE:
		return settings_of(look)->when_missing == CRL_POLICY_ALLOW;
	case X509_V_ERR_CRL_HAS_EXPIRED:
		return settings_of(look)->when_expired == CRL_POLICY_ALLOW;
	default:
		return false;
	}
}

static void conclude(struct look *look, bool needed)
{
	struct chain_verdict *verdict = look->run->verdict;

	if (look->listed)
		chain_note(look->run, X509_V_ERR_CERT_REVOKED, look->depth,
			look->cert);
	else if (look->unknown && !verdict->otherwise)
		/* it may be listed there: no setting is soft on that (R14) */
		chain_note(look->run, look->unknown, look->depth, look->cert);
	else if (!look->covered && needed && !verdict->otherwise &&
		 !is_soft(look))
		chain_note(look->run, look->lack, look->depth, look->cert);
	else if (look->covered && needed && look->until < verdict->crl_until &&
		 settings_of(look)->when_expired == CRL_POLICY_REJECT)
		verdict->crl_until = look->until;
}

/* The next of the path, or itself when it signed itself; else NULL. */
static X509 *issuer_at(const STACK_OF(X509) * path, int i)
{
	X509 *cert = sk_X509_value(path, i);

	if (i + 1 < sk_X509_num(path))
		return sk_X509_value(path, i + 1);
	return X509_get_extension_flags(cert) & EXFLAG_SS ? cert : NULL;
}

static void check_one(struct chain_run *run, const STACK_OF(X509) * path, int i,
	int64_t now, bool needed)
{
	struct look look = {.run = run,
		.cert = sk_X509_value(path, i),
		.issuer = issuer_at(path, i),
		.depth = i,
		.now = now,
		.until = INT64_MAX,
		.lack = X509_V_ERR_UNABLE_TO_GET_CRL};

	if (look.issuer && !crl_key_of(look.issuer, look.key))
		look.unknown = X509_V_ERR_OUT_OF_MEM;
	else if (look.issuer)
		ask_each(&look, run->rules->trust->crls);
	conclude(&look, needed);
}

static void check_crls(struct chain_run *run, const STACK_OF(X509) * path)
{
	bool chain = run->rules->settings->crl.scope == CRL_SCOPE_CHAIN;
	int64_t now = time_of(run->ctx);
	int last = sk_X509_num(path) - 1;

	/* The anchor is trusted because it is configured. */
	for (int i = 0; i < last || i == 0; i++)
		check_one(run, path, i, now, i == 0 || chain);
}

void chain_check_revocation(struct chain_run *run)
{
	const STACK_OF(X509) *path = X509_STORE_CTX_get0_chain(run->ctx);

	check_deny(run, path);
	if (run->rules->trust->crls && sk_X509_num(path) > 0)
		check_crls(run, path);
}
