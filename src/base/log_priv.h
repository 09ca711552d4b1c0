/*
 * log_priv: what the sink (log.c) asks of the renderer (log_render.c).
 */
#ifndef MTLSGATE_BASE_LOG_PRIV_H
#define MTLSGATE_BASE_LOG_PRIV_H

#include "base/log.h"

struct log_line {
	enum log_format format;
	enum log_level level;
	const char *event;
	const char *who; /* NULL or empty: no proc= */
	int64_t wall_ms;
	const struct log_field *fields;
	size_t count;
};

/* As log_render (base/log.h), with the process's name. */
size_t log_render_line(char *out, size_t size, const struct log_line *line);

#endif
