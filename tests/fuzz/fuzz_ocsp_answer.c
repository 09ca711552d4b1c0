/*
 * An answer of a responder, by somebody who cannot sign: with the issuer's
 * key unknown, nothing may come out of it that is a word about a certificate,
 * least of all good.
 */
#include "tls/ocsp_answer.h"

#include "base/arena.h"
#include "fake/cert_mint.h"
#include "tls/ocsp_question.h"

#include <stdlib.h>

enum { NOW = 1767225600 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool kept)
{
	if (!kept)
		abort();
}

/* Keys of its own: no seed is signed by them. */
static void make_subject(struct ocsp_subject *subject)
{
	struct mint *issuer = mint_ca("Issuing CA", NULL);
	struct mint *leaf = mint_client("client", issuer);
	struct arena *arena = arena_new(NULL);
	struct ocsp_question question;

	must(arena != NULL);
	must(ocsp_question_about(leaf->cert, issuer->cert, arena, &question) ==
		OCSP_RESULT_GOOD);
	must(ocsp_subject_init(subject, &question));
	must(ocsp_subject_request(subject, arena).len > 0);
	arena_free(arena);
	mint_free(leaf);
	mint_free(issuer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct ocsp_subject subject;
	struct ocsp_answer answer;

	if (!subject.id)
		make_subject(&subject);
	ocsp_answer_read(slice_of(data, size), &subject, NOW, &answer);
	must(!ocsp_result_is_answer(answer.result));
	must(*ocsp_result_word(answer.result) != 0);
	return 0;
}
