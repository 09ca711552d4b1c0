#include "h1_cases_priv.h"

const struct h1_case *h1_case_at(size_t index)
{
	if (index < h1_cases_line_count)
		return &h1_cases_line[index];
	index -= h1_cases_line_count;
	if (index < h1_cases_field_count)
		return &h1_cases_field[index];
	index -= h1_cases_field_count;
	return index < h1_cases_body_count ? &h1_cases_body[index] : NULL;
}
