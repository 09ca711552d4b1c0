/*
 * chain_verify: certificate policies, where a CA of the path demands some
 * (RFC 5280 section 6.1). The library looks at them only where it is told to,
 * and then always; a path whose CAs demand none need not pay.
 *
 * The anchor, last of the path, has no part in it. Runs only behind a
 * verification that found nothing.
 */
#include "chain_verify_priv.h"

#include <openssl/x509.h>
#include <openssl/x509v3.h>

static bool has(X509 *cert, int extension)
{
	return X509_get_ext_by_NID(cert, extension, -1) >= 0;
}

/* Does a CA say more than its own policies? */
static bool demanded(const STACK_OF(X509) * path)
{
	for (int i = sk_X509_num(path) - 2; i > 0; i--) {
		if (has(sk_X509_value(path, i), NID_policy_constraints))
			return true;
	}
	return false;
}

/* Then no policy is valid for the whole path (section 6.1.3 e). */
static bool one_has_none(const STACK_OF(X509) * path)
{
	for (int i = sk_X509_num(path) - 2; i >= 0; i--) {
		if (!has(sk_X509_value(path, i), NID_certificate_policies))
			return true;
	}
	return false;
}

/* requireExplicitPolicy of cert; INT64_MAX: it has none. false: malformed. */
static bool skip_certs(X509 *cert, int64_t *skip)
{
	POLICY_CONSTRAINTS *limits;
	bool ok;

	*skip = INT64_MAX;
	if (!has(cert, NID_policy_constraints))
		return true;
	limits = X509_get_ext_d2i(cert, NID_policy_constraints, NULL, NULL);
	if (!limits)
		return false;
	ok = !limits->requireExplicitPolicy ||
	     (ASN1_INTEGER_get_int64(skip, limits->requireExplicitPolicy) ==
			     1 &&
		     *skip >= 0);
	POLICY_CONSTRAINTS_free(limits);
	return ok;
}

static bool is_self_issued(const X509 *cert)
{
	return !X509_NAME_cmp(
		X509_get_subject_name(cert), X509_get_issuer_name(cert));
}

/*
 * Without a policy for the whole path: is one required at its end? That is
 * explicit_policy of section 6.1.2 (e), carried through 6.1.4 (h, i) and 6.1.5
 * (a, b). Asked here and not of the library, since that of OpenSSL 3.0 loses
 * memory for each CA that has constraints and no policies.
 */
static int without_policy(const STACK_OF(X509) * path)
{
	int64_t left = sk_X509_num(path), skip;

	for (int i = sk_X509_num(path) - 2; i >= 0; i--) {
		X509 *cert = sk_X509_value(path, i);

		if (!skip_certs(cert, &skip))
			return X509_V_ERR_INVALID_POLICY_EXTENSION;
		if (left > 0 && (!i || !is_self_issued(cert)))
			left--;
		if (skip < left && (i || !skip))
			left = skip;
	}
	return left > 0 ? X509_V_OK : X509_V_ERR_NO_EXPLICIT_POLICY;
}

/* The user-initial-policy-set is any-policy (section 6.1.1). */
static int with_policies(STACK_OF(X509) * path)
{
	STACK_OF(ASN1_OBJECT) *any = sk_ASN1_OBJECT_new_null();
	X509_POLICY_TREE *tree = NULL;
	int explicit_policy, result = X509_PCY_TREE_INTERNAL;

	if (any && sk_ASN1_OBJECT_push(any, OBJ_nid2obj(NID_any_policy)) > 0)
		result = X509_policy_check(
			&tree, &explicit_policy, path, any, 0);
	X509_policy_tree_free(tree);
	sk_ASN1_OBJECT_free(any);
	if (result == X509_PCY_TREE_VALID)
		return X509_V_OK;
	if (result == X509_PCY_TREE_INVALID)
		return X509_V_ERR_INVALID_POLICY_EXTENSION;
	return result == X509_PCY_TREE_INTERNAL ? X509_V_ERR_OUT_OF_MEM
						: X509_V_ERR_NO_EXPLICIT_POLICY;
}

void chain_check_policies(struct chain_run *run)
{
	STACK_OF(X509) *path = X509_STORE_CTX_get0_chain(run->ctx);
	int code;

	if (!demanded(path))
		return;
	code = one_has_none(path) ? without_policy(path) : with_policies(path);
	if (code != X509_V_OK)
		chain_note(run, code, 0, NULL);
}
