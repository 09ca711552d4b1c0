/*
 * fake_conn: net/conn.h over memory. Linked in place of the real one (see
 * tests/CMakeLists.txt), with fake_loop below it.
 *
 * The test plays the peer: it gives bytes, a FIN or a failure, says how many
 * bytes the socket takes, and reads what was sent. Each fake_conn_* that
 * brings an event runs a loop turn behind it. The contract of conn.h is
 * asserted: no verb on an ended connection, on_data uses at most what
 * it was shown.
 */
#ifndef MTLSGATE_TESTS_FAKE_CONN_H
#define MTLSGATE_TESTS_FAKE_CONN_H

#include "base/slice.h"
#include "net/conn.h"

enum fake_end { FAKE_CONN_OPEN, FAKE_CONN_FINISHED, FAKE_CONN_ABORTED };

struct conn *fake_conn_new(struct loop *loop);
/* Ended or not; not by conn_finish, so that the test can still look. */
void fake_conn_free(struct conn *conn);

void fake_conn_give(struct conn *conn, struct slice bytes);
void fake_conn_fin(struct conn *conn);
void fake_conn_die(struct conn *conn, enum conn_fail why);
/* The socket takes this many bytes more and then refuses. SIZE_MAX: all. */
void fake_conn_take(struct conn *conn, size_t bytes);
/* conn_reserve answers NULL from now on. */
void fake_conn_out_of_memory(struct conn *conn, bool out);

/* What the socket took since the last fake_conn_forget. */
struct slice fake_conn_sent(const struct conn *conn);
void fake_conn_forget(struct conn *conn);
enum fake_end fake_conn_end(const struct conn *conn);
/* Bytes that came and were not used. */
size_t fake_conn_waiting(const struct conn *conn);
/* The deepest nesting of on_data seen. */
unsigned fake_conn_depth(const struct conn *conn);

#endif
