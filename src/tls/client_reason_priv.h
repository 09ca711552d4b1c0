/*
 * client_reason: which alert a reason becomes. The texts are client_auth.h's.
 */
#ifndef MTLSGATE_TLS_CLIENT_REASON_PRIV_H
#define MTLSGATE_TLS_CLIENT_REASON_PRIV_H

/* The X509_V_ERR code that OpenSSL maps to the alert of fields.md 5. */
int client_reason_alert(int code);

#endif
