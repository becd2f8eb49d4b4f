/* A profile: how one client must retry, as a stack of layers, outermost first.
 *
 * The innermost layer whose rule matches an outcome decides. When that layer's
 * budget is spent, the next layer out sees the failure. When a layer retries,
 * the counters of all layers inside it start afresh. This is what real stacks
 * do (tinker 0.38.0: RetryHandler around dispatch around submit around HTTP).
 *
 * One profile, five uses: it configures the reference client, tells the judge
 * what to expect, drives the simulator, is what the plots draw, and is what
 * inference writes. docs/profile.md describes the file. All pointers live in
 * the profile's arena. Times are nanoseconds. Members are made so that zero is
 * "none" or the default, but for limits, which say NS_FOREVER or
 * ATTEMPTS_UNLIMITED. */
#ifndef RETRYSPEC_MODEL_PROFILE_H
#define RETRYSPEC_MODEL_PROFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/arena.h"
#include "model/error.h"
#include "model/http.h"
#include "model/level.h"

enum { PROFILE_LAYERS_MAX = 8, PROFILE_RULES_MAX = 32 };

/* "No limit" for a count of attempts. */
#define ATTEMPTS_UNLIMITED INT64_MAX

/* -- delays ---------------------------------------------------------------- */

/* The delay before jitter, x(n), for retry n = 0, 1, 2, ... of a layer. */
enum schedule_kind {
    SCHEDULE_NONE,        /* 0 */
    SCHEDULE_CONSTANT,    /* base */
    SCHEDULE_LINEAR,      /* base + n * step */
    SCHEDULE_EXPONENTIAL, /* base * factor ^ (n + first_exponent) */
    SCHEDULE_FIBONACCI,   /* base * fib(n), fib = 1, 1, 2, 3, 5, ... */
};

enum jitter_kind {
    JITTER_NONE,         /* x */
    JITTER_SYMMETRIC,    /* x + x*j*(2u-1)         {"symmetric": 0.25} */
    JITTER_FULL,         /* x*j*u                  {"full": 1.0} */
    JITTER_FULL_FROM,    /* U(floor, x)            {"full_from": "1s"} */
    JITTER_EQUAL,        /* x/2 + u*x/2            "equal" */
    JITTER_PROPORTIONAL, /* x*(lo + (hi-lo)*u)     {"proportional": [.8, 1.2]}
                          */
    JITTER_DOWN,         /* x*(1 - j*u)            {"down": 0.25} */
    JITTER_UP,           /* x*(1 + j*u)            {"up": 0.1} */
    JITTER_ADD,          /* x + U(a, b)            {"add": ["0s", "100ms"]} */
    JITTER_UP_STEPS,     /* x + k ms, k in 1..round(j*x in ms), k = max(1,
                            ceil(u*that))          {"up_steps": 0.1}
                            (tinkex telemetry reporter) */
    JITTER_SYMMETRIC_INCLUSIVE, /* floor(x*(1-j) + u*(2*j*x + 1 ns)), as
                            cenkalti/backoff draws it
                                                   {"symmetric_inclusive": .5}
                          */
    JITTER_DECORRELATED, /* U(base, k*previous), previous = base at first,
                            whatever x is                   {"decorrelated": 3}
                          */
};

enum jitter_order { JITTER_AFTER_CAP, JITTER_BEFORE_CAP };
enum rounding { ROUND_NONE, ROUND_MS_NEAREST, ROUND_MS_DOWN, ROUND_NS_DOWN };
enum negative { NEGATIVE_ZERO, NEGATIVE_BASE };

/* base * factor ^ n beyond the largest double, in the unit that the client
 * computes with (ms with a rounding to ms, else s). */
enum overflow {
    OVERFLOW_CAP,   /* the cap */
    OVERFLOW_RAISE, /* the call ends with an error (tinkex from n = 1016) */
};

struct backoff {
    enum schedule_kind schedule;
    int64_t base_ns, step_ns;
    double factor;
    int64_t first_exponent;
    bool
        first_immediate; /* retry 0 waits 0; retry 1 is n = 0 of the schedule */
    int64_t cap_ns;      /* NS_FOREVER: none */
    bool cap_unjittered; /* once x reaches the cap, no jitter */
    enum jitter_kind jitter;
    double ratio;                     /* j, or k of decorrelated */
    double lo, hi;                    /* proportional */
    int64_t jitter_a_ns, jitter_b_ns; /* add; full_from: a is the floor */
    enum jitter_order order;
    bool clip;              /* the result never exceeds the cap */
    int64_t floor_ns;       /* the result is never below this; 0: none */
    enum negative negative; /* what a negative result becomes */
    enum rounding rounding;
    enum overflow overflow;
};

/* -- Retry-After ------------------------------------------------------------
 */

/* How a header's text becomes a time. Forms are tried in order. */
enum retry_after_form {
    RA_SECONDS,        /* digits only */
    RA_SECONDS_FLOAT,  /* as Python float(): 1.5, 1e3, +2, -1, nan, inf */
    RA_SECONDS_PREFIX, /* a leading integer, the rest ignored: 1.5 is 1 */
    RA_MS,             /* digits only, milliseconds */
    RA_MS_FLOAT,
    RA_MS_PREFIX,
    RA_HTTP_DATE,     /* RFC 9110 5.6.7, less the client's wall clock */
    RA_EPOCH_SECONDS, /* rate-limit reset headers: Unix time */
};

struct retry_after_source {
    const char *header; /* NULL: `pointer` is given */
    const enum retry_after_form *forms;
    size_t form_count;
    const char *pointer; /* RFC 6901, into a JSON body: {"body": "/x/y"} */
};

/* What a parsed time of a kind does. */
enum retry_after_effect {
    RA_WAIT,      /* it is the delay (0: at once) */
    RA_OWN_DELAY, /* as if no header were there */
    RA_CLAMP,     /* above the limit: wait the limit */
    RA_GIVE_UP,   /* no retry: this layer passes the failure outwards */
    RA_RAISE,     /* the client raises an error: the call ends at once */
    RA_NEVER,     /* the client never tries again and never returns */
};

enum retry_after_use {
    RA_REPLACE, /* the header's time is the delay */
    RA_MAXIMUM, /* the larger of it and the own delay */
    RA_BETWEEN, /* clamped into [at_least, at_most] */
    RA_SPREAD,  /* uniform in [t, t + spread] */
};

/* What several headers of one name are. */
enum retry_after_duplicates {
    RA_FIRST,
    RA_LAST,
    RA_UNREADABLE, /* joined by commas (RFC 9110 5.3), which no form reads */
};

struct retry_after {
    bool is_used;
    const struct retry_after_source *sources; /* in order of precedence */
    size_t source_count;
    struct status_set statuses; /* on which the header counts */
    enum retry_after_duplicates duplicates;
    enum retry_after_use use;
    int64_t at_least_ns, at_most_ns, spread_ns;
    int64_t limit_ns; /* NS_FOREVER: none */
    enum retry_after_effect above_limit, zero, negative, past, unparseable;
    int64_t default_ns; /* used when no header is there or parses; -1: none */
    bool is_jittered;   /* the layer's jitter is applied to it as well */
};

/* -- rules ------------------------------------------------------------------
 */

/* A condition on a response header. */
struct header_condition {
    const char *name;  /* NULL: no condition */
    const char *value; /* NULL: any value, i.e. present */
    bool is_absent;    /* must not be there */
    bool ignores_case; /* of the value; blanks around it are ignored too */
};

/* A condition on a JSON response body. */
struct body_condition {
    const char *pointer; /* RFC 6901; NULL: no condition */
    const char *value;   /* text of the value; NULL: present */
    bool ignores_case;
};

/* The outcomes a rule covers: a status of `statuses` or an end of
 * `ends` (bits 1 << enum attempt_end), and every condition that is given. */
struct outcome_set {
    struct status_set statuses;
    uint32_t ends;
    const char *const *methods; /* NULL: all */
    size_t method_count;
    struct header_condition header;
    struct body_condition body;
    /* Size of the request body, both ends included; at most 0: any.
     * {"request_bytes": {"at_least": 131073, "at_most": ...}} */
    int64_t request_at_least, request_at_most;
};

enum rule_do {
    RULE_RETRY,      /* wait by the back-off, then try again in this layer */
    RULE_FAIL,       /* final: no layer retries */
    RULE_PASS,       /* this layer does not decide; the next one out does */
    RULE_POLL,       /* as retry, but no budget of attempts counts it; without
                        a back-off at once */
    RULE_START_OVER, /* as pass, but the outermost layer decides next, whatever
                        its rules say: it retries by the back-off of this rule,
                        and the call begins again with its first request */
};

/* What the n of the back-off and the limit of a rule count. */
enum rule_count {
    COUNT_RUN,        /* "run": the retries of the layer in its present run */
    COUNT_STREAK,     /* "streak": retries by this rule in a row; any other
                         outcome that the layer sees begins a new one */
    COUNT_ITERATIONS, /* "iterations": retries and polls of the present run */
};

struct profile_rule {
    struct outcome_set on;
    enum rule_do action;
    struct backoff backoff; /* SCHEDULE_NONE: at once */
    struct retry_after retry_after;
    enum rule_count count;
    int64_t limit; /* retries by what `count` counts; then this layer gives up;
                      0: none */
    /* The rule matches only while less than this has passed since it first did
     * in the present run; 0: always. At most one rule of a layer has it. */
    int64_t within_ns;
    /* The delay (drawn from back-off and Retry-After, which may also stand at a
     * rule that fails or passes) closes the layer's rate limiter for all who
     * share it, from the end of the attempt on. */
    bool closes_limiter;
    const char *source; /* spec sentence or SDK and version; may be NULL */
    const char *where;  /* JSON path */
};

/* -- limits -----------------------------------------------------------------
 */

/* When the elapsed-time budget is tested. */
enum elapsed_test {
    ELAPSED_AFTER_ATTEMPT, /* give up if elapsed >= limit when it fails */
    ELAPSED_BEFORE_SLEEP,  /* give up if elapsed + delay > limit */
    ELAPSED_CUT_SLEEP,     /* as after-attempt, and the last wait ends at the
                              limit (tinker execute_with_retries) */
};

/* Which failures cost tokens by themselves. */
enum failures_cost {
    FAILURES_FREE,           /* none: a retry costs (botocore) */
    FAILURES_COST,           /* all, retried or not */
    FAILURES_RETRYABLE_COST, /* "retryable": those that a rule of the layer
                                would retry, retried or not (gRPC A6) */
};

/* Shared by all calls of a client; full at first. A retry needs
 * tokens >= cost and tokens > threshold. Counted in millionths. */
struct token_bucket {
    bool is_used;
    double capacity, cost, timeout_cost;
    double refund;    /* by a success */
    double per_call;  /* by the start of a call */
    double threshold; /* gRPC: half the capacity */
    enum failures_cost failures_cost;
    /* A call that succeeds by a retry brings what that cost, in place of
     * `refund` (the AWS SDKs); only where a retry costs. */
    bool returns_cost;
};

enum allowance_kind {
    ALLOWANCE_NONE,
    ALLOWANCE_RATIO, /* "ratio": a share of the calls that began lately, and
                        so many a second besides (Finagle's RetryBudget) */
    ALLOWANCE_CONCURRENT, /* "concurrent": at a time a share of the attempts in
                             flight, but so many in any case (Envoy) */
    ALLOWANCE_FAILURES,   /* "failure_rate": any number, while no more than this
                             share of the calls that began lately has failed,
                             each failed attempt counted (M. Brooker) */
};

/* How many retries all calls of a client may make together. */
struct allowance {
    enum allowance_kind kind;
    double share;
    int64_t least;     /* RATIO: a second; CONCURRENT: at a time */
    int64_t window_ns; /* RATIO, FAILURES: what "lately" is; NS_FOREVER */
};

struct budget {
    /* What the layer attempts in one run of it, the first included: runs of
     * the layers inside it, or requests if there are none. Polls are not
     * counted. ATTEMPTS_UNLIMITED */
    int64_t attempts;
    int64_t connect_attempts, read_attempts, status_attempts; /* own counters */
    int64_t elapsed_ns; /* NS_FOREVER: none */
    enum elapsed_test elapsed_test;
    struct token_bucket tokens;
    struct allowance allowance;
};

/* Who shares slots. A session has the clients of the plan that say so; global
 * is all calls of the process through the layer (tinkex at its audit);
 * url-and-key is global per {base URL, API key}. */
enum slot_scope {
    SLOTS_HANDLER, /* one handler, as the handler cache gives it out */
    SLOTS_SESSION,
    SLOTS_CLIENT,
    SLOTS_GLOBAL,
    SLOTS_URL_AND_KEY,
};
enum slot_held { SLOT_HELD_CALL, SLOT_HELD_ATTEMPT };

/* What a run of the layer (held: call) or each attempt of it must hold before
 * it begins, asked for in the order of the members, first come first served. */
struct slots {
    int64_t limit; /* at a time; 0: any number */
    enum slot_scope scope;
    enum slot_held held; /* call: also through the waits between attempts */
    /* Only while the rate limiter of the layer, or else of the next layer
     * inside it that has one, is closed or was less than throttled_window_ns
     * ago: so many more slots; 0: none. */
    int64_t throttled_limit;
    int64_t throttled_window_ns;
    /* Bytes of request bodies in flight; 0: any number. Who comes waits only
     * while the balance is below 0, so one may overshoot it; a body counts
     * byte_penalty-fold in the throttled window (0: once). */
    int64_t byte_limit;
    double byte_penalty;
    /* How a waiter asks again (tinkex: busy waiting); SCHEDULE_NONE: it is
     * told. */
    struct backoff ask_again;
};

enum progress_clock { PROGRESS_PER_HANDLER, PROGRESS_PER_CALL };

struct progress {
    int64_t timeout_ns; /* NS_FOREVER: none */
    enum progress_clock clock;
    /* True: an attempt in flight is aborted (tinker). False: tested between
     * attempts only (tinkex). */
    bool aborts_attempt;
    bool is_tested_at_first; /* also before the first attempt */
    bool resets_when_idle;   /* entering an idle handler is progress */
};

enum timeout_kind {
    TIMEOUT_TOTAL,      /* whole attempt */
    TIMEOUT_HEAD,       /* until the response head */
    TIMEOUT_INACTIVITY, /* since the last byte */
};

struct attempt_timeout {
    int64_t limit_ns; /* NS_FOREVER: none */
    enum timeout_kind kind;
};

enum limiter_scope { LIMITER_HOLDER, LIMITER_URL_AND_KEY };

/* A client-side window that delays every attempt through the layer, first ones
 * too, after a throttling answer (see closes_limiter); a new window replaces
 * the old one, even a longer one. And a steady rate. */
struct rate_limiter {
    bool is_used;
    enum limiter_scope scope;
    int64_t poll_ns; /* 0: one exact sleep, which notices no change */
    bool clears_on_success;
    double per_second; /* attempts sent; 0: any number */
    double burst;      /* at once after a pause, at least 1 */
};

enum breaker_checked { BREAKER_PER_ATTEMPT, BREAKER_PER_CALL };

/* Every attempt through the layer that is no success counts as a failure. */
struct circuit_breaker {
    bool is_used;
    int64_t failures; /* in a row until it opens */
    int64_t reset_ns; /* then it is half open */
    int64_t half_open_calls;
    enum breaker_checked checked;
    /* What an open circuit is to the layers further out: a connect that failed
     * (END_UNREACHABLE), which they may retry; or final. */
    bool is_retryable;
};

/* Before each attempt: it is not sent with a chance of
 * max(0, (requests - k * accepts) / (requests + 1)), by the requests of the
 * client and those that the service accepted in the window (Site Reliability
 * Engineering, chapter 21). */
struct throttle {
    bool is_used;
    double k;
    int64_t window_ns;
    struct status_set rejected; /* any other status is an accept */
    bool is_retryable;          /* as in circuit_breaker */
};

struct layer {
    const char *name;
    /* False in the file ("enabled": false): its rules, budget and events are
     * off; slots and progress timeout still hold (tinker's fast path). */
    bool is_disabled;
    /* Path patterns it covers ("POST /v1/x", * as in routes); none: all. */
    const char *const *routes;
    size_t route_count;
    const struct profile_rule *rules; /* first match wins */
    size_t rule_count;
    struct budget budget;
    struct slots slots;
    struct progress progress;
    struct attempt_timeout attempt_timeout;
    int64_t call_timeout_ns; /* the whole call through this layer */
    struct rate_limiter rate_limiter;
    struct circuit_breaker breaker;
    struct throttle throttle; /* not beside a ratio or failure_rate */
    const char *where;
};

/* -- below and beside the layers --------------------------------------------
 */

/* Re-sends by a layer below the SDK that no counter sees. */
/* The second request of a call: sent when the first has succeeded, through the
 * layers that cover its path. A layer that covers both goes on with its
 * counters; when it retries, the call begins again with the first request.
 * tinker: sample, then retrieve_future until the result is there. */
struct follow_up {
    const char *method, *path; /* NULL: none */
};

/* What the service tells about its queue, for notices to people. */
struct queue_state {
    const char *state, *reason; /* JSON pointers into response bodies */
    int64_t debounce_ns;        /* at most one notice in so long */
};

struct resend {
    bool is_used;
    bool on_stale_connection; /* a reused connection that died */
    struct status_set statuses;
    int64_t limit; /* per attempt */
};

enum key_scope { KEY_PER_CALL, KEY_PER_ATTEMPT };

/* Request headers that tell about the retry; names NULL if not sent. */
struct telling_headers {
    const char *retry_count; /* e.g. x-stainless-retry-count */
    int64_t retry_count_from;
    const char *idempotency_key;
    enum key_scope idempotency_scope;
    const char *call_id;
};

struct tolerance {
    int64_t early_ns; /* default 10 ms: client timers that round */
    int64_t late_ns;  /* default 250 ms */
};

struct profile {
    struct arena arena;
    const char *file; /* as opened */
    bool is_shipped;  /* carried in this program, so that its id names it */
    const char *id;   /* e.g. "curl-retry-5" */
    const char *title;
    const char *source; /* what it mirrors: package and version, or RFC */
    const struct layer *layers; /* outermost first */
    size_t layer_count;
    struct follow_up follow_up;
    struct queue_state queue_state;
    /* Handlers of a process, by {session, profile}, least recently used out
     * first; 0: each client has its own. tinker: 100 */
    int64_t handler_cache;
    struct resend resend;
    bool resumes_with_range; /* a cut body is resumed by a Range request */
    struct telling_headers headers;
    struct tolerance tolerance;
    /* Rules of rules.jsonc that do not apply to this client, and why. */
    struct not_applicable {
        const char *rule, *reason;
    } const *not_applicable;
    size_t not_applicable_count;
    /* Levels that this client's specification gives to rules; of the others the
     * catalogue's hold. {"levels": {"RA-1": "should"}} */
    struct rule_level {
        const char *rule;
        enum level level;
    } const *levels;
    size_t level_count;
};

/* Reads a profile. On failure returns NULL and `error` holds at least one
 * problem. The caller frees with profile_free. */
struct profile *profile_read(const char *file, const char *bytes, size_t size,
                             struct error *error);
struct profile *profile_read_file(const char *file, struct error *error);
void profile_free(struct profile *profile);

/* LEVEL_PROFILE: it gives the rule none. */
enum level profile_level(const struct profile *profile, const char *rule);

/* Does the layer cover a request? `path` has no query. */
bool layer_covers(const struct layer *layer, const char *method,
                  const char *path);

#endif
