/* Values as Python, Elixir and Go print them. */
#ifndef RETRYSPEC_DIALECTS_LANGUAGE_H
#define RETRYSPEC_DIALECTS_LANGUAGE_H

#include <stdint.h>

#include "dialects/body.h"
#include "dialects/text.h"

/* repr(float): the shortest text that reads back the same, "0.2", "1e+16",
 * "7200.0". */
void language_python_float(struct text *text, double value);

/* Seconds as a number of Python's: an int if they are whole ("7200"), as people
 * write a timeout, else a float ("0.2"). */
void language_python_seconds(struct text *text, int64_t ns);

/* repr(str). */
void language_python_string(struct text *text, const char *string);

/* inspect of a binary. */
void language_elixir_string(struct text *text, const char *string);

/* time.Duration.String: "1.053218945s", "1m40s", "1.5ms", "0s". */
void language_go_duration(struct text *text, int64_t ns);

/* JSON values, for body_add_json. */
extern const struct body_style language_python, language_elixir;

#endif
