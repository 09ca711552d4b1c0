/*
 * chain_verify: what the library lets pass of names, and RFC 5280 does not.
 * Runs only behind a verification that found nothing.
 */
#include "chain_verify_priv.h"

#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "base/slice.h"
#include "tls/client_reason.h"

enum { DNS_MAX = 253, LABEL_MAX = 63, LOCAL_PART_MAX = 64 };

/* ---- spelling of names ---- */

static bool is_alnum(char c)
{
	return (c >= '0' && c <= '9') ||
	       (slice_lower(c) >= 'a' && slice_lower(c) <= 'z');
}

/* Letters, digits and inner hyphens (RFC 1034 section 3.5); an underscore is
 * taken, as service names have one. */
static bool label_valid(struct slice label)
{
	if (!label.len || label.len > LABEL_MAX || label.ptr[0] == '-' ||
		label.ptr[label.len - 1] == '-')
		return false;
	for (size_t i = 0; i < label.len; i++) {
		if (!is_alnum(label.ptr[i]) && label.ptr[i] != '-' &&
			label.ptr[i] != '_')
			return false;
	}
	return true;
}

static bool host_valid(struct slice name)
{
	struct slice rest = name;

	if (!name.len || name.len > DNS_MAX)
		return false;
	for (;;) {
		size_t len = slice_find(rest, '.');

		if (!label_valid(slice_head(rest, len)))
			return false;
		if (len == rest.len)
			return true;
		rest = slice_from(rest, len + 1);
	}
}

static bool is_wildcard(struct slice name)
{
	return slice_starts(name, SLICE("*."));
}

static bool dns_valid(struct slice name)
{
	return host_valid(is_wildcard(name) ? slice_from(name, 2) : name);
}

/* A dot-string of RFC 5321 section 4.1.2; quoted ones are not taken. */
static bool local_part_valid(struct slice local)
{
	static const struct slice marks = {"!#$%&'*+-/=?^_`{|}~.", 20};
	bool dot = true;

	if (!local.len || local.len > LOCAL_PART_MAX)
		return false;
	for (size_t i = 0; i < local.len; i++) {
		char c = local.ptr[i];

		if (!is_alnum(c) && slice_find(marks, c) == marks.len)
			return false;
		if (c == '.' && dot)
			return false;
		dot = c == '.';
	}
	return !dot;
}

static bool email_valid(struct slice name)
{
	size_t at = slice_find(name, '@');

	return at < name.len && local_part_valid(slice_head(name, at)) &&
	       host_valid(slice_from(name, at + 1));
}

/* ---- name constraints (RFC 5280 section 4.2.1.10) ---- */

static struct slice text_of(const ASN1_STRING *string)
{
	int len = ASN1_STRING_length(string);

	return slice_of(
		ASN1_STRING_get0_data(string), len > 0 ? (size_t)len : 0);
}

static bool has_type(const STACK_OF(GENERAL_SUBTREE) * trees, int type)
{
	for (int i = 0; i < sk_GENERAL_SUBTREE_num(trees); i++) {
		if (sk_GENERAL_SUBTREE_value(trees, i)->base->type == type)
			return true;
	}
	return false;
}

static bool constrains(const NAME_CONSTRAINTS *limits, int type)
{
	return has_type(limits->permittedSubtrees, type) ||
	       has_type(limits->excludedSubtrees, type);
}

/* Is `name` below `base`, or base itself? Without case. */
static bool below(struct slice name, struct slice base)
{
	if (name.len < base.len)
		return false;
	if (!slice_eq_nocase(slice_from(name, name.len - base.len), base))
		return false;
	return !base.len || name.len == base.len ||
	       name.ptr[name.len - base.len - 1] == '.';
}

/*
 * 0, or what is wrong with one tree. A leading period means something in URI
 * constraints only; and a wildcard stands for every name below its base, one
 * of which may be excluded though the wildcard's own spelling is not.
 */
static int check_tree(
	const GENERAL_SUBTREE *tree, struct slice name, bool excluded)
{
	struct slice base;

	if (tree->base->type != GEN_DNS)
		return 0;
	base = text_of(tree->base->d.dNSName);
	if (slice_starts(base, SLICE(".")))
		return CLIENT_AUTH_CODE_NAME_LIMIT;
	if (excluded && is_wildcard(name) && below(base, slice_from(name, 2)))
		return CLIENT_AUTH_CODE_NAME_WILDCARD;
	return 0;
}

static int check_trees(const STACK_OF(GENERAL_SUBTREE) * trees,
	struct slice name, bool excluded)
{
	int code = 0;

	for (int i = 0; !code && i < sk_GENERAL_SUBTREE_num(trees); i++)
		code = check_tree(
			sk_GENERAL_SUBTREE_value(trees, i), name, excluded);
	return code;
}

static int check_dns(const NAME_CONSTRAINTS *limits, struct slice name)
{
	int code = 0;

	if (!constrains(limits, GEN_DNS))
		return 0;
	if (!dns_valid(name))
		return CLIENT_AUTH_CODE_NAME_SYNTAX;
	code = check_trees(limits->permittedSubtrees, name, false);
	return code ? code : check_trees(limits->excludedSubtrees, name, true);
}

static int check_email(const NAME_CONSTRAINTS *limits, struct slice name)
{
	return constrains(limits, GEN_EMAIL) && !email_valid(name)
		       ? CLIENT_AUTH_CODE_NAME_SYNTAX
		       : 0;
}

static int check_name(const NAME_CONSTRAINTS *limits, const GENERAL_NAME *name)
{
	if (name->type == GEN_DNS)
		return check_dns(limits, text_of(name->d.dNSName));
	if (name->type == GEN_EMAIL)
		return check_email(limits, text_of(name->d.rfc822Name));
	return 0;
}

static int check_alternatives(const NAME_CONSTRAINTS *limits, X509 *cert)
{
	int critical = 0, code = 0;
	GENERAL_NAMES *names =
		X509_get_ext_d2i(cert, NID_subject_alt_name, &critical, NULL);

	/* -1: there is none; else it is malformed, or there twice */
	if (!names)
		return critical == -1 ? 0 : CLIENT_AUTH_CODE_NAME_SYNTAX;
	for (int i = 0; !code && i < sk_GENERAL_NAME_num(names); i++)
		code = check_name(limits, sk_GENERAL_NAME_value(names, i));
	GENERAL_NAMES_free(names);
	return code;
}

/* The old place of an address (RFC 5280 section 4.1.2.6). */
static int check_subject(const NAME_CONSTRAINTS *limits, X509 *cert)
{
	const X509_NAME *subject = X509_get_subject_name(cert);
	int at = -1, code = 0;

	while (!code && (at = X509_NAME_get_index_by_NID(
				 subject, NID_pkcs9_emailAddress, at)) >= 0)
		code = check_email(
			limits, text_of(X509_NAME_ENTRY_get_data(
					X509_NAME_get_entry(subject, at))));
	return code;
}

static bool is_self_issued(const X509 *cert)
{
	return !X509_NAME_cmp(
		X509_get_subject_name(cert), X509_get_issuer_name(cert));
}

/* The limits of the CA at `depth`, for every certificate below it. */
static void check_below(struct chain_run *run, const STACK_OF(X509) * path,
	int depth, const NAME_CONSTRAINTS *limits)
{
	for (int i = depth - 1; i >= 0; i--) {
		X509 *cert = sk_X509_value(path, i);
		int code;

		if (i && is_self_issued(cert))
			continue;
		code = check_alternatives(limits, cert);
		if (!code)
			code = check_subject(limits, cert);
		if (code)
			chain_note(run, code, i, cert);
	}
}

static void check_limits(
	struct chain_run *run, const STACK_OF(X509) * path, int depth)
{
	X509 *ca = sk_X509_value(path, depth);
	NAME_CONSTRAINTS *limits;

	if (X509_get_ext_by_NID(ca, NID_name_constraints, -1) < 0)
		return;
	limits = X509_get_ext_d2i(ca, NID_name_constraints, NULL, NULL);
	if (!limits) {
		chain_note(run, X509_V_ERR_UNSUPPORTED_CONSTRAINT_SYNTAX, depth,
			ca);
		return;
	}
	check_below(run, path, depth, limits);
	NAME_CONSTRAINTS_free(limits);
}

/* A CA without a name names nobody (RFC 5280 section 4.1.2.6). */
static void check_ca_name(struct chain_run *run, X509 *ca, int depth)
{
	if (!X509_NAME_entry_count(X509_get_subject_name(ca)))
		chain_note(run, X509_V_ERR_SUBJECT_NAME_EMPTY, depth, ca);
}

void chain_check_names(struct chain_run *run)
{
	STACK_OF(X509) *path = X509_STORE_CTX_get0_chain(run->ctx);

	for (int i = 1; i < sk_X509_num(path); i++) {
		check_ca_name(run, sk_X509_value(path, i), i);
		check_limits(run, path, i);
	}
}
