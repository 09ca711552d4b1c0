/*
 * chain_verify: the other paths of a leaf, where there is more than one.
 *
 * The library builds one path and never steps back: where a CA is
 * cross-signed or was re-keyed, the first that it finds may fail and another
 * be good. Here the certificates at hand are walked depth first, from the leaf
 * up; a step leads to an issuer by name and key identifier. Only where that
 * ends in a configured CA are the signatures checked, from there down to the
 * first wrong one: no key is used that nobody vouches for, since whoever made
 * it up chose what it costs. The work is bounded in steps, in signatures and
 * in paths judged (R17).
 */
#include "chain_verify_priv.h"

#include <openssl/err.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "config/config.h"

enum {
	STEPS_MAX = 2048,    /* issuers looked at, a verification */
	SIGNATURES_MAX = 16, /* checked, a verification */
	LEVELS_MAX = 32,
};

/* One certificate of the path in hand, and where its issuers come from. */
struct level {
	X509 *cert;               /* lent */
	STACK_OF(X509) * anchors; /* configured CAs of its issuer's name */
	/* Issuer to try next: first the anchors, then what was sent. */
	int next;
};

struct walk {
	X509_STORE_CTX *ctx;
	STACK_OF(X509) * sent;
	struct level levels[LEVELS_MAX];
	unsigned count; /* of levels in use */
	unsigned max;
	int steps;      /* so far */
	int signatures; /* so far */
};

static void push(struct walk *w, X509 *cert)
{
	w->levels[w->count++] = (struct level){.cert = cert,
		.anchors = X509_STORE_CTX_get1_certs(
			w->ctx, X509_get_issuer_name(cert))};
}

static void pop(struct walk *w)
{
	sk_X509_pop_free(w->levels[--w->count].anchors, X509_free);
}

static bool in_hand(const struct walk *w, const X509 *cert)
{
	for (unsigned i = 0; i < w->count; i++) {
		if (!X509_cmp(w->levels[i].cert, cert))
			return true;
	}
	return false;
}

/* The next one to try above the last level; NULL when all were. */
static X509 *next_issuer(struct walk *w, bool *anchor)
{
	struct level *level = &w->levels[w->count - 1];
	int anchors = level->anchors ? sk_X509_num(level->anchors) : 0;
	int n = level->next++;

	*anchor = n < anchors;
	if (*anchor)
		return sk_X509_value(level->anchors, n);
	return n - anchors < sk_X509_num(w->sent)
		       ? sk_X509_value(w->sent, n - anchors)
		       : NULL;
}

/* The levels and the anchor above them; lent certificates. */
static STACK_OF(X509) * path_of(const struct walk *w, X509 *anchor)
{
	STACK_OF(X509) *path = sk_X509_new_null();
	bool ok = path != NULL;

	for (unsigned i = 0; ok && i < w->count; i++)
		ok = sk_X509_push(path, w->levels[i].cert) > 0;
	if (ok && sk_X509_push(path, anchor) > 0)
		return path;
	sk_X509_free(path);
	return NULL;
}

/* Did each one sign what is below it? Asked from the anchor down. */
static bool is_signed(struct walk *w, const STACK_OF(X509) * path)
{
	for (int i = sk_X509_num(path) - 1; i > 0; i--) {
		EVP_PKEY *key = X509_get0_pubkey(sk_X509_value(path, i));

		if (w->signatures == SIGNATURES_MAX)
			return false;
		w->signatures++;
		if (!key || X509_verify(sk_X509_value(path, i - 1), key) != 1)
			return false;
	}
	return true;
}

/* false: enough. */
static bool arrive(struct walk *w, X509 *anchor, struct chain_run *run,
	bool (*take)(struct chain_run *run, STACK_OF(X509) * path))
{
	STACK_OF(X509) *path = path_of(w, anchor);
	bool more = path && (!is_signed(w, path) || take(run, path));

	sk_X509_free(path);
	return more;
}

/* One issuer tried; false: enough. */
static bool step(struct walk *w, struct chain_run *run,
	bool (*take)(struct chain_run *run, STACK_OF(X509) * path))
{
	X509 *cert = w->levels[w->count - 1].cert;
	bool anchor;
	X509 *issuer = next_issuer(w, &anchor);

	w->steps++;
	if (!issuer) {
		pop(w);
		return true;
	}
	if (in_hand(w, issuer) || X509_check_issued(issuer, cert) != X509_V_OK)
		return true;
	if (anchor)
		return arrive(w, issuer, run, take);
	if (w->count < w->max)
		push(w, issuer);
	return true;
}

void chain_walk(struct chain_run *run,
	bool (*take)(struct chain_run *run, STACK_OF(X509) * path))
{
	struct walk w = {.ctx = run->ctx,
		.sent = X509_STORE_CTX_get0_untrusted(run->ctx),
		.max = run->rules->settings->max_depth + 1};

	if (w.max > LEVELS_MAX)
		w.max = LEVELS_MAX;
	push(&w, X509_STORE_CTX_get0_cert(run->ctx));
	while (w.count && w.steps < STEPS_MAX &&
		w.signatures < SIGNATURES_MAX && step(&w, run, take))
		;
	while (w.count)
		pop(&w);
	ERR_clear_error();
}
