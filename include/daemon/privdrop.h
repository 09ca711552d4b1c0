/*
 * privdrop: who the children are, and what they can no longer do (R21, R23).
 *
 * The master keeps the user it was started as: as root it reads keys and binds
 * low ports. Workers and steward never run as root: privdrop_resolve finds
 * their user when a generation is prepared, privdrop_apply becomes it in the
 * child and holds the result against what the kernel says.
 */
#ifndef MTLSGATE_DAEMON_PRIVDROP_H
#define MTLSGATE_DAEMON_PRIVDROP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "config/config.h"

struct err;

/* Tried in this order when process.user is not set and root starts. */
#define PRIVDROP_USER "mtlsgate"
#define PRIVDROP_USER_ELSE "nobody"

struct privdrop {
	bool change; /* false: not root, the user stays */
	uid_t uid;
	gid_t gid;
	char user[64]; /* for the log */
};

/*
 * As root: process.user, else PRIVDROP_USER, else PRIVDROP_USER_ELSE; the
 * group is process.group, else the user's own. Supplementary groups: none.
 * User 0 and group 0 are refused. Otherwise nothing changes, and process.user
 * is not looked at.
 */
bool privdrop_resolve(const struct config_process *process,
	struct privdrop *who, struct err *err)
	__attribute__((warn_unused_result));

/*
 * In a child, for good: groups, user, every capability (ambient, bounding,
 * inheritable, permitted, effective), no-new-privileges; then proves that root
 * cannot be had back. On false the child must not go on.
 */
bool privdrop_apply(const struct privdrop *who, struct err *err)
	__attribute__((warn_unused_result));

/*
 * No core dump, no ptrace and no /proc/PID/mem by the same user, for every
 * process that holds keys (R23). A change of user undoes it: privdrop_apply
 * calls it again.
 */
bool privdrop_hide_memory(struct err *err) __attribute__((warn_unused_result));

/*
 * The limit of open files: `wanted`, or for 0 as many as the system allows.
 * False when it cannot be had.
 */
bool privdrop_open_files(uint64_t wanted, struct err *err)
	__attribute__((warn_unused_result));

/*
 * The child gets `signal` when its parent dies; false when the parent is gone
 * already. After privdrop_apply, since a change of user undoes this, too.
 */
bool privdrop_follow_parent(pid_t parent, int signal)
	__attribute__((warn_unused_result));

#endif
