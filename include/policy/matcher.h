/*
 * matcher: one kind of rule about a certificate with its values (R7).
 *
 * It compares parsed values with explicit lengths, never a printed name: an
 * attribute by its OID and its characters, a name as dn.h has it, alternative
 * names by their kind. There is no fallback from an alternative name to the
 * common name.
 *
 *   attributes   exact; `*`: one or more characters of any kind
 *   *_dn         exact, no `*`
 *   san_dns      without case; `*`: within a label, `**`: labels
 *   san_uri,     exact; `*`: within a segment, `**`: segments, and only as a
 *   spiffe_id    whole segment of the path
 *   san_email    the domain without case; `*`: of the name in front of the @
 *                any part, of the domain as in san_dns
 *   san_ip       an address or a network
 *   serial, ski, fingerprint_sha256, spki_sha256   octets
 *
 * UNCLEAR is neither: a value of the kind asked for holds a NUL, is no clean
 * text, or was left out as one too many. Where none may match, UNCLEAR is not
 * enough.
 */
#ifndef MTLSGATE_POLICY_MATCHER_H
#define MTLSGATE_POLICY_MATCHER_H

#include "base/slice.h"
#include "config/config_policy.h"

struct arena;
struct cert_info;
struct config_problems;
struct matcher;

enum match { MATCH_NO, MATCH_YES, MATCH_UNCLEAR };

/* "subject_cn", as the configuration has it. */
const char *matcher_name(enum config_matcher kind);
/* Does it ask for what only cert_info_read_extensions reads? */
bool matcher_needs_extensions(enum config_matcher kind);

/*
 * Compiles the values (lent) into the arena. What is wrong with one of them is
 * added to problems as "where.name: ..."; NULL then, or for memory.
 */
struct matcher *matcher_new(enum config_matcher kind,
	const struct config_texts *values, const char *where,
	struct arena *arena, struct config_problems *problems)
	__attribute__((warn_unused_result));

/* Does leaf (lent) have one of the values? Out of memory is UNCLEAR. */
enum match matcher_judge(const struct matcher *matcher,
	const struct cert_info *leaf, struct arena *scratch);

enum config_matcher matcher_kind(const struct matcher *matcher);
const struct config_texts *matcher_values(const struct matcher *matcher);
/*
 * What leaf has of this kind, for a person: values parted by ", ", every byte
 * that cannot be printed as \HH; "(none)". Empty: memory.
 */
struct slice matcher_show(enum config_matcher kind,
	const struct cert_info *leaf, struct arena *arena);

#endif
