#include "daemon/systemd.h"

#include <unistd.h>

#include "config/config.h"

void systemd_log_setup(const struct config_logging *logging, const char *who)
{
	enum log_format format = logging->format_auto
					 ? log_format_auto(STDERR_FILENO)
					 : logging->format;

	log_setup(STDERR_FILENO, format, logging->level, who);
}
