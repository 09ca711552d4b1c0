/*
 * resumption: may this session go on, without a new look at the certificate?
 * (R12)
 *
 * The decision is a pure function of what holds now and of what the ticket
 * says of then. It is asked in the handshake, when a ticket is shown, and once
 * more behind it (client_auth_finish), so that no session comes in by another
 * way. Whatever it refuses ends in a full handshake with its own verdict,
 * never in a failed one.
 */
#ifndef MTLSGATE_TLS_RESUMPTION_H
#define MTLSGATE_TLS_RESUMPTION_H

#include "tls/ticket_data.h"

struct ticket_keys;
struct ticket_ring;

enum {
	/* From the first full handshake to the last resumption of its chain. */
	RESUMPTION_LIFETIME_S = 12 * 3600,
	/* By so much may the clocks of a fleet differ. */
	RESUMPTION_SKEW_S = 60,
	/* Tickets per handshake: each costs as much as a signature. */
	RESUMPTION_TICKETS = 1,
};

/* Why a ticket was not taken; one table gives each its word. */
enum resumption_reason {
	RESUMPTION_NOT_ASKED, /* no ticket was shown */
	RESUMPTION_ACCEPTED,
	RESUMPTION_UNKNOWN_KEY,   /* made with a key that is gone, or damaged */
	RESUMPTION_NO_DATA,       /* no facts in it, or of another version */
	RESUMPTION_NO_VERDICT,    /* not of a certificate that was good */
	RESUMPTION_CHAIN_NEEDED,  /* a session does not keep the chain */
	RESUMPTION_TRUST_CHANGED, /* CAs, CRLs, rules, or another listener */
	RESUMPTION_SERVER_NAME,   /* asked for another name */
	RESUMPTION_GROUP,         /* that name has other certificates now */
	RESUMPTION_CLOCK,         /* begun in the future */
	RESUMPTION_TOO_OLD,       /* RESUMPTION_LIFETIME_S passed */
	RESUMPTION_EXPIRED,       /* a certificate of the chain, since then */
	RESUMPTION_CRL_STALE,     /* a CRL is past its nextUpdate, since then */
	RESUMPTION_NOT_TAKEN,     /* ours to take, but the library could not */
	RESUMPTION_REASONS
};

/* "trust_changed"; for the metric. "" for the first two. */
const char *resumption_word(enum resumption_reason reason);

/* What holds for a listener; made with its context. */
struct resumption_terms {
	uint8_t trust[TICKET_DATA_TRUST]; /* trust_digest */
	/* Earliest of all CRLs; INT64_MAX: none, or none ends anything. */
	int64_t next_update_s;
	bool chain_needed; /* a header tells of the chain */
	/* One of them; lent. Both NULL: nothing is resumed. */
	const struct ticket_keys *file;
	const struct ticket_ring *ring;
};

/* What is known of a connection while its handshake runs. */
struct resumption {
	const struct resumption_terms *terms; /* lent; NULL: never resumes */
	int64_t decided_s;
	uint32_t group;
	uint8_t server_name[TICKET_DATA_NAME];
	uint8_t reason; /* enum resumption_reason, of the ticket shown last */
	bool no_ticket; /* none can be made; the handshake goes on without */
	bool resumed;   /* the handshake is over, and it was a resumption */
};

/* Pure. RESUMPTION_ACCEPTED or why not, at decided_s. */
enum resumption_reason resumption_decide(
	const struct resumption *now, const struct ticket_data *then);
/* Seconds that a ticket with these facts may still be used; 0: none. Pure. */
int64_t resumption_left(const struct resumption_terms *terms,
	const struct ticket_data *data, int64_t now_s);

/*
 * The digest of a server name (RFC 6066 section 3), the same for each spelling
 * of its letters. Empty: all zero. false: memory.
 */
bool resumption_name(uint8_t out[TICKET_DATA_NAME], struct slice server_name)
	__attribute__((warn_unused_result));

#endif
