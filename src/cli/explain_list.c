#include "cli/explain_list.h"

#include "base/buf.h"
#include "base/json.h"

static const char *const states[] = {
	[EXPLAIN_SKIP] = "skip",
	[EXPLAIN_PASS] = "pass",
	[EXPLAIN_FAIL] = "FAIL",
};

void explain_list_fact(
	struct explain_list *list, const char *name, const char *value)
{
	if (list->fact_count == EXPLAIN_FACTS || !value)
		return;
	list->facts[list->fact_count].name = name;
	list->facts[list->fact_count++].value = value;
}

void explain_list_line(struct explain_step *step, const char *text)
{
	if (!text)
		return;
	if (step->line_count < EXPLAIN_LINES)
		step->lines[step->line_count++] = text;
	else
		step->lines[EXPLAIN_LINES - 1] = "and more, left out";
}

/* ---- for a person ---- */

static bool text_steps(const struct explain_list *list, struct buf *out)
{
	bool ok = true;

	for (int i = 0; i < REMEDY_STEPS; i++) {
		const struct explain_step *step = &list->steps[i];

		ok = ok &&
		     buf_printf(out, "  %s  %-12s %s\n", states[step->state],
			     remedy_step_name((enum remedy_step)i),
			     step->text ? step->text : "");
		for (unsigned n = 0; n < step->line_count; n++)
			ok = ok &&
			     buf_printf(out, "  %18s %s\n", "", step->lines[n]);
	}
	return ok;
}

static bool text_failure(const struct explain_list *list, struct buf *out)
{
	bool ok = true;

	if (list->code)
		ok = buf_printf(
			out, "code: %s\nreason: %s", list->code, list->reason);
	if (ok && list->code && list->depth >= 0)
		ok = buf_printf(out, " (depth %d)", list->depth);
	if (ok && list->code)
		ok = buf_printf(out, "\ncause: %s\n", list->cause);
	for (unsigned i = 0; i < list->note_count; i++)
		ok = ok && buf_printf(out, "note: %s\n", list->notes[i]);
	if (list->todo)
		ok = ok && buf_printf(out, "what to do: %s\n", list->todo);
	return ok;
}

bool explain_list_text(const struct explain_list *list, struct buf *out)
{
	bool ok = true;

	for (unsigned i = 0; i < list->fact_count; i++)
		ok = ok && buf_printf(out, "%s: %s\n", list->facts[i].name,
				   list->facts[i].value);
	ok = ok && buf_printf(out, "\n") && text_steps(list, out) &&
	     buf_printf(out, "\n%s: %s\n",
		     list->allowed ? "allowed" : "refused", list->because);
	if (ok && list->alert)
		ok = buf_printf(out, "the client sees: alert %d %s\n",
			list->alert, list->alert_name);
	if (ok && list->status)
		ok = buf_printf(
			out, "the client sees: status %d\n", list->status);
	if (ok && list->verify)
		ok = buf_printf(out, "X-CERT-VERIFY: %s\n", list->verify);
	return ok && text_failure(list, out);
}

/* ---- for a machine ---- */

static void json_text(struct json *json, const char *key, const char *value)
{
	json_key(json, key);
	if (value)
		json_str(json, slice_str(value));
	else
		json_null(json);
}

static void json_lines(struct json *json, const char *key,
	const char *const *lines, unsigned count)
{
	json_key(json, key);
	json_array(json);
	for (unsigned i = 0; i < count; i++)
		json_str(json, slice_str(lines[i]));
	json_end(json);
}

static void json_steps(struct json *json, const struct explain_list *list)
{
	static const char *const words[] = {
		[EXPLAIN_SKIP] = "skip",
		[EXPLAIN_PASS] = "pass",
		[EXPLAIN_FAIL] = "fail",
	};

	json_key(json, "steps");
	json_array(json);
	for (int i = 0; i < REMEDY_STEPS; i++) {
		const struct explain_step *step = &list->steps[i];

		json_object(json);
		json_text(json, "step", remedy_step_name((enum remedy_step)i));
		json_text(json, "state", words[step->state]);
		json_text(json, "text", step->text);
		json_lines(json, "lines", step->lines, step->line_count);
		json_end(json);
	}
	json_end(json);
}

static void json_failure(struct json *json, const struct explain_list *list)
{
	json_text(json, "code", list->code);
	json_text(json, "reason", list->reason);
	json_key(json, "depth");
	if (list->code && list->depth >= 0)
		json_i64(json, list->depth);
	else
		json_null(json);
	json_key(json, "alert");
	if (list->alert) {
		json_object(json);
		json_key(json, "number");
		json_i64(json, list->alert);
		json_text(json, "name", list->alert_name);
		json_end(json);
	} else {
		json_null(json);
	}
	json_key(json, "status");
	if (list->status)
		json_i64(json, list->status);
	else
		json_null(json);
	json_text(json, "cause", list->cause);
	json_text(json, "todo", list->todo);
	json_lines(json, "notes", list->notes, list->note_count);
}

bool explain_list_json(const struct explain_list *list, struct buf *out)
{
	struct json json;

	json_init(&json, out);
	json_object(&json);
	for (unsigned i = 0; i < list->fact_count; i++)
		json_text(&json, list->facts[i].name, list->facts[i].value);
	json_key(&json, "allowed");
	json_bool(&json, list->allowed);
	json_text(&json, "because", list->because);
	json_text(&json, "x_cert_verify", list->verify);
	json_failure(&json, list);
	json_steps(&json, list);
	json_end(&json);
	return json_ok(&json) && buf_append(out, SLICE("\n"));
}
