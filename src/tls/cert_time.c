#include "tls/cert_time.h"

#include <string.h>

#include <openssl/asn1.h>

static bool leap_year(int year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int days_in(int year, int month)
{
	static const int days[12] = {
		31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	return month == 2 && leap_year(year) ? 29 : days[month - 1];
}

/* Days of all years before `year`, counted from 1 January 0000. */
static int64_t days_before(int year)
{
	int past = year - 1; /* -1 for the year 0 */

	if (year == 0)
		return 0;
	return (int64_t)year * 365 + past / 4 - past / 100 + past / 400 + 1;
}

enum { DAYS_TO_1970 = 719528 };
#define SECONDS_1900 INT64_C(-2208988800)
#define SECONDS_10000 INT64_C(253402300800)

static int64_t seconds_of(const struct cert_date *date)
{
	int64_t days = days_before(date->year) - DAYS_TO_1970;

	for (int month = 1; month < date->month; month++)
		days += days_in(date->year, month);
	days += date->day - 1;
	return ((days * 24 + date->hour) * 60 + date->minute) * 60 +
	       date->second;
}

struct cert_date cert_date_of(int64_t unix_seconds)
{
	int64_t days = unix_seconds / 86400;
	int64_t rest = unix_seconds % 86400;
	struct cert_date date = {.month = 1};

	if (rest < 0) {
		rest += 86400;
		days--;
	}
	days += DAYS_TO_1970;
	date.year = (int)(days * 400 / 146097);
	while (days_before(date.year) > days)
		date.year--;
	while (days_before(date.year + 1) <= days)
		date.year++;
	days -= days_before(date.year);
	while (days >= days_in(date.year, date.month))
		days -= days_in(date.year, date.month++);
	date.day = (int)days + 1;
	date.hour = (int)(rest / 3600);
	date.minute = (int)(rest / 60 % 60);
	date.second = (int)(rest % 60);
	return date;
}

/* Two digits from the front, within low..high. */
static bool take_pair(struct slice *rest, int low, int high, int *value)
{
	uint64_t number;

	if (rest->len < 2 ||
		!slice_to_u64(slice_head(*rest, 2), (uint64_t)high, &number) ||
		(int)number < low)
		return false;
	*value = (int)number;
	*rest = slice_from(*rest, 2);
	return true;
}

static bool take_year(struct slice *rest, bool generalized, int *year)
{
	int century = 0;

	if (generalized && !take_pair(rest, 0, 99, &century))
		return false;
	if (!take_pair(rest, 0, 99, year))
		return false;
	if (generalized)
		*year += century * 100;
	else
		*year += *year < 50 ? 2000 : 1900;
	return true;
}

/* ".5": a point and at least one digit; nothing there is fine, too. */
static bool skip_fraction(struct slice *rest)
{
	size_t len = 1;

	if (!rest->len || rest->ptr[0] != '.')
		return true;
	while (len < rest->len && rest->ptr[len] >= '0' &&
		rest->ptr[len] <= '9')
		len++;
	*rest = slice_from(*rest, len);
	return len > 1;
}

/*
 * "Z", or "+hhmm" and "-hhmm" with the seconds to take away. A time that has
 * been shifted lies within the years 1900 to 9999, as nginx's does.
 */
static bool take_zone(struct slice *rest, int64_t *offset)
{
	int hours, minutes;
	char sign;

	*offset = 0;
	if (!rest->len)
		return false;
	sign = rest->ptr[0];
	*rest = slice_from(*rest, 1);
	if (sign == 'Z')
		return true;
	if ((sign != '+' && sign != '-') || !take_pair(rest, 0, 12, &hours) ||
		!take_pair(rest, 0, 59, &minutes))
		return false;
	*offset = (int64_t)hours * 3600 + (int64_t)minutes * 60;
	if (sign == '-')
		*offset = -*offset;
	return true;
}

static bool at_zone(struct slice rest)
{
	return rest.len && strchr("Z+-", rest.ptr[0]) && rest.ptr[0];
}

struct cert_time cert_time_parse(struct slice octets, bool generalized)
{
	struct cert_time none = {false, 0}, time;
	struct cert_date date = {0};
	struct slice rest = octets;
	int64_t offset;

	if (!take_year(&rest, generalized, &date.year) ||
		!take_pair(&rest, 1, 12, &date.month) ||
		!take_pair(
			&rest, 1, days_in(date.year, date.month), &date.day) ||
		!take_pair(&rest, 0, 23, &date.hour) ||
		!take_pair(&rest, 0, 59, &date.minute))
		return none;
	if (!at_zone(rest) && (!take_pair(&rest, 0, 59, &date.second) ||
				      (generalized && !skip_fraction(&rest))))
		return none;
	if (!take_zone(&rest, &offset) || rest.len)
		return none;
	time = (struct cert_time){true, seconds_of(&date) - offset};
	if (offset && (time.unix_seconds < SECONDS_1900 ||
			      time.unix_seconds >= SECONDS_10000))
		return none;
	return time;
}

struct cert_time cert_time_of(const struct asn1_string_st *time)
{
	int type = time ? ASN1_STRING_type(time) : -1;

	if (type != V_ASN1_UTCTIME && type != V_ASN1_GENERALIZEDTIME)
		return (struct cert_time){false, 0};
	return cert_time_parse(slice_of(ASN1_STRING_get0_data(time),
				       (size_t)ASN1_STRING_length(time)),
		type == V_ASN1_GENERALIZEDTIME);
}
