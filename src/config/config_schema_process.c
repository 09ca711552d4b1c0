/* The processes of the daemon. */
#include "config_schema_priv.h"

#include "config/config.h"

const struct config_key config_schema_process[] = {
	KEY("version", COUNT, "version of the configuration language",
		.fallback = "1", RANGE(1, 1)),

	/* process */
	KEY("process", MAP, "the processes of the daemon"),
	KEY("process.workers", WORKERS,
		"worker processes; auto: one per usable core",
		CONFIG(process.workers), .fallback = "auto", RANGE(1, 1024)),
	KEY("process.user", TEXT, "user of the workers when started as root",
		CONFIG(process.user)),
	KEY("process.group", TEXT,
		"group of the workers when started as root; without it the "
		"user's own",
		CONFIG(process.group)),
	KEY("process.max_open_files", COUNT_AUTO,
		"open files of a process; auto: the most that the system "
		"allows",
		CONFIG(process.max_open_files), .fallback = "auto",
		RANGE(64, UINT64_C(1) << 30)),
	KEY("process.watch_files", DURATION,
		"look for changed files as often as that and reload; 0s: only "
		"when told to",
		CONFIG(process.watch_files_ms), .fallback = "30s",
		RANGE(0, DAY)),
	CONFIG_SECTION_END(PROCESS),
};
