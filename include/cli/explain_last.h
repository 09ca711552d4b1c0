/*
 * explain_last: `mtlsgate explain --last N`, `--id ID`: what a running
 * instance remembers of the clients that it refused, each as a checklist.
 */
#ifndef MTLSGATE_CLI_EXPLAIN_LAST_H
#define MTLSGATE_CLI_EXPLAIN_LAST_H

#include <stdbool.h>

#include "base/slice.h"

struct buf;
struct explain_options;

/*
 * options->last or options->id is given. The admin address is options->admin,
 * else that of options->config, else the default one. The report goes to
 * stdout, problems to stderr. Returns the exit code: 0, also when there was no
 * refusal; 1 when --id finds none.
 */
int explain_last(const struct explain_options *options);

/*
 * What the admin socket said at /refusals, as checklists; *count: refusals.
 * Whatever is in it, the output is printable (R19). false: memory.
 */
bool explain_last_render(struct slice page, bool json, struct buf *out,
	unsigned *count) __attribute__((warn_unused_result));

#endif
