/*
 * A certificate in DER, through every encoder. Promises: each text lies within
 * 0x20-0x7E (R6), a serial is never empty, a time that parsed prints and reads
 * back, and the certificate headers stay below their limits.
 */
#include "tls/cert_info.h"

#include "base/arena.h"
#include "policy/cert_headers.h"
#include "tls/cert_format.h"

#include <stdlib.h>

#include <openssl/err.h>
#include <openssl/x509.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool kept)
{
	if (!kept)
		abort();
}

static void check_text(struct slice text)
{
	for (size_t i = 0; i < text.len; i++)
		must(text.ptr[i] >= 0x20 && text.ptr[i] <= 0x7E);
}

static void check_name(const struct cert_name *name, struct arena *arena)
{
	struct slice text;

	must(cert_format_rfc2253(name, arena, &text));
	check_text(text);
	must(cert_format_legacy(name, arena, &text));
	check_text(text);
	must((text.len > 0) == (name->count > 0));
	for (unsigned i = 0; i < name->count; i++)
		must(!i ||
			name->attributes[i].rdn >= name->attributes[i - 1].rdn);
}

static void check_time(const struct cert_time *time, struct arena *arena)
{
	struct slice text;

	must(cert_format_time(time, arena, &text));
	check_text(text);
	must((text.len > 0) == time->valid);
}

static void check_sans(const struct cert_extensions *e)
{
	unsigned count = e->dns.count + e->uri.count + e->email.count +
			 e->ip.count + e->other_sans;

	must(count <= CERT_SANS_MAX);
	if (e->sans_too_many || e->sans_malformed)
		must(count == 0);
	for (unsigned i = 0; i < e->ip.count; i++)
		must(e->ip.items[i].len == 4 || e->ip.items[i].len == 16);
}

static void check_headers(const struct cert_info *info, struct arena *arena)
{
	const struct config_headers settings = {
		.presets = 1U << PRESET_X_CERT, .empty = EMPTY_SEND};
	const struct client_auth failed = {.state = CLIENT_AUTH_FAILED,
		.code = CLIENT_AUTH_CODE_DATE,
		.sent = 1};
	const char *reason = NULL;
	struct cert_headers *headers =
		cert_headers_new(&settings, &failed, info, arena, &reason);
	struct slice wire;

	must(headers != NULL && !reason);
	wire = cert_headers_block(headers)->wire;
	must(wire.len <= CERT_HEADERS_MAX);
	for (size_t i = 0; i < cert_headers_block(headers)->count; i++)
		check_text(cert_headers_block(headers)->fields[i].value);
	cert_headers_free(headers);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const unsigned char *at = data;
	X509 *cert = d2i_X509(NULL, &at, (long)size);
	struct arena *arena = arena_new(NULL);
	struct cert_info *info;
	struct slice serial;

	must(arena != NULL);
	if (cert) {
		info = cert_info_read(cert, arena);
		must(info != NULL);
		must(cert_info_read_extensions(info, cert, arena));
		check_sans(info->extensions);
		check_name(&info->extensions->authority_issuer, arena);
		check_name(&info->subject, arena);
		check_name(&info->issuer, arena);
		must(cert_format_serial(info, arena, &serial));
		check_text(serial);
		must(serial.len >= 2);
		check_time(&info->not_before, arena);
		check_time(&info->not_after, arena);
		check_headers(info, arena);
	}
	ERR_clear_error();
	X509_free(cert);
	arena_free(arena);
	return 0;
}
