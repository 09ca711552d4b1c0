/*
 * cert_info: the pieces that the certificate and its extensions share.
 * Both: false when memory is out.
 */
#ifndef MTLSGATE_TLS_CERT_INFO_PRIV_H
#define MTLSGATE_TLS_CERT_INFO_PRIV_H

#include "tls/cert_info.h"

struct X509_name_st;
struct asn1_string_st;

bool cert_info_read_name(struct cert_name *name,
	const struct X509_name_st *from, struct arena *arena)
	__attribute__((warn_unused_result));
/* Magnitude without leading zero octets, but one for the number zero. */
bool cert_info_read_integer(const struct asn1_string_st *integer,
	bool *negative, struct slice *magnitude, struct arena *arena)
	__attribute__((warn_unused_result));

#endif
