/*
 * server_name: the name of a server in one spelling, out of a client hello, a
 * request, a certificate or the configuration, and a table of such names.
 *
 * One spelling: lower case, A-labels as they are, no dot at the end; an IP
 * address as addr_print_ip writes it. Names are letters, digits, '-' and '_'
 * in labels of 1 to 63 bytes, 253 bytes in all (RFC 1035 section 2.3.4, with
 * '_', as http/target has it).
 */
#ifndef MTLSGATE_TLS_SERVER_NAME_H
#define MTLSGATE_TLS_SERVER_NAME_H

#include "base/slice.h"

enum { SERVER_NAME_MAX = 253 };

struct server_name {
	size_t len;
	bool address;  /* an IP address: no wildcard covers it */
	bool wildcard; /* "*.rest" */
	char text[SERVER_NAME_MAX + 1]; /* with a NUL behind it */
};

/* The name as a slice; it lies in *name. */
struct slice server_name_slice(const struct server_name *name);

/*
 * A host: a name, an IPv4 address, an IPv6 address with or without brackets.
 * No port, no wildcard. false: none of these.
 */
bool server_name_read(struct slice text, struct server_name *name)
	__attribute__((warn_unused_result));
/*
 * The same, or "*." before a name: one label of any kind (RFC 9525 section
 * 6.3). A '*' elsewhere, or before an address, is refused.
 */
bool server_name_pattern(struct slice text, struct server_name *name)
	__attribute__((warn_unused_result));
/* Does the pattern cover the name? A wildcard covers itself, too. */
bool server_name_covers(
	const struct server_name *pattern, const struct server_name *name);

/*
 * The body of a server_name extension (RFC 6066 section 3): exactly one entry,
 * a host_name of 1 to 65535 bytes. *host is lent. false: malformed; whether
 * the host is a name is for server_name_read.
 */
bool server_name_hello(struct slice extension, struct slice *host)
	__attribute__((warn_unused_result));

/* ---- a table: pattern -> a number of the owner's ---- */

struct server_names;

enum { SERVER_NAMES_NONE = -1 };

/* NULL: memory. */
struct server_names *server_names_new(void);
void server_names_free(struct server_names *names); /* NULL is ignored */

enum server_names_result {
	SERVER_NAMES_ADDED,
	SERVER_NAMES_TAKEN, /* it stands there already; *value tells whose */
	SERVER_NAMES_MEMORY,
};
/* Adds pattern -> *value (not negative). */
enum server_names_result server_names_add(struct server_names *names,
	const struct server_name *pattern, int *value)
	__attribute__((warn_unused_result));
/*
 * The exact name, else the wildcard of its parent, else SERVER_NAMES_NONE. Two
 * look-ups at most, however many names there are.
 */
int server_names_find(
	const struct server_names *names, const struct server_name *name);
size_t server_names_count(const struct server_names *names);

#endif
