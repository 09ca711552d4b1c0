#include "daemon/child.h"

#include <signal.h>
#include <sys/prctl.h>

#include "base/err.h"
#include "config/config.h"
#include "daemon/privdrop.h"
#include "daemon/systemd.h"

static void settle_signals(void)
{
	static const int ignored[] = {
		SIGPIPE, SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGUSR2};
	sigset_t none;

	for (size_t i = 0; i < sizeof(ignored) / sizeof(*ignored); i++)
		signal(ignored[i], SIG_IGN);
	signal(SIGCHLD, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

bool child_begin(const struct child_setup *setup, struct err *err)
{
	systemd_log_setup(&setup->config->logging, setup->log_name);
	/* A name is a comfort: if the kernel refuses, nothing is lost. */
	(void)prctl(PR_SET_NAME, setup->process_name, 0L, 0L, 0L);
	settle_signals();
	if (!privdrop_open_files(setup->config->process.max_open_files, err) ||
		!privdrop_apply(setup->who, err))
		return false;
	if (privdrop_follow_parent(setup->master, SIGKILL))
		return true;
	err_set(err, EXIT_CODE_INTERNAL, "the master is gone");
	return false;
}
