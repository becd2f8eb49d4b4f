/* Parts of a profile in words: what stands before an attempt, and what a rule
 * covers and does. Each function prints the rest of a line, or whole lines that
 * begin with `prefix`. */
#ifndef RETRYSPEC_CLI_PROFILE_WORDS_H
#define RETRYSPEC_CLI_PROFILE_WORDS_H

#include <stdio.h>

#include "model/profile.h"

/* "; 500 retry tokens, 5 for a retry, ..." */
void profile_words_tokens(const struct token_bucket *tokens, FILE *out);

/* "; 400 slots per client, held for the call" */
void profile_words_slots(const struct slots *slots, FILE *out);

/* What retries of all calls may be together, after a semicolon; nothing if that
 * is any number. */
void profile_words_allowance(const struct allowance *allowance, FILE *out);

/* Lines of what a layer's calls share: throttled slots, bytes, limiter,
 * circuit. */
void profile_words_shared(const struct layer *layer, const char *prefix,
                          FILE *out);

/* " 429 500-599 any transport fault if ..." */
void profile_words_outcomes(const struct outcome_set *on, FILE *out);

/* ": retry; obeys Retry-After; at most 3 in a row" */
void profile_words_rule(const struct profile_rule *rule, FILE *out);

#endif
