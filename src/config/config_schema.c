#include "config/config_schema.h"

#include "config/config.h"

/* ---- words ---- */

static const struct config_word mode_words[] = {
	{"require", CLIENT_AUTH_REQUIRE},
	{"optional", CLIENT_AUTH_OPTIONAL},
	{"request_any", CLIENT_AUTH_REQUEST_ANY},
	{"disabled", CLIENT_AUTH_DISABLED},
	{NULL, 0},
};

static const struct config_word auto_words[] = {
	{"auto", CONFIG_AUTO},
	{"true", CONFIG_TRUE},
	{"false", CONFIG_FALSE},
	{NULL, 0},
};

static const struct config_word eku_words[] = {
	{"clientAuth", REQUIRE_EKU_CLIENT_AUTH},
	{"present", REQUIRE_EKU_PRESENT},
	{"any", REQUIRE_EKU_ANY},
	{NULL, 0},
};

static const struct config_word version_words[] = {
	{"TLSv1.2", 0x0303},
	{"TLSv1.3", 0x0304},
	{NULL, 0},
};

static const struct config_word preset_words[] = {
	{"x-cert", PRESET_X_CERT},
	{"none", PRESET_NONE},
	{NULL, 0},
};

static const struct config_word empty_words[] = {
	{"send", EMPTY_SEND},
	{"omit", EMPTY_OMIT},
	{NULL, 0},
};

static const struct config_word alias_words[] = {
	{"drop", ALIAS_DROP},
	{"reject", ALIAS_REJECT},
	{"pass", ALIAS_PASS},
	{NULL, 0},
};

static const struct config_word host_words[] = {
	{"preserve", HOST_PRESERVE},
	{"origin", HOST_ORIGIN},
	{NULL, 0},
};

static const struct config_word forwarded_words[] = {
	{"x-forwarded", FORWARDED_X},
	{"none", FORWARDED_NONE},
	{NULL, 0},
};

static const struct config_word level_words[] = {
	{"error", LOG_LEVEL_ERROR},
	{"warn", LOG_LEVEL_WARN},
	{"info", LOG_LEVEL_INFO},
	{"debug", LOG_LEVEL_DEBUG},
	{NULL, 0},
};

static const struct config_word format_words[] = {
	{"auto", CONFIG_LOG_AUTO},
	{"text", LOG_FORMAT_TEXT},
	{"json", LOG_FORMAT_JSON},
	{NULL, 0},
};

/* ---- the table ---- */

#define KEY(path_, type_, help_, ...)                                      \
	{                                                                  \
		.path = path_, .type = CONFIG_TYPE_##type_, .help = help_, \
		__VA_ARGS__                                                \
	}

#define SIZE_OF(type, member) sizeof(((type *)NULL)->member)
#define IN(home_, type, member)                            \
	.home = (home_), .offset = offsetof(type, member), \
	.size = SIZE_OF(type, member)
#define CONFIG(member) IN(CONFIG_HOME_CONFIG, struct config, member)
#define LISTENER(member) \
	IN(CONFIG_HOME_LISTENER, struct config_listener, member)
#define ORIGIN(member) IN(CONFIG_HOME_ORIGIN, struct config_origin, member)
#define FORMAT(member)          \
	CONFIG(logging.member), \
		.auto_offset = offsetof(struct config, logging.member##_auto)
#define WHOLE(home_) .home = (home_), .offset = 0
#define RANGE(least, most) .min = (least), .max = (most)

#define SECOND UINT64_C(1000)
#define MINUTE (UINT64_C(60) * SECOND)
#define TEN_MINUTES (UINT64_C(10) * MINUTE)
#define DAY (UINT64_C(24) * 60 * MINUTE)
#define KIB UINT64_C(1024)
#define HEAD_MAX (UINT64_C(64) * KIB) /* what a conn keeps unread */
#define MIB (UINT64_C(1024) * KIB)
#define GIB (UINT64_C(1024) * MIB)
#define TIB (UINT64_C(1024) * GIB)

static const struct config_key schema[] = {
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

	/* where clients come in */
	KEY("listen", LISTEN,
		"the only address to listen on; short for listeners",
		WHOLE(CONFIG_HOME_LISTENER), .shorthand = true),
	KEY("listeners", LISTENERS, "the addresses to listen on"),
	KEY("listeners[]", MAP, "one address and its rules"),
	KEY("listeners[].name", NAME, "how logs and rules call it",
		LISTENER(name)),
	KEY("listeners[].address", ADDRESS,
		"address and port, like 0.0.0.0:8443, [::]:8443 or unix:/path",
		WHOLE(CONFIG_HOME_LISTENER)),
	KEY("listeners[].backlog", COUNT,
		"connections that may wait to be accepted", LISTENER(backlog),
		.fallback = "1024", RANGE(1, 65535)),
	KEY("listeners[].tls", MAP, "as tls, for this listener alone",
		.same_as = "tls"),
	KEY("listeners[].client_auth", MAP,
		"as client_auth, for this listener alone",
		.same_as = "client_auth"),

	/* TLS towards clients */
	KEY("tls", MAP, "the server's certificate and its TLS",
		.shorthand = true),
	KEY("tls.cert", PATH,
		"server certificate in PEM form, leaf first, then "
		"intermediates",
		LISTENER(tls.cert)),
	KEY("tls.key", PATH,
		"private key of the server certificate in PEM form",
		LISTENER(tls.key)),
	KEY("tls.min_version", WORD, "oldest version accepted",
		LISTENER(tls.min_version), .fallback = "TLSv1.2",
		.words = version_words),
	KEY("tls.max_version", WORD, "newest version offered",
		LISTENER(tls.max_version), .fallback = "TLSv1.3",
		.words = version_words),
	KEY("tls.ciphers_tls12", TEXT_DEFAULT,
		"cipher list of TLS 1.2 in OpenSSL's words",
		LISTENER(tls.ciphers_tls12), .fallback = "default"),
	KEY("tls.ciphersuites_tls13", TEXT_DEFAULT,
		"cipher suites of TLS 1.3 in OpenSSL's words",
		LISTENER(tls.ciphersuites_tls13), .fallback = "default"),
	KEY("tls.groups", TEXT_DEFAULT,
		"key exchange groups, best first, parted by colons",
		LISTENER(tls.groups), .fallback = "default"),
	KEY("tls.openssl_config", PATH,
		"an OpenSSL configuration to load; the system's is not read",
		LISTENER(tls.openssl_config)),

	/* who may come in */
	KEY("client_auth", MAP,
		"how client certificates are asked for and checked",
		.shorthand = true),
	KEY("client_auth.mode", WORD,
		"require: only with a good certificate; optional: or with "
		"none; request_any: the header tells; disabled: not asked",
		LISTENER(client_auth.mode), .fallback = "require",
		.words = mode_words),
	KEY("client_auth.ca", PATHS,
		"CA certificates that sign clients: files, and directories of "
		"*.pem and *.crt",
		LISTENER(client_auth.ca)),
	KEY("client_auth.advertise_ca_names", WORD,
		"tell clients the names of the CAs; auto: false in request_any",
		LISTENER(client_auth.advertise_ca_names), .fallback = "auto",
		.words = auto_words),
	KEY("client_auth.max_depth", COUNT,
		"certificates between the leaf and the CA, at most",
		LISTENER(client_auth.max_depth), .fallback = "4", RANGE(1, 16)),
	KEY("client_auth.require_eku", WORD,
		"clientAuth: a leaf without extended key usage passes; "
		"present: it does not; any: not checked",
		LISTENER(client_auth.require_eku), .fallback = "clientAuth",
		.words = eku_words),

	/* what the origin is told */
	KEY("headers", MAP, "header fields towards the origin"),
	KEY("headers.preset", WORD_LIST, "the certificate headers",
		CONFIG(headers.preset), .fallback = "x-cert",
		.words = preset_words),
	KEY("headers.empty", WORD, "a certificate header without a value",
		CONFIG(headers.empty), .fallback = "send",
		.words = empty_words),
	KEY("headers.alias_headers", WORD,
		"incoming names with _ . and the like",
		CONFIG(headers.alias_headers), .fallback = "drop",
		.words = alias_words),
	KEY("headers.forwarded", WORD, "how the client's address is told",
		CONFIG(headers.forwarded), .fallback = "x-forwarded",
		.words = forwarded_words),
	KEY("headers.host", WORD, "Host: the client's, or the origin's own",
		CONFIG(headers.host), .fallback = "preserve",
		.words = host_words),

	/* where requests go */
	KEY("origin", URL,
		"the only origin, like http://127.0.0.1:8080 or unix:/path; "
		"short for origins",
		WHOLE(CONFIG_HOME_ORIGIN), .shorthand = true),
	KEY("origins", ORIGINS, "origins by name"),
	KEY("origins.*", MAP, "one origin"),
	KEY("origins.*.servers", SERVERS,
		"where it answers: http://host:port or unix:/path",
		WHOLE(CONFIG_HOME_ORIGIN)),
	KEY("origins.*.keepalive", MAP, "connections kept open"),
	KEY("origins.*.keepalive.connections", COUNT,
		"idle connections kept by a worker",
		ORIGIN(keepalive_connections), .fallback = "64",
		RANGE(0, 65535)),
	KEY("origins.*.keepalive.idle", DURATION,
		"how long an idle one is kept", ORIGIN(keepalive_idle_ms),
		.fallback = "30s", RANGE(10, DAY)),
	KEY("origins.*.keepalive.requests", COUNT, "requests on one connection",
		ORIGIN(keepalive_requests), .fallback = "10000",
		RANGE(1, UINT32_MAX)),
	KEY("origins.*.allow_plaintext_remote", BOOL,
		"http:// to an address that is not loopback",
		ORIGIN(allow_plaintext_remote), .fallback = "false"),

	/* time */
	KEY("timeouts", MAP, "how long to wait"),
	KEY("timeouts.handshake", DURATION, "the whole TLS handshake",
		CONFIG(timeouts.handshake_ms), .fallback = "10s",
		RANGE(10, TEN_MINUTES)),
	KEY("timeouts.request_header", DURATION,
		"a request head, from its first byte",
		CONFIG(timeouts.request_header_ms), .fallback = "10s",
		RANGE(10, TEN_MINUTES)),
	KEY("timeouts.request_body", DURATION,
		"a request body without progress",
		CONFIG(timeouts.request_body_ms), .fallback = "30s",
		RANGE(10, DAY)),
	KEY("timeouts.keepalive", DURATION,
		"a client's connection between requests",
		CONFIG(timeouts.keepalive_ms), .fallback = "75s",
		RANGE(10, DAY)),
	KEY("timeouts.origin_connect", DURATION, "connecting to the origin",
		CONFIG(timeouts.origin_connect_ms), .fallback = "3s",
		RANGE(10, TEN_MINUTES)),
	KEY("timeouts.origin_response", DURATION,
		"request sent until the head of the answer",
		CONFIG(timeouts.origin_response_ms), .fallback = "60s",
		RANGE(10, DAY)),
	KEY("timeouts.origin_idle", DURATION,
		"an answer's body without progress",
		CONFIG(timeouts.origin_idle_ms), .fallback = "60s",
		RANGE(10, DAY)),
	KEY("timeouts.drain_idle", DURATION, "idle connections while draining",
		CONFIG(timeouts.drain_idle_ms), .fallback = "5s",
		RANGE(0, DAY)),
	KEY("timeouts.shutdown", DURATION, "requests in progress at the end",
		CONFIG(timeouts.shutdown_ms), .fallback = "30s", RANGE(0, DAY)),

	/* bounds (R17) */
	KEY("limits", MAP, "bounds, for the whole instance"),
	KEY("limits.connections", COUNT, "clients' connections",
		CONFIG(limits.connections), .fallback = "20000",
		RANGE(1, 1 << 24)),
	KEY("limits.connections_per_ip", COUNT,
		"of one address (IPv6: one /64); 0: no limit",
		CONFIG(limits.connections_per_ip), .fallback = "0",
		RANGE(0, 1 << 24)),
	KEY("limits.handshakes_pending", COUNT, "handshakes in progress",
		CONFIG(limits.handshakes_pending), .fallback = "512",
		RANGE(1, 1 << 24)),
	KEY("limits.header_bytes", SIZE,
		"a request head, start line and fields",
		CONFIG(limits.header_bytes), .fallback = "32KiB",
		RANGE(KIB, HEAD_MAX)),
	KEY("limits.header_count", COUNT, "fields of a request head",
		CONFIG(limits.header_count), .fallback = "100",
		RANGE(1, 10000)),
	KEY("limits.request_line", SIZE, "the request line",
		CONFIG(limits.request_line), .fallback = "8KiB",
		RANGE(64, HEAD_MAX)),
	KEY("limits.body", SIZE, "a request body; 0KiB: none is accepted",
		CONFIG(limits.body), .fallback = "10MiB", RANGE(0, TIB)),
	KEY("limits.body_min_rate", BYTE_RATE,
		"progress that a body must make; 0KiB/s: none",
		CONFIG(limits.body_min_rate), .fallback = "1KiB/s",
		RANGE(0, GIB)),
	KEY("limits.trailer_bytes", SIZE, "trailer fields together",
		CONFIG(limits.trailer_bytes), .fallback = "8KiB",
		RANGE(0, HEAD_MAX)),
	KEY("limits.pipelined", COUNT, "requests sent ahead on a connection",
		CONFIG(limits.pipelined), .fallback = "16", RANGE(1, 1000)),
	KEY("limits.requests_per_connection", COUNT,
		"requests on one connection",
		CONFIG(limits.requests_per_connection), .fallback = "10000",
		RANGE(1, UINT32_MAX)),

	/* logs */
	KEY("logging", MAP, "what is written down"),
	KEY("logging.level", WORD, "least level that is written",
		CONFIG(logging.level), .fallback = "info",
		.words = level_words),
	KEY("logging.format", LOG_FORMAT,
		"auto: for the journal under systemd, else text",
		FORMAT(format), .fallback = "auto", .words = format_words),
	KEY("logging.rejections", MAP, "lines about refused clients"),
	KEY("logging.rejections.rate", RATE, "lines per second",
		CONFIG(logging.rejections_rate_milli), .fallback = "10/s",
		RANGE(1000, 1000000)),
	KEY("logging.rejections.burst", COUNT, "lines at once",
		CONFIG(logging.rejections_burst), .fallback = "50",
		RANGE(1, 100000)),
	KEY("logging.access", MAP, "one line per request"),
	KEY("logging.access.enabled", BOOL, "write the access log",
		CONFIG(logging.access_enabled), .fallback = "true"),
	KEY("logging.access.format", LOG_FORMAT,
		"auto: for the journal under systemd, else text",
		FORMAT(access_format), .fallback = "json",
		.words = format_words),
	KEY("logging.access.output", ACCESS_OUTPUT, "stdout, stderr or a file",
		WHOLE(CONFIG_HOME_CONFIG), .fallback = "stdout"),
	KEY("logging.access.redact_query", BOOL,
		"leave the query out of the line", CONFIG(logging.redact_query),
		.fallback = "true"),

	/* the operator's door */
	KEY("admin", MAP, "status and metrics for the operator"),
	KEY("admin.address", ADMIN_ADDRESS,
		"unix:/path, an address and port, or none; auto: "
		"unix:/run/mtlsgate/admin.sock where that can be made",
		WHOLE(CONFIG_HOME_CONFIG), .fallback = "auto"),
	KEY("admin.mode", MODE, "file mode of its unix socket",
		CONFIG(admin.mode), .fallback = "0660", RANGE(0, 0777)),
	{.path = NULL},
};

const struct config_key *config_schema(void)
{
	return schema;
}
