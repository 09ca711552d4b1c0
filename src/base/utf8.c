#include "base/utf8.h"

/* By its first byte; 0: none begins so. */
static size_t sequence_len(unsigned char lead)
{
	if (lead < 0x80)
		return 1;
	if (lead < 0xC0)
		return 0;
	if (lead < 0xE0)
		return 2;
	if (lead < 0xF0)
		return 3;
	return lead < 0xF8 ? 4 : 0;
}

size_t utf8_next(struct slice s, uint32_t *code)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	unsigned char lead = (unsigned char)s.ptr[0];
	size_t len = sequence_len(lead);
	uint32_t sum = len < 2 ? lead : lead & (0x7Fu >> len);

	*code = UTF8_BAD;
	if (!len || len > s.len)
		return 1;
	for (size_t i = 1; i < len; i++) {
		unsigned char next = (unsigned char)s.ptr[i];

		if ((next & 0xC0) != 0x80)
			return 1;
		sum = sum << 6 | (next & 0x3F);
	}
	if (sum < least[len] || sum > 0x10FFFF || (sum & ~0x7FFu) == 0xD800)
		return 1;
	*code = sum;
	return len;
}

static bool is_printable(uint32_t code, size_t len)
{
	if (code < 0x20 || (code >= 0x7F && code < 0xA0))
		return false;
	if (code == 0x2028 || code == 0x2029 || code == 0xFEFF)
		return false;
	if ((code & 0xFFFE) == 0xFFFE)
		return false;
	return code != UTF8_BAD || len > 1;
}

bool utf8_printable(struct slice s)
{
	while (s.len) {
		uint32_t code;
		size_t len = utf8_next(s, &code);

		if (!is_printable(code, len))
			return false;
		s = slice_from(s, len);
	}
	return true;
}
