/*
 * chain_verify: the other paths of a leaf, where there is more than one.
 *
 * The library builds one path and never steps back: where a CA is
 * cross-signed or was re-keyed, the first that it finds may fail and another
 * be good. Here the certificates at hand are walked depth first, from the leaf
 * up; an edge is an issuer by name and key identifier whose key made the
 * signature. The work is bounded in edges tried and in paths judged (R17).
 */
#include "chain_verify_priv.h"

#include <openssl/err.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "config/config.h"

enum {
	EDGES_MAX = 16, /* signatures tried, a verification */
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
	int edges; /* tried so far */
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

static bool issued(struct walk *w, X509 *issuer, X509 *cert)
{
	EVP_PKEY *key;

	if (X509_check_issued(issuer, cert) != X509_V_OK)
		return false;
	key = X509_get0_pubkey(issuer);
	w->edges++;
	return key && X509_verify(cert, key) == 1;
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

/* One issuer tried; false: enough. */
static bool step(struct walk *w, struct chain_run *run,
	bool (*take)(struct chain_run *run, STACK_OF(X509) * path))
{
	X509 *cert = w->levels[w->count - 1].cert;
	STACK_OF(X509) * path;
	bool anchor, more;
	X509 *issuer = next_issuer(w, &anchor);

	if (!issuer) {
		pop(w);
		return true;
	}
	if (in_hand(w, issuer) || !issued(w, issuer, cert))
		return true;
	if (!anchor) {
		if (w->count < w->max)
			push(w, issuer);
		return true;
	}
	path = path_of(w, issuer);
	more = path && take(run, path);
	sk_X509_free(path);
	return more;
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
	while (w.count && w.edges < EDGES_MAX && step(&w, run, take))
		;
	while (w.count)
		pop(&w);
	ERR_clear_error();
}
