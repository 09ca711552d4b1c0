/* exchange: is this connection the right one for the request (R15)? */
#include "exchange_priv.h"

#include "http/message.h"
#include "http/target.h"
#include "tls/tls_sni.h"

bool exchange_misdirected(const struct exchange *x, const struct message *head)
{
	return x->client.sni && !tls_sni_serves(x->client.sni, x->client.group,
					target_host(head->authority));
}
