/*
 * file_watch: have the files that a generation was made from changed?
 *
 * Each is known by what stat tells of it, links followed: device, inode, size,
 * times of its content and of its inode. So a file that was written anew, one
 * that another was renamed over, and one behind a link that was turned
 * (Kubernetes' ..data) are all seen. A directory is known by its *.pem, *.crt
 * and *.crl.
 *
 * Polled: no descriptor per file, the same on every file system, and the pause
 * between two looks is what tells a file that is being written from one that
 * is whole.
 *
 * Made while a generation is loaded, before its files are read, so that what
 * changes while they are read counts as changed. Belongs to the generation.
 */
#ifndef MTLSGATE_DAEMON_FILE_WATCH_H
#define MTLSGATE_DAEMON_FILE_WATCH_H

#include <stdbool.h>

struct file_watch;

/* NULL: memory. */
struct file_watch *file_watch_new(void) __attribute__((warn_unused_result));
void file_watch_free(struct file_watch *watch); /* NULL is ignored */

/* From now on; the path is copied. false: memory. */
bool file_watch_add(struct file_watch *watch, const char *path)
	__attribute__((warn_unused_result));
/* The same, as a visitor of config_load_named. */
bool file_watch_named(void *watch, const char *path)
	__attribute__((warn_unused_result));

/*
 * Looks at all files. The path of one that differs from what is known of it
 * (lent) and did not move since the look before; else NULL. One that moves
 * holds no other back, and after five looks it is told as it is: whoever reads
 * it then decides. What was told is known from then on: a change is told once.
 */
const char *file_watch_look(struct file_watch *watch);
/* What is there now is known: it is about to be read. */
void file_watch_accept(struct file_watch *watch);

#endif
