/* What config_load finds in the file system. */
#include "config/config_load.h"

#include <stdarg.h>
#include <setjmp.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/buf.h"
#include "config/config_problem.h"
#include "config/yaml_tree.h"
#include "fake/problems_text.h"

enum { NOBODY = 65534 };

struct fixture {
	char dir[64];
	char *here;
};

static void put(const char *name, const char *text)
{
	FILE *file = fopen(name, "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static const char minimal[] = "listen: 127.0.0.1:0\n"
			      "tls: {cert: c.pem, key: c.key}\n"
			      "client_auth: {ca: ca.pem}\n"
			      "origin: http://127.0.0.1:1\n";

/* A directory of its own, with a configuration that loads. */
static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	*state = f;
	snprintf(f->dir, sizeof(f->dir), "/tmp/mtlsgate-test-XXXXXX");
	f->here = getcwd(NULL, 0);
	if (!mkdtemp(f->dir) || chmod(f->dir, 0755) || chdir(f->dir))
		return -1;
	put("m.yaml", minimal);
	put("c.pem", "x");
	put("c.key", "x");
	put("ca.pem", "x");
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	char command[128];
	int rc = chdir(f->here);

	snprintf(command, sizeof(command), "rm -rf '%s'", f->dir);
	rc = system(command) || rc;
	free(f->here);
	free(f);
	return rc;
}

/* Loads m.yaml and expects these problems, "%s" being the directory. */
static void expect(
	const struct fixture *f, const char *want, enum exit_code code)
{
	struct config_problems *problems = config_problems_new();
	struct config *config;
	struct buf text = {0};
	const char *hit;

	assert_non_null(problems);
	config = config_load("m.yaml", problems);
	while ((hit = strchr(want, '@'))) {
		assert_true(buf_append(
			&text, slice_of(want, (size_t)(hit - want))));
		assert_true(buf_append(&text, slice_str(f->dir)));
		want = hit + 1;
	}
	assert_true(buf_printf(&text, "%s%c", want, 0));
	expect_problems(problems, buf_bytes(&text).ptr);
	assert_int_equal(config_problems_exit(problems), code);
	assert_int_equal(!config, code != EXIT_CODE_OK);
	config_free(config);
	config_problems_free(problems);
	buf_fini(&text);
}

#define ONE_ERROR "1 error in 1 file; configuration not loaded\n"

static void relative_paths_begin_where_the_file_stands(void **state)
{
	struct fixture *f = *state;
	struct config_problems *problems = config_problems_new();
	char path[128], want[PATH_MAX];
	struct config *config;

	assert_non_null(problems);
	assert_int_equal(chdir("/"), 0);
	snprintf(path, sizeof(path), "%s/m.yaml", f->dir);
	config = config_load(path, problems);
	assert_non_null(config);
	snprintf(want, sizeof(want), "%s/c.pem", f->dir);
	assert_string_equal(config->listeners->tls.cert.text, want);
	assert_string_equal(config->path, path);
	config_free(config);
	/* as typed from elsewhere: still absolute inside */
	assert_int_equal(chdir(f->dir), 0);
	config = config_load("m.yaml", problems);
	assert_non_null(config);
	assert_string_equal(config->listeners->tls.cert.text, want);
	assert_string_equal(config->path, path);
	config_free(config);
	config_problems_free(problems);
}

static void files_that_are_there_are_fine(void **state)
{
	expect(*state, "", EXIT_CODE_OK);
}

static void a_missing_configuration_is_66(void **state)
{
	assert_int_equal(unlink("m.yaml"), 0);
	expect(*state,
		"m.yaml: cannot read the configuration: No such file or "
		"directory\n" ONE_ERROR,
		EXIT_CODE_NO_INPUT);
	assert_int_equal(mkdir("m.yaml", 0700), 0);
	expect(*state,
		"m.yaml: cannot read the configuration: Is a "
		"directory\n" ONE_ERROR,
		EXIT_CODE_CONFIG);
}

static void a_missing_file_is_66(void **state) /* R11 */
{
	assert_int_equal(unlink("c.key"), 0);
	expect(*state,
		"m.yaml:2:25: tls.key: there is no file @/c.key\n" ONE_ERROR,
		EXIT_CODE_NO_INPUT);
}

static void all_missing_files_are_told_at_once(void **state)
{
	assert_int_equal(unlink("c.pem"), 0);
	assert_int_equal(unlink("c.key"), 0);
	assert_int_equal(unlink("ca.pem"), 0);
	expect(*state,
		"m.yaml:2:13: tls.cert: there is no file @/c.pem\n"
		"m.yaml:2:25: tls.key: there is no file @/c.key\n"
		"m.yaml:3:19: client_auth.ca: there is no file @/ca.pem\n"
		"3 errors in 1 file; configuration not loaded\n",
		EXIT_CODE_NO_INPUT);
}

static void files_that_hold_nothing_or_are_none_are_refused(
	void **state) /* R11 */
{
	put("c.pem", "");
	assert_int_equal(unlink("c.key"), 0);
	assert_int_equal(mkdir("c.key", 0755), 0);
	assert_int_equal(unlink("ca.pem"), 0);
	assert_int_equal(mkfifo("ca.pem", 0644), 0);
	expect(*state,
		"m.yaml:2:13: tls.cert: @/c.pem is empty\n"
		"m.yaml:2:25: tls.key: @/c.key is a directory, expected a "
		"file\n"
		"m.yaml:3:19: client_auth.ca: @/ca.pem is not a regular file\n"
		"3 errors in 1 file; configuration not loaded\n",
		EXIT_CODE_CONFIG);
}

static void an_unreadable_file_is_77(void **state) /* R11 */
{
	bool root = !geteuid();

	assert_int_equal(chmod("c.key", 0), 0);
	if (root && seteuid(NOBODY))
		skip();
	expect(*state,
		"m.yaml:2:25: tls.key: @/c.key cannot be read: Permission "
		"denied\n" ONE_ERROR,
		EXIT_CODE_PERMISSION);
	if (root)
		assert_int_equal(seteuid(0), 0);
	assert_int_equal(chmod("m.yaml", 0), 0);
	if (root && seteuid(NOBODY))
		skip();
	expect(*state,
		"m.yaml: cannot read the configuration: Permission "
		"denied\n" ONE_ERROR,
		EXIT_CODE_PERMISSION);
	if (root)
		assert_int_equal(seteuid(0), 0);
}

static void a_directory_of_cas_is_its_pem_and_crt_files(void **state)
{
	assert_int_equal(unlink("ca.pem"), 0);
	assert_int_equal(mkdir("ca.pem", 0755), 0);
	put("ca.pem/README", "x");
	put("ca.pem/.hidden.pem", "x");
	expect(*state,
		"m.yaml:3:19: client_auth.ca: the directory @/ca.pem holds no "
		"*.pem and no *.crt file\n" ONE_ERROR,
		EXIT_CODE_CONFIG);
	put("ca.pem/a.crt", "x");
	expect(*state, "", EXIT_CODE_OK);
	put("ca.pem/b.pem", "");
	expect(*state,
		"m.yaml:3:19: client_auth.ca: @/ca.pem/b.pem is "
		"empty\n" ONE_ERROR,
		EXIT_CODE_CONFIG);
	assert_int_equal(unlink("ca.pem/b.pem"), 0);
	assert_int_equal(symlink("nowhere", "ca.pem/b.pem"), 0);
	expect(*state,
		"m.yaml:3:19: client_auth.ca: there is no file "
		"@/ca.pem/b.pem\n" ONE_ERROR,
		EXIT_CODE_NO_INPUT);
}

static void what_listeners_share_is_told_once(void **state)
{
	put("m.yaml",
		"listeners:\n"
		"  - {address: 127.0.0.1:1}\n"
		"  - {address: 127.0.0.1:2}\n"
		"  - {address: 127.0.0.1:3, tls: {cert: x.pem, key: x.key},\n"
		"      client_auth: {ca: [ca.pem, x.pem]}}\n"
		"tls: {cert: y.pem, key: c.key}\n"
		"client_auth: {ca: ca.pem}\n"
		"origin: http://127.0.0.1:1\n");
	put("x.key", "x");
	expect(*state,
		"m.yaml:4:40: listeners[2].tls.cert: there is no file "
		"@/x.pem\n"
		"m.yaml:5:34: listeners[2].client_auth.ca: there is no file "
		"@/x.pem\n"
		"m.yaml:6:13: tls.cert: there is no file @/y.pem\n"
		"3 errors in 1 file; configuration not loaded\n",
		EXIT_CODE_NO_INPUT);
}

static void a_configuration_has_at_most_one_mebibyte(void **state) /* R17 */
{
	FILE *file = fopen("m.yaml", "a");

	assert_non_null(file);
	for (int i = 0; i < (YAML_TREE_SIZE >> 10); i++)
		assert_true(fprintf(file, "#%1022d\n", 0) > 0);
	assert_int_equal(fclose(file), 0);
	expect(*state, "m.yaml: the file is larger than 1 MiB\n" ONE_ERROR,
		EXIT_CODE_CONFIG);
}

static void names_of_origins_are_resolved(void **state)
{
	struct config_problems *problems = config_problems_new();
	struct config *config;

	(void)state;
	assert_non_null(problems);
	put("m.yaml", "listen: 127.0.0.1:0\n"
		      "tls: {cert: c.pem, key: c.key}\n"
		      "client_auth: {ca: ca.pem}\n"
		      "origin: http://localhost:81\n");
	config = config_load("m.yaml", problems);
	if (!config)
		expect_problems(problems, "");
	assert_non_null(config);
	assert_true(config->origins->address_count >= 1);
	for (size_t i = 0; i < config->origins->address_count; i++) {
		assert_true(addr_is_loopback(&config->origins->addresses[i]));
		assert_int_equal(addr_port(&config->origins->addresses[i]), 81);
	}
	config_free(config);
	config_problems_free(problems);
}

static void a_name_that_does_not_resolve_is_69(void **state)
{
	struct config_problems *problems = config_problems_new();
	char *text;

	(void)state;
	assert_non_null(problems);
	/* RFC 6761 section 6.4; a label too long: nobody is asked */
	put("m.yaml",
		"listen: 127.0.0.1:0\n"
		"tls: {cert: c.pem, key: c.key}\n"
		"client_auth: {ca: ca.pem}\n"
		"origin: http://"
		"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
		"xxxxxxxxxxxxx.invalid\n");
	assert_null(config_load("m.yaml", problems));
	assert_int_equal(config_problems_exit(problems), EXIT_CODE_UNAVAILABLE);
	text = problems_text(problems);
	assert_non_null(strstr(text, "m.yaml:4:9: origin: the name \"xxx"));
	assert_non_null(strstr(text, ".invalid\" cannot be resolved: "));
	free(text);
	config_problems_free(problems);
}

static void the_operators_door_can_be_shut(void **state)
{
	struct config_problems *problems = config_problems_new();
	struct config *config;
	char text[512];

	(void)state;
	assert_non_null(problems);
	snprintf(text, sizeof(text), "%sadmin: {address: none}\n", minimal);
	put("m.yaml", text);
	config = config_load("m.yaml", problems);
	assert_non_null(config);
	assert_false(config->admin.enabled);
	config_free(config);
	config_problems_free(problems);
}

static void users_must_exist_when_they_are_used(void **state)
{
	char text[512];

	snprintf(text, sizeof(text),
		"%sprocess: {user: no-such-user, group: no-such-group}\n",
		minimal);
	put("m.yaml", text);
	if (geteuid())
		expect(*state, "", EXIT_CODE_OK);
	else
		expect(*state,
			"m.yaml:5:17: process.user: there is no user "
			"\"no-such-user\"\n"
			"m.yaml:5:38: process.group: there is no group "
			"\"no-such-group\"\n"
			"2 errors in 1 file; configuration not loaded\n",
			EXIT_CODE_CONFIG);
}

int main(void)
{
#define IN_DIR(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		IN_DIR(relative_paths_begin_where_the_file_stands),
		IN_DIR(files_that_are_there_are_fine),
		IN_DIR(a_missing_configuration_is_66),
		IN_DIR(a_missing_file_is_66),
		IN_DIR(all_missing_files_are_told_at_once),
		IN_DIR(files_that_hold_nothing_or_are_none_are_refused),
		IN_DIR(an_unreadable_file_is_77),
		IN_DIR(a_directory_of_cas_is_its_pem_and_crt_files),
		IN_DIR(what_listeners_share_is_told_once),
		IN_DIR(a_configuration_has_at_most_one_mebibyte),
		IN_DIR(names_of_origins_are_resolved),
		IN_DIR(a_name_that_does_not_resolve_is_69),
		IN_DIR(the_operators_door_can_be_shut),
		IN_DIR(users_must_exist_when_they_are_used),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
