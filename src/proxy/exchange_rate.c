/* exchange: may it come now, or is its client too fast? */
#include "exchange_priv.h"

#include "base/log.h"
#include "base/loop.h"
#include "config/config_rate.h"
#include "policy/route.h"
#include "proxy/metrics.h"
#include "proxy/rate_limits.h"
#include "tls/client_auth.h"

/* A certificate that does not verify is made in no time, and any number of
 * them: it is nobody's name. */
static const uint8_t *certificate_of(const struct exchange *x)
{
	const struct client_auth *auth = x->client.auth;

	return auth && auth->state == CLIENT_AUTH_OK ? auth->sha256 : NULL;
}

/* What is told of one is told of few: a flood shall not push other refusals
 * out of the memory for the last ones. */
static void tell(struct exchange *x, const char *word)
{
	const struct access_record *r = &x->record;
	struct log_bucket *bucket = x->env->rate_bucket;
	uint64_t held;

	if (!bucket ||
		!log_bucket_take(bucket, loop_now_ms(x->env->loop), &held))
		return;
	x->rate_told = true;
	LOG(LOG_LEVEL_WARN, "rate_limited", LOG_SLICE("conn", r->connection_id),
		LOG_SLICE("request", r->request_id),
		LOG_SLICE("client", r->client_ip), LOG_STR("key", word),
		LOG_STR("route", r->route ? r->route : ""),
		LOG_SLICE("subject", r->subject),
		LOG_U64("retry_after_s", x->retry_after_s),
		LOG_U64("suppressed", held));
}

bool exchange_rate(struct exchange *x)
{
	const struct exchange_env *env = x->env;
	struct rate_request request;
	struct rate_verdict verdict;
	const char *word;

	if (!env->rates)
		return true;
	request = (struct rate_request){
		.certificate = certificate_of(x), .ip = x->client.ip};
	if (x->route)
		request.route = slice_str(x->route->name);
	verdict = rate_limits_take(
		env->rates, &request, exchange_clock_us() * 1000);
	if (verdict.shared)
		metrics_add(&env->metrics->value[METRIC_RATE_SHARED], 1);
	if (verdict.passed)
		return true;
	word = config_rate_word((enum config_rate_key)verdict.key);
	metrics_add(&env->metrics->rate[verdict.key], 1);
	x->record.rate_limit = word;
	x->retry_after_s = verdict.retry_s;
	tell(x, word);
	return false;
}
