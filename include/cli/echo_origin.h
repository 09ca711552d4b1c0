/*
 * echo_origin: an HTTP origin that answers each request with what it got:
 * the request line, every field, the length of the body, every trailer; the
 * field ECHO_ORIGIN_MARK tells that it is one.
 *
 * For `mtlsgate demo`, `selftest` and `echo-origin`; plain HTTP.
 */
#ifndef MTLSGATE_CLI_ECHO_ORIGIN_H
#define MTLSGATE_CLI_ECHO_ORIGIN_H

#include <stdint.h>

#define ECHO_ORIGIN_MARK "Mtlsgate-Echo"

struct addr;
struct echo_origin;
struct err;
struct loop;

/* Listens there; addr NULL: on 127.0.0.1, any free port. NULL with err
 * filled. */
struct echo_origin *echo_origin_new(struct loop *loop, const struct addr *addr,
	struct err *err) __attribute__((warn_unused_result));
/* Closes every connection. NULL is ignored. */
void echo_origin_free(struct echo_origin *origin);
uint16_t echo_origin_port(const struct echo_origin *origin);

#endif
