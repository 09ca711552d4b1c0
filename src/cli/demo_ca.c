#include "cli/demo_ca.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "base/err.h"

enum { DAY = 24 * 60 * 60, SERIAL_OCTETS = 16 };

enum issuer { BY_ITSELF, BY_OUR_CA, BY_THE_OTHER_CA };

/* What is made, in this order; a CA stands before what it issues. */
struct recipe {
	const char *common_name;
	const char *cert_file; /* NULL: not written */
	const char *key_file;  /* NULL: the key goes into cert_file */
	enum issuer issuer;
	const char *extended_key_usage; /* NULL: a CA */
	const char *alt_names;          /* or NULL */
	int first_day;
	int last_day;
};

static const struct recipe recipes[] = {
	{"mtlsgate demo CA", "ca.pem", "ca.key", BY_ITSELF, NULL, NULL, -1, 7},
	{"mtlsgate stranger CA", NULL, NULL, BY_ITSELF, NULL, NULL, -1, 7},
	{"localhost", "server.pem", "server.key", BY_OUR_CA, "serverAuth",
		"DNS:localhost,IP:127.0.0.1,IP:::1", -1, 7},
	{"good", "good.pem", NULL, BY_OUR_CA, "clientAuth", NULL, -1, 7},
	{"expired", "expired.pem", NULL, BY_OUR_CA, "clientAuth", NULL, -30,
		-1},
	{"server-only", "server-only.pem", NULL, BY_OUR_CA, "serverAuth", NULL,
		-1, 7},
	{"stranger", "stranger.pem", NULL, BY_THE_OTHER_CA, "clientAuth", NULL,
		-1, 7},
};

enum { RECIPES = sizeof(recipes) / sizeof(recipes[0]) };

struct issued {
	X509 *cert;
	EVP_PKEY *key;
};

static const char *const files[] = {"ca.pem", "ca.key", "server.pem",
	"server.key", "good.pem", "expired.pem", "server-only.pem",
	"stranger.pem", NULL};

const char *const *demo_ca_files(void)
{
	return files;
}

static bool set_serial(X509 *cert)
{
	unsigned char octets[SERIAL_OCTETS];
	BIGNUM *number = NULL;
	bool ok = false;

	if (RAND_bytes(octets, sizeof(octets)) != 1)
		return false;
	octets[0] &= 0x7F; /* positive, RFC 5280 section 4.1.2.2 */
	octets[0] |= 0x40;
	number = BN_bin2bn(octets, sizeof(octets), NULL);
	if (number)
		ok = BN_to_ASN1_INTEGER(number, X509_get_serialNumber(cert));
	BN_free(number);
	return ok;
}

static bool add_name_part(X509_NAME *name, const char *type, const char *text)
{
	return X509_NAME_add_entry_by_txt(name, type, MBSTRING_UTF8,
		       (const unsigned char *)text, -1, -1, 0) == 1;
}

static bool set_names(X509 *cert, const char *common_name, X509 *issuer)
{
	X509_NAME *name = X509_get_subject_name(cert);

	return add_name_part(name, "O", "mtlsgate demo") &&
	       add_name_part(name, "CN", common_name) &&
	       X509_set_issuer_name(cert, X509_get_subject_name(issuer)) == 1;
}

static bool set_dates(X509 *cert, const struct recipe *recipe)
{
	return X509_gmtime_adj(X509_getm_notBefore(cert),
		       (long)recipe->first_day * DAY) &&
	       X509_gmtime_adj(
		       X509_getm_notAfter(cert), (long)recipe->last_day * DAY);
}

static bool add_extension(X509 *cert, X509 *issuer, int nid, const char *value)
{
	X509_EXTENSION *extension;
	X509V3_CTX context;
	bool ok;

	X509V3_set_ctx_nodb(&context);
	X509V3_set_ctx(&context, issuer, cert, NULL, NULL, 0);
	extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
	if (!extension)
		return false;
	ok = X509_add_ext(cert, extension, -1) == 1;
	X509_EXTENSION_free(extension);
	return ok;
}

static bool add_extensions(
	X509 *cert, X509 *issuer, const struct recipe *recipe)
{
	bool ca = !recipe->extended_key_usage;

	if (!add_extension(cert, issuer, NID_basic_constraints,
		    ca ? "critical,CA:TRUE" : "critical,CA:FALSE") ||
		!add_extension(cert, issuer, NID_key_usage,
			ca ? "critical,keyCertSign,cRLSign"
			   : "critical,digitalSignature") ||
		!add_extension(
			cert, issuer, NID_subject_key_identifier, "hash") ||
		!add_extension(
			cert, issuer, NID_authority_key_identifier, "keyid"))
		return false;
	if (!ca && !add_extension(cert, issuer, NID_ext_key_usage,
			   recipe->extended_key_usage))
		return false;
	return !recipe->alt_names ||
	       add_extension(
		       cert, issuer, NID_subject_alt_name, recipe->alt_names);
}

/* Fills *made; signer is NULL for a self-signed one. */
static bool issue(const struct recipe *recipe, const struct issued *signer,
	struct issued *made)
{
	made->key = EVP_EC_gen("P-256");
	made->cert = X509_new();
	if (!made->key || !made->cert)
		return false;
	if (!signer)
		signer = made;
	return X509_set_version(made->cert, X509_VERSION_3) == 1 &&
	       set_serial(made->cert) && set_dates(made->cert, recipe) &&
	       set_names(made->cert, recipe->common_name, signer->cert) &&
	       X509_set_pubkey(made->cert, made->key) == 1 &&
	       add_extensions(made->cert, signer->cert, recipe) &&
	       X509_sign(made->cert, signer->key, EVP_sha256()) > 0;
}

static FILE *create_private(const char *dir, const char *name, struct err *err)
{
	char path[PATH_MAX];
	FILE *file = NULL;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
		S_IRUSR | S_IWUSR);
	if (fd >= 0)
		file = fdopen(fd, "w");
	if (!file) {
		err_set(err, EXIT_CODE_PERMISSION, "cannot write %s: %m", path);
		if (fd >= 0)
			close(fd);
	}
	return file;
}

static bool write_pem(const char *dir, const char *name, X509 *cert,
	EVP_PKEY *key, struct err *err)
{
	FILE *file = create_private(dir, name, err);
	bool ok;

	if (!file)
		return false;
	ok = (!cert || PEM_write_X509(file, cert) == 1) &&
	     (!key || PEM_write_PKCS8PrivateKey(
			      file, key, NULL, NULL, 0, NULL, NULL) == 1);
	if (fclose(file))
		ok = false;
	if (!ok)
		err_set(err, EXIT_CODE_UNAVAILABLE, "cannot write %s/%s", dir,
			name);
	return ok;
}

static bool write_issued(const char *dir, const struct recipe *recipe,
	const struct issued *made, struct err *err)
{
	if (!recipe->cert_file)
		return true;
	if (!recipe->key_file)
		return write_pem(
			dir, recipe->cert_file, made->cert, made->key, err);
	return write_pem(dir, recipe->cert_file, made->cert, NULL, err) &&
	       write_pem(dir, recipe->key_file, NULL, made->key, err);
}

bool demo_ca_write(const char *dir, struct err *err)
{
	struct issued made[RECIPES] = {{NULL, NULL}};
	bool ok = true;

	for (size_t i = 0; ok && i < RECIPES; i++) {
		const struct issued *signer = NULL;

		if (recipes[i].issuer == BY_OUR_CA)
			signer = &made[0];
		else if (recipes[i].issuer == BY_THE_OTHER_CA)
			signer = &made[1];
		ok = issue(&recipes[i], signer, &made[i]);
		if (!ok) {
			err_set(err, EXIT_CODE_INTERNAL,
				"cannot make the certificate \"%s\"",
				recipes[i].common_name);
			break;
		}
		ok = write_issued(dir, &recipes[i], &made[i], err);
	}
	for (size_t i = 0; i < RECIPES; i++) {
		X509_free(made[i].cert);
		EVP_PKEY_free(made[i].key);
	}
	return ok;
}
