/* Which scenarios show that two policies differ: a client of each is played in
 * virtual time and judged by the other. */
#ifndef RETRYSPEC_CLI_DIFF_SCENARIOS_H
#define RETRYSPEC_CLI_DIFF_SCENARIOS_H

#include "cli/cli.h"
#include "compare/compare.h"

/* Fills in the scenarios of the comparison. False and a problem. */
bool diff_scenarios_play(struct comparison *comparison,
                         const struct cli_selection *selection,
                         struct error *error);

#endif
