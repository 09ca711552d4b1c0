/*
 * private_key: a key out of the DER of its PEM block.
 *
 * The library's own decoders give buffers back that still hold the key. The
 * usual kinds (RSA with two primes, EC on a named curve with its public point,
 * Ed25519; PKCS#8, PKCS#1, SEC 1) are therefore taken apart here, so that
 * nothing but the key object itself has ever held them (R23). Anything else
 * goes to the library.
 */
#ifndef MTLSGATE_TLS_PRIVATE_KEY_PRIV_H
#define MTLSGATE_TLS_PRIVATE_KEY_PRIV_H

#include "base/slice.h"

struct evp_pkey_st;

/* label: of the PEM block. NULL: no private key of a supported kind. */
struct evp_pkey_st *private_key_read(struct slice label, struct slice der)
	__attribute__((warn_unused_result));

#endif
