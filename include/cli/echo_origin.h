/*
 * echo_origin: an HTTP origin that answers each request with what it got:
 * the request line, every field, the length of the body, every trailer.
 *
 * For `mtlsgate demo`; plain HTTP on a loopback socket.
 */
#ifndef MTLSGATE_CLI_ECHO_ORIGIN_H
#define MTLSGATE_CLI_ECHO_ORIGIN_H

#include <stdint.h>

struct echo_origin;
struct err;
struct loop;

/* Listens on 127.0.0.1, any free port. NULL with err filled. */
struct echo_origin *echo_origin_new(struct loop *loop, struct err *err)
	__attribute__((warn_unused_result));
/* Closes every connection. NULL is ignored. */
void echo_origin_free(struct echo_origin *origin);
uint16_t echo_origin_port(const struct echo_origin *origin);

#endif
