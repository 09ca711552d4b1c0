/* Where clients come in. */
#include "config_schema_priv.h"

#include "config/config.h"

const struct config_key config_schema_listen[] = {
	KEY("listen", LISTEN,
		"the only address to listen on; short for listeners",
		WHOLE(CONFIG_HOME_LISTENER), .shorthand = true),
	KEY("listeners", LIST, "the addresses to listen on", CONFIG(listeners),
		COUNT_IN(struct config, listener_count),
		NAMED_ITEMS(CONFIG_HOME_LISTENER, struct config_listener,
			"listener"),
		.sample = "- {address: 0.0.0.0:8443}"),
	KEY("listeners[]", MAP, "one address and its rules"),
	KEY("listeners[].name", NAME, "how logs and rules call it",
		LISTENER(name)),
	KEY("listeners[].address", ADDRESS,
		"address and port, like 0.0.0.0:8443, [::]:8443 or unix:/path",
		WHOLE(CONFIG_HOME_LISTENER), .required = true),
	KEY("listeners[].backlog", COUNT,
		"connections that may wait to be accepted", LISTENER(backlog),
		.fallback = "1024", RANGE(1, 65535)),
	KEY("listeners[].proxy_protocol", MAP,
		"the PROXY protocol, by proxies in front of this listener"),
	KEY("listeners[].proxy_protocol.accept_from", TEXTS,
		"networks, or unix: their connections must begin with a PROXY "
		"header, nobody else's may",
		LISTENER(proxy_from), .required = true),
	KEY("listeners[].tls", MAP, "as tls, for this listener alone",
		.same_as = "tls"),
	KEY("listeners[].client_auth", MAP,
		"as client_auth, for this listener alone",
		.same_as = "client_auth"),
	CONFIG_SECTION_END(LISTEN),
};
