#include "daemon/privdrop.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/err.h"

enum { AUTO_OPEN_FILES_MAX = 1 << 20 };

/* ---- who ---- */

static const struct passwd *default_user(void)
{
	const struct passwd *entry = getpwnam(PRIVDROP_USER);

	return entry ? entry : getpwnam(PRIVDROP_USER_ELSE);
}

static bool resolve_user(const struct config_process *process,
	struct privdrop *who, struct err *err)
{
	const char *name = process->user.text;
	const struct passwd *entry = name ? getpwnam(name) : default_user();

	if (!entry) {
		err_set(err, EXIT_CODE_CONFIG,
			"process.user: there is no user %s",
			name ? name : PRIVDROP_USER);
		return false;
	}
	who->uid = entry->pw_uid;
	who->gid = entry->pw_gid;
	snprintf(who->user, sizeof(who->user), "%s", entry->pw_name);
	return true;
}

static bool resolve_group(const struct config_process *process,
	struct privdrop *who, struct err *err)
{
	const char *name = process->group.text;
	const struct group *entry = name ? getgrnam(name) : NULL;

	if (name && !entry) {
		err_set(err, EXIT_CODE_CONFIG,
			"process.group: there is no group %s", name);
		return false;
	}
	if (entry)
		who->gid = entry->gr_gid;
	return true;
}

bool privdrop_resolve(const struct config_process *process,
	struct privdrop *who, struct err *err)
{
	*who = (struct privdrop){.change = geteuid() == 0};
	if (!who->change)
		return true;
	if (!resolve_user(process, who, err) ||
		!resolve_group(process, who, err))
		return false;
	if (who->uid && who->gid)
		return true;
	err_set(err, EXIT_CODE_CONFIG,
		"process.%s: workers must not run as root; name another, "
		"e.g. %s",
		who->uid ? "group" : "user", PRIVDROP_USER);
	return false;
}

/* ---- becoming it ---- */

static bool failed(struct err *err, const char *what)
{
	err_set(err, EXIT_CODE_PERMISSION, "cannot %s: %s", what,
		strerror(errno));
	return false;
}

static bool change_user(const struct privdrop *who, struct err *err)
{
	if (setgroups(0, NULL))
		return failed(err, "give up the supplementary groups");
	if (setresgid(who->gid, who->gid, who->gid))
		return failed(err, "change the group");
	if (setresuid(who->uid, who->uid, who->uid))
		return failed(err, "change the user");
	return true;
}

/* What an exec could ever give back. Needs CAP_SETPCAP; without it nothing is
 * lost, since no-new-privileges forbids the same. */
static void shrink_bounding_set(void)
{
	for (unsigned long cap = 0;; cap++) {
		if (prctl(PR_CAPBSET_READ, cap, 0L, 0L, 0L) < 0 ||
			prctl(PR_CAPBSET_DROP, cap, 0L, 0L, 0L) < 0)
			return;
	}
}

static bool drop_capabilities(struct err *err)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3};
	const struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {
		{0}};

	/* EINVAL: a kernel without ambient capabilities has none to clear. */
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0L, 0L, 0L) &&
		errno != EINVAL)
		return failed(err, "clear the ambient capabilities");
	/* A system call filter may forbid even this; who then still has one is
	 * found out by prove(). */
	(void)syscall(SYS_capset, &head, none);
	return true;
}

static bool has_capabilities(void)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {{0}};

	if (syscall(SYS_capget, &head, data))
		return true;
	for (size_t i = 0; i < _LINUX_CAPABILITY_U32S_3; i++) {
		if (data[i].effective | data[i].permitted | data[i].inheritable)
			return true;
	}
	return false;
}

/* The kernel is asked, not our own good intentions. */
static bool prove(const struct privdrop *who, struct err *err)
{
	errno = EPERM;
	if (has_capabilities())
		return failed(err, "be without capabilities");
	if (prctl(PR_GET_NO_NEW_PRIVS, 0L, 0L, 0L, 0L) != 1)
		return failed(err, "be without new privileges");
	if (!getuid() || !geteuid() || (who->change && !getegid()))
		return failed(err, "be anyone but root");
	if (!setresuid((uid_t)-1, 0, (uid_t)-1))
		return failed(err, "stay anyone but root");
	return true;
}

bool privdrop_apply(const struct privdrop *who, struct err *err)
{
	shrink_bounding_set();
	if (who->change && !change_user(who, err))
		return false;
	if (!drop_capabilities(err))
		return false;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1L, 0L, 0L, 0L))
		return failed(err, "forbid new privileges");
	return prove(who, err) && privdrop_hide_memory(err);
}

/* ---- limits ---- */

bool privdrop_hide_memory(struct err *err)
{
	const struct rlimit none = {0, 0};

	if (setrlimit(RLIMIT_CORE, &none))
		return failed(err, "forbid core dumps");
	if (prctl(PR_SET_DUMPABLE, 0L, 0L, 0L, 0L))
		return failed(err, "hide the memory");
	return true;
}

bool privdrop_open_files(uint64_t wanted, struct err *err)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return failed(err, "read the limit of open files");
	if (!wanted)
		wanted = limit.rlim_max < AUTO_OPEN_FILES_MAX
				 ? limit.rlim_max
				 : AUTO_OPEN_FILES_MAX;
	limit.rlim_cur = wanted;
	if (limit.rlim_max < wanted)
		limit.rlim_max = wanted;
	if (!setrlimit(RLIMIT_NOFILE, &limit))
		return true;
	err_set(err, EXIT_CODE_PERMISSION,
		"process.max_open_files: cannot have %llu open files: %s",
		(unsigned long long)wanted, strerror(errno));
	return false;
}

bool privdrop_follow_parent(pid_t parent, int signal)
{
	return !prctl(PR_SET_PDEATHSIG, (unsigned long)signal, 0L, 0L, 0L) &&
	       getppid() == parent;
}
