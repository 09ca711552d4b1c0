/*
 * dn: distinguished names as values that can be compared (R7).
 *
 * A name written in the configuration (RFC 4514, "CN=a,O=b,C=GB") and one of a
 * certificate come to the same octets exactly when they hold the same RDNs in
 * the same order, each with the same set of types and values. Types are
 * compared by OID, values by their characters, whatever the string type; a
 * value that is no text by its DER. Upper and lower case differ.
 */
#ifndef MTLSGATE_POLICY_DN_H
#define MTLSGATE_POLICY_DN_H

#include "base/slice.h"

struct arena;
struct cert_name;

/*
 * The configuration's text, the last RDN of the certificate first, as the
 * header X-CERT-SUBJECT-DN has it. Types are short names (CN, O, emailAddress
 * ...) in either case, or dotted OIDs; blanks around , + and = do not count;
 * \ and "#" + hex as in RFC 4514; a bare * is refused. NULL and *octets, or
 * what is wrong.
 */
const char *dn_read(struct slice text, struct arena *arena,
	struct slice *octets) __attribute__((warn_unused_result));

enum dn_verdict { DN_GOOD, DN_UNCLEAR, DN_NO_MEMORY };
/* UNCLEAR: a value holds a NUL; such a name equals none. */
enum dn_verdict dn_of_name(const struct cert_name *name, struct arena *arena,
	struct slice *octets) __attribute__((warn_unused_result));

/* The dotted OID of a short name in either case; NULL: not known. */
const char *dn_type_oid(struct slice short_name);

#endif
