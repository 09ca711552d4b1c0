/* Addresses to listen on: of clients and of the operator. */
#include "config_load_priv.h"

#include <string.h>
#include <unistd.h>

#include "config/config_value.h"

static const char admin_dir[] = "/run/mtlsgate";
static const char admin_default[] = "unix:/run/mtlsgate/admin.sock";

/* "8443" or ":8443": the port alone. */
static bool is_port(struct slice text, struct slice *port)
{
	uint64_t number;

	if (text.len && text.ptr[0] == ':')
		text = slice_from(text, 1);
	*port = text;
	return slice_to_u64(text, 65535, &number);
}

/* Why addr_parse did not take it; at best with what to write. */
static void explain(
	struct config_loader *loader, struct config_spot spot, const char *text)
{
	struct slice s = slice_str(text), port;
	char shown[CONFIG_SHOWN];

	config_shown(s, shown);
	if (is_port(s, &port))
		config_complain(loader, spot,
			"%s has no address; write 0.0.0.0:%.*s for every IPv4 "
			"address, \"[::]:%.*s\" for IPv6 too",
			shown, SLICE_FMT(port), SLICE_FMT(port));
	else if (slice_starts(s, SLICE("systemd:")))
		config_complain(loader, spot,
			"%s: socket activation is not available yet", shown);
	else if (slice_starts(s, SLICE("unix:")))
		config_complain(loader, spot,
			"%s is not a path of at most 107 bytes", shown);
	else
		config_complain(loader, spot,
			"%s is not an address; allowed are 0.0.0.0:8443, "
			"\"[::]:8443\" and unix:/path, no names",
			shown);
	if (slice_starts(s, SLICE("localhost:")))
		config_hint(loader, spot, "did you mean \"127.0.0.1%s\"?",
			text + strlen("localhost"));
	else if (slice_starts(s, SLICE("*:")))
		config_hint(
			loader, spot, "did you mean \"0.0.0.0%s\"?", text + 1);
}

static bool read_address(struct config_loader *loader, struct config_spot spot,
	struct config_text *text, struct addr *addr)
{
	if (spot.node->kind == YAML_KIND_LIST) {
		config_complain(loader, spot,
			"found a list, expected one address; several stand in "
			"listeners");
		return false;
	}
	if (!config_text_expand(loader, spot, "an address", text))
		return false;
	text->text = config_text_unix(loader, text->text);
	if (!text->text)
		return false;
	if (addr_parse(slice_str(text->text), addr))
		return true;
	explain(loader, spot, text->text);
	return false;
}

void config_address_read(struct config_loader *loader, struct config_spot spot,
	struct config_listener *listener)
{
	struct config_text text = {0};
	struct addr addr = {0};

	/* given, if only wrongly: not reported as missing, too */
	listener->address_text.mark = spot.node->mark;
	listener->address_text.text = "";
	if (!read_address(loader, spot, &text, &addr))
		return;
	listener->address_text = text;
	listener->address = addr;
}

bool config_admin_auto(struct config_loader *loader)
{
	if (loader->flags & CONFIG_LOAD_OFFLINE)
		return false;
	if (!access(admin_dir, F_OK))
		return !access(admin_dir, W_OK | X_OK);
	return !access("/run", W_OK | X_OK);
}

void config_admin_read(struct config_loader *loader, struct config_spot spot,
	struct config_admin *admin)
{
	struct slice text = spot.node->text;

	admin->enabled = false;
	if (spot.node->kind == YAML_KIND_TEXT && slice_eq(text, SLICE("none")))
		return;
	if (spot.node->kind == YAML_KIND_TEXT &&
		slice_eq(text, SLICE("auto"))) {
		if (!config_admin_auto(loader))
			return;
		admin->enabled =
			addr_parse(slice_str(admin_default), &admin->address);
		admin->address_text.text = admin_default;
		admin->address_text.mark = spot.node->mark;
		return;
	}
	admin->enabled = read_address(
		loader, spot, &admin->address_text, &admin->address);
}
