/* metrics: counted by one writer, summed and printed by another process. */
#include "proxy/metrics.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "config/config_rate.h"
#include "proxy/admission.h"
#include "proxy/failure.h"
#include "tls/client_auth.h"
#include "tls/resumption.h"

static struct metrics a, b, sum;

static int clear(void **state)
{
	(void)state;
	metrics_clear(&a);
	metrics_clear(&b);
	metrics_clear(&sum);
	return 0;
}

static void sums_add_up_and_a_dead_workers_gauges_do_not(void **state)
{
	(void)state;
	metrics_add(&a.value[METRIC_REQUESTS], 3);
	metrics_add(&b.value[METRIC_REQUESTS], 4);
	metrics_add(&a.value[METRIC_GAUGE_CONNECTIONS], 5);
	metrics_add(&b.value[METRIC_GAUGE_CONNECTIONS], 7);
	metrics_sub(&b.value[METRIC_GAUGE_CONNECTIONS], 1);
	metrics_add(&b.status[2], 2);
	metrics_add(&a.rate[RATE_ROUTE], 1);
	metrics_add(&b.refused[ADMISSION_PER_IP], 3);
	metrics_sum(&sum, &a, true);
	metrics_sum(&sum, &b, false);
	assert_int_equal(sum.value[METRIC_REQUESTS], 7);
	assert_int_equal(sum.value[METRIC_GAUGE_CONNECTIONS], 6);
	assert_int_equal(sum.status[2], 2);
	assert_int_equal(sum.rate[RATE_ROUTE], 1);
	assert_int_equal(sum.refused[ADMISSION_PER_IP], 3);
	metrics_clear(&sum);
	assert_int_equal(sum.rate[RATE_ROUTE], 0);
	assert_int_equal(sum.refused[ADMISSION_PER_IP], 0);
}

static void refused_certificates_are_counted_by_word(void **state)
{
	size_t index = client_auth_word_index(10);

	(void)state;
	metrics_refused_certificate(&a, 10);
	metrics_refused_certificate(&a, 10);
	metrics_refused_certificate(&a, 987654); /* no such code */
	assert_int_equal(a.auth[index], 2);
	assert_true(client_auth_words() <= METRICS_AUTH_WORDS);
}

static void resumptions_and_their_refusals_are_counted(void **state)
{
	const struct resumption resumed = {
		.reason = RESUMPTION_ACCEPTED, .resumed = true};
	const struct resumption changed = {.reason = RESUMPTION_TRUST_CHANGED};
	const struct resumption not_asked = {.reason = RESUMPTION_NOT_ASKED};

	(void)state;
	metrics_resumption(&a, &resumed);
	metrics_resumption(&a, &changed);
	metrics_resumption(&a, &changed);
	metrics_resumption(&b, &not_asked);
	metrics_sum(&sum, &a, true);
	metrics_sum(&sum, &b, false);
	assert_int_equal(sum.value[METRIC_HANDSHAKES_RESUMED], 1);
	assert_int_equal(sum.ticket[RESUMPTION_TRUST_CHANGED], 2);
	metrics_clear(&sum);
	assert_int_equal(sum.ticket[RESUMPTION_TRUST_CHANGED], 0);
}

static const char *print(struct buf *out)
{
	assert_true(metrics_print(&sum, out));
	assert_true(buf_append(out, slice_of("", 1)));
	return buf_bytes(out).ptr;
}

static void they_are_printed_as_prometheus_reads_them(void **state)
{
	struct buf out = {0};
	const char *text;

	(void)state;
	metrics_add(&sum.value[METRIC_REQUESTS], 12);
	metrics_add(&sum.rule[HTTP_RULE_LINE_END], 3);
	metrics_add(&sum.failure[FAILURE_ORIGIN_GONE], 4);
	metrics_add(&sum.status[5], 6);
	metrics_add(&sum.rate[RATE_ADDRESS], 7);
	metrics_add(&sum.refused[ADMISSION_PER_IP], 5);
	metrics_add(&sum.auth[client_auth_word_index(10)], 8);
	metrics_add(&sum.ticket[RESUMPTION_TOO_OLD], 9);
	metrics_add(&sum.ticket[RESUMPTION_NOT_ASKED], 99);
	text = print(&out);
	assert_non_null(strstr(text, "# TYPE mtlsgate_requests_total counter\n"
				     "mtlsgate_requests_total 12\n"));
	assert_non_null(strstr(text, "# TYPE mtlsgate_connections gauge\n"
				     "mtlsgate_connections 0\n"));
	assert_non_null(strstr(text, "{rule=\"line-end\"} 3\n"));
	assert_non_null(strstr(text, "{cause=\"origin-gone\"} 4\n"));
	assert_non_null(strstr(text, "{class=\"5xx\"} 6\n"));
	assert_non_null(
		strstr(text, "rate_limited_total{key=\"address\"} 7\n"));
	assert_non_null(
		strstr(text, "{limit=\"limits.connections_per_ip\"} 5\n"));
	assert_non_null(strstr(text, "{reason=\"expired\"} 8\n"));
	assert_non_null(
		strstr(text, "tickets_refused_total{reason=\"too_old\"} 9\n"));
	assert_null(strstr(text, " 99\n"));
	buf_fini(&out);
}

/* R19: every line is name, label of ours, number; each series once. */
static void every_line_is_well_formed_and_stands_once(void **state)
{
	static char seen[1024][160];
	struct buf out = {0};
	struct slice rest = slice_str(print(&out));
	struct slice line;
	unsigned count = 0;

	(void)state;
	while (rest.len && slice_next(&rest, '\n', &line)) {
		size_t blank = slice_find(line, ' ');
		struct slice series = slice_head(line, blank);

		if (!line.len || line.ptr[0] == '#')
			continue;
		assert_true(slice_starts(line, SLICE("mtlsgate_")));
		assert_true(slice_eq(slice_from(line, blank), SLICE(" 0")));
		assert_true(count < 1024 && series.len < sizeof(seen[0]));
		memcpy(seen[count], series.ptr, series.len);
		seen[count][series.len] = '\0';
		for (unsigned i = 0; i < count; i++)
			assert_string_not_equal(seen[i], seen[count]);
		assert_int_equal(
			strspn(seen[count], "abcdefghijklmnopqrstuvwxyz"
					    "0123456789_-.{}=\""),
			series.len);
		count++;
	}
	assert_true(count > METRIC_COUNT + FAILURE_COUNT);
	buf_fini(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(
			resumptions_and_their_refusals_are_counted, clear),
		cmocka_unit_test_setup(
			sums_add_up_and_a_dead_workers_gauges_do_not, clear),
		cmocka_unit_test_setup(
			refused_certificates_are_counted_by_word, clear),
		cmocka_unit_test_setup(
			they_are_printed_as_prometheus_reads_them, clear),
		cmocka_unit_test_setup(
			every_line_is_well_formed_and_stands_once, clear),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
