/*
 * The server_name extension of a client hello and the name in it. Promises: a
 * name that is read has one spelling (reading that gives itself), a wildcard
 * covers what the table finds by it, and nothing else.
 */
#include "tls/server_name.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool kept)
{
	if (!kept)
		abort();
}

static void try_name(struct slice text)
{
	struct server_name name, again, pattern;
	struct server_names *names;
	int value = 5;

	if (!server_name_read(text, &name))
		return;
	must(name.len > 0 && name.len <= SERVER_NAME_MAX);
	must(!name.text[name.len] && !name.wildcard);
	must(server_name_read(server_name_slice(&name), &again));
	must(slice_eq(server_name_slice(&name), server_name_slice(&again)));
	must(server_name_pattern(SLICE("*.example.org"), &pattern));
	names = server_names_new();
	if (!names)
		return;
	must(server_names_add(names, &pattern, &value) == SERVER_NAMES_ADDED);
	must((server_names_find(names, &name) == 5) ==
		server_name_covers(&pattern, &name));
	server_names_free(names);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice whole = slice_of(data, size), host;

	if (server_name_hello(whole, &host)) {
		must(host.len && host.len + 5 == size);
		try_name(host);
	}
	try_name(whole);
	return 0;
}
