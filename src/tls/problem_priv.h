/*
 * problem: sentences that several loaders of this folder share.
 */
#ifndef MTLSGATE_TLS_PROBLEM_PRIV_H
#define MTLSGATE_TLS_PROBLEM_PRIV_H

#include "config/config.h"

struct config_problems;
struct asn1_string_st;
struct pem_file;
struct X509_name_st;
struct x509_st;

/* "key: path: cannot be read: No such file"; from errno. */
void problem_unreadable(struct config_problems *problems, const char *key,
	struct config_mark mark, const char *path, int error);
/* A file in which no PEM block of the wanted kind stands. */
void problem_no_block(struct config_problems *problems, const char *key,
	struct config_mark mark, const char *path, const char *wanted,
	const struct pem_file *file);
/* The subject for a person: RFC 2253 form, cut, or "(no subject)". */
enum { PROBLEM_NAME = 160 };
void problem_name(struct x509_st *cert, char out[PROBLEM_NAME]);
/* The same of a name alone. */
void problem_distinguished_name(
	const struct X509_name_st *name, char out[PROBLEM_NAME]);
/* "2024-01-03"; "?" when the time does not parse. */
enum { PROBLEM_DAY = 16 };
void problem_day(const struct asn1_string_st *time, char out[PROBLEM_DAY]);
/* Of seconds since 1970; "?" outside of the years 0-9999. */
void problem_day_of(int64_t unix_seconds, char out[PROBLEM_DAY]);

#endif
