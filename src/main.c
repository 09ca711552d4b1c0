#include <stdlib.h>

/* The entry point; what a person types is read in src/cli/. */
int main(void)
{
	return EXIT_SUCCESS;
}
