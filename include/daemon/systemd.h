/*
 * systemd: what the service manager expects of a process it started; plain
 * system calls, no library. So far the format of its journal.
 */
#ifndef MTLSGATE_DAEMON_SYSTEMD_H
#define MTLSGATE_DAEMON_SYSTEMD_H

struct config_logging;

/* The sink of this process as the configuration wants it, on stderr; format
 * auto: with journal prefixes when stderr leads to the journal. */
void systemd_log_setup(const struct config_logging *logging, const char *who);

#endif
