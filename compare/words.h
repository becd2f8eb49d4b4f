/* What a policy does, in words: the value of one row. Pure.
 *
 * Two policies are the same in a row if their words are, so the words are made
 * of what the engine answers, with times to the millisecond. */
#ifndef RETRYSPEC_COMPARE_WORDS_H
#define RETRYSPEC_COMPARE_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/backoff.h"
#include "model/http.h"

/* What becomes of a call; rows whose fates differ are critical. */
enum fate { FATE_UNTOLD, FATE_OK, FATE_RETRIED, FATE_FAILS, FATE_HANGS };

/* Longer ones are cut; the longest that a status set can give fits. */
enum { WORDS_MAX = 4096 };

struct words {
    char text[WORDS_MAX];
    size_t used;
    bool is_absent; /* the policy has nothing of the kind */
    enum fate fate;
};

void words_add(struct words *words, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* ", " before all but the first of a list. */
void words_next(struct words *words);

/* "0.375 s", "2 ms", "30 min", "for ever" */
void words_time(struct words *words, int64_t ns);

/* "0.375 to 0.625 s", or one time if both are the same. */
void words_range(struct words *words, struct delay_range range);

/* "400, 408-409"; "none" */
void words_statuses(struct words *words, const struct status_set *set);

/* The policy has nothing of the kind; `format` says so in words. */
void words_absent(struct words *words, const char *text);

#endif
