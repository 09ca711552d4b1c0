#include "tls/ocsp_result.h"

#include <assert.h>

struct result_info {
	const char *word;
	const char *text;
};

static const struct result_info table[OCSP_RESULT_COUNT] = {
	[OCSP_RESULT_GOOD] = {"good", "the certificate is not revoked"},
	[OCSP_RESULT_REVOKED] = {"revoked", "the certificate is revoked"},
	[OCSP_RESULT_UNKNOWN] = {"unknown",
		"the responder does not know the certificate"},
	[OCSP_RESULT_NO_RESPONDER] = {"no_responder",
		"the certificate names no http:// responder and "
		"client_auth.ocsp.responder none either"},
	[OCSP_RESULT_NO_ISSUER] = {"no_issuer",
		"the certificate's issuer is not in the verified chain"},
	[OCSP_RESULT_TOO_LONG] = {"too_long",
		"the issuer's certificate is too large to ask about"},
	[OCSP_RESULT_BUSY] = {"busy", "too many questions are open"},
	[OCSP_RESULT_TIMEOUT] = {"timeout",
		"no answer came within client_auth.ocsp.timeout"},
	[OCSP_RESULT_NAME] = {"name", "the responder's name has no address"},
	[OCSP_RESULT_FORBIDDEN] = {"forbidden",
		"the responder's address may not be asked; see "
		"client_auth.ocsp.allow_local"},
	[OCSP_RESULT_UNREACHABLE] = {"unreachable",
		"the responder cannot be reached"},
	[OCSP_RESULT_HTTP] = {"http", "the responder did not answer 200"},
	[OCSP_RESULT_TOO_LARGE] = {"too_large", "the answer is too large"},
	[OCSP_RESULT_MALFORMED] = {"malformed", "the answer is not OCSP"},
	[OCSP_RESULT_DECLINED] = {"declined",
		"the responder answered with an error"},
	[OCSP_RESULT_SIGNATURE] = {"signature",
		"the answer is not signed by the issuer or by a responder "
		"that it appointed"},
	[OCSP_RESULT_MISMATCH] = {"mismatch",
		"the answer is about another certificate"},
	[OCSP_RESULT_STALE] = {"stale",
		"the answer is not between its thisUpdate and nextUpdate"},
	[OCSP_RESULT_INTERNAL] = {"internal",
		"out of memory, or nobody there to ask"},
};

const char *ocsp_result_word(enum ocsp_result result)
{
	assert(result < OCSP_RESULT_COUNT);
	return table[result].word;
}

const char *ocsp_result_text(enum ocsp_result result)
{
	assert(result < OCSP_RESULT_COUNT);
	return table[result].text;
}

bool ocsp_result_is_answer(enum ocsp_result result)
{
	return result <= OCSP_RESULT_UNKNOWN;
}
