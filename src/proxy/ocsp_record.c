#include "proxy/ocsp_record.h"

#include <string.h>

#include "config/http_url.h"

_Static_assert(
	OCSP_ISSUER_MAX + OCSP_SERIAL_MAX + HTTP_URL_MAX <= OCSP_RECORD_BYTES,
	"what may be asked fits");
_Static_assert(sizeof(struct ocsp_ask_record) == 8192, "no gaps");
_Static_assert(sizeof(struct ocsp_reply_record) == 24, "no gaps");

static bool bounded(size_t issuer, size_t serial, size_t url)
{
	return issuer <= OCSP_ISSUER_MAX && serial <= OCSP_SERIAL_MAX &&
	       url <= HTTP_URL_MAX;
}

static uint8_t *put(uint8_t *at, struct slice part)
{
	if (part.len)
		memcpy(at, part.ptr, part.len);
	return at + part.len;
}

bool ocsp_ask_record_write(struct ocsp_ask_record *record, uint64_t number,
	size_t listener, const struct ocsp_question *question)
{
	uint8_t *at = record->bytes;

	if (!bounded(question->issuer.len, question->serial.len,
		    question->url.len))
		return false;
	memset(record, 0, sizeof(*record));
	record->number = number;
	record->listener = (uint32_t)listener;
	record->issuer_len = (uint16_t)question->issuer.len;
	record->serial_len = (uint16_t)question->serial.len;
	record->url_len = (uint16_t)question->url.len;
	at = put(at, question->issuer);
	at = put(at, question->serial);
	put(at, question->url);
	return true;
}

bool ocsp_ask_record_read(const struct ocsp_ask_record *record, size_t bytes,
	struct ocsp_question *question)
{
	const uint8_t *at = record->bytes;

	if (bytes != sizeof(*record) ||
		!bounded(record->issuer_len, record->serial_len,
			record->url_len))
		return false;
	question->issuer = slice_of(at, record->issuer_len);
	at += record->issuer_len;
	question->serial = slice_of(at, record->serial_len);
	at += record->serial_len;
	question->url = slice_of(at, record->url_len);
	return true;
}

bool ocsp_reply_record_valid(
	const struct ocsp_reply_record *record, size_t bytes)
{
	return bytes == sizeof(*record) && record->result < OCSP_RESULT_COUNT;
}
