"""The house as architecture.md draws it: who may see whom."""

LAYERS = ["base", "net", "config", "http", "tls", "policy", "proxy", "daemon",
          "cli"]

# layer -> what it may see: a whole layer, or "layer/room". Its own always.
MAY_SEE = {
    "base": [],
    "net": ["base"],
    "config": ["base", "net/addr", "net/addr_net"],
    "http": ["base", "net"],
    "tls": ["base", "config", "net/addr"],
    "policy": ["base", "config", "net/addr", "net/addr_net", "http/header", "http/message", "http/rule",
               "http/target",
               "tls/client_auth", "tls/cert_info", "tls/cert_format"],
    "proxy": ["base", "net", "config", "http", "tls", "policy"],
    "daemon": ["base", "net", "config", "http", "tls", "policy", "proxy"],
    "cli": ["base", "net", "config", "http", "tls", "policy", "proxy",
            "daemon"],
}

# library -> (prefix of its headers, prefix of its symbols, rooms that see it)
LIBRARIES = {
    "libevent": (("event2/", "event.h"),
                 ("event_", "evutil_", "evtimer_", "evbuffer_"),
                 ["base/loop"]),
    "OpenSSL": (("openssl/",),
                ("SSL_", "X509", "EVP_", "ERR_", "BIO_", "ASN1_", "OPENSSL_",
                 "PEM_", "d2i_", "i2d_", "OSSL_", "CRYPTO_", "OBJ_", "BN_",
                 "OCSP_"),
                ["net/conn_tls*", "tls/*", "cli/demo_ca*",
                 "cli/probe*"]),
    "libyaml": (("yaml.h",), ("yaml_",), ["config/yaml_tree"]),
    "nghttp2": (("nghttp2/",), ("nghttp2_",), ["http/h2_*"]),
}

# What the build writes and the layers that may include it.
GENERATED = {"version.h": ["http", "proxy", "daemon", "cli"]}


def may_see(layer, room):
    """May a file of `layer` see `room` ("layer/room")?"""
    other = room.split("/")[0]
    return other == layer or other in MAY_SEE[layer] or room in MAY_SEE[layer]
