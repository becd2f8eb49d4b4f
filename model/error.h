/* Problems found in input or met in the operating system, held by the caller.
 *
 * A reader goes on after a problem where it can, so that one run shows many.
 * A bug is an assert, never one of these; a failed expectation is a verdict. */
#ifndef RETRYSPEC_MODEL_ERROR_H
#define RETRYSPEC_MODEL_ERROR_H

#include <stdbool.h>
#include <stdio.h>

enum { ERROR_PROBLEMS_MAX = 16 };

enum problem_kind {
    PROBLEM_INPUT,  /* the user's file or flag is wrong: exit code 2 */
    PROBLEM_SYSTEM, /* the operating system said no: exit code 3 */
    PROBLEM_MEMORY, /* out of memory */
};

struct problem {
    enum problem_kind kind;
    char file[256];    /* as the user named it; empty if none */
    int line, column;  /* from 1; 0 if not known */
    char path[128];    /* JSON path such as server[0].steps[1].reply */
    char message[384]; /* what was found and what was expected */
    char hint[192];    /* what to do, e.g. did you mean "reply"? */
};

/* Zero-initialise before use. */
struct error {
    struct problem problems[ERROR_PROBLEMS_MAX];
    int count;   /* problems held, at most ERROR_PROBLEMS_MAX */
    int dropped; /* problems beyond those */
};

/* Appends a problem without a place; the message is printf-formatted. Returns
 * it so that the caller can fill file, line, path or hint. Never NULL: beyond
 * the limit a scratch problem is returned and `dropped` counts it. */
struct problem *error_add(struct error *error, enum problem_kind kind,
                          const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* As error_add for a failed system call: appends ": " and
 * strerror(errno_value).
 */
struct problem *error_add_errno(struct error *error, int errno_value,
                                const char *format, ...)
    __attribute__((format(printf, 3, 4)));

bool error_is_set(const struct error *error);

/* Writes each problem as `file:line:col: message` with the path in parentheses,
 * then an indented line with the hint. */
void error_print(const struct error *error, FILE *out);

#endif
