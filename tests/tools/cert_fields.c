/*
 * cert_fields FILE...: what mtlsgate says of a certificate (PEM), one line a
 * file: the name of the file, a tab, and in hex the eight fields below, each
 * followed by the byte 1E.
 *
 *   subject, issuer (RFC 2253), subject, issuer (slash form), serial, SHA-1,
 *   notBefore, notAfter
 */
#include <stdio.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "base/arena.h"
#include "tls/cert_format.h"

enum { FIELDS = 8 };

static bool fill(const struct cert_info *info, struct arena *arena,
	struct slice out[FIELDS])
{
	return cert_format_rfc2253(&info->subject, arena, &out[0]) &&
	       cert_format_rfc2253(&info->issuer, arena, &out[1]) &&
	       cert_format_legacy(&info->subject, arena, &out[2]) &&
	       cert_format_legacy(&info->issuer, arena, &out[3]) &&
	       cert_format_serial(info, arena, &out[4]) &&
	       cert_format_hex(
		       info->sha1, sizeof(info->sha1), arena, &out[5]) &&
	       cert_format_time(&info->not_before, arena, &out[6]) &&
	       cert_format_time(&info->not_after, arena, &out[7]);
}

static void print(const char *path, const struct slice fields[FIELDS])
{
	const char *base = strrchr(path, '/');

	printf("%s\t", base ? base + 1 : path);
	for (size_t i = 0; i < FIELDS; i++) {
		for (size_t j = 0; j < fields[i].len; j++)
			printf("%02x", (unsigned char)fields[i].ptr[j]);
		printf("1e");
	}
	putchar('\n');
}

static bool show(const char *path)
{
	BIO *bio = BIO_new_file(path, "re");
	X509 *cert = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
	struct arena *arena = arena_new(NULL);
	struct cert_info *info =
		cert && arena ? cert_info_read(cert, arena) : NULL;
	struct slice fields[FIELDS];
	bool ok = info && fill(info, arena, fields);

	if (ok)
		print(path, fields);
	else
		fprintf(stderr, "%s: no certificate\n", path);
	arena_free(arena);
	X509_free(cert);
	BIO_free(bio);
	return ok;
}

int main(int argc, char **argv)
{
	bool ok = true;

	for (int i = 1; i < argc; i++)
		ok = show(argv[i]) && ok;
	return ok ? 0 : 1;
}
