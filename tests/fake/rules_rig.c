#include "fake/rules_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/buf.h"
#include "config/config_load_priv.h"
#include "config/config_problem.h"
#include "fake/problems_text.h"

void rules_init(struct rules_rig *rig, const char *yaml)
{
	struct config_problems *problems = config_problems_new();
	struct buf all = {0};

	*rig = (struct rules_rig){.arena = arena_new(NULL)};
	assert_true(problems && rig->arena);
	assert_true(buf_printf(&all,
		"%stls: {cert: c, key: k}\n"
		"%s"
		"admin: {address: none}\n%s",
		strstr(yaml, "listeners:") ? "" : "listen: 127.0.0.1:1\n",
		strstr(yaml, "\nclient_auth:") ? "" : "client_auth: {ca: a}\n",
		yaml));
	rig->config = config_load_with(
		buf_bytes(&all), "m.yaml", problems, CONFIG_LOAD_OFFLINE);
	buf_fini(&all);
	if (rig->config)
		rig->rules = rulebook_new(rig->config, problems);
	rig->problems = problems_text(problems);
	config_problems_free(problems);
}

void rules_fini(struct rules_rig *rig)
{
	rulebook_free(rig->rules);
	config_free(rig->config);
	free(rig->problems);
	arena_free(rig->arena);
}

void rules_cert_init(struct rules_cert *cert)
{
	memset(cert, 0, sizeof(*cert));
	cert->info.serial = SLICE("\x0a");
	cert->info.extensions = &cert->extensions;
	cert->info.subject.attributes = cert->attributes;
}

static void add(struct rules_cert *cert, struct cert_name *name,
	const char *oid, struct slice value, bool joined)
{
	struct cert_attribute *a = &cert->attributes[cert->used];

	assert_true(cert->used++ < 16);
	a->oid = oid;
	a->utf8 = a->raw = value;
	a->rdn = name->count ? a[-1].rdn + !joined : 0;
	name->count++;
}

void rules_subject(struct rules_cert *cert, const char *oid, struct slice value,
	bool joined)
{
	assert_int_equal(cert->info.issuer.count, 0);
	add(cert, &cert->info.subject, oid, value, joined);
}

void rules_issuer(struct rules_cert *cert, const char *oid, struct slice value)
{
	if (!cert->info.issuer.count)
		cert->info.issuer.attributes = &cert->attributes[cert->used];
	add(cert, &cert->info.issuer, oid, value, false);
}

void rules_san(
	struct rules_cert *cert, struct cert_sans *kind, struct slice value)
{
	if (!kind->count)
		kind->items = &cert->names[cert->used_names];
	assert_true(cert->used_names < 16);
	assert_ptr_equal(
		&kind->items[kind->count], &cert->names[cert->used_names]);
	cert->names[cert->used_names++] = value;
	kind->count++;
}
