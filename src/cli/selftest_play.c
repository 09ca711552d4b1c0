#include "cli/selftest_play.h"

#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "cli/probe.h"
#include "tls/cert_file.h"
#include "tls/cert_info.h"

enum { WHY = 256, NAMES = 128 };

/* RFC 6066: unrecognized_name. */
enum { ALERT_NAME = 112 };

/* ---- telling ---- */

/* R19: names and answers come from a peer. */
static void print_safe(FILE *out, struct slice text)
{
	for (size_t i = 0; i < text.len; i++)
		fputc(text.ptr[i] >= ' ' && text.ptr[i] <= '~' ? text.ptr[i]
							       : '?',
			out);
}

static void tell(struct selftest_play *play, const char *verdict,
	const char *title, const char *what)
{
	fprintf(play->out, "%s  %s: %s", verdict, play->label, title);
	if (*what) {
		fputs(": ", play->out);
		print_safe(play->out, slice_str(what));
	}
	fputc('\n', play->out);
	fflush(play->out);
}

static void pass(
	struct selftest_play *play, const char *title, const char *what)
{
	play->passed++;
	tell(play, "pass", title, what);
}

static void skip(
	struct selftest_play *play, const char *title, const char *what)
{
	play->skipped++;
	tell(play, "skip", title, what);
}

static void fail(struct selftest_play *play, const char *title,
	const char *what, const char *todo)
{
	play->failed++;
	tell(play, "FAIL", title, what);
	fprintf(play->out, "      what to do: %s\n", todo);
	fflush(play->out);
}

/* ---- asking ---- */

static bool ask(const struct selftest_play *play,
	const struct selftest_target *target, struct slice bytes,
	struct probe_answer *answer, char why[WHY])
{
	const struct probe_request request = {.to = &play->to,
		.host = target->name,
		.ca_file = play->ca_file,
		.cert_file = play->cert_file,
		.key_file = play->key_file,
		.bytes = bytes};
	struct err err;

	if (probe_run(&request, answer, &err))
		return true;
	snprintf(why, WHY, "%.200s", err.text);
	return false;
}

/* The line "reason: x" of an answer of ours, or nothing. */
static struct slice reason_of(struct slice text)
{
	struct slice line, start = SLICE("reason: ");

	while (slice_next(&text, '\n', &line)) {
		if (slice_starts(line, start))
			return slice_from(line, start.len);
	}
	return SLICE("");
}

/* ---- the plain request ---- */

static bool headers_true(struct selftest_play *play, struct slice echo,
	unsigned *seen, char why[WHY])
{
	struct selftest_truth truths[SELFTEST_TRUTHS];
	struct arena *arena = arena_new(NULL);
	struct cert_info *leaf;
	struct err err = {0};
	unsigned count = 0;
	bool ok = true;

	leaf = arena ? cert_file_leaf(play->cert_file, arena, &err) : NULL;
	if (leaf)
		count = selftest_truths(leaf, arena, truths);
	if (!count) {
		snprintf(why, WHY, "%.200s", leaf ? "out of memory" : err.text);
		ok = false;
	}
	for (unsigned i = 0; ok && i < count; i++) {
		struct slice value = SLICE("");
		unsigned times =
			selftest_count(echo, slice_str(truths[i].name), &value);

		if (!times)
			continue;
		*seen += 1;
		ok = times == 1 && slice_eq(value, truths[i].value);
		if (!ok)
			snprintf(why, WHY,
				"%s arrived %u times, as \"%.*s\"; the "
				"certificate says \"%.*s\"",
				truths[i].name, times,
				SLICE_FMT(slice_head(value, 60)),
				SLICE_FMT(slice_head(truths[i].value, 60)));
	}
	arena_free(arena);
	return ok;
}

static bool each_once(struct slice echo, unsigned *fields, char why[WHY])
{
	struct slice rest = echo, name, value;

	while (selftest_field(&rest, &name, &value)) {
		unsigned times = selftest_count(echo, name, &value);

		++*fields;
		if (times == 1)
			continue;
		snprintf(why, WHY, "%.*s arrived %u times",
			SLICE_FMT(slice_head(name, 80)), times);
		return false;
	}
	return true;
}

/* A request that was answered by us, or by some other origin. */
static bool not_echoed(struct selftest_play *play, const char *title,
	const struct probe_answer *answer)
{
	char what[WHY];
	struct slice reason = reason_of(buf_bytes(&answer->text));

	if (answer->alert == ALERT_NAME) {
		skip(play, title, "this server name is not served there");
	} else if (answer->alert) {
		snprintf(what, sizeof(what),
			"the certificate was refused with alert %d",
			answer->alert);
		fail(play, title, what,
			"use a certificate that is let in; mtlsgate explain "
			"--config FILE --cert PEM tells why this one is not");
	} else if (answer->status == 200) {
		fail(play, title, "the origin is no echo origin",
			"run mtlsgate echo-origin where the origin is, or use "
			"--config, which brings one");
	} else if (answer->status >= 400 && answer->status < 500) {
		snprintf(what, sizeof(what),
			"answered %u (%.*s): nothing is forwarded there with "
			"this certificate",
			answer->status, SLICE_FMT(slice_head(reason, 60)));
		skip(play, title, what);
	} else if (answer->status >= 100 && answer->status < 400) {
		snprintf(what, sizeof(what),
			"answered %u: no origin is asked there",
			answer->status);
		skip(play, title, what);
	} else {
		snprintf(what, sizeof(what), "answered %u (%.*s)",
			answer->status, SLICE_FMT(slice_head(reason, 60)));
		fail(play, title, what,
			"see the log; is the origin up (mtlsgate "
			"echo-origin)?");
	}
	return false;
}

static bool judge_plain(struct selftest_play *play, const char *title,
	const struct probe_answer *answer)
{
	struct slice echo;
	char why[WHY];
	unsigned seen = 0, fields = 0;

	if (!selftest_echo(buf_bytes(&answer->text), &echo))
		return not_echoed(play, title, answer);
	if (!each_once(echo, &fields, why) ||
		!headers_true(play, echo, &seen, why)) {
		fail(play, title, why,
			"report this: what the origin reads is not true");
		return true;
	}
	if (seen)
		snprintf(why, WHY,
			"%u headers arrive, each once; %u of them are held "
			"against the certificate, and they are true",
			fields, seen);
	else
		snprintf(why, WHY,
			"%u headers arrive, each once; none of a preset whose "
			"values are known here",
			fields);
	pass(play, title, why);
	return true;
}

bool selftest_play_truth(struct selftest_play *play,
	const struct selftest_target *target, const char *title)
{
	struct probe_answer answer;
	struct buf request = {0};
	char why[WHY] = "out of memory";
	unsigned forged = 0;
	bool ok = false;

	if (!selftest_request(
		    &request, target, SELFTEST_PLAIN, SLICE(""), &forged) ||
		!ask(play, target, buf_bytes(&request), &answer, why)) {
		fail(play, title, why,
			"see whether the program runs there and its server "
			"certificate fits --cacert and the host");
	} else {
		ok = judge_plain(play, title, &answer);
		buf_fini(&answer.text);
	}
	buf_fini(&request);
	return ok;
}

/* ---- the forged ones ---- */

/* Names whose forgery is tried; each once. */
struct name_list {
	struct slice names[NAMES];
	size_t count;
};

static void add_name(struct name_list *list, struct slice name)
{
	for (size_t i = 0; i < list->count; i++) {
		if (selftest_same(list->names[i], name))
			return;
	}
	if (list->count < NAMES && name.len < SELFTEST_NAME)
		list->names[list->count++] = name;
}

static void add_names(struct name_list *list, const char *const *names)
{
	for (; names && *names; names++)
		add_name(list, slice_str(*names));
}

static bool arrived(struct slice text)
{
	return text.len && memmem(text.ptr, text.len, SELFTEST_FORGED,
				   strlen(SELFTEST_FORGED));
}

/* What one request brought; fills why when it is bad. */
static bool judge_forged(const struct probe_answer *answer, struct slice name,
	unsigned times, char why[WHY])
{
	struct slice text = buf_bytes(&answer->text), echo, value;
	unsigned now;

	if (arrived(text)) {
		snprintf(why, WHY, "a forged value arrived at the origin");
		return false;
	}
	/* refused as a whole: nothing was forwarded */
	if (answer->status >= 400 && answer->status < 500)
		return true;
	if (!selftest_echo(text, &echo)) {
		snprintf(why, WHY, "answered %u in place of the echo",
			answer->status);
		return false;
	}
	now = selftest_count(echo, name, &value);
	if (now == times)
		return true;
	snprintf(why, WHY, "the true header arrived %u times, not %u", now,
		times);
	return false;
}

struct attack {
	const struct selftest_target *target;
	struct slice name;
	unsigned times; /* that the true one arrives */
	unsigned forged;
	unsigned refused; /* requests answered with 4xx */
};

static bool forge(struct selftest_play *play, struct attack *attack,
	enum selftest_way way, char why[WHY])
{
	struct buf request = {0};
	struct probe_answer answer;
	bool ok = selftest_request(&request, attack->target, way, attack->name,
			  &attack->forged) &&
		  ask(play, attack->target, buf_bytes(&request), &answer, why);

	if (ok) {
		ok = judge_forged(&answer, attack->name, attack->times, why);
		attack->refused += answer.status >= 400;
		buf_fini(&answer.text);
	}
	buf_fini(&request);
	return ok;
}

static void attack_name(struct selftest_play *play, struct attack *attack)
{
	static const char *const ways[SELFTEST_WAYS] = {
		[SELFTEST_SPELLED] = "spelled in upper and lower case",
		[SELFTEST_ALIASED] = "with other bytes for '-'",
		[SELFTEST_NOMINATED] = "named by Connection",
		[SELFTEST_TRAILER] = "in a trailer"};
	char title[SELFTEST_NAME + 16], what[WHY], why[WHY] = "out of memory";

	snprintf(title, sizeof(title), "forged %.*s", SLICE_FMT(attack->name));
	for (int way = SELFTEST_SPELLED; way < SELFTEST_WAYS; way++) {
		if (forge(play, attack, (enum selftest_way)way, why))
			continue;
		snprintf(what, sizeof(what), "%s: %.180s", ways[way], why);
		fail(play, title, what,
			"do not trust this header behind this instance; report "
			"the request that shows it");
		return;
	}
	snprintf(what, sizeof(what), "%u forgeries, none arrived",
		attack->forged);
	if (attack->refused)
		snprintf(what + strlen(what), sizeof(what) - strlen(what),
			" (%u requests were refused as a whole)",
			attack->refused);
	pass(play, title, what);
}

static void play_odd(struct selftest_play *play,
	const struct selftest_target *target, const struct selftest_odd *odd)
{
	struct buf request = {0};
	struct probe_answer answer;
	char why[WHY] = "out of memory";
	bool ok = selftest_odd_request(&request, target, odd) &&
		  ask(play, target, buf_bytes(&request), &answer, why);

	if (ok) {
		ok = answer.status >= 400 && !arrived(buf_bytes(&answer.text));
		snprintf(why, WHY, "answered %u", answer.status);
		buf_fini(&answer.text);
	}
	buf_fini(&request);
	if (ok)
		pass(play, odd->title, why);
	else
		fail(play, odd->title, why,
			"such a request must be refused; report it");
}

/* Everything that arrived on a plain request, and what is always protected. */
static bool collect(struct selftest_play *play,
	const struct selftest_target *target, struct probe_answer *answer,
	struct slice *echo, struct name_list *list)
{
	struct buf request = {0};
	struct slice rest, name, value;
	char why[WHY];
	unsigned forged = 0;
	bool ok = selftest_request(&request, target, SELFTEST_PLAIN, SLICE(""),
			  &forged) &&
		  ask(play, target, buf_bytes(&request), answer, why);

	buf_fini(&request);
	if (!ok)
		return false;
	if (selftest_echo(buf_bytes(&answer->text), echo)) {
		rest = *echo;
		while (selftest_field(&rest, &name, &value)) {
			/* the echo's own line; it is no certificate's */
			if (!selftest_same(name, SLICE("Host")))
				add_name(list, name);
		}
		add_names(list, selftest_protected());
		add_names(list, play->names);
		return true;
	}
	buf_fini(&answer->text);
	return false;
}

void selftest_play_forgeries(
	struct selftest_play *play, const struct selftest_target *target)
{
	struct name_list list = {.count = 0};
	struct probe_answer answer;
	const struct selftest_odd *odd;
	struct slice echo, value;

	if (!collect(play, target, &answer, &echo, &list)) {
		fail(play, "forged requests", "the origin is away",
			"run it again; if it stays, see the log");
		return;
	}
	for (size_t i = 0; i < list.count; i++) {
		struct attack attack = {.target = target,
			.name = list.names[i],
			.times = selftest_count(echo, list.names[i], &value)};

		attack_name(play, &attack);
	}
	for (size_t i = 0; (odd = selftest_odd_at(i)); i++)
		play_odd(play, target, odd);
	buf_fini(&answer.text);
}
