#include "judge/silence.h"

#include "judge/busy.h"
#include "judge/gates.h"
#include "judge/hidden.h"
#include "judge/rules_gap.h"
#include "model/units.h"

/* The rule that giving up here breaks. */
static enum judge_rule rule_of_silence(const struct place *place,
                                       const struct hypothesis *nominal)
{
    if (!nominal->is_resend && nominal->action.kind == RETRY_SEND) {
        return JUDGE_FU_1;
    }
    if (place->call->count > 1) {
        return JUDGE_AT_1;
    }
    return place->seen->outcome.end == END_STATUS ? JUDGE_ST_1 : JUDGE_TF_1;
}

/* Is the call over, rather than the next attempt sent? One that is aborted as
 * soon as it is sent may not get anywhere. */
static bool ends_unseen(const struct hypotheses *set,
                        const struct hypothesis *hypothesis, int64_t at_ns)
{
    struct retry_action action = hypotheses_ask(set, hypothesis, at_ns);
    return action.kind == RETRY_DONE ||
           (action.kind == RETRY_SEND && action.wake_ns <= at_ns);
}

/* So many calls of a client that end while one waits are looked at. */
enum { PROGRESS_MAX = 256 };

/* The same, at any moment until `latest_ns`: what other calls of the client did
 * moves its clock, so that its time may be over before that and not after. */
static bool may_end_unseen(const struct hypotheses *set,
                           const struct hypothesis *hypothesis, int64_t due_ns,
                           int64_t latest_ns)
{
    int64_t at_ns = hypotheses_reach(hypothesis).min_ns;
    if (ends_unseen(set, hypothesis, due_ns)) {
        return true;
    }
    for (int i = 0; set->aged; i++) {
        at_ns = shared_next_progress(set->lines, set->client, at_ns);
        if (at_ns >= latest_ns) {
            break;
        }
        if (i == PROGRESS_MAX || ends_unseen(set, hypothesis, at_ns - 1)) {
            return true;
        }
    }
    return ends_unseen(set, hypothesis, latest_ns);
}

/* By when it has its slots. A client that ends its calls by itself gave each of
 * them some; only a call that was cut off may have waited in vain. */
static int64_t has_slots_by(const struct hypotheses *set,
                            const struct hypothesis *hypothesis, int64_t due_ns)
{
    bool may_be_cut = set->is_timed || set->give_up_ns != NS_FOREVER ||
                      set->judging->stop_ns != NS_FOREVER;
    return set->busy && may_be_cut &&
                   rules_gap_may_queue(set->judging, hypothesis)
               ? busy_until(set->busy, set->client, due_ns)
               : due_ns;
}

/* May the hypothesis have ended unseen, or not be due yet? Fills the instant by
 * which an attempt should have been seen. */
static bool may_be_silent(const struct hypotheses *set,
                          const struct hypothesis *hypothesis, int64_t last,
                          int64_t *latest_ns)
{
    if (!hypotheses_waits(hypothesis) || hypothesis->is_resend ||
        hypothesis->action.is_never) {
        return !hypothesis->is_resend;
    }
    int64_t due_ns = gates_of_next(set, hypothesis, last, NULL).due_ns;
    int64_t slots_ns = has_slots_by(set, hypothesis, due_ns);
    *latest_ns = units_add(slots_ns, set->judging->late_ns);
    if (due_ns == NS_FOREVER) {
        return true;
    }
    if (hypothesis->action.kind != RETRY_WAIT) {
        /* A limiter or slots may hold up the follow-up until the call's time is
         * over. */
        return slots_ns > hypothesis->from_hi_ns &&
               hypothesis->action.until_ns <= *latest_ns;
    }
    return may_end_unseen(set, hypothesis, due_ns, *latest_ns);
}

/* Until when the call must have gone on, by its longest hypothesis; fills the
 * same by the nominal one. False: it need not have. */
static bool must_go_on(const struct hypotheses *set, const struct place *place,
                       int64_t *nominal_ns, int64_t *longest_ns)
{
    int64_t last = place->call->attempts[place->index]->id;
    *nominal_ns = NS_FOREVER;
    *longest_ns = INT64_MIN;
    for (int i = set->count - 1; i >= 0; i--) {
        const struct hypothesis *hypothesis = &set->items[i];
        *nominal_ns = units_add(hypothesis->from_hi_ns, set->judging->late_ns);
        if (set->is_open || may_be_silent(set, hypothesis, last, nominal_ns)) {
            return false;
        }
        *longest_ns = units_max(*longest_ns, *nominal_ns);
    }
    return true;
}

/* The call ended where only what is left of the budget that calls share kept
 * it from trying again. */
static bool is_refused_by_budget(const struct hypotheses *set)
{
    const struct hypothesis *nominal = &set->items[0];
    int64_t due_ns =
        units_add(hypotheses_reach(nominal).max_ns, set->judging->late_ns);
    bool is_refused = false;
    for (int i = 1; i < set->count; i++) {
        enum retry_reason reason = set->items[i].action.reason;
        is_refused |= set->items[i].action.kind == RETRY_DONE &&
                      (reason == REASON_TOKENS || reason == REASON_ALLOWANCE);
    }
    return is_refused && hypotheses_waits(nominal) &&
           due_ns <= units_min(set->judging->stop_ns, set->give_up_ns);
}

void silence_judge(struct hypotheses *set, const struct place *place)
{
    const struct judging *judging = place->judging;
    enum judge_rule rule = rule_of_silence(place, &set->items[0]);
    int64_t latest_ns, longest_ns;
    if (set->items[0].action.is_never) {
        judging->tally->hangs++;
        tally_exercise(judging->tally, JUDGE_RA_1);
        return;
    }
    if (is_refused_by_budget(set)) {
        tally_exercise(judging->tally, JUDGE_TB_1);
    }
    hidden_add(set, judging->end_ns);
    if (set->is_age_unknown ||
        !must_go_on(set, place, &latest_ns, &longest_ns)) {
        return; /* its time may have been over */
    }
    if (set->give_up_ns <= longest_ns) {
        tally_exercise(judging->tally, JUDGE_AT_2);
        tally_cut(judging->tally, rule, tally_given_up);
        return;
    }
    if (judging->stop_ns < longest_ns) {
        tally_cut(judging->tally, rule, judging->stop_reason);
        return;
    }
    evidence_missing(tally_violate(judging->tally, rule, false), place,
                     &set->items[0], latest_ns);
}
