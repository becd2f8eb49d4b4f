#include "judge/held.h"

#include "judge/gates.h"
#include "judge/hypotheses_parts.h"
#include "model/units.h"

/* The first layer from `from` inwards with a limiter; `count`: none. */
static int next_limiter(const struct hypotheses *set,
                        const struct retry_call *call, int from)
{
    const struct layer *layers = set->judging->profile->layers;
    int i = from;
    while (i < call->layer_count &&
           !(layers[i].rate_limiter.is_used && retry_call_has(call, i))) {
        i++;
    }
    return i;
}

/* Renews the limits of the attempt in flight. False: it was over by them. */
static bool renew_limits(const struct hypotheses *set,
                         struct hypothesis *hypothesis, int64_t sent_ns)
{
    hypotheses_step(
        set, hypothesis,
        &(struct retry_event){.kind = RETRY_TIMER, .now_ns = sent_ns}, NULL);
    bool is_in_flight = hypothesis->action.kind == RETRY_WAIT;
    hypothesis->action.kind = RETRY_SEND;
    return is_in_flight;
}

void held_follow_up(const struct hypotheses *set, struct hypothesis *hypothesis,
                    int64_t sent_ns)
{
    struct hypothesis late = *hypothesis;
    late.call.attempt_started_ns = sent_ns;
    if (next_limiter(set, &late.call, 0) < late.call.layer_count &&
        sent_ns > hypothesis->call.attempt_started_ns &&
        renew_limits(set, &late, sent_ns)) {
        *hypothesis = late;
    }
}

/* Layers whose runs begin with the attempt. */
struct runs {
    int first, last;
};

static bool are_aged(const struct hypotheses *set, struct runs runs)
{
    bool is_any = false;
    for (int i = runs.first; i <= runs.last; i++) {
        is_any |= set->aged >> i & 1;
    }
    return is_any;
}

/* Those runs began at `at_ns`, if that leaves them the time to be here. */
static bool begin_runs(const struct hypotheses *set,
                       struct hypothesis *hypothesis, struct runs runs,
                       int64_t at_ns, int64_t sent_ns)
{
    struct hypothesis begun = *hypothesis;
    for (int i = runs.first; i <= runs.last; i++) {
        if (retry_call_has(&begun.call, i)) {
            begun.call.state[i].started_ns = at_ns;
        }
    }
    bool is_possible =
        renew_limits(set, &begun, sent_ns) && begun.action.until_ns > sent_ns;
    if (is_possible) {
        *hypothesis = begun;
    }
    return is_possible;
}

/* Those that begin before the attempt passes a limiter, if their time counts:
 * as far as the last limiter, or as the first. */
static bool find_runs(const struct hypotheses *set,
                      const struct retry_call *call, struct runs *to_last,
                      struct runs *to_first)
{
    int outside = call->waiting_layer;
    int count = call->layer_count;
    int first = next_limiter(set, call, outside + 1);
    int last = first;
    for (int i = first; i < count; i = next_limiter(set, call, i + 1)) {
        last = i;
    }
    *to_first = (struct runs){outside + 1, first};
    *to_last = (struct runs){outside + 1, last};
    return last < count && are_aged(set, *to_last);
}

void held_retry(struct hypotheses *set, struct hypothesis *hypothesis,
                const struct delay_range *ready, int64_t sent_ns)
{
    struct runs to_last, to_first;
    if (!set->aged || hypothesis->is_stalled ||
        hypothesis->action.kind != RETRY_SEND ||
        !find_runs(set, &hypothesis->call, &to_last, &to_first)) {
        return;
    }
    int64_t early_ns =
        units_max(ready->min_ns, gates_held_since(set, to_last.first, sent_ns));
    int64_t late_ns = units_min(ready->max_ns, sent_ns);
    struct hypothesis early = *hypothesis;
    begin_runs(set, hypothesis, to_first, late_ns, sent_ns);
    bool is_wide = late_ns - early_ns > set->judging->early_ns ||
                   to_first.last < to_last.last;
    if (is_wide && early_ns < sent_ns &&
        begin_runs(set, &early, to_last, early_ns, sent_ns)) {
        set->is_age_unknown = true;
        hypotheses_add(set, &early);
    }
}

bool held_is_over(const struct hypotheses *set,
                  const struct hypothesis *hypothesis, int64_t at_ns,
                  struct retry_action *done)
{
    static const struct hypotheses_given closed = {.held = UINT8_MAX};
    struct hypothesis copy = *hypothesis;
    struct retry_event event = {
        .kind = RETRY_TIMER,
        .now_ns = units_min(hypotheses_reach(hypothesis).min_ns, at_ns),
    };
    *done = hypotheses_ask(set, hypothesis, at_ns);
    if (done->kind != RETRY_DONE) {
        return false;
    }
    copy.call.wait_until_ns = event.now_ns;
    hypotheses_step(set, &copy, &event, &closed);
    if (copy.action.kind == RETRY_WAIT) {
        event.now_ns = at_ns;
        hypotheses_step(set, &copy, &event, &closed);
    }
    return copy.action.kind != RETRY_WAIT;
}
