#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void mark_cut(char *text, size_t size, int wanted)
{
	if (wanted >= 0 && (size_t)wanted >= size)
		memcpy(text + size - 4, "...", 4);
}

void err_set(struct err *err, enum exit_code code, const char *format, ...)
{
	va_list args;
	int wanted;

	if (!err)
		return;
	err->code = code;
	va_start(args, format);
	wanted = vsnprintf(err->text, sizeof(err->text), format, args);
	va_end(args);
	mark_cut(err->text, sizeof(err->text), wanted);
}

void err_prefix(struct err *err, const char *format, ...)
{
	char old[sizeof(err->text)];
	char head[256];
	va_list args;
	int wanted;

	if (!err)
		return;
	memcpy(old, err->text, sizeof(old));
	va_start(args, format);
	wanted = vsnprintf(head, sizeof(head), format, args);
	va_end(args);
	mark_cut(head, sizeof(head), wanted);
	err_set(err, err->code, "%s: %s", head, old);
}
