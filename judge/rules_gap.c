#include "judge/rules_gap.h"

#include <string.h>

#include "judge/gates.h"
#include "judge/hidden.h"
#include "judge/rules_slots.h"
#include "judge/starved.h"
#include "judge/stats_samples.h"
#include "model/units.h"

/* A re-send below the SDK comes at once; a back-off is not that short. */
static const int64_t RESEND_NS = 50 * NS_PER_MS;

static bool has_header(const struct retry_action *action)
{
    return action->law.has_header &&
           action->retry_after.kind == RETRY_AFTER_TIME;
}

/* The part of the delay that the header alone asks for. */
static bool is_before_header(const struct hypothesis *hypothesis,
                             const struct place *place, int64_t head_ns)
{
    if (!has_header(&hypothesis->action)) {
        return false;
    }
    struct delay_law header = hypothesis->action.law;
    header.use = header.use == RA_MAXIMUM ? RA_REPLACE : header.use;
    int64_t min_ns =
        units_add(hypothesis->from_lo_ns, backoff_range(&header).min_ns);
    return head_ns < min_ns - place->judging->early_ns;
}

/* What a layer holds for the call only its first request has to queue for; what
 * it holds for a run or an attempt, each. */
bool rules_gap_may_queue(const struct judging *judging,
                         const struct hypothesis *hypothesis)
{
    const struct retry_call *call = &hypothesis->call;
    bool has_two = judging->profile->follow_up.path;
    for (int i = 0; i < call->layer_count; i++) {
        bool covers_all =
            !has_two || (call->covers[0] & call->covers[1]) >> i & 1;
        bool is_held =
            covers_all && rules_slots_last(judging->profile, (size_t)i);
        if (retry_call_has(call, i) && !is_held &&
            rules_slots_may_queue(judging, (size_t)i)) {
            return true;
        }
    }
    return false;
}

/* How far the next attempt lies outside of what a hypothesis allows. */
struct miss {
    int64_t off_ns;     /* negative is early */
    int64_t starved_ns; /* how much of it the client waited for a CPU */
    bool is_of_gate;
    struct gate gate;
};

/* Has a limiter a say in when an attempt comes that was ready by then? */
static bool is_of_limiter(const struct gate *gate, int64_t ready_ns)
{
    return gate->due_ns > ready_ns || gate->is_cleared;
}

static struct miss miss_of(const struct hypotheses *set,
                           const struct hypothesis *hypothesis,
                           const struct place *place)
{
    const struct judging *judging = set->judging;
    int64_t head_ns = place->call->attempts[place->index + 1]->head_ns;
    struct delay_range reach = hypotheses_reach(hypothesis);
    int64_t low_ns = reach.min_ns - judging->early_ns;
    struct miss miss = {
        .starved_ns = starved_between(judging, place->seen->early_ns, head_ns),
        .gate = gates_of_next(set, hypothesis,
                              place->call->attempts[place->index]->id,
                              place->call->attempts[place->index + 1]),
    };
    int64_t high_ns = units_add(miss.gate.due_ns, judging->late_ns);
    high_ns = units_add(high_ns, miss.starved_ns);
    if (head_ns < low_ns) {
        miss.off_ns = head_ns - low_ns;
    } else if (miss.gate.is_shut) {
        miss.off_ns = head_ns - (miss.gate.end_ns - judging->early_ns);
        miss.is_of_gate = true;
    } else if (head_ns > high_ns && !rules_gap_may_queue(judging, hypothesis)) {
        miss.off_ns = head_ns - high_ns;
        miss.is_of_gate = is_of_limiter(&miss.gate, reach.max_ns);
    }
    return miss;
}

static int64_t magnitude(int64_t ns)
{
    return ns < 0 ? -ns : ns;
}

/* Without the waits that were over in another way. */
static void drop_cut(struct hypotheses *set, int64_t sent_ns)
{
    int kept = 0;
    for (int i = 0; set->is_timed && i < set->count; i++) {
        if (!hidden_has_cut(set, &set->items[i], sent_ns)) {
            set->items[kept++] = set->items[i];
        }
    }
    set->count = kept > 0 ? kept : set->count;
}

/* Of those that wait, keeps the ones that fit, or else the nearest one. Returns
 * how far that one is off. */
static struct miss keep_fitting(struct hypotheses *set,
                                const struct place *place)
{
    int kept = 0;
    struct miss best = {.off_ns = INT64_MAX};
    for (int i = 0; i < set->count; i++) {
        if (!hypotheses_waits(&set->items[i])) {
            continue;
        }
        struct miss miss = miss_of(set, &set->items[i], place);
        bool is_better = magnitude(miss.off_ns) < magnitude(best.off_ns);
        if (!is_better && (miss.off_ns != 0 || best.off_ns != 0)) {
            continue;
        }
        if (is_better) {
            kept = 0;
            best = miss;
        }
        set->items[kept++] = set->items[i];
    }
    set->count = kept;
    return best;
}

/* -- labels ---------------------------------------------------------------- */

static const char *retry_count_of(const struct place *place, size_t index)
{
    const char *name = place->judging->profile->headers.retry_count;
    return name ? http_header_get(&place->call->attempts[index]->headers, name)
                : NULL;
}

/* Did a layer below the SDK send this? At once on a new connection after a
 * transport fault, or with a retry count that did not move on. */
static bool is_hidden_retry(const struct hypothesis *hypothesis,
                            const struct place *place)
{
    const struct trace_attempt *last = place->call->attempts[place->index];
    const struct trace_attempt *next = place->call->attempts[place->index + 1];
    int64_t gap_ns = next->head_ns - place->seen->early_ns;
    int64_t min_ns = backoff_range(&hypothesis->action.law).min_ns;
    if (gap_ns > RESEND_NS || gap_ns > min_ns / 2) {
        return false;
    }
    const char *before = retry_count_of(place, place->index);
    const char *after = retry_count_of(place, place->index + 1);
    return (place->seen->outcome.end != END_STATUS &&
            last->conn != next->conn) ||
           (before && after && strcmp(before, after) == 0);
}

static enum judge_rule early_rule(const struct hypothesis *hypothesis,
                                  const struct place *place)
{
    int64_t head_ns = place->call->attempts[place->index + 1]->head_ns;
    if (hypothesis->action.is_never ||
        is_before_header(hypothesis, place, head_ns)) {
        return JUDGE_RA_1;
    }
    return is_hidden_retry(hypothesis, place) ? JUDGE_HID_1 : JUDGE_BO_1;
}

/* The lag, and for a late attempt what its client waited for a CPU, leave it
 * open which side of the bound the client was on. */
static bool is_doubtful(const struct judging *judging, const struct miss *miss)
{
    return judging->lag_ns > magnitude(miss->off_ns) / 2 ||
           (miss->off_ns > 0 && units_add(judging->lag_ns, miss->starved_ns) >
                                    judging->profile->tolerance.late_ns);
}

static void exercise_gate(const struct judging *judging,
                          const struct gate *gate,
                          const struct hypothesis *hypothesis)
{
    bool is_longer = is_of_limiter(gate, hypotheses_reach(hypothesis).max_ns);
    if (gate->is_known) {
        tally_exercise(judging->tally, JUDGE_RL_1);
    }
    if (is_longer && gate->due_ns != NS_FOREVER &&
        !rules_gap_may_queue(judging, hypothesis)) {
        tally_exercise(judging->tally, JUDGE_RL_2);
    }
}

static void exercise(const struct hypothesis *hypothesis,
                     const struct place *place, const struct gate *gate)
{
    const struct judging *judging = place->judging;
    struct delay_range range = backoff_range(&hypothesis->action.law);
    bool by_header = has_header(&hypothesis->action);
    if (range.min_ns > judging->early_ns) {
        tally_exercise(judging->tally, by_header ? JUDGE_RA_1 : JUDGE_BO_1);
        if (place->seen->outcome.end != END_STATUS ||
            judging->profile->headers.retry_count) {
            tally_exercise(judging->tally, JUDGE_HID_1);
        }
    }
    if (range.max_ns != NS_FOREVER && gate->due_ns != NS_FOREVER &&
        !rules_gap_may_queue(judging, hypothesis)) {
        tally_exercise(judging->tally, by_header ? JUDGE_RA_2 : JUDGE_BO_2);
    }
    exercise_gate(judging, gate, hypothesis);
}

/* For those who draw it. */
static void keep_delay(const struct hypothesis *hypothesis,
                       const struct place *place, const struct miss *miss)
{
    const struct trace_attempt *next = place->call->attempts[place->index + 1];
    struct delay_range reach = hypotheses_reach(hypothesis);
    int64_t due_ns = miss->gate.due_ns;
    int64_t max_ns = due_ns > reach.max_ns ? due_ns : reach.max_ns;
    int64_t from_ns = place->seen->at_ns;
    const struct delay_seen delay = {
        .attempt = next->id,
        .call = place->call->key,
        .n = (int64_t)place->index + 1,
        .delay_ns = next->head_ns - from_ns,
        .min_ns =
            reach.min_ns == NS_FOREVER ? NS_FOREVER : reach.min_ns - from_ns,
        .max_ns = max_ns == NS_FOREVER ? NS_FOREVER : max_ns - from_ns,
        .is_kept = miss->off_ns == 0,
    };
    tally_delay(place->judging->tally, &delay);
}

static enum judge_rule rule_of(const struct miss *miss,
                               const struct hypothesis *hypothesis,
                               const struct place *place)
{
    bool is_own =
        hypothesis->call.is_watching &&
        miss->gate.closed_by == place->call->attempts[place->index]->id;
    if (miss->is_of_gate && !is_own) {
        return miss->off_ns < 0 ? JUDGE_RL_1 : JUDGE_RL_2;
    }
    if (miss->off_ns < 0) {
        return early_rule(hypothesis, place);
    }
    return has_header(&hypothesis->action) ? JUDGE_RA_2 : JUDGE_BO_2;
}

void rules_gap_judge(struct hypotheses *set, const struct place *place)
{
    const struct judging *judging = place->judging;
    bool is_sample = stats_samples_fits(set, place);
    drop_cut(set, place->call->attempts[place->index + 1]->head_ns);
    struct miss miss = keep_fitting(set, place);
    const struct hypothesis *hypothesis = &set->items[0];
    if (hypothesis->is_resend) {
        tally_exercise(judging->tally, JUDGE_HID_1);
        return;
    }
    exercise(hypothesis, place, &miss.gate);
    keep_delay(hypothesis, place, &miss);
    if (miss.off_ns == 0) {
        if (is_sample) {
            stats_samples_add(judging->samples, hypothesis, place,
                              miss.starved_ns > judging->early_ns);
        }
        return;
    }
    struct finding *finding =
        tally_violate(judging->tally, rule_of(&miss, hypothesis, place),
                      is_doubtful(judging, &miss));
    if (miss.is_of_gate) {
        evidence_gate(finding, place, place->index + 1, &miss.gate);
    } else {
        evidence_gap(finding, place, hypothesis, miss.off_ns < 0);
    }
}

void rules_gap_first(const struct hypotheses *set, const struct place *place)
{
    const struct judging *judging = place->judging;
    const struct trace_attempt *first = place->call->attempts[0];
    struct gate gate = gates_of_first(set, first);
    if (!gate.is_known || (gate.is_shut && set->may_be_retry)) {
        return;
    }
    tally_exercise(judging->tally, JUDGE_RL_1);
    if (gate.is_shut) {
        struct miss miss = {
            .off_ns = first->head_ns - (gate.end_ns - judging->early_ns),
        };
        evidence_gate(tally_violate(judging->tally, JUDGE_RL_1,
                                    is_doubtful(judging, &miss)),
                      place, 0, &gate);
    }
}
