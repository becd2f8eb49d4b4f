/* The counters of one handler, as the RetryHandler of tinker keeps them, and
 * its progress log. Pure.
 *
 * One difference on purpose: a waiter that is cancelled is no longer counted as
 * waiting. tinker leaves it in the gauge for ever, so that its handler never
 * looks idle again. */
#ifndef RETRYSPEC_DIALECTS_GAUGES_H
#define RETRYSPEC_DIALECTS_GAUGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dialects/text.h"

/* Different errors between two logs; what comes on top is counted as one. */
enum { GAUGES_ERRORS_MAX = 64 };

struct gauge_error {
    char *text; /* "{Type}: {message}" */
    int64_t count;
};

struct gauges {
    int64_t waiting;   /* for a slot */
    int64_t in_loop;   /* hold their slots */
    int64_t processed; /* successes with retry enabled */
    int64_t retries;
    int64_t logged_ns; /* when the log was written last */
    struct gauge_error errors[GAUGES_ERRORS_MAX]; /* in the order of their
                                                     first time */
    size_t error_count;
    int64_t other_errors;
};

void gauges_init(struct gauges *gauges, int64_t now_ns);
void gauges_deinit(struct gauges *gauges);

/* Counts an error since the last log. False without memory. */
bool gauges_add_error(struct gauges *gauges, const char *text);

static inline bool gauges_is_idle(const struct gauges *gauges)
{
    return gauges->waiting == 0 && gauges->in_loop == 0;
}

/* More than 2 s since the last log, or idle. */
bool gauges_is_due(const struct gauges *gauges, int64_t now_ns);

/* "[name]: 2 waiting, 1 in progress, 3 completed" */
void gauges_add_progress(struct text *text, const struct gauges *gauges,
                         const char *name);

/* "[name]: 4 total retries, errors since last log: [('X: y', 3), ...]", most
 * frequent first. */
void gauges_add_errors(struct text *text, const struct gauges *gauges,
                       const char *name);

/* The log was written: forgets the errors. */
void gauges_logged(struct gauges *gauges, int64_t now_ns);

#endif
