#include "config/config_ocsp.h"

#include <string.h>

const char *config_ocsp_responder(const struct config_ocsp *ocsp)
{
	const char *text = ocsp->responder.text;

	return text && strcmp(text, "auto") != 0 ? text : NULL;
}
