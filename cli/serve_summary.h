/* What `retryspec serve` says at its end. */
#ifndef RETRYSPEC_CLI_SERVE_SUMMARY_H
#define RETRYSPEC_CLI_SERVE_SUMMARY_H

#include <stdbool.h>

#include "mock_server/server.h"

/* Text to stderr, or one line of JSON to stdout. */
void serve_summary_print(const struct mock_run *run, bool is_json);

#endif
