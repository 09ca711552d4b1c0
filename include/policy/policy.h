/*
 * policy: one named rule about certificates, compiled: all, any and none.
 *
 * It holds when every map of `all` matches, one of `any` does (when there are
 * any), and every map of `none` clearly does not. A map matches when each of
 * its matchers does. Whatever is not clear is not enough.
 */
#ifndef MTLSGATE_POLICY_POLICY_H
#define MTLSGATE_POLICY_POLICY_H

#include "policy/matcher.h"

struct policy;

enum policy_part { POLICY_ALL, POLICY_ANY, POLICY_NONE, POLICY_PARTS };

/* from is lent. What is wrong is added to problems; NULL then, or for memory
 * (which is added, too). */
struct policy *policy_new(const struct config_policy *from, struct arena *arena,
	struct config_problems *problems) __attribute__((warn_unused_result));
/* leaf: of a certificate that verified. */
bool policy_holds(const struct policy *policy, const struct cert_info *leaf,
	struct arena *scratch);
bool policy_needs_extensions(const struct policy *policy);

/* One matcher of one map, as policy_trace sees it. */
struct policy_step {
	enum policy_part part;
	size_t map;                        /* index in its part */
	bool last;                         /* of its map */
	enum match map_outcome;            /* of all matchers of the map */
	const char *matcher;               /* "subject_ou" */
	const struct config_texts *wanted; /* as configured */
	struct slice actual; /* what the certificate has (matcher_show) */
	enum match outcome;
};
typedef void policy_sink(void *arg, const struct policy_step *step);

/* Tells every matcher to sink, in order; returns what policy_holds says. */
bool policy_trace(const struct policy *policy, const struct cert_info *leaf,
	struct arena *scratch, policy_sink *sink, void *arg);
/* "all", "any", "none" */
const char *policy_part_name(enum policy_part part);

#endif
