#include "policy/header_plan.h"

#include "base/arena.h"
#include "config/config_preset.h"
#include "header_plan_priv.h"

/* ---- guards ---- */

/* a-z, 0-9 and '-' are all that a folded name holds. */
static unsigned class_of(char folded)
{
	if (folded >= 'a')
		return (unsigned)(folded - 'a');
	return folded >= '0' ? 26 + (unsigned)(folded - '0') : 36;
}

static bool guard_init(
	struct header_guard *guard, struct arena *arena, size_t most)
{
	guard->names = arena_alloc(arena, most * sizeof(*guard->names));
	return guard->names;
}

static bool guard_add(
	struct header_guard *guard, struct arena *arena, struct slice name)
{
	char *folded = arena_alloc(arena, name.len);

	if (!folded)
		return false;
	for (size_t i = 0; i < name.len; i++)
		folded[i] = header_fold_byte(name.ptr[i]);
	guard->names[guard->count++] = slice_of(folded, name.len);
	guard->first |= UINT64_C(1) << class_of(folded[0]);
	guard->lengths |= UINT64_C(1) << (name.len & 63);
	return true;
}

static bool guard_has(const struct header_guard *guard, struct slice name)
{
	if (!name.len || !(guard->lengths >> (name.len & 63) & 1) ||
		!(guard->first >> class_of(header_fold_byte(name.ptr[0])) & 1))
		return false;
	for (size_t i = 0; i < guard->count; i++) {
		if (header_folds_to(name, guard->names[i]))
			return true;
	}
	return false;
}

/* ---- compiling ---- */

static const char *const own_names[HEADER_OWN_COUNT] = {
	[HEADER_OWN_REQUEST_ID] = "x-request-id",
	[HEADER_OWN_FORWARDED_FOR] = "x-forwarded-for",
	[HEADER_OWN_FORWARDED_HOST] = "x-forwarded-host",
	[HEADER_OWN_FORWARDED_PROTO] = "x-forwarded-proto",
	[HEADER_OWN_FORWARDED] = "forwarded",
};

static bool rows_init(
	struct header_rows *rows, struct arena *arena, size_t most)
{
	rows->items = arena_alloc(arena, most * sizeof(*rows->items));
	return rows->items;
}

static size_t lasting_pieces(const struct config_template *value)
{
	size_t lasting = 0;

	for (size_t i = 0; i < value->count; i++)
		lasting += header_piece_lasts(&value->pieces[i]);
	return lasting;
}

static bool add_row(struct header_plan *plan, struct header_row row)
{
	bool passing = row.value.needs & FIELD_PER_REQUEST;
	struct header_rows *rows = passing ? &plan->passing : &plan->lasting;

	rows->items[rows->count++] = row;
	plan->needs |= row.value.needs;
	if (passing)
		plan->parts += lasting_pieces(&row.value);
	return guard_add(&plan->written, plan->arena, row.name);
}

/* A preset's header is one field. */
static bool add_preset_row(
	struct header_plan *plan, const struct config_preset_header *header)
{
	struct config_template_piece *piece =
		arena_zalloc(plan->arena, sizeof(*piece));
	struct header_row row = {.name = slice_str(header->name),
		.optional = header->optional ||
			    plan->settings->empty == EMPTY_OMIT};

	if (!piece)
		return false;
	piece->field = config_field_of(header->field);
	row.value = (struct config_template){piece, 1, piece->field->needs};
	return add_row(plan, row);
}

static bool add_presets(struct header_plan *plan)
{
	const struct config_preset_header *header;

	for (size_t i = 0; (header = config_preset_at(i)); i++) {
		if (plan->settings->presets & 1U << header->preset &&
			!add_preset_row(plan, header))
			return false;
	}
	return true;
}

static void note_own(struct header_plan *plan, struct slice name)
{
	for (unsigned i = 0; i < HEADER_OWN_COUNT; i++) {
		if (header_folds_to(name, slice_str(own_names[i])))
			plan->own |= 1U << i;
	}
}

static bool add_set(struct header_plan *plan)
{
	const struct config_header_edits *edits = &plan->settings->request;

	for (size_t i = 0; i < edits->set.count; i++) {
		const struct header_row row = {
			.name = slice_str(edits->set.items[i].name.text),
			.optional = plan->settings->empty == EMPTY_OMIT,
			.value = edits->values[i]};

		note_own(plan, row.name);
		if (!add_row(plan, row))
			return false;
	}
	return true;
}

static bool add_removed(struct header_plan *plan, struct header_guard *guard,
	const struct config_texts *names)
{
	for (size_t i = 0; i < names->count; i++) {
		if (!guard_add(guard, plan->arena,
			    slice_str(names->items[i].text)))
			return false;
	}
	return true;
}

static bool add_response(struct header_plan *plan)
{
	const struct config_header_edits *edits = &plan->settings->response;

	for (size_t i = 0; i < edits->set.count; i++) {
		struct header_row *row =
			&plan->response.items[plan->response.count++];

		*row = (struct header_row){
			.name = slice_str(edits->set.items[i].name.text),
			.value = edits->values[i]};
		if (!guard_add(&plan->from_origin, plan->arena, row->name))
			return false;
	}
	return add_removed(plan, &plan->from_origin, &edits->remove);
}

static size_t most_written(const struct config_headers *settings)
{
	size_t presets = 0;

	while (config_preset_at(presets))
		presets++;
	return presets + settings->request.set.count;
}

static bool compile(struct header_plan *plan)
{
	const struct config_headers *settings = plan->settings;
	struct arena *arena = plan->arena;
	size_t written = most_written(settings);
	size_t told = settings->response.set.count;

	return rows_init(&plan->lasting, arena, written) &&
	       rows_init(&plan->passing, arena, written) &&
	       rows_init(&plan->response, arena, told) &&
	       guard_init(&plan->written, arena, written) &&
	       guard_init(
		       &plan->removed, arena, settings->request.remove.count) &&
	       guard_init(&plan->from_origin, arena,
		       told + settings->response.remove.count) &&
	       add_presets(plan) && add_set(plan) &&
	       add_removed(plan, &plan->removed, &settings->request.remove) &&
	       add_response(plan);
}

struct header_plan *header_plan_new(const struct config_headers *settings)
{
	struct arena *arena = arena_new(NULL);
	struct header_plan *plan =
		arena ? arena_zalloc(arena, sizeof(*plan)) : NULL;

	if (plan) {
		plan->arena = arena;
		plan->settings = settings;
	}
	if (plan && compile(plan))
		return plan;
	arena_free(arena);
	return NULL;
}

void header_plan_free(struct header_plan *plan)
{
	if (plan)
		arena_free(plan->arena);
}

const struct config_headers *header_plan_settings(
	const struct header_plan *plan)
{
	return plan->settings;
}

unsigned header_plan_needs(const struct header_plan *plan)
{
	return plan->needs;
}

bool header_plan_protects(const struct header_plan *plan, struct slice name)
{
	return guard_has(&plan->written, name);
}

bool header_plan_removes(const struct header_plan *plan, struct slice name)
{
	return guard_has(&plan->removed, name);
}

bool header_plan_sets(const struct header_plan *plan, enum header_own own)
{
	return plan->own >> own & 1;
}

/* ---- responses ---- */

bool header_plan_edits_response(
	const struct header_plan *plan, struct slice name)
{
	return guard_has(&plan->from_origin, name);
}

static bool is_edited(const struct header_field *field, void *arg)
{
	return guard_has(arg, field->name);
}

/* {request.id} is the one field that a response may hold. */
static bool response_value(const struct config_template *value,
	struct slice request_id, struct arena *arena, struct slice *out)
{
	size_t len = 0;
	char *text;

	for (size_t i = 0; i < value->count; i++)
		len += value->pieces[i].field ? request_id.len
					      : value->pieces[i].text.len;
	text = arena_alloc(arena, len);
	if (!text)
		return false;
	*out = slice_of(text, len);
	for (size_t i = 0; i < value->count; i++) {
		struct slice piece = value->pieces[i].field
					     ? request_id
					     : value->pieces[i].text;

		for (size_t at = 0; at < piece.len; at++)
			*text++ = piece.ptr[at];
	}
	return true;
}

bool header_plan_response(const struct header_plan *plan,
	struct header_block *fields, struct arena *arena,
	struct slice request_id)
{
	struct header_guard guard = plan->from_origin;

	if (guard.count)
		header_remove_if(fields, is_edited, &guard);
	for (size_t i = 0; i < plan->response.count; i++) {
		const struct header_row *row = &plan->response.items[i];
		struct slice value;

		if (!response_value(&row->value, request_id, arena, &value) ||
			!header_add(fields, arena, row->name, value))
			return false;
	}
	return true;
}

void header_plan_response_trailers(
	const struct header_plan *plan, struct header_block *trailers)
{
	struct header_guard guard = plan->from_origin;

	if (trailers && guard.count)
		header_remove_if(trailers, is_edited, &guard);
}
