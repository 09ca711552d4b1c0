/*
 * alloc_fail: makes one allocation fail, or all from one on, in our own code
 * and in what libevent allocates for it (R23). OpenSSL, libyaml and libc are
 * left alone. The linker wraps malloc for every test that includes this.
 *
 * Allocations count in a section only: what stands between alloc_fail_begin
 * and alloc_fail_end, or, after alloc_fail_in_loop, each run of the loop; so
 * the memory of the test itself, of peers that it moves, stays out of it.
 * Arenas and deadlines are not kept for reuse: spare ones would hide failures.
 */
#ifndef MTLSGATE_TESTS_FAKE_ALLOC_FAIL_H
#define MTLSGATE_TESTS_FAKE_ALLOC_FAIL_H

#include <stdbool.h>
#include <stddef.h>

/* Once, before libevent is used. */
void alloc_fail_init(void);
/* The n-th allocation (from 1) fails; lasting: and all that follow. */
void alloc_fail_arm(size_t n, bool lasting);
/* Disarms. Did any fail? */
bool alloc_fail_disarm(void);
/* Has any failed so far? */
bool alloc_fail_seen(void);

void alloc_fail_begin(void);
void alloc_fail_end(void);
/* Each run of a loop is a section of its own. */
void alloc_fail_in_loop(bool yes);

#endif
