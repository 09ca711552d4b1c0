/*
 * A certificate in DER, through every encoder. Promises: each text lies within
 * 0x20-0x7E (R6), a serial is never empty, a time that parsed prints and reads
 * back, the headers of every preset stay below their limits, and no name leaves
 * its place in X-Forwarded-Client-Cert.
 */
#include "tls/cert_info.h"

#include "base/arena.h"
#include "config/config_field.h"
#include "config/config_template.h"
#include "policy/cert_headers.h"
#include "policy/header_plan.h"
#include "policy/header_value.h"
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

/* Commas, semicolons and quotes of names stay within the quotes of a value. */
static void check_xfcc(struct slice text)
{
	static const char *const keys[] = {"Hash=", "Subject=", "URI=", "DNS="};
	bool quoted = false;

	for (size_t i = 0; i < text.len; i++) {
		bool known = i > 0;

		if (text.ptr[i] == '"')
			quoted = !quoted;
		must(quoted || text.ptr[i] != ',');
		must(text.ptr[i] != '\\' || i + 1 == text.len ||
			text.ptr[i + 1] != '"');
		if (quoted || (i && text.ptr[i - 1] != ';'))
			continue;
		for (size_t k = 0; k < sizeof(keys) / sizeof(keys[0]); k++)
			known |= slice_starts(
				slice_from(text, i), slice_str(keys[k]));
		must(known || !i);
	}
	must(!quoted);
}

/* Every field, whatever the verdict. */
static void check_values(const struct header_facts *facts,
	const struct header_request *request, struct arena *arena)
{
	for (int id = 0; id < FIELD_COUNT; id++) {
		const struct config_field *field =
			config_field_of((enum config_field_id)id);
		struct config_template_piece piece = {
			field, slice_str(field->oid)};
		enum header_value_fault fault;
		struct slice text;

		fault = !(field->needs & FIELD_PER_REQUEST)
				? header_value(facts, &piece, arena, &text)
				: header_value_request(
					  request, &piece, arena, &text);
		must(fault == HEADER_VALUE_OK ||
			(fault == HEADER_VALUE_TOO_LARGE &&
				facts->leaf->extensions->sans_too_many));
		if (fault != HEADER_VALUE_OK)
			continue;
		check_text(text);
		if (id == FIELD_XFCC)
			check_xfcc(text);
	}
}

static void check_block(const struct header_plan *plan,
	const struct cert_headers *headers,
	const struct header_request *request, struct arena *arena)
{
	const struct header_block *lasting = cert_headers_block(headers);
	struct header_block passing = {.count = 0};

	must(lasting->wire.len <= CERT_HEADERS_MAX);
	must(cert_headers_add(plan, headers, request, arena, &passing) ==
		CERT_HEADERS_OK);
	for (size_t i = 0; i < lasting->count; i++)
		check_text(lasting->fields[i].value);
	for (size_t i = 0; i < passing.count; i++)
		check_text(passing.fields[i].value);
}

static void check_headers(struct header_facts facts,
	const struct header_request *request, struct arena *arena)
{
	struct header_plan *plan = header_plan_new(facts.settings);
	struct client_auth auth = *facts.auth;
	struct cert_headers_problem problem;
	struct cert_headers *headers;

	must(plan != NULL);
	headers = cert_headers_new(plan, &facts, arena, &problem);
	if (problem.fault == CERT_HEADERS_TOO_LARGE) {
		client_auth_oversized(&auth);
		facts.auth = &auth;
		facts.oversized = true;
		headers = cert_headers_new(plan, &facts, arena, &problem);
	}
	must(headers && problem.fault == CERT_HEADERS_OK);
	check_block(plan, headers, request, arena);
	cert_headers_free(headers);
	header_plan_free(plan);
}

static void check_told(
	const struct cert_info *info, struct slice der, struct arena *arena)
{
	static const struct config_client_auth any = {
		.mode = CLIENT_AUTH_REQUEST_ANY};
	static const struct config_client_auth strict = {
		.mode = CLIENT_AUTH_REQUIRE};
	static const struct client_auth auths[] = {
		{.state = CLIENT_AUTH_OK, .sent = 2, .settings = &strict},
		{.state = CLIENT_AUTH_FAILED,
			.code = CLIENT_AUTH_CODE_DATE,
			.sent = 2,
			.settings = &any},
	};
	const struct config_headers settings = {
		.presets = (1U << PRESET_NONE) - 1, .empty = EMPTY_SEND};
	struct slice chain[] = {der, der};

	for (size_t i = 0; i < sizeof(auths) / sizeof(auths[0]); i++) {
		const struct header_facts facts = {.settings = &settings,
			.auth = &auths[i],
			.leaf = info,
			.fits = true,
			.sni = "a b",
			.tls_version = "TLSv1.3",
			.tls_cipher = "x"};
		const struct header_request request = {.auth = &auths[i],
			.certs = {der, chain, 2},
			.id = SLICE("id"),
			.path = der};

		check_values(&facts, &request, arena);
		check_headers(facts, &request, arena);
	}
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
		check_told(info, slice_of(data, size), arena);
	}
	ERR_clear_error();
	X509_free(cert);
	arena_free(arena);
	return 0;
}
