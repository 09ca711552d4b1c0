#include "key_pair_priv.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "config/config_problem.h"
#include "pem_priv.h"
#include "private_key_priv.h"
#include "problem_priv.h"

/* Security level 2 (R16). */
enum { SECURITY_BITS = 112 };

/* One load in progress: what is read, and how the configuration calls it. */
struct source {
	const struct config_certificate *files;
	struct config_problems *problems;
	enum key_pair_use use;
	char cert_key[320]; /* "tls.cert", "tls.certificates[2].cert" */
	char key_key[320];
};

void key_pair_kind(const struct evp_pkey_st *key, char out[KEY_PAIR_KIND])
{
	static const char *const curves[][2] = {
		{"prime256v1", "P-256"},
		{"secp384r1", "P-384"},
		{"secp521r1", "P-521"},
	};
	char group[48] = "";

	if (!key) {
		snprintf(out, KEY_PAIR_KIND, "of an unknown kind");
		return;
	}
	switch (EVP_PKEY_get_base_id(key)) {
	case EVP_PKEY_RSA:
		snprintf(out, KEY_PAIR_KIND, "RSA %d", EVP_PKEY_get_bits(key));
		return;
	case EVP_PKEY_RSA_PSS:
		snprintf(out, KEY_PAIR_KIND, "RSA-PSS %d",
			EVP_PKEY_get_bits(key));
		return;
	case EVP_PKEY_ED25519:
		snprintf(out, KEY_PAIR_KIND, "Ed25519");
		return;
	case EVP_PKEY_EC:
		break;
	default:
		snprintf(
			out, KEY_PAIR_KIND, "%s", EVP_PKEY_get0_type_name(key));
		return;
	}
	if (!EVP_PKEY_get_group_name(key, group, sizeof(group), NULL))
		snprintf(group, sizeof(group), "with explicit parameters");
	for (size_t i = 0; i < sizeof(curves) / sizeof(curves[0]); i++) {
		if (!strcmp(group, curves[i][0]))
			snprintf(group, sizeof(group), "%s", curves[i][1]);
	}
	snprintf(out, KEY_PAIR_KIND, "EC %s", group);
}

static void broken(
	const struct source *from, bool key, unsigned line, const char *why)
{
	const struct config_text *at =
		key ? &from->files->key : &from->files->cert;

	config_problem(from->problems, CONFIG_ERROR, EXIT_CODE_CONFIG, at->mark,
		"%s: %s, line %u: %s", key ? from->key_key : from->cert_key,
		at->text, line, why);
}

/* ---- certificate ---- */

static bool take_certificate(
	struct key_pair *pair, const struct pem_block *block)
{
	const unsigned char *at = (const unsigned char *)block->der.ptr;
	const unsigned char *end = at + block->der.len;
	X509 *cert = d2i_X509(NULL, &at, (long)block->der.len);

	if (!cert || at != end) {
		X509_free(cert);
		return false;
	}
	if (!pair->leaf) {
		pair->leaf = cert;
		return true;
	}
	if (!sk_X509_push(pair->chain, cert)) {
		X509_free(cert);
		return false;
	}
	return true;
}

/* A key in the same file is fine: some keep both together. */
static bool read_certificates(
	struct key_pair *pair, struct pem_file *file, const struct source *from)
{
	struct pem_block block;
	const char *why = NULL;
	unsigned line = 0;
	enum pem_result result;

	while ((result = pem_next(file, &block, &why, &line)) == PEM_OK) {
		if (!slice_eq(block.label, SLICE("CERTIFICATE")) &&
			!slice_eq(block.label, SLICE("X509 CERTIFICATE")))
			continue;
		if (!take_certificate(pair, &block)) {
			broken(from, false, block.line,
				"this is no X.509 certificate");
			return false;
		}
	}
	if (result == PEM_BROKEN)
		broken(from, false, line, why);
	else if (!pair->leaf)
		problem_no_block(from->problems, from->cert_key,
			from->files->cert.mark, from->files->cert.text,
			"certificate", file);
	return result == PEM_END && pair->leaf;
}

static bool load_certificates(struct key_pair *pair, const struct source *from)
{
	const struct config_text *at = &from->files->cert;
	struct pem_file file;
	bool ok;

	if (!pem_open(&file, at->text)) {
		problem_unreadable(from->problems, from->cert_key, at->mark,
			at->text, errno);
		return false;
	}
	ok = read_certificates(pair, &file, from);
	pem_close(&file);
	return ok;
}

/* ---- key ---- */

static bool take_key(struct key_pair *pair, const struct pem_block *block,
	const struct source *from)
{
	if (block->encrypted) {
		config_problem(from->problems, CONFIG_ERROR, EXIT_CODE_CONFIG,
			from->files->key.mark,
			"%s: %s is encrypted; a passphrase is never asked for",
			from->key_key, from->files->key.text);
		config_problem_note(from->problems,
			"openssl pkey -in FILE -out PLAIN decrypts it; guard "
			"the result by its permissions");
		return false;
	}
	if (pair->key) {
		broken(from, true, block->line,
			"a second private key; which one is meant?");
		return false;
	}
	pair->key = private_key_read(block->label, block->der);
	if (!pair->key)
		broken(from, true, block->line,
			"this is no private key of a supported kind");
	return pair->key != NULL;
}

static bool read_key(
	struct key_pair *pair, struct pem_file *file, const struct source *from)
{
	struct pem_block block;
	const char *why = NULL;
	unsigned line = 0;
	enum pem_result result;

	while ((result = pem_next(file, &block, &why, &line)) == PEM_OK) {
		if (slice_ends(block.label, SLICE("PRIVATE KEY")) &&
			!take_key(pair, &block, from))
			return false;
	}
	if (result == PEM_BROKEN)
		broken(from, true, line, why);
	else if (!pair->key)
		problem_no_block(from->problems, from->key_key,
			from->files->key.mark, from->files->key.text,
			"private key", file);
	return result == PEM_END && pair->key;
}

static bool load_key(struct key_pair *pair, const struct source *from)
{
	const struct config_text *at = &from->files->key;
	struct pem_file file;
	bool ok;

	if (!pem_open(&file, at->text)) {
		problem_unreadable(from->problems, from->key_key, at->mark,
			at->text, errno);
		return false;
	}
	ok = read_key(pair, &file, from);
	pem_close(&file);
	return ok;
}

/* ---- one against the other ---- */

/* A signature made by one and verified by the other: the whole key is good. The
 * digest is the key's own choice: Ed25519 has none, RSA-PSS may name one. */
static bool proves(EVP_PKEY *public, EVP_PKEY *key)
{
	static const unsigned char text[] = "mtlsgate";
	unsigned char signature[2048];
	size_t len = sizeof(signature);
	EVP_MD_CTX *sign = EVP_MD_CTX_new(), *verify = EVP_MD_CTX_new();
	bool ok = sign && verify &&
		  EVP_DigestSignInit_ex(
			  sign, NULL, NULL, NULL, NULL, key, NULL) == 1 &&
		  EVP_DigestSign(sign, signature, &len, text, sizeof(text)) ==
			  1 &&
		  EVP_DigestVerifyInit_ex(
			  verify, NULL, NULL, NULL, NULL, public, NULL) == 1 &&
		  EVP_DigestVerify(
			  verify, signature, len, text, sizeof(text)) == 1;

	EVP_MD_CTX_free(sign);
	EVP_MD_CTX_free(verify);
	return ok;
}

static bool check_fit(const struct key_pair *pair, const struct source *from)
{
	const struct config_certificate *files = from->files;
	struct config_problems *problems = from->problems;
	char name[PROBLEM_NAME], cert_kind[KEY_PAIR_KIND], kind[KEY_PAIR_KIND];
	EVP_PKEY *public = X509_get0_pubkey(pair->leaf);

	if (public && EVP_PKEY_eq(public, pair->key) == 1) {
		if (proves(public, pair->key))
			return true;
		config_problem(problems, CONFIG_ERROR, EXIT_CODE_CONFIG,
			files->key.mark,
			"%s: %s is damaged: its signatures do not verify",
			from->key_key, files->key.text);
		return false;
	}
	problem_name(pair->leaf, name);
	key_pair_kind(public, cert_kind);
	key_pair_kind(pair->key, kind);
	config_problem(problems, CONFIG_ERROR, EXIT_CODE_CONFIG,
		files->key.mark, "%s: %s is not the key of %s", from->key_key,
		files->key.text, files->cert.text);
	for (int i = 0; i < sk_X509_num(pair->chain); i++) {
		if (EVP_PKEY_eq(X509_get0_pubkey(sk_X509_value(pair->chain, i)),
			    pair->key) != 1)
			continue;
		config_problem_note(problems,
			"it is the key of certificate %d in that file; the "
			"%s's own certificate must come first",
			i + 2,
			from->use == KEY_PAIR_SERVER ? "server" : "client");
		return false;
	}
	config_problem_note(problems,
		"certificate %s has public key %s, the key file is %s%s", name,
		cert_kind, kind,
		strcmp(cert_kind, kind) ? "" : ", but another one");
	return false;
}

static bool check_strength(
	const struct key_pair *pair, const struct source *from)
{
	const struct config_certificate *files = from->files;
	struct config_problems *problems = from->problems;
	char kind[KEY_PAIR_KIND];

	if (EVP_PKEY_get_security_bits(pair->key) >= SECURITY_BITS)
		return true;
	key_pair_kind(pair->key, kind);
	config_problem(problems, CONFIG_ERROR, EXIT_CODE_CONFIG,
		files->cert.mark,
		"%s: the key of %s is too weak (%s); RSA needs 2048 bits, EC "
		"224",
		from->cert_key, files->cert.text, kind);
	return false;
}

static void warn_dates(const struct key_pair *pair, const struct source *from)
{
	const struct config_certificate *files = from->files;
	struct config_problems *problems = from->problems;
	char day[PROBLEM_DAY];

	if (X509_cmp_current_time(X509_get0_notAfter(pair->leaf)) < 0) {
		problem_day(X509_get0_notAfter(pair->leaf), day);
		config_problem(problems, CONFIG_WARNING, EXIT_CODE_OK,
			files->cert.mark, "%s: %s expired on %s",
			from->cert_key, files->cert.text, day);
	} else if (X509_cmp_current_time(X509_get0_notBefore(pair->leaf)) > 0) {
		problem_day(X509_get0_notBefore(pair->leaf), day);
		config_problem(problems, CONFIG_WARNING, EXIT_CODE_OK,
			files->cert.mark, "%s: %s is not valid before %s",
			from->cert_key, files->cert.text, day);
	}
}

struct purpose {
	int number;
	const char *role;
	const char *usage;
	const char *peers;
};

static const struct purpose purposes[] = {
	[KEY_PAIR_SERVER] = {X509_PURPOSE_SSL_SERVER, "a server", "serverAuth",
		"clients"},
	[KEY_PAIR_CLIENT] = {X509_PURPOSE_SSL_CLIENT, "a client", "clientAuth",
		"the origin"},
};

static void warn_chain(const struct key_pair *pair, const struct source *from)
{
	const struct config_certificate *files = from->files;
	struct config_problems *problems = from->problems;
	const struct purpose *purpose = &purposes[from->use];
	X509 *below = pair->leaf;

	if (X509_check_purpose(below, purpose->number, 0) != 1)
		config_problem(problems, CONFIG_WARNING, EXIT_CODE_OK,
			files->cert.mark,
			"%s: %s is not made for %s (extended key usage "
			"without %s); %s will refuse it",
			from->cert_key, files->cert.text, purpose->role,
			purpose->usage, purpose->peers);
	for (int i = 0; i < sk_X509_num(pair->chain); i++) {
		X509 *above = sk_X509_value(pair->chain, i);

		if (X509_check_issued(above, below) != X509_V_OK)
			config_problem(problems, CONFIG_WARNING, EXIT_CODE_OK,
				files->cert.mark,
				"%s: certificate %d in %s did not issue the "
				"one before it; %s may refuse the chain",
				from->cert_key, i + 2, files->cert.text,
				purpose->peers);
		below = above;
	}
}

bool key_pair_load(struct key_pair *pair,
	const struct config_certificate *files, const char *at,
	enum key_pair_use use, struct config_problems *problems)
{
	struct source from = {.files = files, .problems = problems, .use = use};
	bool cert_ok, key_ok;

	snprintf(from.cert_key, sizeof(from.cert_key), "%s.cert", at);
	snprintf(from.key_key, sizeof(from.key_key), "%s.key", at);
	*pair = (struct key_pair){.chain = sk_X509_new_null()};
	if (!pair->chain) {
		config_problem(problems, CONFIG_ERROR, EXIT_CODE_INTERNAL,
			files->cert.mark, "%s: out of memory", from.cert_key);
		return false;
	}
	/* Both are read even if one is wrong: all errors in one run. */
	cert_ok = load_certificates(pair, &from);
	key_ok = load_key(pair, &from);
	ERR_clear_error();
	if (!cert_ok || !key_ok || !check_fit(pair, &from) ||
		!check_strength(pair, &from)) {
		key_pair_fini(pair);
		return false;
	}
	warn_dates(pair, &from);
	warn_chain(pair, &from);
	ERR_clear_error();
	return true;
}

void key_pair_fini(struct key_pair *pair)
{
	X509_free(pair->leaf);
	sk_X509_pop_free(pair->chain, X509_free);
	EVP_PKEY_free(pair->key);
	*pair = (struct key_pair){0};
}
