/*
 * observer: somebody who watches requests pass.
 */
#ifndef MTLSGATE_PROXY_OBSERVER_H
#define MTLSGATE_PROXY_OBSERVER_H

struct access_record;
struct message;

/*
 * Somebody who watches requests pass (`mtlsgate demo`). All pointers are lent
 * for the call. NULL members are not called.
 */
struct proxy_observer {
	/* As the client sent it, before any rule was applied. */
	void (*received)(
		void *arg, const char *request_id, const struct message *head);
	/* As it goes to the origin (message->lent included). */
	void (*forwarded)(
		void *arg, const char *request_id, const struct message *head);
	/* The exchange is over. */
	void (*finished)(void *arg, const struct access_record *record);
	/* A certificate was refused in the handshake. */
	void (*refused)(void *arg, const char *reason, const char *subject);
	void *arg;
};

#endif
