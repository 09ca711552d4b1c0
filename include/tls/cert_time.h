/*
 * cert_time: the two ASN.1 time types of a certificate as seconds.
 *
 * RFC 5280 section 4.1.2.5 allows YYMMDDHHMMSSZ and YYYYMMDDHHMMSSZ. Seen in
 * the wild and read as well, as nginx does: missing seconds, an offset from UTC
 * (+hhmm), which is taken away, and a fraction (GeneralizedTime only), which is
 * dropped. The chain check refuses all three.
 */
#ifndef MTLSGATE_TLS_CERT_TIME_H
#define MTLSGATE_TLS_CERT_TIME_H

#include "base/slice.h"

struct asn1_string_st;

struct cert_time {
	bool valid;
	int64_t unix_seconds; /* UTC, fraction dropped */
};

struct cert_time cert_time_parse(struct slice octets, bool generalized);
/* Neither type, or NULL: not valid. */
struct cert_time cert_time_of(const struct asn1_string_st *time);

struct cert_date {
	int year;  /* 0-9999 */
	int month; /* 1-12 */
	int day;
	int hour;
	int minute;
	int second;
};
struct cert_date cert_date_of(int64_t unix_seconds);

#endif
