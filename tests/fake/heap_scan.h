/*
 * heap_scan: does the heap of this process still hold certain bytes? For the
 * tests of R23. Freed memory is looked at, too, as a thief would.
 */
#ifndef MTLSGATE_TESTS_FAKE_HEAP_SCAN_H
#define MTLSGATE_TESTS_FAKE_HEAP_SCAN_H

#include <stdbool.h>
#include <stddef.h>

/* false under AddressSanitizer, which keeps its heap elsewhere. */
bool heap_scan_works(void);
/* The needle itself must not lie in the heap. */
bool heap_scan_holds(const void *needle, size_t len);

#endif
