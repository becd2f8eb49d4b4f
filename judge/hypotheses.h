/* What may have gone on in a client, given what was seen of one call.
 *
 * Mostly that is one state of the engine. There are more where the wire leaves
 * room: attempts inside an outage that nobody saw, a budget that was spent or
 * not within the tolerance, a re-send by a lower layer that the profile
 * allows. */
#ifndef RETRYSPEC_JUDGE_HYPOTHESES_H
#define RETRYSPEC_JUDGE_HYPOTHESES_H

#include "client/retry.h"
#include "judge/seen.h"
#include "judge/shared.h"

enum { HYPOTHESES_MAX = 64 };

struct hypothesis {
    struct retry_call call;
    struct retry_shared shared; /* of the call; see hypotheses.c */
    struct retry_action action; /* the engine's last one */
    /* Since when the next attempt is waited for. */
    int64_t from_lo_ns, from_hi_ns;
    int64_t hidden;  /* attempts nobody saw since the last one seen */
    int64_t resends; /* by a lower layer, of the present attempt */
    bool is_resend;  /* the next attempt would be one of those */
    bool is_stalled; /* the next attempt hangs in a stalled listener */
    /* Since when at the most: of the next attempt, or of that in flight, which
     * is its head if it did not. */
    int64_t stalled_ns;
};

struct hypotheses {
    const struct judging *judging;
    const struct shared_lines *lines;
    size_t client;
    bool is_timed; /* the profile has budgets of time that the run can spend */
    uint8_t aged;  /* layers with one that runs from when they begin, as bits */
    bool aborts;   /* ... and ends attempts in flight */
    bool is_age_unknown; /* ... and may have begun before we saw any of it */
    bool has_unseen;     /* attempts may have come before the first seen one */
    bool may_queue;      /* for slots */
    bool has_breakers;   /* some layer has one, or a throttle */
    bool has_call_timeouts;
    const struct busy *busy; /* NULL: nobody looks at it */
    bool is_open;            /* too many: anything is accepted */
    /* The first attempt seen may follow others, so it may have passed limiters
     * long before. */
    bool may_be_retry;
    /* Since when the call's caller may have given up: its patience begins
     * before its first attempt is sent. NS_FOREVER: it does not. */
    int64_t give_up_ns;
    char path[1024];         /* of the first request */
    struct retry_call fresh; /* the call before it began */
    int count;
    struct hypothesis items[HYPOTHESES_MAX + 1]; /* the last one is spare */
};

/* NULL only without memory. */
struct hypotheses *hypotheses_create(const struct judging *judging,
                                     const struct shared_lines *lines,
                                     struct arena *arena);

/* The call's first attempt was seen. */
void hypotheses_start(struct hypotheses *set, const struct call *call);

/* The attempt in flight ended. */
void hypotheses_end(struct hypotheses *set, const struct trace_attempt *attempt,
                    const struct seen *seen);

/* An attempt was seen: those left in the set go on. False: the engine has none
 * that does. */
bool hypotheses_sent(struct hypotheses *set, int64_t at_ns);

/* What the engine says to a timer at `now_ns`, at which the next attempt would
 * be due; the hypothesis stays. */
struct retry_action hypotheses_ask(const struct hypotheses *set,
                                   const struct hypothesis *hypothesis,
                                   int64_t now_ns);

/* When the next attempt may come, without tolerance. */
struct delay_range hypotheses_reach(const struct hypothesis *hypothesis);

bool hypotheses_waits(const struct hypothesis *hypothesis);

/* Does the wait last until an HTTP-date? Dates have whole seconds, and so may
 * the clock have that a client reads them by: it may be late by one. */
bool hypotheses_waits_for_date(const struct retry_action *action);
#define HYPOTHESES_DATE_SLACK_NS NS_PER_S

#endif
