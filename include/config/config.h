/*
 * config: the immutable settings of one generation, and nothing else.
 *
 * config_load (config/config_load.h) makes one from a YAML file; everything
 * in it lies in its own arena and dies with it. Every duration is in
 * milliseconds, every size in bytes. A value that a later layer checks keeps
 * its mark, so that tls and policy can add to the same list of problems.
 */
#ifndef MTLSGATE_CONFIG_CONFIG_H
#define MTLSGATE_CONFIG_CONFIG_H

#include "base/log.h"
#include "base/slice.h"
#include "config/config_client_auth.h"
#include "config/config_headers.h"
#include "config/config_policy.h"
#include "config/config_route.h"
#include "config/config_server.h"
#include "config/config_text.h"
#include "net/addr.h"

struct addr_net;
struct arena;

enum session_resumption {
	SESSION_RESUMPTION_RECHECK, /* R12 */
	SESSION_RESUMPTION_DISABLED,
};

/* A certificate of ours and what goes with it. */
struct config_certificate {
	struct config_text cert; /* leaf first, then intermediates (PEM) */
	struct config_text key;
	struct config_texts server_names; /* none: those it holds */
	struct config_text ocsp_file;     /* NULL: nothing is stapled */
	struct config_mark mark;
};

enum unknown_server_name {
	UNKNOWN_SERVER_NAME_DEFAULT, /* the first certificate */
	UNKNOWN_SERVER_NAME_REJECT,
};

struct config_tls {
	/* Either cert and key, for one certificate, or certificates. */
	struct config_text cert;
	struct config_text key;
	struct config_certificate *certificates;
	size_t certificate_count;
	enum unknown_server_name unknown_server_name;
	int min_version; /* 0x0303 or 0x0304 */
	int max_version;
	struct config_text ciphers_tls12; /* NULL: our default */
	struct config_text ciphersuites_tls13;
	struct config_text groups;
	enum session_resumption session_resumption;
	struct config_text ticket_keys;    /* a file; NULL: the master's */
	struct config_text openssl_config; /* NULL: none is read (R16) */
};

struct config_listener {
	const char *name;
	struct config_mark mark;
	struct config_text address_text;
	struct addr address;
	int backlog;
	/* Peers whose connections begin with a PROXY header, always. */
	struct config_texts proxy_from; /* as written; none: nobody */
	struct addr_net *proxy_nets;    /* proxy_from.count */
	/* A copy of the top level's, with this listener's keys on top. */
	struct config_client_auth client_auth;
	struct config_tls tls;
};

struct config_origin {
	const char *name; /* "default" for the shorthand */
	struct config_mark mark;
	struct config_text url; /* as written */
	const char *authority;  /* for `host: origin`; unix: "localhost" */
	struct config_server *servers; /* url and authority: the first's */
	size_t server_count;           /* 0: all addresses are one */
	unsigned next_weight;          /* while they are read */
	const char *next_host;
	bool next_tls;
	bool next_named;
	uint16_t next_port;
	int64_t resolve_every_ms; /* 0: when it is loaded alone */
	struct config_origin_tls tls;
	struct config_health health;
	enum config_announce proxy_protocol;
	enum config_balance balance;
	struct addr *addresses; /* what the name resolved to at load time */
	size_t address_count;
	unsigned keepalive_connections; /* idle ones kept, per worker */
	int64_t keepalive_idle_ms;
	uint64_t keepalive_requests; /* per connection */
	unsigned max_connections;    /* in use, of all workers; 0: any number */
	unsigned queue_size;         /* requests that wait, per worker */
	int64_t queue_timeout_ms;
	unsigned retries_max;    /* of one request */
	unsigned retries_budget; /* per cent of all requests */
	bool allow_plaintext_remote;
};

struct config_timeouts {
	int64_t handshake_ms;
	int64_t request_header_ms; /* whole head, from its first byte */
	int64_t request_body_ms;   /* without any progress */
	int64_t keepalive_ms;      /* idle, between requests */
	int64_t origin_connect_ms;
	int64_t origin_response_ms; /* request sent -> head of the answer */
	int64_t upgraded_idle_ms;   /* a tunnel without a byte */
	int64_t tunnel_grace_ms;    /* of a tunnel whose session drains */
	int64_t origin_idle_ms;     /* body of the answer without progress */
	int64_t drain_idle_ms;
	int64_t shutdown_ms;
};

struct config_limits {
	uint64_t connections;        /* whole instance */
	uint64_t connections_per_ip; /* 0: no limit */
	uint64_t handshakes_pending;
	size_t header_bytes; /* start line and fields */
	size_t header_count;
	size_t request_line;
	uint64_t body;          /* 0: no body is accepted */
	uint64_t body_min_rate; /* bytes/s */
	size_t trailer_bytes;
	unsigned pipelined;
	uint64_t requests_per_connection;
};

enum access_output { ACCESS_STDOUT, ACCESS_STDERR, ACCESS_FILE };

struct config_logging {
	enum log_level level;
	bool format_auto;
	enum log_format format;
	uint32_t rejections_rate_milli; /* lines per 1000 s */
	uint32_t rejections_burst;
	bool access_enabled;
	bool access_format_auto;
	enum log_format access_format;
	enum access_output access_output;
	const char *access_path; /* ACCESS_FILE */
	bool redact_query;
};

struct config_admin {
	bool enabled;
	struct config_text address_text;
	struct addr address;
	unsigned mode;            /* of a unix socket, e.g. 0660 */
	unsigned keep_rejections; /* as the instance was started */
};

struct config_process {
	unsigned workers;        /* resolved: never 0 */
	struct config_text user; /* NULL: unchanged */
	struct config_text group;
	uint64_t max_open_files; /* 0: auto */
	int64_t watch_files_ms;  /* 0: reload only when told to */
};

struct config {
	struct arena *arena;
	const char *path;
	struct config_process process;
	struct config_listener *listeners;
	size_t listener_count;
	struct config_policy *policies;
	size_t policy_count;
	struct config_headers headers;
	struct config_route *routes; /* none: everything goes to origins[0] */
	size_t route_count;
	struct config_origin *origins;
	size_t origin_count;
	struct config_timeouts timeouts;
	struct config_rate_limit *rate_limits;
	size_t rate_limit_count;
	struct config_limits limits;
	struct config_texts upgrade; /* limits.upgrade: protocols of tunnels */
	struct config_logging logging;
	struct config_admin admin;
};

/* Does any listener ask OCSP responders? */
bool config_asks_ocsp(const struct config *config);
/* NULL is ignored. */
void config_free(struct config *config);

#endif
