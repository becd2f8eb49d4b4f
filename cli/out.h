/* Printing to standard output. */
#ifndef RETRYSPEC_CLI_OUT_H
#define RETRYSPEC_CLI_OUT_H

#include <cjson/cJSON.h>
#include <stdbool.h>

/* Prints the value and a newline, and deletes it. Returns the exit code: 0, or
 * EXIT_SYSTEM without memory. */
int out_json(cJSON *value);

/* Adds a string, or null for NULL, to the object. */
void out_json_text(cJSON *object, const char *key, const char *text);

/* Prints `label`, padded to `indent` columns, then the text in lines of at most
 * 79 columns that all begin there. Nothing for NULL. */
void out_wrapped(const char *label, int indent, const char *text);

#endif
