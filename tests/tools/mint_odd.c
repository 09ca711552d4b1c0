/*
 * mint_odd DIRECTORY [COUNT]: writes odd client certificates, each with its
 * key, as DIRECTORY/NNNN-KIND.pem, and their CA as DIRECTORY/ca.pem.
 *
 * What is odd about them is the same at every run (keys, and so signatures and
 * fingerprints, are not). First come the cases of the tables, then random ones
 * up to COUNT in all. A certificate that the library refuses to parse cannot
 * be shown in a handshake; it is counted and not written.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake/cert_mint.h"
#include "fake/der.h"

enum { COUNT_DEFAULT = 900, VALUE_MAX = 8192 };

struct press {
	const char *directory;
	const struct mint *ca;
	const struct mint *key; /* of every certificate */
	unsigned written;
	unsigned unparsable;
	uint32_t seed;
};

#define BYTES(literal)                       \
	{                                    \
		literal, sizeof(literal) - 1 \
	}

static void strike(struct press *press, const char *kind, struct mint_spec spec)
{
	char name[80];
	struct mint *mint;

	spec.issuer = press->ca;
	spec.same_key = press->key;
	mint = mint_new(&spec);
	if (mint->cert) {
		snprintf(name, sizeof(name), "%04u-%s.pem", press->written++,
			kind);
		mint_write(press->directory, name, "");
		mint_write_cert(press->directory, name, mint);
		mint_write_key(press->directory, name, mint);
	} else {
		press->unparsable++;
	}
	mint_free(mint);
}

/* Strikes one with that Name (taken) as subject, or as issuer. */
static void strike_name(
	struct press *press, const char *kind, struct der *name, bool issuer)
{
	struct mint_spec spec = {.cn = "odd issuer"};

	if (issuer)
		spec.issuer_name = der_slice(name);
	else
		spec.subject = der_slice(name);
	strike(press, kind, spec);
	der_fini(name);
}

/* ---- values of each string type ---- */

struct type {
	const char *word;
	int tag;
	size_t width;
};

static const struct type types[] = {
	{"utf8", DER_UTF8, 1},
	{"numeric", DER_NUMERIC, 1},
	{"printable", DER_PRINTABLE, 1},
	{"t61", DER_T61, 1},
	{"ia5", DER_IA5, 1},
	{"bmp", DER_BMP, 2},
	{"universal", DER_UNIVERSAL, 4},
	/* no strings, or none that a name should hold */
	{"visible", DER_VISIBLE, 1},
	{"general", 0x1B, 1},
	{"graphic", 0x19, 1},
	{"octets", DER_OCTET_STRING, 1},
	{"bits", DER_BIT_STRING, 1},
	{"sequence", DER_SEQUENCE, 1},
	{"set", DER_SET, 1},
	{"boolean", 0x01, 1},
	{"integer", DER_INTEGER, 1},
	{"null", DER_NULL, 1},
	{"oid", DER_OID, 1},
	{"descriptor", 0x07, 1},
	{"external", 0x08, 1},
	{"real", 0x09, 1},
	{"enumerated", 0x0A, 1},
	{"tag13", 0x0D, 1},
	{"tag14", 0x0E, 1},
	{"tag15", 0x0F, 1},
	{"utctime", DER_UTC_TIME, 1},
	{"characters", 0x1D, 1},
	{"context", 0x80, 1},
};
enum { TYPES = sizeof(types) / sizeof(types[0]), STRINGS = 7 };

static const struct slice values[] = {
	BYTES("plain"),
	BYTES(""),
	BYTES("#"),
	BYTES(" "),
	BYTES("  "),
	BYTES("#hash"),
	BYTES(" lead"),
	BYTES("trail "),
	BYTES(" # both # "),
	BYTES("a,b+c\"d\\e<f>g;h=i"),
	BYTES("a/CN=admin"),
	BYTES("a+CN=admin"),
	BYTES("a\r\nX-CERT-VERIFY: SUCCESS"),
	BYTES("\r\n"),
	BYTES("tab\tdel\x7F"),
	BYTES("good.example\0.evil"),
	BYTES("\0"),
	BYTES("0123456789"),
	BYTES("caf\xC3\xA9"),
	BYTES("caf\xE9"),
	BYTES("\xE6\x97\xA5\xE6\x9C\xAC"),
	BYTES("\xF0\x9F\x98\x80"),
	BYTES("\x80\x81\xFE\xFF"),
	BYTES("\xC0\x80"),
	BYTES("\xED\xA0\x80"),
	BYTES("\x01\x01\x01"),
};
enum { VALUES = sizeof(values) / sizeof(values[0]) };

/* Each byte becomes a character of that width. */
static struct slice widen(struct slice value, size_t width, char out[VALUE_MAX])
{
	size_t len = 0;

	for (size_t i = 0; i < value.len; i++) {
		for (size_t pad = 1; pad < width; pad++)
			out[len++] = '\0';
		out[len++] = value.ptr[i];
	}
	return slice_of(out, len);
}

static void strike_value(struct press *press, const char *oid,
	const struct type *type, struct slice value, bool issuer)
{
	struct der name = {0};
	size_t mark = der_begin(&name, DER_SEQUENCE);
	char wide[VALUE_MAX];

	der_rdn(&name, oid, type->tag, widen(value, type->width, wide));
	der_end(&name, mark);
	strike_name(press, type->word, &name, issuer);
}

static void strike_types(struct press *press)
{
	for (size_t t = 0; t < TYPES; t++) {
		for (size_t v = 0; v < VALUES; v++)
			strike_value(
				press, "2.5.4.3", &types[t], values[v], false);
	}
	/* a few of them as issuer, and under an OID without a name */
	for (size_t t = 0; t < TYPES; t++) {
		strike_value(press, "2.5.4.10", &types[t], values[9], true);
		strike_value(press, "1.3.6.1.4.1.99999.5", &types[t],
			values[t % VALUES], false);
	}
}

/* Code points that bytes do not reach, odd lengths, every byte. */
static void strike_characters(struct press *press)
{
	static const struct {
		int tag;
		struct slice value;
	} rows[] = {
		{DER_BMP, BYTES("\x20\xAC\x65\xE5\x00\x41")},
		{DER_BMP, BYTES("\xD8\x3D\xDE\x00")},
		{DER_BMP, BYTES("\xFF\xFF\xFF\xFE")},
		{DER_BMP, BYTES("\x00\x61\x62")},
		{DER_BMP, BYTES("\x00 \x00#\x00 ")},
		{DER_BMP, BYTES("\x00\x00\x00\x0D\x00\x0A")},
		{DER_BMP, BYTES("\x07\xFF\x08\x00")},
		{DER_UNIVERSAL, BYTES("\0\x01\xF6\0\0\0\0a")},
		{DER_UNIVERSAL, BYTES("\0\x10\xFF\xFF")},
		{DER_UNIVERSAL, BYTES("\0\x11\0\0")},
		{DER_UNIVERSAL, BYTES("\0\0\xD8\0")},
		{DER_UNIVERSAL, BYTES("\0\0\0")},
		{DER_UNIVERSAL, BYTES("\0\0\0 ")},
		{DER_UNIVERSAL, BYTES("\x7F\xFF\xFF\xFF")},
		{DER_UTF8, BYTES("\xC2\x80\xDF\xBF\xE0\xA0\x80\xEF\xBF\xBF")},
		{DER_UTF8, BYTES("\xF4\x8F\xBF\xBF")},
		{DER_UTF8, BYTES("\xE2\x80\xA8line\xE2\x80\xA9")},
	};
	static const int one_octet[] = {
		DER_T61, DER_IA5, DER_PRINTABLE, DER_NUMERIC};
	char all[256];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct der name = {0};
		size_t mark = der_begin(&name, DER_SEQUENCE);

		der_rdn(&name, "2.5.4.3", rows[i].tag, rows[i].value);
		der_end(&name, mark);
		strike_name(press, "characters", &name, false);
	}
	for (size_t i = 0; i < sizeof(all); i++)
		all[i] = (char)i;
	for (size_t i = 0; i < 4; i++) {
		const struct type type = {"every-byte", one_octet[i], 1};

		strike_value(press, "2.5.4.3", &type,
			slice_of(all, sizeof(all)), false);
		strike_value(press, "2.5.4.3", &type,
			slice_of(all, sizeof(all)), true);
	}
}

/* ---- attribute types ---- */

static const char *const oids[] = {
	"2.5.4.3",
	"2.5.4.4",
	"2.5.4.5",
	"2.5.4.6",
	"2.5.4.7",
	"2.5.4.8",
	"2.5.4.9",
	"2.5.4.10",
	"2.5.4.11",
	"2.5.4.12",
	"2.5.4.13",
	"2.5.4.15",
	"2.5.4.17",
	"2.5.4.20",
	"2.5.4.41",
	"2.5.4.42",
	"2.5.4.43",
	"2.5.4.44",
	"2.5.4.45",
	"2.5.4.46",
	"2.5.4.65",
	"2.5.4.72",
	"2.5.4.97",
	"2.5.4.98",
	"2.5.4.99",
	"2.5.4.200",
	"0.9.2342.19200300.100.1.1",
	"0.9.2342.19200300.100.1.25",
	"0.9.2342.19200300.100.1.3",
	"1.2.840.113549.1.9.1",
	"1.2.840.113549.1.9.2",
	"1.2.840.113549.1.9.8",
	"1.3.6.1.4.1.311.60.2.1.1",
	"1.3.6.1.4.1.311.60.2.1.3",
	"1.2.643.100.1",
	"1.2.643.3.131.1.1",
	"1.2.840.113549.1.1.1",
	"2.5.29.19",
	"1.3.6.1.5.5.7.3.2",
	"2.23.43.1.2.11",
	"0.0",
	"1.2",
	"2.999.1",
	"2.5",
	"1.3.6.1.4.1.99999.1",
	"1.3.6.1.4.1.4294967296.1",
	"2.25.4611686018427387904",
	"1.3.6.1.4.1.1000000.1000000.1000000.1000000.1000000.1000000.1000000."
	"1000000.1000000.1000000",
	"1.2.3.4.5.6.7.8.9.10.11.12.13.14.15.16.17.18.19.20.21.22.23.24.25.26."
	"27.28.29.30",
	"1.2.3.4.5.6.7.8.9.10.11.12.13.14.15.16.17.18.19.20.21.22.23.24.25.26."
	"27.28.29.300",
};
enum { OIDS = sizeof(oids) / sizeof(oids[0]) };

static void strike_oids(struct press *press)
{
	static const struct type utf8 = {"oid", DER_UTF8, 1};
	static const struct type bmp = {"oid", DER_BMP, 2};

	for (size_t i = 0; i < OIDS; i++) {
		strike_value(press, oids[i], &utf8, values[18], false);
		strike_value(press, oids[i], i % 2 ? &bmp : &utf8, values[0],
			i % 3 == 0);
	}
}

/* ---- RDNs ---- */

static uint32_t random_below(struct press *press, uint32_t limit)
{
	press->seed = press->seed * 1664525 + 1013904223;
	return (press->seed >> 8) % limit;
}

/* `shape`: how many attributes each RDN has, as digits. */
static void put_shape(struct press *press, struct der *name, const char *shape)
{
	size_t mark = der_begin(name, DER_SEQUENCE);

	for (; *shape; shape++) {
		size_t set = der_begin(name, DER_SET);

		for (int n = *shape - '0'; n > 0; n--) {
			size_t sequence = der_begin(name, DER_SEQUENCE);
			const struct type *type =
				&types[random_below(press, STRINGS)];
			char wide[VALUE_MAX];

			der_oid(name, oids[random_below(press, OIDS)]);
			der_put(name, type->tag,
				widen(values[random_below(press, 18)],
					type->width, wide));
			der_end(name, sequence);
		}
		der_end(name, set);
	}
	der_end(name, mark);
}

static void strike_rdns(struct press *press)
{
	static const char *const shapes[] = {"", "0", "01", "10", "101", "2",
		"3", "21", "12", "121", "222", "5", "9", "111111111", "33333",
		"0200"};

	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		for (int issuer = 0; issuer < 2; issuer++) {
			struct der name = {0};

			put_shape(press, &name, shapes[i]);
			strike_name(press, "rdns", &name, issuer != 0);
		}
	}
}

/* ---- serials ---- */

static void strike_serials(struct press *press)
{
	static const struct slice rows[] = {BYTES("\0"), BYTES("\x01"),
		BYTES("\x0A"), BYTES("\x7F"), BYTES("\0\x80"), BYTES("\0\xFF"),
		BYTES("\x80"), BYTES("\xFB"), BYTES("\xFF"), BYTES("\xFF\x7F"),
		BYTES("\x80\0"), BYTES("\xFF\0"), BYTES("\x80\0\0\0"),
		BYTES("\0\0"), BYTES("\xFF\xFF"), BYTES("\0\x01")};
	static const size_t lengths[] = {
		16, 20, 21, 34, 35, 36, 40, 63, 64, 65, 70, 71, 100, 105, 106};
	char octets[128];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		strike(press, "serial",
			(struct mint_spec){.cn = "serial", .serial = rows[i]});
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		for (int first = 0; first < 3; first++) {
			memset(octets, 0x11 + (int)i, sizeof(octets));
			octets[0] = first == 0   ? 0x01
				    : first == 1 ? (char)0x9A
						 : 0x00;
			octets[1] = (char)0xC3;
			strike(press, "long-serial",
				(struct mint_spec){.cn = "serial",
					.serial =
						slice_of(octets, lengths[i])});
		}
	}
}

/* ---- dates ---- */

static void strike_dates(struct press *press)
{
	static const struct {
		int tag;
		struct slice text;
	} rows[] = {
		{DER_UTC_TIME, BYTES("240103040506Z")},
		{DER_UTC_TIME, BYTES("491231235959Z")},
		{DER_UTC_TIME, BYTES("500101000000Z")},
		{DER_UTC_TIME, BYTES("991231235959Z")},
		{DER_UTC_TIME, BYTES("000229120000Z")},
		{DER_UTC_TIME, BYTES("2401030405Z")},
		{DER_UTC_TIME, BYTES("240103040506+0100")},
		{DER_UTC_TIME, BYTES("240103040506-1200")},
		{DER_UTC_TIME, BYTES("2401030405+0000")},
		{DER_UTC_TIME, BYTES("240103040506+0000")},
		{DER_UTC_TIME, BYTES("230229000000Z")},
		{DER_UTC_TIME, BYTES("241301000000Z")},
		{DER_UTC_TIME, BYTES("240100000000Z")},
		{DER_UTC_TIME, BYTES("240101240000Z")},
		{DER_UTC_TIME, BYTES("240101006000Z")},
		{DER_UTC_TIME, BYTES("240101000060Z")},
		{DER_UTC_TIME, BYTES("240101000000")},
		{DER_UTC_TIME, BYTES("240101000000z")},
		{DER_UTC_TIME, BYTES("240101000000ZZ")},
		{DER_UTC_TIME, BYTES("240101000000.5Z")},
		{DER_UTC_TIME, BYTES("24010100Z")},
		{DER_UTC_TIME, BYTES("")},
		{DER_UTC_TIME, BYTES("Z")},
		{DER_UTC_TIME, BYTES("hello\r\nworld")},
		{DER_UTC_TIME, BYTES("2401010000\0Z")},
		{DER_GENERALIZED_TIME, BYTES("20240103040506Z")},
		{DER_GENERALIZED_TIME, BYTES("00000101000000Z")},
		{DER_GENERALIZED_TIME, BYTES("00010101000000Z")},
		{DER_GENERALIZED_TIME, BYTES("04490615000000Z")},
		{DER_GENERALIZED_TIME, BYTES("19491231235959Z")},
		{DER_GENERALIZED_TIME, BYTES("20500101000000Z")},
		{DER_GENERALIZED_TIME, BYTES("99991231235959Z")},
		{DER_GENERALIZED_TIME, BYTES("19000229000000Z")},
		{DER_GENERALIZED_TIME, BYTES("20000229000000Z")},
		{DER_GENERALIZED_TIME, BYTES("202401030405Z")},
		{DER_GENERALIZED_TIME, BYTES("2024010304Z")},
		{DER_GENERALIZED_TIME, BYTES("20240103040506.5Z")},
		{DER_GENERALIZED_TIME, BYTES("20240103040506.000Z")},
		{DER_GENERALIZED_TIME, BYTES("20240103040506.123456789Z")},
		{DER_GENERALIZED_TIME, BYTES("20240103040506.Z")},
		{DER_GENERALIZED_TIME, BYTES("20240103040506,5Z")},
		{DER_GENERALIZED_TIME, BYTES("20240103040506.5")},
		{DER_GENERALIZED_TIME, BYTES("20240103040506.5+0100")},
		{DER_GENERALIZED_TIME, BYTES("20240103040506+0100")},
		{DER_GENERALIZED_TIME, BYTES("202401030405-0530")},
		{DER_GENERALIZED_TIME, BYTES("20240103040506")},
		{DER_GENERALIZED_TIME, BYTES("20241332250506Z")},
		{DER_GENERALIZED_TIME, BYTES("-0240103040506Z")},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct mint_time time = {rows[i].tag, rows[i].text};

		strike(press, "not-before",
			(struct mint_spec){.cn = "date", .not_before = time});
		strike(press, "not-after",
			(struct mint_spec){.cn = "date", .not_after = time});
	}
}

/* ---- the rest ---- */

static void strike_shapes(struct press *press)
{
	static const struct type utf8 = {"long", DER_UTF8, 1};
	static const size_t lengths[] = {64, 65, 255, 256, 1000, 3000, 6000};
	char text[VALUE_MAX];

	strike(press, "version-1",
		(struct mint_spec){.cn = "v1", .version_1 = true});
	strike(press, "no-subject", (struct mint_spec){.eku = "clientAuth"});
	strike(press, "no-issuer",
		(struct mint_spec){
			.cn = "x", .issuer_name = SLICE("\x30\x00")});
	strike(press, "no-names",
		(struct mint_spec){.issuer_name = SLICE("\x30\x00")});
	strike(press, "ca", (struct mint_spec){.cn = "a CA", .ca = true});
	strike(press, "server",
		(struct mint_spec){.cn = "server", .eku = "serverAuth"});
	strike(press, "critical",
		(struct mint_spec){.cn = "critical", .unknown_critical = true});
	strike(press, "bad-signature",
		(struct mint_spec){.cn = "bad", .bad_signature = true});
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		memset(text, 'a' + (int)i, lengths[i]);
		strike_value(press, "2.5.4.3", &utf8,
			slice_of(text, lengths[i]), false);
		memset(text, 0xFC, lengths[i] / 4);
		strike_value(press, "2.5.4.3", &types[3],
			slice_of(text, lengths[i] / 4), i % 2 != 0);
	}
}

static struct mint_time random_time(struct press *press)
{
	static char texts[4][32]; /* both dates of one certificate, and more */
	char *text = texts[random_below(press, 4)];

	snprintf(text, sizeof(texts[0]), "%04u%02u%02u%02u%02u%02u%s",
		(unsigned)random_below(press, 10000),
		(unsigned)random_below(press, 14),
		(unsigned)random_below(press, 33),
		(unsigned)random_below(press, 25),
		(unsigned)random_below(press, 61),
		(unsigned)random_below(press, 61),
		random_below(press, 8) ? "Z" : ".25Z");
	return (struct mint_time){DER_GENERALIZED_TIME, slice_str(text)};
}

static void strike_random(struct press *press)
{
	struct der subject = {0}, issuer = {0};
	char shape[6] = "", serial[40];
	struct mint_spec spec = {0};
	size_t len = 1 + random_below(press, sizeof(serial));

	for (uint32_t i = random_below(press, 5); i > 0; i--)
		shape[i - 1] = (char)('1' + random_below(press, 3));
	put_shape(press, &subject, shape);
	put_shape(press, &issuer, shape);
	for (size_t i = 0; i < len; i++)
		serial[i] = (char)random_below(press, 256);
	spec.subject = der_slice(&subject);
	spec.issuer_name = der_slice(&issuer);
	spec.serial = slice_of(serial, len);
	if (random_below(press, 2))
		spec.not_before = random_time(press);
	strike(press, "random", spec);
	der_fini(&subject);
	der_fini(&issuer);
}

int main(int argc, char **argv)
{
	struct press press = {.seed = 20261123};
	unsigned long count =
		argc > 2 ? strtoul(argv[2], NULL, 10) : COUNT_DEFAULT;
	struct mint *ca, *key;

	if (argc < 2) {
		fprintf(stderr, "usage: mint_odd DIRECTORY [COUNT]\n");
		return 64;
	}
	ca = mint_ca("Odd CA", NULL);
	key = mint_ca("key", NULL);
	press.directory = argv[1];
	press.ca = ca;
	press.key = key;
	mint_write_cert(press.directory, "ca.pem", ca);
	strike_types(&press);
	strike_characters(&press);
	strike_oids(&press);
	strike_rdns(&press);
	strike_serials(&press);
	strike_dates(&press);
	strike_shapes(&press);
	for (unsigned tries = 0; press.written < count && tries < 100000;
		tries++)
		strike_random(&press);
	printf("%u certificates, %u more cannot be parsed\n", press.written,
		press.unparsable);
	mint_free(ca);
	mint_free(key);
	return 0;
}
