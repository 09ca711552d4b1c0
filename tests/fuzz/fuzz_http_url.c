/*
 * A URL out of a certificate. Promises: what is taken holds no byte that
 * could break a request head or a log line, its parts lie in the text one
 * after the other, and the port is one.
 */
#include "config/http_url.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool kept)
{
	if (!kept)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = slice_of(data, size);
	struct http_url url;

	if (!http_url_parse(text, &url))
		return 0;
	must(size <= HTTP_URL_MAX);
	for (size_t i = 0; i < size; i++)
		must(data[i] > 0x20 && data[i] < 0x7F);
	must(url.host.len > 0 && url.host.len <= url.authority.len);
	must(url.host.ptr >= text.ptr + 7);
	must(url.authority.ptr == text.ptr + 7);
	must(url.path.len > 0 && url.path.ptr[0] == '/');
	must(url.authority.len + url.path.len + 7 == size ||
		(url.path.len == 1 && url.authority.len + 7 == size));
	must(url.port > 0);
	return 0;
}
