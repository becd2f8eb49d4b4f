#include "judge/rules_gap.h"

#include <string.h>

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

/* With slots held for the attempt a retry may have to queue for one. */
static bool may_queue(const struct judging *judging,
                      const struct hypothesis *hypothesis)
{
    const struct workload *workload = &judging->scenario->workload;
    for (int i = 0; i < hypothesis->call.layer_count; i++) {
        const struct slots *slots = &retry_layer(&hypothesis->call, i)->slots;
        if (retry_call_has(&hypothesis->call, i) && slots->limit > 0 &&
            slots->held == SLOT_HELD_ATTEMPT &&
            workload->clients * workload->concurrency > slots->limit) {
            return true;
        }
    }
    return false;
}

/* How far the instant lies outside what is allowed: negative is early. */
static int64_t distance(const struct judging *judging,
                        const struct hypothesis *hypothesis, int64_t head_ns)
{
    struct delay_range reach = hypotheses_reach(hypothesis);
    int64_t low_ns = reach.min_ns - judging->early_ns;
    int64_t high_ns = units_add(reach.max_ns, judging->late_ns);
    if (head_ns < low_ns) {
        return head_ns - low_ns;
    }
    return head_ns > high_ns && !may_queue(judging, hypothesis)
               ? head_ns - high_ns
               : 0;
}

static int64_t magnitude(int64_t ns)
{
    return ns < 0 ? -ns : ns;
}

/* Of those that wait, keeps the ones that fit, or else the nearest one. Returns
 * how far that one is off. */
static int64_t keep_fitting(struct hypotheses *set, int64_t head_ns)
{
    int kept = 0;
    int64_t best = INT64_MAX, signed_best = 0;
    for (int i = 0; i < set->count; i++) {
        if (!hypotheses_waits(&set->items[i])) {
            continue;
        }
        int64_t off = distance(set->judging, &set->items[i], head_ns);
        if (magnitude(off) > best || (best != 0 && magnitude(off) == best)) {
            continue;
        }
        kept = off == 0 && best == 0 ? kept : 0;
        best = magnitude(off);
        signed_best = off;
        set->items[kept++] = set->items[i];
    }
    set->count = kept;
    return signed_best;
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

/* The lag leaves it open which side of the bound the client was on. */
static bool is_doubtful(const struct judging *judging, int64_t off_ns)
{
    return judging->lag_ns > magnitude(off_ns) / 2 ||
           (off_ns > 0 &&
            judging->lag_ns > judging->profile->tolerance.late_ns);
}

static void exercise(const struct hypothesis *hypothesis,
                     const struct place *place)
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
    if (range.max_ns != NS_FOREVER && !may_queue(judging, hypothesis)) {
        tally_exercise(judging->tally, by_header ? JUDGE_RA_2 : JUDGE_BO_2);
    }
}

void rules_gap_judge(struct hypotheses *set, const struct place *place)
{
    const struct judging *judging = place->judging;
    int64_t head_ns = place->call->attempts[place->index + 1]->head_ns;
    int64_t off_ns = keep_fitting(set, head_ns);
    const struct hypothesis *hypothesis = &set->items[0];
    if (hypothesis->is_resend) {
        tally_exercise(judging->tally, JUDGE_HID_1);
        return;
    }
    exercise(hypothesis, place);
    if (off_ns == 0) {
        return;
    }
    enum judge_rule rule = early_rule(hypothesis, place);
    if (off_ns > 0) {
        rule = has_header(&hypothesis->action) ? JUDGE_RA_2 : JUDGE_BO_2;
    }
    struct finding *finding =
        tally_violate(judging->tally, rule, is_doubtful(judging, off_ns));
    evidence_gap(finding, place, hypothesis, off_ns < 0);
}
