/* Header names and templates: what may be set, removed and told. */
#include "config_load_check_priv.h"

#include <string.h>

#include "base/arena.h"
#include "config/config_field.h"
#include "config/config_fold.h"
#include "config/config_preset.h"
#include "config/config_value.h"

/* One of headers.set, headers.remove and the two of headers.response. */
struct direction {
	struct config_header_edits *edits;
	bool response;
};

/* ---- names that nobody may touch ---- */

enum { REQUEST = 1, RESPONSE = 2, BOTH = 3 };

static const struct {
	const char *name;
	unsigned where;
	const char *why;
} reserved[] = {
	{"Host", REQUEST, "headers.host decides what it says"},
	{"Via", BOTH, "mtlsgate writes it"},
	{"Date", RESPONSE, "it is the origin's, or mtlsgate writes it"},
	{"Connection", BOTH, "it is written anew for each connection"},
	{"Keep-Alive", BOTH, "it is written anew for each connection"},
	{"Proxy-Connection", BOTH, "it is written anew for each connection"},
	{"TE", BOTH, "it is written anew for each connection"},
	{"Upgrade", BOTH, "it is written anew for each connection"},
	{"Trailer", BOTH, "it belongs to the framing of the message"},
	{"Transfer-Encoding", BOTH, "it belongs to the framing of the message"},
	{"Content-Length", BOTH, "it belongs to the framing of the message"},
	{"Expect", BOTH, "it belongs to the framing of the message"},
};

/* Written by mtlsgate into requests; `set` takes its place. */
static const char *const own[] = {"X-Request-Id", "X-Forwarded-For",
	"X-Forwarded-Host", "X-Forwarded-Proto", "Forwarded"};

static bool is_own(struct slice name)
{
	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
		if (config_fold_equal(name, slice_str(own[i])))
			return true;
	}
	return false;
}

static const char *why_reserved(struct slice name, bool response)
{
	unsigned where = response ? RESPONSE : REQUEST;

	for (size_t i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++) {
		if (reserved[i].where & where &&
			config_fold_equal(name, slice_str(reserved[i].name)))
			return reserved[i].why;
	}
	return NULL;
}

/* verb: "set" or "removed" */
static bool check_name(struct config_loader *loader, struct config_spot spot,
	struct slice name, bool response, const char *verb)
{
	const char *why = why_reserved(name, response);
	char shown[CONFIG_SHOWN];

	if (!config_fold_is_name(name))
		config_complain(loader, spot,
			"%s is not a field name; letters, digits and "
			"!#$%%&'*+-.^_`|~ are allowed",
			config_shown(name, shown));
	else if (why)
		config_complain(loader, spot, "%s cannot be %s: %s",
			config_shown(name, shown), verb, why);
	else
		return true;
	return false;
}

/* ---- set ---- */

static const struct config_pair *set_before(
	const struct config_pairs *set, size_t index)
{
	struct slice name = slice_str(set->items[index].name.text);

	for (size_t i = 0; i < index; i++) {
		if (config_fold_equal(slice_str(set->items[i].name.text), name))
			return &set->items[i];
	}
	return NULL;
}

static void check_set_name(struct config_loader *loader,
	struct config_spot spot, struct direction in, size_t index)
{
	const struct config_pairs *set = &in.edits->set;
	struct slice name = slice_str(set->items[index].name.text);
	const struct config_pair *before = set_before(set, index);
	const struct config_preset_header *preset = NULL;

	if (!check_name(loader, spot, name, in.response, "set"))
		return;
	if (!in.response)
		preset = config_preset_find(
			loader->config->headers.presets, name);
	if (before)
		config_complain(loader, spot,
			"an origin may read this as %s, which is set, too; "
			"each name can be set once",
			before->name.text);
	else if (preset)
		config_complain(loader, spot,
			"%s is written by headers.preset already; each name "
			"can be set once",
			preset->name);
}

/* ---- templates ---- */

/* Where byte `at` of a value stands, when it stands in one line as it is. */
static struct config_mark mark_at(const struct yaml_node *node, size_t at)
{
	struct config_mark mark = node->mark;
	size_t quotes = node->quoted ? 1 : 0;

	if (node->width == node->text.len + 2 * quotes)
		mark.column += (unsigned)(quotes + at);
	return mark;
}

static void refuse_template(struct config_loader *loader,
	struct config_spot spot, struct config_template_error why)
{
	struct config_mark mark = mark_at(spot.node, why.at);
	char shown[CONFIG_SHOWN];
	const char *meant;

	switch (why.fault) {
	case CONFIG_TEMPLATE_UNKNOWN:
		config_complain_as(loader, mark, EXIT_CODE_CONFIG, spot.path,
			"there is no field %s", config_shown(why.name, shown));
		meant = config_field_guess(why.name);
		if (meant)
			config_problem_hint(loader->problems, why.name.len + 2,
				"did you mean {%s}?", meant);
		else
			config_problem_note(loader->problems,
				"{{ stands for {; docs/headers.md lists the "
				"fields");
		break;
	case CONFIG_TEMPLATE_UNCLOSED:
		config_complain_as(loader, mark, EXIT_CODE_CONFIG, spot.path,
			"a { without its }; write {{ for a {");
		break;
	case CONFIG_TEMPLATE_BYTE:
		config_complain_as(loader, mark, EXIT_CODE_CONFIG, spot.path,
			"holds a byte that no header may hold; allowed is "
			"printable ASCII");
		break;
	case CONFIG_TEMPLATE_TOO_LONG:
		config_complain(loader, spot,
			"is too long; %d bytes and %d fields are allowed",
			CONFIG_TEMPLATE_MAX, CONFIG_TEMPLATE_PIECES / 2);
		break;
	case CONFIG_TEMPLATE_OK:
	case CONFIG_TEMPLATE_NO_MEMORY:
		config_no_memory(loader);
		break;
	}
}

/* What a client may learn of itself in a response. */
static void check_told(struct config_loader *loader, struct config_spot spot,
	const struct config_template *value)
{
	for (size_t i = 0; i < value->count; i++) {
		const struct config_field *field = value->pieces[i].field;

		if (!field || field->needs & FIELD_IN_RESPONSE)
			continue;
		config_complain(loader, spot,
			"{%s} is not for responses; only {request.id} is",
			field->name);
		return;
	}
}

/* Values begin and end with what is seen (RFC 9110 section 5.5). */
static void check_blanks(struct config_loader *loader, struct config_spot spot)
{
	struct slice text = spot.node->text;

	if (slice_trim(text).len != text.len)
		config_complain(loader, spot,
			"blanks around the value of a field are no part of "
			"it; leave them out");
}

static void check_value(struct config_loader *loader, struct config_spot spot,
	struct direction in, size_t index)
{
	struct config_template_error why;
	struct config_template *value = &in.edits->values[index];

	if (!in.edits->set.items[index].value.text)
		return; /* complained of already */
	check_blanks(loader, spot);
	if (!config_template_compile(
		    spot.node->text, loader->arena, value, &why))
		refuse_template(loader, spot, why);
	else if (in.response)
		check_told(loader, spot, value);
}

/* What is told needs its room next to what certificates say. */
static void check_sizes(struct config_loader *loader, struct config_spot spot,
	const struct config_pairs *set)
{
	size_t total = 0;

	for (size_t i = 0; i < set->count; i++)
		total += slice_str(set->items[i].value.text).len;
	if (set->count > CONFIG_HEADERS_SET)
		config_complain(loader, spot, "found %zu names, %d are allowed",
			set->count, CONFIG_HEADERS_SET);
	else if (total > CONFIG_HEADERS_TEXT)
		config_complain(loader, spot,
			"the values take %zu bytes, %d are allowed", total,
			CONFIG_HEADERS_TEXT);
}

static void check_set(
	struct config_loader *loader, const char *path, struct direction in)
{
	struct config_spot spot = {config_given(loader, path), path};
	struct config_header_edits *edits = in.edits;
	size_t index = 0;

	if (!edits->set.count)
		return;
	check_sizes(loader, spot, &edits->set);
	edits->values = arena_zalloc(
		loader->arena, edits->set.count * sizeof(*edits->values));
	if (!edits->values) {
		config_no_memory(loader);
		return;
	}
	for (const struct yaml_node *e = spot.node->first; e; e = e->next) {
		struct config_spot one = config_spot_below(loader, spot, e);

		if (edits->set.items[index].name.text)
			check_set_name(loader,
				(struct config_spot){e->key, one.path}, in,
				index);
		check_value(loader, one, in, index);
		index++;
	}
}

/* ---- remove ---- */

static void check_removed(struct config_loader *loader, struct config_spot spot,
	struct direction in)
{
	struct slice name = spot.node->text;
	const struct config_pairs *set = &in.edits->set;
	char shown[CONFIG_SHOWN];

	if (!check_name(loader, spot, name, in.response, "removed"))
		return;
	for (size_t i = 0; i < set->count; i++) {
		if (!set->items[i].name.text ||
			!config_fold_equal(
				name, slice_str(set->items[i].name.text)))
			continue;
		config_complain(loader, spot,
			"%s is set, too; what comes under that name is "
			"removed by that",
			config_shown(name, shown));
		return;
	}
	if (in.response)
		return;
	if (is_own(name))
		config_complain(loader, spot,
			"%s is written by mtlsgate; what clients send under "
			"that name is removed in any case",
			config_shown(name, shown));
	else if (config_preset_find(loader->config->headers.presets, name))
		config_complain(loader, spot,
			"%s is written by headers.preset; what clients send "
			"under that name is removed in any case",
			config_shown(name, shown));
}

static void check_remove(
	struct config_loader *loader, const char *path, struct direction in)
{
	const struct yaml_node *node = config_given(loader, path);
	struct config_spot spot = {node, path};
	size_t index = 0;

	if (!in.edits->remove.count)
		return;
	if (in.edits->remove.count > CONFIG_HEADERS_REMOVE)
		config_complain(loader, spot, "found %zu names, %d are allowed",
			in.edits->remove.count, CONFIG_HEADERS_REMOVE);
	else if (node->kind == YAML_KIND_TEXT)
		check_removed(loader, spot, in);
	else
		for (node = node->first; node; node = node->next, index++) {
			if (in.edits->remove.items[index].text)
				check_removed(loader,
					config_spot_item(
						loader, spot, node, index),
					in);
		}
}

/* ---- presets ---- */

static void check_presets(struct config_loader *loader)
{
	unsigned presets = loader->config->headers.presets;
	struct config_spot spot = {
		config_given(loader, "headers.preset"), "headers.preset"};

	if (presets & 1U << PRESET_NONE && presets != 1U << PRESET_NONE)
		config_complain(loader, spot,
			"none stands beside others; write it alone or leave "
			"it out");
}

static void check_xfcc_by(struct config_loader *loader)
{
	const struct config_headers *headers = &loader->config->headers;
	struct slice by = slice_str(headers->xfcc_by.text);
	struct config_spot spot = {
		config_given(loader, "headers.xfcc_by"), "headers.xfcc_by"};

	if (!headers->xfcc_by.text)
		return;
	for (size_t i = 0; i < by.len; i++) {
		if (by.ptr[i] > 0x20 && by.ptr[i] < 0x7F && by.ptr[i] != '"' &&
			by.ptr[i] != '\\')
			continue;
		config_complain(loader, spot,
			"is not a URI; blanks, \", \\ and what is not ASCII "
			"must be percent-encoded");
		return;
	}
	if (!(headers->presets & 1U << PRESET_XFCC))
		config_complain(loader, spot,
			"is told by the preset xfcc alone; add xfcc to "
			"headers.preset or leave this out");
}

static void check_trusted(struct config_loader *loader)
{
	struct config_headers *headers = &loader->config->headers;
	const char *path = "headers.trusted_proxies";

	config_check_nets(loader, &headers->trusted_proxies, path,
		&headers->trusted_nets);
	if (headers->trusted_proxies.count &&
		headers->forwarded == FORWARDED_NONE)
		config_complain_as(loader,
			headers->trusted_proxies.items[0].mark,
			EXIT_CODE_CONFIG, path,
			"can never apply, headers.forwarded is none");
}

void config_check_headers(struct config_loader *loader)
{
	struct config_headers *headers = &loader->config->headers;
	struct direction request = {&headers->request, false};
	struct direction response = {&headers->response, true};

	check_presets(loader);
	check_xfcc_by(loader);
	check_trusted(loader);
	check_set(loader, "headers.set", request);
	check_remove(loader, "headers.remove", request);
	check_set(loader, "headers.response.set", response);
	check_remove(loader, "headers.response.remove", response);
}

bool config_headers_tell_verdict(const struct config_headers *headers)
{
	const unsigned telling = 1U << PRESET_X_CERT | 1U << PRESET_CLOUDFLARE |
				 1U << PRESET_RFC9440 | 1U << PRESET_XFCC |
				 1U << PRESET_NGINX;

	if (headers->presets & telling)
		return true;
	for (size_t i = 0; i < headers->request.set.count; i++) {
		const struct config_template *value =
			&headers->request.values[i];

		for (size_t p = 0; p < value->count; p++) {
			if (value->pieces[p].field &&
				value->pieces[p].field->id ==
					FIELD_CERT_VERIFIED)
				return true;
		}
	}
	return false;
}
