#include "tls/chain_verify.h"

#include <string.h>

#include <openssl/err.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "base/arena.h"
#include "chain_verify_priv.h"
#include "config/config.h"
#include "tls/cert_format.h"
#include "tls/cert_info.h"
#include "tls/cert_time.h"
#include "tls/client_reason.h"
#include "tls/trust.h"

enum {
	/* Longest serial number taken (fields.md section 3). */
	SERIAL_MAX = 64,
	SECURITY_LEVEL = 2, /* as in the handshake (R16) */
	PATHS_MAX = 4,      /* judged besides the library's own (R17) */
};

void chain_note(struct chain_run *run, int code, int depth, X509 *cert)
{
	struct chain_verdict *verdict = run->verdict;
	const struct chain_sink *sink = run->rules->sink;
	bool revoked = client_reason_revoked(code);

	if (sink && sink->on_finding)
		sink->on_finding(sink->owner, code, depth, cert);
	if (!revoked && !verdict->otherwise)
		verdict->otherwise = code;
	if (verdict->revoked || (verdict->code && !revoked))
		return;
	verdict->revoked = revoked;
	verdict->code = code;
	verdict->depth = depth;
}

/* Does it say that somebody made up what follows? Who is no CA vouches for
 * nobody, either. */
static bool tells_forgery(int code)
{
	static const int codes[] = {
		X509_V_ERR_CERT_SIGNATURE_FAILURE,
		X509_V_ERR_UNABLE_TO_DECRYPT_CERT_SIGNATURE,
		X509_V_ERR_UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY,
		X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE,
		X509_V_ERR_SIGNATURE_ALGORITHM_MISMATCH,
		X509_V_ERR_EC_KEY_EXPLICIT_PARAMS,
		X509_V_ERR_KEYUSAGE_NO_CERTSIGN,
		X509_V_ERR_INVALID_CA,
	};

	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		if (codes[i] == code)
			return true;
	}
	return false;
}

/* Does it say that no configured CA was reached? */
static bool tells_stranger(int code)
{
	return code == X509_V_ERR_CERT_CHAIN_TOO_LONG ||
	       code == X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT ||
	       code == X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN ||
	       code == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT ||
	       code == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY;
}

/*
 * Notes and lets the library go on, to the end where somebody listens. Else no
 * further than to what somebody made up: he also chose what the check of a
 * signature costs (R17), and nothing that follows changes the verdict.
 */
static int on_verify_step(int ok, X509_STORE_CTX *ctx)
{
	struct chain_run *run = X509_STORE_CTX_get_app_data(ctx);
	int code = X509_STORE_CTX_get_error(ctx);

	if (!run)
		return 0;
	if (ok)
		return 1;
	run->forged = run->forged || tells_forgery(code);
	chain_note(run, code, X509_STORE_CTX_get_error_depth(ctx),
		X509_STORE_CTX_get_current_cert(ctx));
	return run->rules->sink ||
	       !(tells_forgery(code) || tells_stranger(code));
}

/* R17: bounds before work. */
static bool bounded(const STACK_OF(X509) * sent, unsigned max_depth)
{
	int count = sk_X509_num(sent);
	size_t bytes = 0;

	if (count < 0 || (unsigned)count > max_depth + CHAIN_SPARE)
		return false;
	for (int i = 0; i < count; i++) {
		int len = i2d_X509(sk_X509_value(sent, i), NULL);

		if (len <= 0 || len > CHAIN_BYTES)
			return false;
		bytes += (size_t)len;
	}
	return bytes <= CHAIN_BYTES;
}

static void ask_library(struct chain_run *run)
{
	X509_STORE_CTX *ctx = run->ctx;
	X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(ctx);
	int result;

	if (run->rules->settings->require_eku == REQUIRE_EKU_ANY &&
		!X509_VERIFY_PARAM_set_purpose(param, X509_PURPOSE_ANY)) {
		chain_note(run, X509_V_ERR_UNSPECIFIED, 0, NULL);
		run->forged = true;
		return;
	}
	X509_STORE_CTX_set_app_data(ctx, run);
	X509_STORE_CTX_set_verify_cb(ctx, on_verify_step);
	result = X509_verify_cert(ctx);
	X509_STORE_CTX_set_app_data(ctx, NULL);
	run->forged = run->forged || result != 1;
	if (result == 1 && X509_STORE_CTX_get_error(ctx) == X509_V_OK)
		return;
	/* Memory and the like: no callback told. Never taken for "ok". */
	result = X509_STORE_CTX_get_error(ctx);
	if (!run->verdict->code)
		chain_note(run,
			result == X509_V_OK ? X509_V_ERR_UNSPECIFIED : result,
			0, NULL);
}

/* What the library does not ask; the leaf only. */
static void check_leaf(struct chain_run *run)
{
	X509 *leaf = X509_STORE_CTX_get0_cert(run->ctx);
	struct arena *arena = arena_new(NULL);
	struct cert_info *info = arena ? cert_info_read(leaf, arena) : NULL;

	if (!info) {
		chain_note(run, X509_V_ERR_OUT_OF_MEM, 0, leaf);
		arena_free(arena);
		return;
	}
	memcpy(run->verdict->sha256, info->sha256, sizeof(info->sha256));
	if (info->serial.len > SERIAL_MAX)
		chain_note(run, CLIENT_AUTH_CODE_SERIAL, 0, leaf);
	if (!info->not_before.valid || !info->not_after.valid)
		chain_note(run, CLIENT_AUTH_CODE_DATE, 0, leaf);
	if (run->rules->settings->require_eku == REQUIRE_EKU_PRESENT &&
		!(X509_get_extension_flags(leaf) & EXFLAG_XKUSAGE))
		chain_note(run, CLIENT_AUTH_CODE_EKU_ABSENT, 0, leaf);
	if (!cert_format_fits(info, arena))
		chain_note(run, CLIENT_AUTH_CODE_HEADERS, 0, leaf);
	arena_free(arena);
}

/* R13: the connection may not outlive any certificate of its chain. */
static int64_t path_expiry(const STACK_OF(X509) * path)
{
	int64_t earliest = INT64_MAX;

	for (int i = 0; i < sk_X509_num(path); i++) {
		struct cert_time end = cert_time_of(
			X509_get0_notAfter(sk_X509_value(path, i)));

		if (end.valid && end.unix_seconds < earliest)
			earliest = end.unix_seconds;
	}
	return earliest;
}

static bool is_configured(const struct chain_run *run, const X509 *cert)
{
	STACK_OF(X509_OBJECT) *objects =
		X509_STORE_get0_objects(X509_STORE_CTX_get0_store(run->ctx));

	for (int i = 0; i < sk_X509_OBJECT_num(objects); i++) {
		X509 *anchor =
			X509_OBJECT_get0_X509(sk_X509_OBJECT_value(objects, i));

		if (anchor && !X509_cmp(anchor, cert))
			return true;
	}
	return false;
}

/* Does the path end in a configured CA? */
static bool is_whole(const struct chain_run *run)
{
	const STACK_OF(X509) *path = X509_STORE_CTX_get0_chain(run->ctx);
	int count = sk_X509_num(path);

	return count > 0 && is_configured(run, sk_X509_value(path, count - 1));
}

bool chain_is_genuine(const struct chain_run *run)
{
	return !run->forged && is_whole(run);
}

static void tell_path(const struct chain_run *run, bool genuine)
{
	const struct chain_sink *sink = run->rules->sink;
	const STACK_OF(X509) *path = X509_STORE_CTX_get0_chain(run->ctx);

	if (sink && sink->on_path && sk_X509_num(path) > 0)
		sink->on_path(sink->owner, path, is_whole(run), genuine);
}

/* Every check of a path, in order; each says chain_note. */
static void judge_path(struct chain_run *run)
{
	ask_library(run);
	if (!run->verdict->code)
		chain_check_names(run);
	if (!run->verdict->code)
		chain_check_policies(run);
	chain_check_revocation(run);
	tell_path(run, chain_is_genuine(run));
}

/* ---- other paths ---- */

static bool same_path(const STACK_OF(X509) * a, const STACK_OF(X509) * b)
{
	int count = sk_X509_num(a);

	if (count != sk_X509_num(b))
		return false;
	for (int i = 0; i < count; i++) {
		if (X509_cmp(sk_X509_value(a, i), sk_X509_value(b, i)))
			return false;
	}
	return true;
}

/* A context that can build this path only, under the parameters of `like`. */
static X509_STORE_CTX *context_of(X509_STORE_CTX *like,
	const STACK_OF(X509) * path, STACK_OF(X509) * middle,
	STACK_OF(X509) * anchor)
{
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	int last = sk_X509_num(path) - 1;
	bool ok = ctx && sk_X509_push(anchor, sk_X509_value(path, last)) > 0;

	for (int i = 0; ok && i < last; i++)
		ok = sk_X509_push(middle, sk_X509_value(path, i)) > 0;
	if (ok &&
		X509_STORE_CTX_init(ctx, X509_STORE_CTX_get0_store(like),
			sk_X509_value(path, 0), middle) == 1 &&
		X509_VERIFY_PARAM_set1(X509_STORE_CTX_get0_param(ctx),
			X509_STORE_CTX_get0_param(like)) == 1) {
		X509_STORE_CTX_set0_trusted_stack(ctx, anchor);
		return ctx;
	}
	X509_STORE_CTX_free(ctx);
	return NULL;
}

/*
 * The other path's verdict stands when it is better: good, or revoked (R14),
 * or the one so far did not reach a configured CA at all. Its path then
 * becomes that of the first context.
 */
static bool adopt(struct chain_run *run, struct chain_run *other)
{
	const struct chain_verdict *verdict = other->verdict;
	STACK_OF(X509) * path;

	if (verdict->code && !verdict->revoked && is_whole(run))
		return false;
	path = X509_STORE_CTX_get1_chain(other->ctx);
	if (!path)
		return false;
	X509_STORE_CTX_set0_verified_chain(run->ctx, path);
	run->verdict->revoked = verdict->revoked;
	run->verdict->code = verdict->code;
	run->verdict->depth = verdict->depth;
	run->verdict->otherwise = verdict->otherwise;
	run->verdict->crl_until = verdict->crl_until;
	return true;
}

/* Quietly; and again aloud when it counts and somebody listens. */
static void judge_other(struct chain_run *run, X509_STORE_CTX *ctx)
{
	const struct chain_sink *sink = run->rules->sink;
	struct chain_rules quiet = *run->rules;
	struct chain_verdict verdict = {.crl_until = INT64_MAX};
	struct chain_run other = {
		.rules = &quiet, .ctx = ctx, .verdict = &verdict};

	quiet.sink = NULL;
	judge_path(&other);
	if (!adopt(run, &other) || !sink)
		return;
	if (sink->on_other_path)
		sink->on_other_path(sink->owner);
	if (verdict.code && sink->on_finding)
		sink->on_finding(
			sink->owner, verdict.code, verdict.depth, NULL);
	tell_path(run, chain_is_genuine(&other));
}

static bool take_path(struct chain_run *run, STACK_OF(X509) * path)
{
	STACK_OF(X509) * middle, *anchor;
	X509_STORE_CTX *ctx = NULL;

	if (same_path(path, X509_STORE_CTX_get0_chain(run->ctx)))
		return true;
	middle = sk_X509_new_null();
	anchor = sk_X509_new_null();
	if (middle && anchor)
		ctx = context_of(run->ctx, path, middle, anchor);
	if (ctx)
		judge_other(run, ctx);
	X509_STORE_CTX_free(ctx);
	sk_X509_free(middle);
	sk_X509_free(anchor);
	return ctx && run->verdict->code && !run->verdict->revoked &&
	       ++run->others < PATHS_MAX;
}

/* Could another path have helped? Not where the leaf alone is at fault. */
static bool may_help(const struct chain_verdict *verdict)
{
	static const int of_the_leaf[] = {
		X509_V_ERR_CERT_HAS_EXPIRED,
		X509_V_ERR_CERT_NOT_YET_VALID,
		X509_V_ERR_ERROR_IN_CERT_NOT_BEFORE_FIELD,
		X509_V_ERR_ERROR_IN_CERT_NOT_AFTER_FIELD,
		X509_V_ERR_INVALID_PURPOSE,
		X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION,
		X509_V_ERR_EE_KEY_TOO_SMALL,
	};
	size_t i = sizeof(of_the_leaf) / sizeof(of_the_leaf[0]);

	if (!verdict->code || verdict->revoked)
		return false;
	while (verdict->depth == 0 && i--) {
		if (verdict->code == of_the_leaf[i])
			return false;
	}
	return true;
}

static void run_checks(struct chain_run *run)
{
	const STACK_OF(X509) *sent = X509_STORE_CTX_get0_untrusted(run->ctx);

	if (!bounded(sent, run->rules->settings->max_depth)) {
		chain_note(run, CLIENT_AUTH_CODE_CHAIN_SIZE, 0, NULL);
		chain_check_revocation(run);
	} else {
		judge_path(run);
		if (may_help(run->verdict))
			chain_walk(run, take_path);
	}
	check_leaf(run);
}

void chain_verify(const struct chain_rules *rules,
	struct x509_store_ctx_st *ctx, struct chain_verdict *out)
{
	struct chain_run run = {.rules = rules, .ctx = ctx, .verdict = out};
	STACK_OF(X509) *sent = X509_STORE_CTX_get0_untrusted(ctx);

	*out = (struct chain_verdict){.expires = INT64_MAX,
		.crl_until = INT64_MAX,
		.sent = sent ? (unsigned)sk_X509_num(sent) : 1};
	run_checks(&run);
	if (out->code)
		return;
	out->good = true;
	out->expires = path_expiry(X509_STORE_CTX_get0_chain(ctx));
}

bool chain_settings(struct X509_VERIFY_PARAM_st *param,
	const struct config_client_auth *settings)
{
	X509_VERIFY_PARAM_set_depth(param, (int)settings->max_depth);
	X509_VERIFY_PARAM_set_auth_level(param, SECURITY_LEVEL);
	/* Every configured CA is an anchor, also without its root. */
	return X509_VERIFY_PARAM_set_flags(param,
		       X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_TRUSTED_FIRST) ==
	       1;
}

/* As libssl sets its own up. */
static bool prepare(X509_STORE_CTX *ctx, const struct chain_rules *rules,
	STACK_OF(X509) * sent, int64_t at)
{
	X509_VERIFY_PARAM *param;

	if (X509_STORE_CTX_init(ctx, trust_store(rules->trust),
		    sk_X509_value(sent, 0), sent) != 1 ||
		X509_STORE_CTX_set_default(ctx, "ssl_client") != 1)
		return false;
	param = X509_STORE_CTX_get0_param(ctx);
	if (at != CHAIN_NOW)
		X509_VERIFY_PARAM_set_time(param, (time_t)at);
	return chain_settings(param, rules->settings);
}

bool chain_verify_offline(const struct chain_rules *rules,
	struct stack_st_X509 *sent, int64_t at, struct chain_verdict *out)
{
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	bool ok = ctx && sk_X509_num(sent) > 0 && prepare(ctx, rules, sent, at);

	*out = (struct chain_verdict){
		.expires = INT64_MAX, .crl_until = INT64_MAX};
	if (ok)
		chain_verify(rules, ctx, out);
	X509_STORE_CTX_free(ctx);
	ERR_clear_error();
	return ok;
}
