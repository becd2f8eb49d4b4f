/* Runs of many clients that retry, made up delay by delay, for the rules that
 * look at many delays together. */
#ifndef RETRYSPEC_TESTS_JUDGE_CROWD_H
#define RETRYSPEC_TESTS_JUDGE_CROWD_H

#include <math.h>

#include "client/backoff.h"
#include "judge_story.h"
#include "model/rng.h"

/* What the clients do about jitter. */
enum drawing {
    DRAW_RIGHT,        /* as the law says */
    DRAW_NOTHING,      /* always the middle of the law */
    DRAW_LOW_HALF,     /* the lower half of the random numbers */
    DRAW_MIDDLE,       /* a quarter of them, around the middle */
    DRAW_LOW_TENTHS,   /* eight tenths of them */
    DRAW_SAME_CLIENTS, /* every client has the same random numbers */
    DRAW_SAME_CALLS,   /* every call of a client has */
    DRAW_TICKS,        /* right, but sent with the next tick of 200 ms */
};

struct crowd_plan {
    int clients, calls, retries;
    enum drawing drawing;
    uint64_t seed;
    int64_t spread_ns; /* over which the clients begin */
    int64_t late_ns;   /* mean of the lateness of each attempt */
};

enum { CROWD_MAX = 20000 };

struct crowd_run {
    struct trace trace;
    struct trace_attempt attempts[CROWD_MAX];
    char keys[CROWD_MAX][24];
    struct trace_result results[CROWD_MAX];
};

static inline double crowd_random(const struct crowd_plan *plan, int client,
                                  int call, int retry)
{
    uint64_t who = (uint64_t)client * 1000 + (uint64_t)call;
    if (plan->drawing == DRAW_SAME_CLIENTS) {
        who = (uint64_t)call;
    } else if (plan->drawing == DRAW_SAME_CALLS) {
        who = (uint64_t)client;
    }
    struct rng rng = rng_stream(plan->seed, who + 1, (uint64_t)retry);
    double u = rng_uniform(&rng);
    switch (plan->drawing) {
    case DRAW_NOTHING:
        return 0.5;
    case DRAW_LOW_HALF:
        return u / 2;
    case DRAW_MIDDLE:
        return 0.375 + u / 4;
    case DRAW_LOW_TENTHS:
        return u * 0.8;
    case DRAW_RIGHT:
    case DRAW_SAME_CLIENTS:
    case DRAW_SAME_CALLS:
    case DRAW_TICKS:
        return u;
    }
    return u;
}

static inline void crowd_add(struct crowd_run *run, int64_t head_ns,
                             const char *key, int64_t status)
{
    size_t index = run->trace.attempt_count++;
    assert_true(index < CROWD_MAX);
    run->attempts[index] = (struct trace_attempt){
        .id = (int64_t)index + 1,
        .conn = (int64_t)index + 1,
        .conn_use = 1,
        .accepted_ns = head_ns,
        .head_ns = head_ns,
        .request_end_ns = head_ns,
        .first_byte_ns = head_ns + MS,
        .last_byte_ns = head_ns + MS,
        .gone_ns = TRACE_NEVER,
        .call = key,
        .method = "POST",
        .target = "/v1/x",
        .body_size = 2,
        .body_sha256 = "aa",
        .route = "server[0]",
        .step = "server[0].steps[0]",
        .judged = true,
        .status = status,
        .reply_sha256 = "",
        .end = END_STATUS,
        .proof = "",
        .reason = "",
    };
}

static inline int64_t crowd_lateness(const struct crowd_plan *plan,
                                     struct rng *rng)
{
    double late = -log(1 - rng_uniform(rng)) * (double)plan->late_ns;
    return (int64_t)fmin(late, 200e6);
}

/* Returns when the call was over. */
static inline int64_t crowd_call(struct crowd_run *run,
                                 const struct crowd_plan *plan,
                                 const struct backoff *backoff, int client,
                                 int call, int64_t at_ns)
{
    char *key = run->keys[client * plan->calls + call];
    struct delay_law law = {.backoff = backoff, .cut_ns = NS_FOREVER};
    struct rng late =
        rng_stream(plan->seed, 1u << 30 | (uint32_t)client, (uint64_t)call);
    snprintf(key, sizeof run->keys[0], "rs-%d-%d", client, call);
    for (int n = 0; n < plan->retries; n++) {
        crowd_add(run, at_ns, key, 503);
        law.n = n;
        int64_t delay_ns =
            backoff_draw(&law, crowd_random(plan, client, call, n));
        int64_t next_ns = at_ns + MS + delay_ns + crowd_lateness(plan, &late);
        if (plan->drawing == DRAW_TICKS) {
            next_ns = (next_ns / (200 * MS) + 1) * (200 * MS);
        }
        law.previous_ns = delay_ns;
        at_ns = next_ns;
    }
    crowd_add(run, at_ns, key, 200);
    run->results[run->trace.result_count++] = (struct trace_result){
        .call = key, .is_ok = true, .status = 200, .error = "", .sha256 = ""};
    return at_ns + 2 * MS;
}

static inline void crowd_tell(struct crowd_run *run,
                              const struct crowd_plan *plan,
                              const struct backoff *backoff)
{
    run->trace = (struct trace){
        .scenario = "t/t",
        .profile = "t",
        .version = "1",
        .wall_ns = INT64_C(1000000000) * NS_PER_S,
        .level = 1,
        .attempts = run->attempts,
        .results = run->results,
        .has_results = true,
        .client = {.end = CLIENT_EXITED,
                   .limit_ns = 30 * NS_PER_S,
                   .reason = "",
                   .last_line = ""},
        .results_problem = "",
        .ended_ns = INT64_C(36000) * NS_PER_S,
        .lag_p99_ns = MS,
        .lag_max_ns = MS,
        .complete = true,
    };
    struct rng begin = rng_stream(plan->seed, 0, 0);
    for (int client = 0; client < plan->clients; client++) {
        int64_t at_ns =
            (int64_t)(rng_uniform(&begin) * (double)plan->spread_ns);
        for (int call = 0; call < plan->calls; call++) {
            at_ns = crowd_call(run, plan, backoff, client, call, at_ns);
        }
    }
}

#endif
