/* exchange: requests that the rules refuse, for `mtlsgate explain`. */
#include "exchange_priv.h"

#include "base/arena.h"
#include "http/message.h"
#include "proxy/decision.h"
#include "proxy/refusals.h"

static const char *reason_of(const struct exchange *x, enum failure failure)
{
	const struct access_record *r = &x->record;
	const char *text = NULL;

	if (r->rate_limit)
		text = arena_printf(x->arena,
			"faster than rate_limits allow this %s; it is to wait "
			"%u s",
			r->rate_limit, x->retry_after_s);
	return text ? text
		    : decision_reason(
			      failure, r->rule, r->policy, r->route, x->arena);
}

/* A refused certificate is described by its own code already. */
static void set_reason(
	const struct exchange *x, struct refusal *record, enum failure failure)
{
	const struct access_record *r = &x->record;

	if (failure == FAILURE_CERT_REFUSED)
		return;
	record->by_rule = 1;
	refusal_set(record, REFUSAL_CODE,
		slice_str(failure_answer(failure, r->rule).word));
	refusal_set(record, REFUSAL_REASON, slice_str(reason_of(x, failure)));
}

static void set_request(struct refusal *record, const struct access_record *r)
{
	refusal_set(record, REFUSAL_REQUEST, r->request_id);
	refusal_set(record, REFUSAL_METHOD, r->method);
	refusal_set(record, REFUSAL_HOST, r->authority);
	/* what follows the path may be secret */
	refusal_set(record, REFUSAL_PATH,
		slice_head(r->target, slice_find(r->target, '?')));
	refusal_set(record, REFUSAL_ROUTE, slice_str(r->route ? r->route : ""));
	refusal_set(
		record, REFUSAL_POLICY, slice_str(r->policy ? r->policy : ""));
}

void exchange_note_refusal(
	const struct exchange *x, enum failure failure, unsigned status)
{
	struct refusal record = {0};

	if (!x->env->refusals || !x->client.describe)
		return;
	if (status != 403 && status != 421 && !x->rate_told)
		return;
	x->client.describe(x->client.owner, x->arena, &record);
	record.status = (uint16_t)status;
	set_reason(x, &record, failure);
	set_request(&record, &x->record);
	refusals_add(x->env->refusals, &record);
}
