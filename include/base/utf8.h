/*
 * utf8: characters of UTF-8 text (RFC 3629), one at a time.
 */
#ifndef MTLSGATE_BASE_UTF8_H
#define MTLSGATE_BASE_UTF8_H

#include "base/slice.h"

enum { UTF8_BAD = 0xFFFD };

/*
 * The first character of s, which is not empty: its code point to *code, its
 * bytes returned. No overlong form, no surrogate, nothing above U+10FFFF
 * (section 3). A byte that begins no character counts alone, as UTF8_BAD.
 */
size_t utf8_next(struct slice s, uint32_t *code);

/*
 * Is all of s valid, and can each character be shown in a line of text? No
 * C0 and C1 controls, DEL, line separators, byte order mark, non-characters.
 */
bool utf8_printable(struct slice s);

#endif
