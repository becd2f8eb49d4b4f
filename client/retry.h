/* The retry engine: one step function, event in, action out.
 *
 * Pure: time is in the event, randomness is in the event, state is the
 * caller's plain struct of fixed size; nothing is allocated. The reference
 * client asks it what to do; the judge asks it what would have been allowed, by
 * feeding the events that the wire showed and reading the law of each wait.
 *
 *     client                                judge
 *     START            -> SEND              START at the first request seen
 *     ENDED(503)       -> WAIT(law, until)  ENDED(503) -> WAIT(law)
 *     TIMER(until)     -> SEND              SENT(when seen) -> SEND
 *     ENDED(200)       -> DONE(ok)          ENDED(200) -> DONE(ok)
 */
#ifndef RETRYSPEC_CLIENT_RETRY_H
#define RETRYSPEC_CLIENT_RETRY_H

#include <stdbool.h>
#include <stdint.h>

#include "client/backoff.h"
#include "client/retry_after.h"
#include "model/error.h"
#include "model/http.h"
#include "model/profile.h"

/* How an attempt ended, as the client saw it. */
struct attempt_outcome {
    enum attempt_end end;
    int status;                         /* END_STATUS */
    const struct http_headers *headers; /* of the response; NULL: none */
    const char *body;                   /* NULL if not kept */
    size_t body_size;
    const struct cJSON *json; /* the body, parsed; NULL: only when asked for */
    bool connection_was_reused;
};

/* A rate limiter of a layer, for all who share it. Zero: open. The flags say
 * whether a time counts: monotonic times may be zero or negative. */
struct retry_limiter {
    bool is_closed;  /* until until_ns; stays set until it is cleared */
    bool was_closed; /* until_ns is the end of the last window, even cleared */
    bool is_paced;   /* next_send_ns counts */
    int64_t until_ns;
    int64_t next_send_ns; /* per_second: when the bucket has a token again */
};

enum breaker_state { BREAKER_CLOSED, BREAKER_OPEN, BREAKER_HALF_OPEN };

struct retry_breaker {
    enum breaker_state state;
    int64_t failures; /* in a row */
    int64_t opened_ns;
    int64_t half_open; /* attempts in flight since it is half open */
};

/* Two counts over time; see client/window.h. */
enum { RETRY_SLICES = 10 };
struct retry_window {
    int64_t since_ns; /* when the present slice began */
    uint32_t counts[2][RETRY_SLICES];
    uint8_t slice; /* the present one */
};

/* Does it pass? The judge, who sees one call at a time, can't count. */
enum retry_known { KNOWN_BY_COUNT, KNOWN_TO_PASS, KNOWN_TO_FAIL };

/* What calls of one handler share. Zero-initialise, then retry_shared_init.
 * Plain values, so that a copy is a fork (the judge); but a limiter of a wider
 * scope is where the shell says. */
struct retry_shared {
    const struct profile *profile;
    /* Layers that have a part of a policy, as bits: most have none. */
    struct {
        uint8_t progress, call_timeout, attempt_timeout;
        uint8_t limiter, breaker, tokens, allowance, throttle;
    } having;
    int64_t active_calls;
    struct retry_layer_shared {
        int64_t progress_ns; /* last progress */
        double tokens;
        struct retry_breaker breaker;
        struct retry_limiter limiter;
        struct retry_limiter *wider_limiter; /* NULL: `limiter` */
        struct retry_window window;  /* of the allowance or the throttle */
        int32_t in_flight, retrying; /* attempts; retries, waits included */
        enum retry_known retries, attempts;
    } layers[PROFILE_LAYERS_MAX];
};
void retry_shared_init(struct retry_shared *shared,
                       const struct profile *profile, int64_t now_ns);

/* From now on what is counted of other calls stops nobody: for those who ask
 * what one call may do. */
void retry_shared_pass(struct retry_shared *shared);

/* What a retry cost in tokens. */
enum retry_paid { PAID_NOTHING, PAID_COST, PAID_TIMEOUT_COST };

/* Counters of one layer in its present run. What a layer attempts is a run of
 * the layers inside it, or a request if there are none. */
struct retry_layer_state {
    int64_t attempts; /* of this run, the present one included */
    int64_t retries;  /* waits so far: n of the next one */
    int32_t polls;
    int32_t connect_failures, read_failures, status_failures;
    int32_t streak;      /* waits in a row by the rule of streak_rule */
    int16_t streak_rule; /* which one; 0: none */
    bool has_within;     /* within_since_ns counts */
    uint8_t paid;        /* for the last retry of this run: enum retry_paid */
    int64_t started_ns;
    int64_t previous_ns;     /* last delay, for decorrelated */
    int64_t within_since_ns; /* first match of the rule with within_ns */
};

enum retry_event_kind {
    RETRY_START,  /* the caller asked (slots, if any, are granted) */
    RETRY_ENDED,  /* an attempt ended: `outcome` */
    RETRY_TIMER,  /* a time that an action named has come */
    RETRY_SENT,   /* judge: the next attempt was seen, early or late */
    RETRY_CANCEL, /* the caller gave up */
};

struct retry_event {
    enum retry_event_kind kind;
    int64_t now_ns;  /* monotonic; never goes back */
    int64_t wall_ns; /* Unix time, for HTTP-dates; RETRY_ENDED only */
    double u;        /* random number in [0, 1); START, ENDED and TIMER */
    const struct attempt_outcome *outcome; /* RETRY_ENDED */
};

enum retry_action_kind {
    RETRY_SEND,  /* send an attempt now */
    RETRY_WAIT,  /* nothing until `until_ns`: a delay between attempts, or a
                    closed limiter before one; see wait_kind */
    RETRY_ABORT, /* abort the attempt in flight; then the call is done */
    RETRY_DONE,
};

/* Why a call is done. X(constant, word) */
#define RETRY_REASON_LIST(X)                                              \
    X(REASON_SUCCESS, "success")                                          \
    X(REASON_FINAL, "final")       /* no rule retries this outcome */     \
    X(REASON_ATTEMPTS, "attempts") /* attempts spent */                   \
    X(REASON_ELAPSED, "elapsed")   /* elapsed-time budget spent */        \
    X(REASON_TOKENS, "tokens")                                            \
    X(REASON_ALLOWANCE, "retry-budget")                                   \
    X(REASON_PROGRESS, "progress-timeout")                                \
    X(REASON_CALL_TIMEOUT, "call-timeout")                                \
    X(REASON_RETRY_AFTER, "retry-after") /* the header made it give up */ \
    X(REASON_BREAKER, "circuit-open")                                     \
    X(REASON_THROTTLED, "throttled")                                      \
    X(REASON_OVERFLOW, "overflow") /* the client's own arithmetic */      \
    X(REASON_CANCELLED, "cancelled")

enum retry_reason {
#define X(constant, word) constant,
    RETRY_REASON_LIST(X)
#undef X
};
extern const char *const retry_reason_words[];

enum retry_wait_kind {
    WAIT_RETRY,   /* a counted retry */
    WAIT_POLL,    /* not counted */
    WAIT_LIMITER, /* a rate limiter's window, before any attempt */
};

struct retry_action {
    enum retry_action_kind kind;
    enum retry_wait_kind wait_kind;
    /* SEND: which request of the call, 0 or 1 (profile.follow_up). */
    int step;
    /* SEND: abort this attempt then (attempt timeout of kind total, call
     * timeout); NS_FOREVER: never. WAIT: when to send. DONE and ABORT:
     * NS_FOREVER, as wake_ns. */
    int64_t until_ns;
    /* SEND: kind and limit of the attempt timeout; limit NS_FOREVER: none. */
    struct attempt_timeout attempt_timeout;
    /* SEND and WAIT: the engine wants a RETRY_TIMER no later than this
     * (progress timeout, call timeout, a poll of a limiter); NS_FOREVER: none.
     */
    int64_t wake_ns;
    /* WAIT: the law of the delay, who set it and since when it runs. */
    struct delay_law law;
    int64_t wait_from_ns;
    int64_t delay_ns; /* as drawn with u */
    const struct layer *layer;
    const struct profile_rule *rule; /* rule that decided; NULL if none did */
    struct retry_after_value retry_after;
    bool is_never; /* WAIT that never ends (RA_NEVER) */
    /* DONE and ABORT */
    enum retry_reason reason;
    bool is_ok;
};

enum retry_phase {
    RETRY_PHASE_NEW,
    RETRY_PHASE_COMING, /* inside a step only: on the way to an attempt */
    RETRY_PHASE_SENDING,
    RETRY_PHASE_WAITING,
    RETRY_PHASE_DONE
};

/* What is sent, as far as a policy may look at it. Borrowed. */
struct retry_request {
    const char *method, *path; /* path without query */
    int64_t body_bytes;
};

/* What a caller sets for one call, in the place of what the innermost enabled
 * layer with rules says (tinkex: opts[:max_retries]; S0-125). */
struct retry_override {
    int64_t attempts;           /* 0: the layer's */
    int64_t elapsed_ns;         /* 0: the layer's */
    int64_t attempt_timeout_ns; /* 0: the profile's */
};

/* One logical call. Under 1 KiB; copyable (the judge tries ways). */
struct retry_call {
    struct retry_shared *shared;
    const struct layer *layers; /* of the profile */
    struct retry_request request;
    struct retry_override override;
    /* Layers of the profile that cover the first request and the second. */
    uint8_t covers[2];
    int layer_count; /* of the profile */
    int step;        /* request in hand */
    struct retry_layer_state state[PROFILE_LAYERS_MAX];
    enum retry_phase phase;
    int64_t attempt_started_ns, wait_from_ns, wait_until_ns;
    int64_t attempts; /* sends of the whole call */
    int waiting_layer;
    enum retry_wait_kind wait_kind;
    /* On the way to the wire: layers whose run begins with the coming attempt,
     * the one whose limiter is in the way, and how far the call is with it. */
    uint8_t fresh;
    int16_t gate_layer;
    bool is_past_window, has_reserved;
    bool is_watching; /* the wait is a window, looked at again at look_ns */
    uint8_t probes;   /* layers whose breaker tries this attempt, half open */
    uint8_t retrying; /* layers whose retry this is: shared.retrying */
    int64_t look_ns;
    struct retry_action wait; /* the present wait; retry_after.text is NULL */
};

/* Binds the layers that cover the request and the follow-up. */
void retry_call_init(struct retry_call *call, struct retry_shared *shared,
                     const struct retry_request *request);

/* The same for who has many calls of the same requests: finds those layers, and
 * binds layers that were found before. */
void retry_covers_find(const struct profile *profile,
                       const struct retry_request *request, uint8_t covers[2]);
void retry_call_bind(struct retry_call *call, struct retry_shared *shared,
                     const struct retry_request *request,
                     const uint8_t covers[2]);

/* Sets what the caller wants of this call; before RETRY_START. */
void retry_call_override(struct retry_call *call,
                         const struct retry_override *override);

/* Layer i of the profile, and whether it takes part in the request in hand. */
static inline const struct layer *retry_layer(const struct retry_call *call,
                                              int i)
{
    return &call->layers[i];
}
static inline bool retry_call_has(const struct retry_call *call, int i)
{
    return call->covers[call->step] >> i & 1;
}

/* The innermost of them, whose retries a retry-count header tells; -1: none. */
int retry_innermost(const struct retry_call *call);

/* For slots: is the throttled window of layer i open at `now_ns`? */
bool retry_is_throttled(const struct retry_call *call, int i, int64_t now_ns);

/* For the judge: the earliest instant from `now_ns` on at which the limiters of
 * the call let an attempt pass; layers from `from` inwards. */
int64_t retry_gate_ns(const struct retry_call *call, int from, int64_t now_ns);

/* Advances the call. An event that does not fit the phase is a bug (assert).
 *
 * A RETRY_TIMER before its time gives the same wait again, or the wait as it is
 * by now, if a limiter that is looked at by polls has changed. A wait for a
 * limiter (WAIT_LIMITER) holds what the attempt needs: it may end in SEND at
 * any wake_ns; other waits only at until_ns. While an attempt is in flight
 * RETRY_TIMER gives RETRY_ABORT or, if nothing is due, RETRY_WAIT with the
 * attempt's until_ns and the next wake_ns: carry on. An attempt that reaches
 * its own limit is ended by the client, which reports END_TIMEOUT. Every event
 * but CANCEL may end in RETRY_WAIT, and ENDED in SEND (follow-up request). */
struct retry_action retry_step(struct retry_call *call,
                               const struct retry_event *event);

/* The rule of this layer that covers an outcome; NULL: none, or the layer is
 * disabled. `within_ns` is not looked at. */
const struct profile_rule *layer_rule(const struct layer *layer,
                                      const struct retry_request *request,
                                      const struct attempt_outcome *outcome);

#endif
