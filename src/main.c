#include "cli/main.h"

/* The entry point; what a person types is read in src/cli/. */
int main(int argc, char **argv)
{
	return cli_main(argc, argv);
}
