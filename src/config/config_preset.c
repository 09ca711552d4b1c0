#include "config/config_preset.h"

#include "config/config_fold.h"

#define ROW(preset_, name_, field_, optional_)                     \
	{                                                          \
		PRESET_##preset_, name_, FIELD_##field_, optional_ \
	}
#define X_CERT(name, field) ROW(X_CERT, "X-CERT-" name, CERT_##field, false)
#define CLOUDFLARE(name, field) ROW(CLOUDFLARE, "Cf-Cert-" name, field, true)
#define NGINX(name, field) ROW(NGINX, "X-SSL-Client-" name, CERT_##field, true)
#define ALB(name, field) \
	ROW(AWS_ALB, "X-Amzn-Mtls-Clientcert" name, ALB_##field, true)

/*
 * Cloudflare's page called the fingerprints Cf-Cert-Fingerprint-SHA256 for
 * years and calls them Cf-Cert-SHA256 today: both are sent.
 */
static const struct config_preset_header headers[] = {
	X_CERT("PRESENTED", PRESENTED),
	X_CERT("VERIFY", VERIFIED),
	X_CERT("ISSUER-DN", ISSUER_DN),
	X_CERT("SUBJECT-DN", SUBJECT_DN),
	X_CERT("ISSUER-DN-L", ISSUER_DN_LEGACY),
	X_CERT("SUBJECT-DN-L", SUBJECT_DN_LEGACY),
	X_CERT("SERIAL", SERIAL),
	X_CERT("FINGER", FINGERPRINT_SHA1),
	X_CERT("NOTBE", NOT_BEFORE),
	X_CERT("NOTAF", NOT_AFTER),
	CLOUDFLARE("Revoked", CLOUDFLARE_REVOKED),
	CLOUDFLARE("Verified", CLOUDFLARE_VERIFIED),
	CLOUDFLARE("Presented", CLOUDFLARE_PRESENTED),
	CLOUDFLARE("Issuer-DN", CERT_ISSUER_DN),
	CLOUDFLARE("Subject-DN", CERT_SUBJECT_DN),
	CLOUDFLARE("Issuer-DN-RFC2253", CERT_ISSUER_DN),
	CLOUDFLARE("Subject-DN-RFC2253", CERT_SUBJECT_DN),
	CLOUDFLARE("Issuer-DN-Legacy", CERT_ISSUER_DN_LEGACY),
	CLOUDFLARE("Subject-DN-Legacy", CERT_SUBJECT_DN_LEGACY),
	CLOUDFLARE("Serial", CERT_SERIAL),
	CLOUDFLARE("Issuer-Serial", CERT_ISSUER_SERIAL),
	CLOUDFLARE("Fingerprint-SHA256", CERT_FINGERPRINT_SHA256),
	CLOUDFLARE("Fingerprint-SHA1", CERT_FINGERPRINT_SHA1),
	CLOUDFLARE("SHA256", CERT_FINGERPRINT_SHA256),
	CLOUDFLARE("SHA1", CERT_FINGERPRINT_SHA1),
	CLOUDFLARE("Not-Before", CERT_NOT_BEFORE),
	CLOUDFLARE("Not-After", CERT_NOT_AFTER),
	CLOUDFLARE("SKI", CERT_SKI),
	CLOUDFLARE("Issuer-SKI", CERT_ISSUER_SKI),
	ROW(RFC9440, "Client-Cert", RFC9440_CERT, true),
	ROW(RFC9440, "Client-Cert-Chain", RFC9440_CHAIN, true),
	ROW(XFCC, "X-Forwarded-Client-Cert", XFCC, true),
	NGINX("Verify", VERIFIED),
	NGINX("S-DN", SUBJECT_DN),
	NGINX("I-DN", ISSUER_DN),
	NGINX("Serial", SERIAL),
	NGINX("Fingerprint", FINGERPRINT_SHA1),
	NGINX("V-Start", NOT_BEFORE),
	NGINX("V-End", NOT_AFTER),
	NGINX("Cert", PEM),
	ALB("-Serial-Number", SERIAL),
	ALB("-Issuer", ISSUER),
	ALB("-Subject", SUBJECT),
	ALB("-Validity", VALIDITY),
	ALB("-Leaf", LEAF),
	ALB("", CHAIN),
};

enum { ROWS = sizeof(headers) / sizeof(headers[0]) };

const struct config_preset_header *config_preset_at(size_t index)
{
	return index < ROWS ? &headers[index] : NULL;
}

const struct config_preset_header *config_preset_find(
	unsigned presets, struct slice name)
{
	for (size_t i = 0; i < ROWS; i++) {
		if (presets & 1U << headers[i].preset &&
			config_fold_equal(slice_str(headers[i].name), name))
			return &headers[i];
	}
	return NULL;
}
