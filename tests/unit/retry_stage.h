/* Several calls of one handler at a time, step by step. */
#ifndef RETRYSPEC_TESTS_RETRY_STAGE_H
#define RETRYSPEC_TESTS_RETRY_STAGE_H

#include "retry_story.h"

enum { STAGE_CALLS = 8 };

struct stage {
    struct profile *profile;
    struct retry_shared shared;
    struct retry_call calls[STAGE_CALLS];
    int64_t now_ns;
    double u;
};

static inline void stage_init(struct stage *stage, struct profile *profile,
                              int64_t now_ns)
{
    *stage = (struct stage){.profile = profile, .now_ns = now_ns, .u = .5};
    retry_shared_init(&stage->shared, profile, now_ns);
}

static inline struct retry_action stage_step(struct stage *stage, int i,
                                             enum retry_event_kind kind)
{
    return retry_step(&stage->calls[i], &(struct retry_event){
                                            .kind = kind,
                                            .now_ns = stage->now_ns,
                                            .u = stage->u,
                                        });
}

static inline struct retry_action stage_start_request(
    struct stage *stage, int i, const struct retry_request *request)
{
    retry_call_init(&stage->calls[i], &stage->shared, request);
    return stage_step(stage, i, RETRY_START);
}

static inline struct retry_action stage_start(struct stage *stage, int i)
{
    return stage_start_request(
        stage, i, &(struct retry_request){.method = "POST", .path = "/v1/x"});
}

static inline struct retry_action stage_outcome(
    struct stage *stage, int i, const struct attempt_outcome *outcome)
{
    return retry_step(&stage->calls[i], &(struct retry_event){
                                            .kind = RETRY_ENDED,
                                            .now_ns = stage->now_ns,
                                            .u = stage->u,
                                            .outcome = outcome,
                                        });
}

static inline struct retry_action stage_end(struct stage *stage, int i,
                                            int status)
{
    return stage_outcome(
        stage, i,
        &(struct attempt_outcome){.end = END_STATUS, .status = status});
}

/* At a time of its own. */
static inline struct retry_action stage_timer(struct stage *stage, int i,
                                              int64_t now_ns)
{
    stage->now_ns = now_ns;
    return stage_step(stage, i, RETRY_TIMER);
}

#define assert_sends(action_)                      \
    do {                                           \
        struct retry_action sends_ = (action_);    \
        assert_int_equal(sends_.kind, RETRY_SEND); \
    } while (false)

#define assert_waits(action_, wait_kind_, until_ns_)    \
    do {                                                \
        struct retry_action waits_ = (action_);         \
        assert_int_equal(waits_.kind, RETRY_WAIT);      \
        assert_int_equal(waits_.wait_kind, wait_kind_); \
        assert_int_equal(waits_.until_ns, until_ns_);   \
    } while (false)

#define assert_done(action_, reason_)             \
    do {                                          \
        struct retry_action done_ = (action_);    \
        assert_int_equal(done_.kind, RETRY_DONE); \
        assert_int_equal(done_.reason, reason_);  \
    } while (false)

#endif
