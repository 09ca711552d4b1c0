#include "proxy/http_date.h"

#include <stdio.h>
#include <time.h>

struct slice http_date_text(struct http_date *date, int64_t wall_ms)
{
	static const char days[][4] = {
		"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
	static const char months[][4] = {"Jan", "Feb", "Mar", "Apr", "May",
		"Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	time_t second = (time_t)(wall_ms / 1000);
	struct tm tm;
	int len;

	if (date->len && date->second == second)
		return slice_of(date->text, date->len);
	date->len = 0;
	if (!gmtime_r(&second, &tm) || tm.tm_year > 9999 - 1900)
		return slice_of(date->text, 0);
	len = snprintf(date->text, sizeof(date->text),
		"%s, %02d %s %04d %02d:%02d:%02d GMT", days[tm.tm_wday],
		tm.tm_mday, months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour,
		tm.tm_min, tm.tm_sec);
	if (len > 0 && (size_t)len < sizeof(date->text)) {
		date->len = (size_t)len;
		date->second = second;
	}
	return slice_of(date->text, date->len);
}
