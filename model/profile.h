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
 * the profile's arena. Times are nanoseconds. Every parameter of the format is
 * read; one that the engine can't execute yet is refused by retry_supports()
 * in client/retry.h, never ignored. */
#ifndef RETRYSPEC_MODEL_PROFILE_H
#define RETRYSPEC_MODEL_PROFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/arena.h"
#include "model/error.h"
#include "model/http.h"

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
    JITTER_DECORRELATED, /* U(base, k*previous), previous = base at first,
                            whatever x is                   {"decorrelated": 3}
                          */
};

enum jitter_order { JITTER_AFTER_CAP, JITTER_BEFORE_CAP };
enum rounding { ROUND_NONE, ROUND_MS_NEAREST, ROUND_MS_DOWN, ROUND_NS_DOWN };
enum negative { NEGATIVE_ZERO, NEGATIVE_BASE };

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
    const char *header;
    const enum retry_after_form *forms;
    size_t form_count;
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
};

enum rule_do {
    RULE_RETRY,      /* wait by the back-off, then try again in this layer */
    RULE_FAIL,       /* final: no layer retries */
    RULE_PASS,       /* this layer does not decide; the next one out does */
    RULE_POLL,       /* try again at once, not counted */
    RULE_START_OVER, /* the call begins again with a new request */
};

struct profile_rule {
    struct outcome_set on;
    enum rule_do action;
    struct backoff backoff; /* RULE_RETRY */
    struct retry_after retry_after;
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

struct token_bucket {
    bool is_used; /* shared by all calls of a client */
    double capacity, cost, timeout_cost, refund;
};

struct budget {
    int64_t attempts; /* sends through this layer in one run of it, the first
                         included; ATTEMPTS_UNLIMITED */
    int64_t connect_attempts, read_attempts, status_attempts; /* own counters */
    int64_t elapsed_ns; /* NS_FOREVER: none */
    enum elapsed_test elapsed_test;
    struct token_bucket tokens;
};

enum slot_scope { SLOTS_HANDLER, SLOTS_SESSION, SLOTS_CLIENT, SLOTS_GLOBAL };
enum slot_held { SLOT_HELD_CALL, SLOT_HELD_ATTEMPT };

struct slots {
    int64_t limit; /* 0: no slots */
    enum slot_scope scope;
    enum slot_held held; /* call: also through the waits between attempts */
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

/* A client-side window that delays every call after a throttling answer. */
struct rate_limiter {
    bool is_used;
    enum limiter_scope scope;
    int64_t poll_ns; /* 0: one exact sleep */
    bool clears_on_success;
};

struct circuit_breaker {
    bool is_used;
    int64_t failures;
    int64_t reset_ns;
    int64_t half_open_calls;
};

struct layer {
    const char *name;
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
    const char *where;
};

/* -- below and beside the layers --------------------------------------------
 */

/* Re-sends by a layer below the SDK that no counter sees. */
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
    const char *file;
    const char *id; /* e.g. "curl-retry-5" */
    const char *title;
    const char *source; /* what it mirrors: package and version, or RFC */
    const struct layer *layers; /* outermost first */
    size_t layer_count;
    struct resend resend;
    bool resumes_with_range; /* a cut body is resumed by a Range request */
    struct telling_headers headers;
    struct tolerance tolerance;
    /* Rules of rules.jsonc that do not apply to this client, and why. */
    struct not_applicable {
        const char *rule, *reason;
    } const *not_applicable;
    size_t not_applicable_count;
};

/* Reads a profile. On failure returns NULL and `error` holds at least one
 * problem. The caller frees with profile_free. */
struct profile *profile_read(const char *file, const char *bytes, size_t size,
                             struct error *error);
struct profile *profile_read_file(const char *file, struct error *error);
void profile_free(struct profile *profile);

/* Does the layer cover a request? `path` has no query. */
bool layer_covers(const struct layer *layer, const char *method,
                  const char *path);

#endif
