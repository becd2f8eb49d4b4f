#include "judge/accept.h"

#include <assert.h>

#include "judge/busy.h"
#include "judge/evidence.h"
#include "judge/hidden.h"
#include "judge/record.h"
#include "judge/record_lost.h"
#include "judge/rules_conns.h"
#include "judge/rules_gap.h"
#include "judge/rules_request.h"
#include "judge/rules_timeout.h"
#include "judge/silence.h"
#include "judge/starved.h"
#include "model/units.h"

struct walk {
    const struct judging *judging;
    struct hypotheses *set;
    const struct call *call;
    const struct recorder *recorder; /* NULL: the walk judges */
    size_t recorded;                 /* attempts of the call so far */
};

/* -- the call should be over, or should not -------------------------------- */

/* The rule that an attempt after this end would break. */
static enum judge_rule rule_of_end(const struct retry_action *done,
                                   const struct seen *seen)
{
    switch (done->reason) {
    case REASON_SUCCESS:
        return JUDGE_AT_3;
    case REASON_FINAL:
        return seen->outcome.end == END_STATUS ? JUDGE_ST_2 : JUDGE_TF_2;
    case REASON_PROGRESS:
        return JUDGE_PT_1;
    case REASON_RETRY_AFTER:
        return JUDGE_RA_1;
    case REASON_BREAKER:
        return JUDGE_CB_1;
    case REASON_THROTTLED:
        return JUDGE_TH_1;
    case REASON_TOKENS:
    case REASON_ALLOWANCE:
        return JUDGE_TB_1;
    case REASON_ATTEMPTS:
    case REASON_ELAPSED:
    case REASON_OVERFLOW:
    case REASON_CALL_TIMEOUT:
    case REASON_CANCELLED:
        return JUDGE_AT_2;
    }
    assert(false);
    return JUDGE_AT_2;
}

static int count_waiting(const struct hypotheses *set)
{
    int waiting = 0;
    for (int i = 0; i < set->count; i++) {
        waiting += hypotheses_waits(&set->items[i]);
    }
    return waiting;
}

/* -- what the end of an attempt asks for ----------------------------------- */

static void exercise_retry(const struct place *place)
{
    struct tally *tally = place->judging->tally;
    tally_exercise(tally, place->seen->outcome.end == END_STATUS ? JUDGE_ST_1
                                                                 : JUDGE_TF_1);
    if (place->call->count > 1) {
        tally_exercise(tally, JUDGE_AT_1);
    }
}

/* Progress or call timeouts that end the call while it waits. */
static void exercise_progress(const struct walk *walk,
                              const struct hypothesis *hypothesis)
{
    int64_t due_ns = hypotheses_reach(hypothesis).max_ns;
    if (hypothesis->action.kind != RETRY_WAIT || due_ns == NS_FOREVER) {
        return;
    }
    struct retry_action action = hypotheses_ask(walk->set, hypothesis, due_ns);
    if (action.kind == RETRY_DONE && action.reason == REASON_PROGRESS) {
        tally_exercise(walk->judging->tally, JUDGE_PT_1);
    }
}

static void judge_end(const struct walk *walk, const struct place *place)
{
    const struct hypotheses *set = walk->set;
    int waiting = count_waiting(set);
    const struct hypothesis *nominal = &set->items[0];
    if (waiting == set->count && !nominal->action.is_never) {
        exercise_retry(place);
    } else if (waiting == 0) {
        tally_exercise(walk->judging->tally,
                       rule_of_end(&nominal->action, place->seen));
    }
    if (set->is_timed && waiting > 0) {
        exercise_progress(walk, nominal);
    }
}

/* -- circuits and turns ---------------------------------------------------- */

/* True: every hypothesis says that an open circuit refused the attempt. */
static bool judge_circuit(const struct walk *walk, const struct place *place)
{
    const struct hypotheses *set = walk->set;
    int64_t last = place->call->attempts[place->index]->id;
    const struct trace_attempt *next = place->call->attempts[place->index + 1];
    struct refused refused = {0};
    for (int i = set->count - 1; i >= 0; i--) {
        if (!hypotheses_waits(&set->items[i])) {
            continue;
        }
        refused = gates_refuse_next(set, &set->items[i], last, next);
        if (!refused.layer) {
            return false;
        }
    }
    tally_exercise(walk->judging->tally, JUDGE_CB_1);
    evidence_circuit(tally_violate(walk->judging->tally, JUDGE_CB_1, false),
                     place, place->index + 1, &refused);
    return true;
}

static bool judge_turn(const struct walk *walk, const struct place *place)
{
    struct hypotheses *set = walk->set;
    const struct judging *judging = walk->judging;
    int step =
        calls_step(judging->profile, place->call->attempts[place->index + 1]);
    int kept = 0, wanted = 0;
    bool is_unread = place->call->attempts[place->index + 1]->id == 0;
    if (!judging->profile->follow_up.path || place->call->is_follow_up ||
        is_unread) {
        return true;
    }
    tally_exercise(judging->tally, JUDGE_FU_1);
    for (int i = 0; i < set->count; i++) {
        const struct hypothesis *hypothesis = &set->items[i];
        if (!hypotheses_waits(hypothesis) || hypothesis->call.step == step) {
            set->items[kept++] = *hypothesis;
        } else {
            wanted = hypothesis->call.step;
        }
    }
    set->count = kept;
    if (count_waiting(set) > 0) {
        return true;
    }
    evidence_turn(tally_violate(judging->tally, JUDGE_FU_1, false), place,
                  wanted);
    return false;
}

/* -- the next attempt came ------------------------------------------------- */

/* Its caller had: the client should have known. */
static bool has_given_up(const struct place *place,
                         const struct trace_attempt *next)
{
    const struct judging *judging = place->judging;
    struct tally *tally = judging->tally;
    int64_t meant_ns = next->head_ns - starved_before(judging, next->head_ns);
    if (meant_ns <= units_add(place->call->give_up_ns, judging->late_ns)) {
        return false;
    }
    tally_exercise(tally, JUDGE_AT_2);
    evidence_over(tally_violate(tally, JUDGE_AT_2, false), place,
                  &(struct retry_action){.reason = REASON_CANCELLED});
    return true;
}

/* False: the walk of this call is over. */
static bool judge_next(struct walk *walk, const struct place *place)
{
    const struct judging *judging = walk->judging;
    const struct trace_attempt *next = place->call->attempts[place->index + 1];
    if (count_waiting(walk->set) == 0) {
        const struct retry_action *done = &walk->set->items[0].action;
        evidence_over(tally_violate(judging->tally,
                                    rule_of_end(done, place->seen), false),
                      place, done);
        return false;
    }
    if (has_given_up(place, next)) {
        return false;
    }
    hidden_add(walk->set, next->head_ns);
    if (walk->set->is_open) {
        return false;
    }
    if (!judge_turn(walk, place) ||
        !rules_timeout_after_wait(walk->set, place)) {
        return false;
    }
    if (!judge_circuit(walk, place)) {
        rules_gap_judge(walk->set, place);
    }
    if (walk->recorder) {
        record_next(walk->recorder, place);
    }
    if (!hypotheses_sent(walk->set, next->head_ns)) {
        return false;
    }
    rules_request_retry_count(walk->set, place, place->index + 1);
    return true;
}

/* -- one call -------------------------------------------------------------- */

static bool overlaps(const struct seen *seen, const struct trace_attempt *next)
{
    return seen->outcome.end == END_UNFINISHED || seen->at_ns > next->head_ns;
}

static bool judge_overlap(const struct walk *walk, const struct place *place)
{
    struct tally *tally = place->judging->tally;
    const struct trace_attempt *next = place->call->attempts[place->index + 1];
    tally_exercise(tally, JUDGE_OVER_1);
    if (!overlaps(place->seen, next)) {
        rules_conns_judge(place);
        return false;
    }
    int64_t due_ns = rules_timeout_due(walk->set, place);
    if (rules_timeout_was_due(place, due_ns)) {
        rules_conns_left_open(place, due_ns);
        return true;
    }
    struct finding *finding = tally_violate(tally, JUDGE_OVER_1, false);
    if (finding) {
        finding->attempt = next->id;
        finding->expected =
            tally_text(tally, "%s only after %s ended",
                       evidence_attempt(place, place->index + 1),
                       evidence_attempt(place, place->index));
        finding->observed =
            tally_text(tally, "it came at %s, while %s was in flight until %s",
                       evidence_seconds(tally, next->head_ns),
                       evidence_attempt(place, place->index),
                       place->seen->outcome.end == END_UNFINISHED
                           ? "the end of the run"
                           : evidence_seconds(tally, place->seen->at_ns));
        finding->source =
            tally_text(tally, "profile %s", place->judging->profile->id);
    }
    return true;
}

/* False: the walk of this call is over. */
static bool walk_attempt(struct walk *walk, size_t index)
{
    const struct call *call = walk->call;
    const struct trace_attempt *next =
        index + 1 < call->count ? call->attempts[index + 1] : NULL;
    struct seen seen = seen_end(walk->judging, call->attempts[index],
                                next ? next->head_ns : TRACE_NEVER);
    struct place place = {walk->judging, call, index, &seen};
    seen.may_be_timeout &= rules_timeout_fits(walk->set, &place);
    if (!next) {
        walk->judging->may_be_cut[call - walk->judging->calls->items] =
            rules_timeout_may_cut(walk->set, &place);
    }
    if (next && judge_overlap(walk, &place)) {
        return false;
    }
    if (!rules_timeout_judge(walk->set, &place) ||
        seen.outcome.end == END_UNFINISHED) {
        return false;
    }
    if (walk->recorder) {
        record_end(walk->recorder, &place);
        walk->recorded = index + 1;
    }
    hypotheses_end(walk->set, call->attempts[index], &seen);
    judge_end(walk, &place);
    if (!next) {
        silence_judge(walk->set, &place);
        return false;
    }
    return judge_next(walk, &place);
}

static void judge_first(const struct walk *walk, const struct place *place)
{
    struct refused refused =
        gates_refuse_first(walk->set, walk->call->attempts[0]);
    if (refused.layer) {
        tally_exercise(walk->judging->tally, JUDGE_CB_1);
        evidence_circuit(tally_violate(walk->judging->tally, JUDGE_CB_1, false),
                         place, 0, &refused);
    } else {
        rules_gap_first(walk->set, place);
    }
}

static void walk_attempts(struct walk *walk)
{
    struct place place = {.judging = walk->judging, .call = walk->call};
    hypotheses_start(walk->set, walk->call);
    if (walk->set->items[0].action.kind != RETRY_SEND) {
        return; /* a progress timeout that is over before the call began */
    }
    judge_first(walk, &place);
    rules_request_retry_count(walk->set, &place, 0);
    if (walk->recorder) {
        record_first(walk->recorder, walk->call);
    }
    for (size_t i = 0; i < walk->call->count; i++) {
        if (!walk_attempt(walk, i)) {
            return;
        }
    }
}

static void walk_call(struct walk *walk)
{
    walk->recorded = 0;
    walk_attempts(walk);
    if (walk->recorder) {
        record_lost_attempts(walk->recorder, walk->call, walk->recorded);
    }
}

/* A circuit that opened while the client went on is one that it kept, or not.
 */
static void exercise_circuits(const struct judging *judging,
                              const struct shared_lines *lines)
{
    const struct workload *workload = &judging->scenario->workload;
    bool has_unseen =
        (int64_t)judging->calls->count < workload->clients * workload->calls;
    int64_t openings = shared_openings(lines, has_unseen);
    for (int64_t i = 0; i < openings; i++) {
        tally_exercise(judging->tally, JUDGE_CB_1);
    }
}

static void walk_calls(struct walk *walk)
{
    const struct judging *judging = walk->judging;
    for (size_t i = 0; i < judging->calls->count; i++) {
        bool is_refused = judging->tally->is_silent && !walk->recorder &&
                          tally_violations(judging->tally) > 0;
        if (is_refused) {
            return; /* a misreading that does not explain the trace */
        }
        size_t index = (judging->first_call + i) % judging->calls->count;
        walk->call = &judging->calls->items[index];
        if (calls_is_covered(walk->call)) {
            walk_call(walk);
        }
    }
}

/* What the calls did to what they share: the first walk, which blames nobody.
 */
static bool record_effects(const struct judging *judging,
                           const struct progress_lines *progress,
                           struct effects *effects, struct arena *scratch)
{
    struct tally tally = {.arena = scratch, .is_silent = true};
    struct judging quiet = *judging;
    quiet.tally = &tally;
    const struct shared_lines *blind =
        shared_create(&quiet, progress, NULL, scratch);
    struct walk walk = {.judging = &quiet};
    walk.set = blind ? hypotheses_create(&quiet, blind, scratch) : NULL;
    if (!walk.set) {
        return false;
    }
    walk.recorder = &(struct recorder){.set = walk.set, .effects = effects};
    walk_calls(&walk);
    record_lost_spans(walk.recorder);
    effects_sort(effects);
    return true;
}

static bool note_busy(struct hypotheses *set, struct arena *scratch)
{
    set->busy = set->may_queue ? busy_create(set->judging, scratch) : NULL;
    return set->busy || !set->may_queue;
}

bool accept_calls(const struct judging *judging, struct arena *scratch)
{
    const struct progress_lines *progress = progress_create(judging, scratch);
    struct effects *effects = effects_create(judging, scratch);
    if (!progress || !effects ||
        (effects->items &&
         !record_effects(judging, progress, effects, scratch))) {
        return false;
    }
    size_t walked = effects->items ? judging->trace->attempt_count : 0;
    judging->tally->prepared = (int64_t)(progress_count(progress) + walked);
    const struct shared_lines *lines =
        shared_create(judging, progress, effects, scratch);
    struct walk walk = {.judging = judging};
    walk.set = lines ? hypotheses_create(judging, lines, scratch) : NULL;
    if (!walk.set || !note_busy(walk.set, scratch)) {
        return false;
    }
    exercise_circuits(judging, lines);
    walk_calls(&walk);
    return true;
}
