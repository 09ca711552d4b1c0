/* privdrop: R21 (workers hold no privilege), R23 (memory reaches no core). */
#include "daemon/privdrop.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/err.h"

/* What a child finds is its exit status: 0 good, else the number of the line
 * that is wrong (every child below checks fewer than 250 lines). */
static void in_child(void (*body)(void))
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (!pid) {
		body();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		fail_msg("child: status %#x", status);
}

#define CHILD(what)                                                     \
	do {                                                            \
		if (!(what)) {                                          \
			fprintf(stderr, "child: %s (line %d)\n", #what, \
				__LINE__);                              \
			_exit(1);                                       \
		}                                                       \
	} while (0)

static void need_root(void)
{
	if (geteuid()) {
		print_message("needs root\n");
		skip();
	}
}

/* The line of /proc/self/status that begins with key. */
static bool status_is(const char *key, const char *value)
{
	char line[256], wanted[128];
	FILE *file = fopen("/proc/self/status", "re");
	bool found = false;

	if (!file)
		return false;
	snprintf(wanted, sizeof(wanted), "%s:\t%s\n", key, value);
	while (fgets(line, sizeof(line), file))
		found |= !strcmp(line, wanted);
	fclose(file);
	return found;
}

static const struct privdrop nobody = {
	.change = true, .uid = 65534, .gid = 65534, .user = "nobody"};

static void drop_and_look(void)
{
	static const char *const sets[] = {
		"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"};
	const gid_t extra[] = {4, 27};
	struct err err;

	CHILD(!setgroups(2, extra));
	CHILD(privdrop_apply(&nobody, &err));
	CHILD(getuid() == 65534 && geteuid() == 65534);
	CHILD(getgid() == 65534 && getegid() == 65534);
	CHILD(getgroups(0, NULL) == 0);
	for (size_t i = 0; i < sizeof(sets) / sizeof(*sets); i++)
		CHILD(status_is(sets[i], "0000000000000000"));
	CHILD(status_is("NoNewPrivs", "1"));
	CHILD(setuid(0) && seteuid(0) && setresuid(0, 0, 0));
	CHILD(setgid(0) && setegid(0));
	CHILD(open("/etc/shadow", O_RDONLY | O_CLOEXEC) < 0);
}

static void r21_a_child_of_root_is_nobody_without_a_way_back(void **state)
{
	(void)state;
	need_root();
	in_child(drop_and_look);
}

static void drop_and_look_for_dumps(void)
{
	struct rlimit core;
	struct err err;

	CHILD(privdrop_apply(&nobody, &err));
	CHILD(prctl(PR_GET_DUMPABLE, 0L, 0L, 0L, 0L) == 0);
	CHILD(!getrlimit(RLIMIT_CORE, &core));
	CHILD(core.rlim_cur == 0 && core.rlim_max == 0);
}

static void r23_its_memory_is_hidden_after_the_change_of_user(void **state)
{
	(void)state;
	need_root();
	in_child(drop_and_look_for_dumps);
}

static void stay_and_look(void)
{
	const struct privdrop unchanged = {.change = false};
	struct err err;

	CHILD(!setresgid(65534, 65534, 65534));
	CHILD(!setresuid(65534, 65534, 65534));
	CHILD(privdrop_apply(&unchanged, &err));
	CHILD(getuid() == 65534);
	CHILD(status_is("NoNewPrivs", "1"));
	CHILD(status_is("CapPrm", "0000000000000000"));
}

static void r21_an_unprivileged_start_keeps_its_user(void **state)
{
	(void)state;
	need_root();
	in_child(stay_and_look);
}

static void stay_root(void)
{
	const struct privdrop unchanged = {.change = false};
	struct err err;

	CHILD(!privdrop_apply(&unchanged, &err));
	CHILD(err.code == EXIT_CODE_PERMISSION);
}

static void r21_a_child_that_is_still_root_is_refused(void **state)
{
	(void)state;
	need_root();
	in_child(stay_root);
}

static void root_is_never_the_user_of_workers(void **state)
{
	static const struct {
		const char *user, *group;
		bool ok;
	} cases[] = {
		{"nobody", NULL, true},
		{"nobody", "daemon", true},
		{"root", NULL, false},
		{"root", "daemon", false},
		{"nobody", "root", false},
		{"no-such-user-here", NULL, false},
		{"nobody", "no-such-group-here", false},
	};

	(void)state;
	need_root();
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct config_process process = {
			.user = {.text = cases[i].user},
			.group = {.text = cases[i].group}};
		struct privdrop who;
		struct err err = {.code = EXIT_CODE_OK};

		assert_int_equal(
			privdrop_resolve(&process, &who, &err), cases[i].ok);
		if (cases[i].ok)
			assert_true(who.change && who.uid && who.gid);
		else
			assert_int_equal(err.code, EXIT_CODE_CONFIG);
	}
}

static void without_a_user_there_is_one_who_may_little(void **state)
{
	const struct config_process process = {.workers = 1};
	const struct passwd *own;
	struct privdrop who;
	struct err err;

	(void)state;
	need_root();
	assert_true(privdrop_resolve(&process, &who, &err));
	own = getpwnam(PRIVDROP_USER);
	assert_string_equal(who.user, own ? PRIVDROP_USER : PRIVDROP_USER_ELSE);
}

static void more_files_than_allowed(void)
{
	struct rlimit limit = {64, 64};
	struct err err;

	CHILD(!setrlimit(RLIMIT_NOFILE, &limit));
	CHILD(!setresuid(65534, 65534, 65534));
	CHILD(privdrop_open_files(32, &err));
	CHILD(!getrlimit(RLIMIT_NOFILE, &limit) && limit.rlim_cur == 32);
	CHILD(privdrop_open_files(0, &err)); /* the most there is */
	CHILD(!getrlimit(RLIMIT_NOFILE, &limit) && limit.rlim_cur == 64);
	CHILD(!privdrop_open_files(65, &err));
	CHILD(err.code == EXIT_CODE_PERMISSION);
}

static void the_limit_of_files_is_set_or_refused(void **state)
{
	(void)state;
	need_root();
	in_child(more_files_than_allowed);
}

static void orphan_is_told(void)
{
	sigset_t usr2;
	int ends[2], signal;
	char byte;
	pid_t parent, child;

	CHILD(!pipe(ends));
	CHILD(!sigemptyset(&usr2) && !sigaddset(&usr2, SIGUSR2));
	CHILD(!sigprocmask(SIG_BLOCK, &usr2, NULL));
	parent = fork();
	if (!parent) {
		int ready[2];

		CHILD(!pipe(ready));
		child = fork();
		if (!child) {
			CHILD(privdrop_follow_parent(getppid(), SIGUSR2));
			CHILD(write(ready[1], "r", 1) == 1);
			CHILD(!sigwait(&usr2, &signal) && signal == SIGUSR2);
			CHILD(write(ends[1], "x", 1) == 1);
			_exit(0);
		}
		CHILD(read(ready[0], &byte, 1) == 1);
		_exit(0);
	}
	close(ends[1]);
	CHILD(read(ends[0], &byte, 1) == 1 && byte == 'x');
	CHILD(waitpid(parent, NULL, 0) == parent);
	/* a parent that is gone already is noticed */
	CHILD(!privdrop_follow_parent(parent, SIGUSR2));
}

static void a_child_learns_that_its_parent_died(void **state)
{
	(void)state;
	in_child(orphan_is_told);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			r21_a_child_of_root_is_nobody_without_a_way_back),
		cmocka_unit_test(
			r23_its_memory_is_hidden_after_the_change_of_user),
		cmocka_unit_test(r21_an_unprivileged_start_keeps_its_user),
		cmocka_unit_test(r21_a_child_that_is_still_root_is_refused),
		cmocka_unit_test(root_is_never_the_user_of_workers),
		cmocka_unit_test(without_a_user_there_is_one_who_may_little),
		cmocka_unit_test(the_limit_of_files_is_set_or_refused),
		cmocka_unit_test(a_child_learns_that_its_parent_died),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
