/* One call of a policy, asked what it does: the engine of client/retry.h with
 * answers of our own, in virtual time. Pure.
 *
 * A policy is compared by what it does, so every row asks a probe. */
#ifndef RETRYSPEC_COMPARE_PROBE_H
#define RETRYSPEC_COMPARE_PROBE_H

#include <stdbool.h>
#include <stdint.h>

#include "client/retry.h"
#include "compare/words.h"

/* A policy, and the request for which it is looked at. */
struct subject {
    const struct profile *profile;
    struct retry_request request;
};

/* How an attempt ends: a status, or, with an end, a transport fault. */
struct answer {
    int status;
    enum attempt_end end; /* with status 0 */
    const char *header, *value;
    const char *header_2, *value_2;
    const char *body;
    const char *method; /* in place of the request's; NULL: that one */
};

/* Unix time when a probe's call begins, for HTTP-dates:
 * Thu, 01 Jan 2026 00:00:00 GMT. */
#define PROBE_WALL_NS (INT64_C(1767225600) * 1000000000)

struct probe {
    struct retry_shared shared;
    struct retry_call call;
    struct retry_action action; /* the last one */
    int64_t now_ns;
    double u; /* of every draw */
};

/* The first attempt is sent: `action` says so. */
void probe_start(struct probe *probe, const struct subject *subject, double u);

/* The attempt in flight ends now. */
void probe_answer(struct probe *probe, const struct answer *answer);

/* Starts, and answers the first attempt at once. */
void probe_once(struct probe *probe, const struct subject *subject,
                const struct answer *answer);

/* Lets time pass until the next attempt is sent or the call is over. False: it
 * waits for ever. */
bool probe_proceed(struct probe *probe);

/* The next attempt is sent now, whatever the delay: for what is counted. */
void probe_proceed_at_once(struct probe *probe);

/* Lets the attempt in flight be silent until `until_ns` or its end by a limit
 * of the client, whichever is first. True: something ended it. */
bool probe_hang(struct probe *probe, int64_t until_ns);

/* What has become of the call. */
enum fate probe_fate(const struct probe *probe);

/* Is the call to be tried again now? */
bool probe_is_waiting(const struct probe *probe);

/* The same answer without end. */
struct probe_story {
    int64_t attempts;
    int64_t took_ns;
    bool is_endless; /* there were too many attempts, or a wait without end */
    enum retry_reason reason;
    enum fate fate;
};
struct probe_story probe_persist(const struct subject *subject,
                                 const struct answer *answer, double u);

/* The same with no time passing: only what counts attempts ends it. */
struct probe_story probe_count(const struct subject *subject,
                               const struct answer *answer);

#endif
