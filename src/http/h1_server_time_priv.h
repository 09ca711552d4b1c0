/*
 * h1_server_time: when a session's patience ends (R18).
 */
#ifndef MTLSGATE_HTTP_H1_SERVER_TIME_PRIV_H
#define MTLSGATE_HTTP_H1_SERVER_TIME_PRIV_H

#include "h1_server_state_priv.h"

/* The next deadline, monotonic ms; 0: there is none. */
int64_t h1_server_due(const struct h1_server *s);
/* While idle: does the client not take its last answer? */
bool h1_server_stalls(const struct h1_server *s);

#endif
