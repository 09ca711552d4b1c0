/*
 * config_load_check_priv: the parts of the loader that look at the whole.
 */
#ifndef MTLSGATE_CONFIG_LOAD_CHECK_PRIV_H
#define MTLSGATE_CONFIG_LOAD_CHECK_PRIV_H

#include "config_load_priv.h"

struct addr_net;

/* Fills *nets, one for each text; path: of the key. */
void config_check_nets(struct config_loader *loader,
	const struct config_texts *texts, const char *path,
	struct addr_net **nets);
void config_check_listeners(struct config_loader *loader);
/* Also compiles the templates. */
void config_check_headers(struct config_loader *loader);
/* Can the origin see which certificates were verified? */
bool config_headers_tell_verdict(const struct config_headers *headers);
void config_check_origins(struct config_loader *loader);
void config_check_revocation(struct config_loader *loader);
void config_check_ocsp(struct config_loader *loader);
/* Also fills in what `burst` is where it is not given. */
void config_check_rates(struct config_loader *loader);
/* The value at this path of the file; NULL: not given. */
const struct yaml_node *config_given(
	const struct config_loader *loader, const char *path);
/* The map of listener i; NULL for the short form. */
const struct yaml_node *config_listener_node(
	const struct config_loader *loader, size_t i);
/* A tls or client_auth key as listener i has it: its own, else the top's. */
struct config_spot config_listener_spot(
	struct config_loader *loader, size_t i, const char *path);

#endif
