/*
 * tls_sni: what its parts share: tls_sni_load.c makes the groups, tls_sni.c
 * answers in the handshake and behind it.
 */
#ifndef MTLSGATE_TLS_SNI_PRIV_H
#define MTLSGATE_TLS_SNI_PRIV_H

#include "key_pair_priv.h"
#include "ocsp_staple_priv.h"
#include "tls/server_name.h"
#include "tls/tls_sni.h"

struct sni_certificate {
	struct key_pair pair; /* its leaf's ex data 0 is this */
	struct ocsp_staple staple;
	const struct config_certificate *files; /* lent, while loading */
	size_t group;
	uint32_t identity;            /* of the group */
	struct sni_certificate *next; /* of the group, another kind of key */
	struct server_name *names;    /* while loading: in order, each once */
	size_t name_count;
};

struct tls_sni {
	struct sni_certificate *certificates; /* as configured */
	size_t count;
	struct sni_certificate **groups; /* the first of each */
	size_t group_count;
	struct server_names *names; /* -> index of the group */
	bool reject;
	int64_t expires;
};

#endif
