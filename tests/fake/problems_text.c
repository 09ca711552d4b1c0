#include "fake/problems_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "config/config_problem.h"

char *problems_text(struct config_problems *problems)
{
	struct buf out = {0};
	char *text;

	if (!config_problems_print(problems, &out))
		abort();
	text = strndup(out.len ? buf_bytes(&out).ptr : "", out.len);
	buf_fini(&out);
	if (!text)
		abort();
	return text;
}

void expect_problems(struct config_problems *problems, const char *want)
{
	char *got = problems_text(problems);

	if (strcmp(got, want)) {
		fprintf(stderr, "got:\n%swant:\n%s", got, want);
		abort();
	}
	free(got);
}
