#include "cli/remedy.h"

#include <assert.h>
#include <string.h>

static const struct remedy certificates[] = {
	{"no_certificate", REMEDY_SHOWN, "The client sent no certificate.",
		"Give the client its certificate and key (curl: --cert and "
		"--key); when it has them, see whether its issuer is among "
		"the CA names that the server asks for."},
	{"unknown_ca", REMEDY_CHAIN,
		"No path leads from the certificate to a configured CA.",
		"Add the CA that issued it to client_auth.ca, or let the "
		"client send the intermediate certificates together with its "
		"own."},
	{"self_signed", REMEDY_CHAIN,
		"The certificate is signed by itself and is none of the "
		"configured CAs.",
		"Let a CA of client_auth.ca issue one for this client."},
	{"issuer", REMEDY_CHAIN,
		"The issuer of a certificate of the chain was not found, or "
		"is another one of the same name.",
		"Compare issuer name and authority key identifier with the "
		"CAs of client_auth.ca: a CA that was re-keyed has the same "
		"name and another key."},
	{"issuer_key", REMEDY_CHAIN, "The key of an issuer cannot be read.",
		"Replace that CA certificate; its public key is damaged or of "
		"an unknown kind."},
	{"invalid_ca", REMEDY_CHAIN,
		"A certificate of the chain issues others and is no CA.",
		"Issue the certificate with a CA (basicConstraints CA:TRUE)."},
	{"chain_too_long", REMEDY_CHAIN,
		"More CA certificates than client_auth.max_depth stand "
		"between the certificate and a configured CA.",
		"Raise client_auth.max_depth, or add a nearer CA to "
		"client_auth.ca."},
	{"path_length", REMEDY_CHAIN,
		"A CA of the chain may not have so many CAs below it.",
		"Issue from a CA whose pathlen allows it."},
	{"signature", REMEDY_CHAIN,
		"A signature in the chain is not that of its issuer.",
		"Compare the issuer's key with the CA of that name: it was "
		"re-keyed, or the certificate was changed. Issue it anew."},
	{"key_usage", REMEDY_CHAIN,
		"The key usage of a certificate of the chain forbids what it "
		"is used for.",
		"A CA needs keyCertSign, a client's certificate "
		"digitalSignature; issue it anew with them."},
	{"name_constraint", REMEDY_CHAIN,
		"A name in the certificate is outside of what its CA may "
		"issue (name constraints).",
		"Issue it with a name that the CA permits, or from another "
		"CA."},
	{"critical_extension", REMEDY_CHAIN,
		"A certificate of the chain has a critical extension that is "
		"not understood here.",
		"Issue it without that extension, or not critical."},
	{"extension", REMEDY_CHAIN,
		"A certificate of the chain contradicts itself in its "
		"extensions.",
		"Look at it with openssl x509 -text and issue it anew as "
		"RFC 5280 asks."},
	{"policy", REMEDY_CHAIN,
		"The certificate policies of the chain do not allow it.",
		"Issue it under a policy that its CAs carry."},
	{"proxy", REMEDY_CHAIN, "Proxy certificates (RFC 3820) are not taken.",
		"Let the client show its own certificate."},
	{"untrusted", REMEDY_CHAIN, "A CA of the chain is marked untrusted.",
		"Look at the trust settings of that CA's file in "
		"client_auth.ca."},
	{"rejected", REMEDY_CHAIN,
		"A CA of the chain is marked as rejected for clients.",
		"Look at the trust settings of that CA's file in "
		"client_auth.ca."},
	{"expired", REMEDY_DATES,
		"A certificate of the chain is no longer valid.",
		"Renew it; where the depth is above 0 it is a CA. When the "
		"dates look right, compare the clocks."},
	{"not_yet_valid", REMEDY_DATES,
		"A certificate of the chain is not valid yet.",
		"Compare the clocks of client, CA and this host; else wait, "
		"or issue it with an earlier notBefore."},
	{"bad_date", REMEDY_DATES, "A date of the certificate does not parse.",
		"Issue it anew with dates as RFC 5280 writes them."},
	{"purpose", REMEDY_PURPOSE,
		"The certificate is not made for TLS clients.",
		"Issue it with extendedKeyUsage clientAuth; client_auth."
		"require_eku tells what is asked for here."},
	{"revoked", REMEDY_REVOCATION, "The certificate was revoked.",
		"Issue a new one with a new key. When it should be good, look "
		"at client_auth.crl, client_auth.deny and the CA's OCSP "
		"answer."},
	{"denied", REMEDY_REVOCATION,
		"The certificate is on the deny list of the configuration.",
		"Issue a new one, or take its serial number or fingerprint "
		"out of client_auth.deny."},
	{"crl", REMEDY_REVOCATION,
		"The CRL of its issuer is missing, too old or not usable.",
		"Bring a current CRL to client_auth.crl.files; "
		"when_missing and when_expired tell what holds without one."},
	{"ocsp", REMEDY_REVOCATION,
		"The OCSP responder did not vouch for the certificate.",
		"Ask it by hand with openssl ocsp; client_auth.ocsp."
		"on_failure tells what holds when it does not answer."},
	{"weak_key", REMEDY_LIMITS,
		"A key in the chain is too short (below 112 bits of "
		"strength).",
		"Make a new key, RSA 2048 or EC P-256 at least, and a "
		"certificate for it."},
	{"weak_digest", REMEDY_LIMITS,
		"A certificate of the chain is signed with a digest that is "
		"too weak.",
		"Issue it anew with SHA-256 or better."},
	{"bad_serial", REMEDY_LIMITS,
		"The serial number is longer than 64 octets.",
		"Issue it with a serial number of at most 20 octets "
		"(RFC 5280)."},
	{"too_large", REMEDY_LIMITS,
		"The chain, or what its headers would say, is too large.",
		"Send only the certificates that are needed; issue it with "
		"fewer or shorter names."},
	{"internal", REMEDY_LIMITS,
		"The check itself failed, so the certificate was refused.",
		"Look into the log of that moment: memory was short or a "
		"setting is broken."},
};

static const struct remedy requests[] = {
	{"certificate", REMEDY_POLICY,
		"The route needs a certificate that verifies, and this client "
		"showed none.",
		"Let the client show one, or say certificate: not_needed at "
		"the route."},
	{"policy", REMEDY_POLICY,
		"The policy of the route does not hold for this certificate.",
		"Compare what the certificate says with the policy, rule by "
		"rule (mtlsgate explain --config FILE --cert PEM --host H "
		"--path P lists them); issue it with what the policy asks "
		"for, or change the policy."},
	{"misdirected", REMEDY_NAME,
		"The host of the request is not one that the server name of "
		"this connection stands for.",
		"Let the client make a connection of its own for each host, or "
		"list the host in server_names of the same certificate."},
	{"trust-changed", REMEDY_REVOCATION,
		"A reload changed what is trusted after this connection was "
		"opened.",
		"Let the client connect again; it is then judged by what "
		"holds now."},
	{"rate-limited", REMEDY_REQUEST,
		"Requests came faster than a limit of rate_limits allows.",
		"Let the client wait as long as Retry-After says. When it may "
		"go faster, raise rate or burst of the limit with this key."},
	{"no-route", REMEDY_ROUTE, "No route leads there.",
		"Compare host, path and method with the routes of the "
		"configuration."},
	{"path-ambiguous", REMEDY_ROUTE,
		"An origin could read another path than the one that was "
		"judged.",
		"Let the client send the path in its plain form "
		"(docs/policies.md tells which)."},
	{"host-missing", REMEDY_REQUEST,
		"Without a Host nobody knows what the request is for.",
		"Let the client send one Host field, as HTTP/1.1 asks."},
	{"host-syntax", REMEDY_REQUEST,
		"The Host is not a name, an IPv4 address or an IPv6 address "
		"in brackets, with an optional port.",
		"Let the client send the name of the server, without a scheme, "
		"a path or a user name."},
	{"host-disagrees", REMEDY_REQUEST,
		"The target of the request names another host than its Host.",
		"Let the client name the same host in both, or send the path "
		"alone."},
	{"target", REMEDY_REQUEST,
		"The target is not a path as RFC 3986 writes it.",
		"Let the client encode what may not stand bare in a path, and "
		"begin it with /."},
	{"method-connect", REMEDY_REQUEST, "This is no forward proxy.",
		"Let the client ask the server itself, without CONNECT."},
	{"method-trace", REMEDY_REQUEST,
		"TRACE would show the client the certificate headers.",
		"Let the client do without TRACE."},
};

enum {
	CERTIFICATES = sizeof(certificates) / sizeof(certificates[0]),
	REQUESTS = sizeof(requests) / sizeof(requests[0]),
};

/* A word that a newer part of the program invented. */
static const struct remedy unknown = {"other", REMEDY_CHAIN,
	"The certificate was not accepted.",
	"Look at it with openssl x509 -text and openssl verify against the "
	"CAs of client_auth.ca."};
static const struct remedy unknown_request = {"other", REMEDY_POLICY,
	"The request was not allowed.",
	"Compare it with what the reason says; the request id finds it in the "
	"access log."};

static const struct remedy *find(const struct remedy *rows, size_t count,
	const char *word, const struct remedy *otherwise)
{
	for (size_t i = 0; i < count; i++) {
		if (!strcmp(rows[i].word, word))
			return &rows[i];
	}
	return otherwise;
}

const struct remedy *remedy_of(const char *word)
{
	return find(certificates, CERTIFICATES, word, &unknown);
}

const struct remedy *remedy_of_request(const char *word)
{
	return find(requests, REQUESTS, word, &unknown_request);
}

const char *remedy_step_name(enum remedy_step step)
{
	static const char *const names[REMEDY_STEPS] = {
		[REMEDY_SERVER_NAME] = "server_name",
		[REMEDY_SHOWN] = "certificate",
		[REMEDY_CHAIN] = "chain",
		[REMEDY_DATES] = "dates",
		[REMEDY_PURPOSE] = "purpose",
		[REMEDY_REVOCATION] = "revocation",
		[REMEDY_LIMITS] = "limits",
		[REMEDY_REQUEST] = "request",
		[REMEDY_NAME] = "name",
		[REMEDY_ROUTE] = "route",
		[REMEDY_POLICY] = "policy",
	};

	assert(step < REMEDY_STEPS);
	return names[step];
}

const struct remedy *remedy_at(size_t index)
{
	if (index < CERTIFICATES)
		return &certificates[index];
	index -= CERTIFICATES;
	return index < REQUESTS ? &requests[index] : NULL;
}

size_t remedy_requests_from(void)
{
	return CERTIFICATES;
}
