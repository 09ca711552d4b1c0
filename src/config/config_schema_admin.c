/* The operator's door. */
#include "config_schema_priv.h"

#include "config/config.h"

const struct config_key config_schema_admin[] = {
	KEY("admin", MAP, "status and metrics for the operator"),
	KEY("admin.address", ADMIN_ADDRESS,
		"unix:/path, an address and port, or none; auto: "
		"unix:/run/mtlsgate/admin.sock where that can be made",
		WHOLE(CONFIG_HOME_CONFIG), .fallback = "auto"),
	KEY("admin.mode", MODE, "file mode of its unix socket",
		CONFIG(admin.mode), .fallback = "0660", RANGE(0, 0777)),
	KEY("admin.keep_rejections", COUNT,
		"refusals remembered for explain --last; a change takes a "
		"restart",
		CONFIG(admin.keep_rejections), .fallback = "200",
		RANGE(0, 10000)),
	CONFIG_SECTION_END(ADMIN),
};
