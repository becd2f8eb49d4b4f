#include "judge/rules_timeout.h"

#include "judge/held.h"
#include "judge/starved.h"
#include "model/units.h"

/* Both ends of the time that an attempt was open are ours: each may have been
 * seen late. */
static int64_t seen_slack(const struct judging *judging)
{
    return judging->early_ns + judging->lag_ns;
}

/* The client's clock ran before we saw the head: it had to resolve, connect and
 * send. That it may be slow at it is the late tolerance, but no more than a
 * quarter of the time in question. */
static int64_t early_slack(const struct judging *judging, int64_t since_ns,
                           int64_t due_ns)
{
    int64_t quarter_ns = (due_ns - since_ns) / 4;
    int64_t late_ns = judging->profile->tolerance.late_ns;
    return seen_slack(judging) + (quarter_ns < late_ns ? quarter_ns : late_ns);
}

/* A client that got no CPU noticed late that the time was over. */
static int64_t over_by(const struct judging *judging, int64_t at_ns,
                       int64_t due_ns)
{
    return at_ns - starved_before(judging, at_ns) -
           units_add(due_ns, judging->late_ns);
}

static bool is_about(const struct place *place, int64_t since_ns,
                     int64_t due_ns)
{
    const struct judging *judging = place->judging;
    int64_t at_ns = place->seen->at_ns;
    return due_ns != NS_FOREVER &&
           at_ns >= due_ns - early_slack(judging, since_ns, due_ns) &&
           over_by(judging, at_ns, due_ns) <= 0;
}

static int64_t sooner(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* A client whose profile knows no limit takes the one that its adapter was
 * asked for as most HTTP clients do: for the time without a byte. */
struct retry_action rules_timeout_limit(const struct judging *judging,
                                        const struct retry_action *send)
{
    struct retry_action limited = *send;
    int64_t asked_ns = judging->scenario->workload.read_timeout_ns;
    if (limited.attempt_timeout.limit_ns == NS_FOREVER && asked_ns > 0 &&
        judging->trace->level > 0) {
        limited.attempt_timeout =
            (struct attempt_timeout){asked_ns, TIMEOUT_INACTIVITY};
    }
    return limited;
}

static int64_t due_at(const struct judging *judging,
                      const struct trace_attempt *attempt,
                      const struct retry_action *send)
{
    return sooner(send->until_ns, seen_deadline(attempt, &send->attempt_timeout,
                                                judging->late_ns));
}

static bool is_doubtful(const struct judging *judging, int64_t at_ns,
                        int64_t off_ns)
{
    int64_t late_ns = judging->lag_ns + starved_before(judging, at_ns);
    return late_ns > judging->profile->tolerance.late_ns ||
           judging->lag_ns > off_ns / 2;
}

/* -- the progress timeout aborts attempts ---------------------------------- */

/* By what had happened at `at_ns`, is it over `slack_ns` later? */
static bool says_progress_is_over(const struct hypotheses *set, int64_t at_ns,
                                  int64_t slack_ns)
{
    struct retry_action action = hypotheses_ask(set, &set->items[0], at_ns);
    bool is_soon = action.kind == RETRY_WAIT &&
                   action.wake_ns <= units_add(at_ns, slack_ns);
    return is_soon ||
           (action.kind == RETRY_ABORT && action.reason == REASON_PROGRESS);
}

static void report_progress(const struct place *place, const char *observed)
{
    struct tally *tally = place->judging->tally;
    struct finding *finding = tally_violate(tally, JUDGE_PT_1, false);
    if (!finding) {
        return;
    }
    finding->attempt = place->call->attempts[place->index]->id;
    finding->expected = "the call ends when the progress timeout is over";
    finding->observed = observed;
    finding->source =
        tally_text(tally, "profile %s", place->judging->profile->id);
}

/* True: the progress timeout ended the attempt, or should have. */
static bool judge_progress(struct hypotheses *set, const struct place *place)
{
    const struct judging *judging = place->judging;
    if (set->items[0].action.wake_ns == NS_FOREVER) {
        return false;
    }
    int64_t at_ns = place->seen->at_ns;
    if (place->seen->outcome.end == END_UNFINISHED) {
        at_ns = judging->end_ns;
    }
    int64_t meant_ns =
        at_ns - judging->late_ns - starved_before(judging, at_ns);
    bool is_late = meant_ns > set->items[0].call.attempt_started_ns &&
                   says_progress_is_over(set, meant_ns, 0);
    if (is_late) {
        tally_exercise(judging->tally, JUDGE_PT_1);
        report_progress(place,
                        tally_text(judging->tally, "%s was open until %s",
                                   evidence_attempt(place, place->index),
                                   evidence_seconds(judging->tally, at_ns)));
        return true;
    }
    bool is_last = place->index + 1 == place->call->count;
    bool may_be_left = place->seen->is_left || place->seen->may_be_timeout;
    /* Else it may have been over before the answer was there. */
    int64_t slack_ns = may_be_left ? judging->late_ns : seen_slack(judging);
    if (is_last && says_progress_is_over(set, at_ns, slack_ns)) {
        tally_exercise(judging->tally, JUDGE_PT_1);
        return true;
    }
    return false;
}

/* -- attempt timeouts ------------------------------------------------------ */

static void judge_left(const struct place *place,
                       const struct retry_action *send, int64_t due_ns)
{
    const struct judging *judging = place->judging;
    int64_t at_ns = place->seen->at_ns;
    tally_exercise(judging->tally, JUDGE_TO_1);
    int64_t head_ns = place->call->attempts[place->index]->head_ns;
    int64_t early_ns = due_ns == NS_FOREVER
                           ? NS_FOREVER
                           : due_ns - early_slack(judging, head_ns, due_ns);
    if (at_ns < early_ns) {
        int64_t off_ns = early_ns == NS_FOREVER ? NS_FOREVER : early_ns - at_ns;
        evidence_abandon(tally_violate(judging->tally, JUDGE_TO_1,
                                       judging->lag_ns > off_ns / 2),
                         place, send, due_ns);
        return;
    }
    tally_exercise(judging->tally, JUDGE_TO_2);
    int64_t over_ns = over_by(judging, at_ns, due_ns);
    if (over_ns > 0) {
        evidence_abandon(tally_violate(judging->tally, JUDGE_TO_2,
                                       is_doubtful(judging, at_ns, over_ns)),
                         place, send, due_ns);
    }
}

static void judge_open(const struct place *place,
                       const struct retry_action *send, int64_t due_ns)
{
    const struct judging *judging = place->judging;
    int64_t at_ns = place->seen->outcome.end == END_UNFINISHED
                        ? sooner(judging->end_ns, judging->stop_ns)
                        : place->seen->at_ns;
    int64_t over_ns = over_by(judging, at_ns, due_ns);
    if (due_ns == NS_FOREVER || over_ns <= 0) {
        return;
    }
    struct seen seen = *place->seen;
    struct place at_end = *place;
    seen.at_ns = at_ns;
    at_end.seen = &seen;
    tally_exercise(judging->tally, JUDGE_TO_2);
    evidence_abandon(tally_violate(judging->tally, JUDGE_TO_2,
                                   is_doubtful(judging, at_ns, over_ns)),
                     &at_end, send, due_ns);
}

/* The client's own end closes what it had open. */
static bool ended_with_client(const struct judging *judging, int64_t at_ns)
{
    int64_t end_ns =
        sooner(judging->stop_ns, judging->trace->ended_ns == TRACE_NEVER
                                     ? NS_FOREVER
                                     : judging->trace->ended_ns);
    return end_ns != NS_FOREVER && at_ns >= end_ns - seen_slack(judging);
}

/* The limit of what a layer below sends again may still be that of the first.
 */
static struct retry_action as_first(const struct hypothesis *resent,
                                    const struct retry_action *send)
{
    struct retry_action first = *send;
    int64_t end_ns = units_add(resent->call.attempt_started_ns,
                               send->attempt_timeout.limit_ns);
    first.until_ns = sooner(send->until_ns, end_ns);
    return first;
}

/* One that hung in a stalled listener began before its head came: as long
 * before as explains when it was left. */
static struct retry_action as_stalled(const struct hypothesis *stalled,
                                      const struct place *place,
                                      const struct retry_action *send)
{
    const struct attempt_timeout *timeout = &send->attempt_timeout;
    const struct trace_attempt *attempt = place->call->attempts[place->index];
    struct retry_action begun = *send;
    int64_t last_ns = units_add(attempt->head_ns, timeout->limit_ns);
    if (seen_deadline(attempt, timeout, place->judging->late_ns) == last_ns) {
        int64_t first_ns = units_add(stalled->stalled_ns, timeout->limit_ns);
        begun.until_ns =
            sooner(send->until_ns, units_max(first_ns, place->seen->at_ns));
    }
    return begun;
}

static void take_fitting(const struct place *place, struct retry_action *best,
                         const struct retry_action *send)
{
    const struct judging *judging = place->judging;
    const struct trace_attempt *attempt = place->call->attempts[place->index];
    int64_t due_ns = due_at(judging, attempt, send);
    bool is_later = due_ns > due_at(judging, attempt, best);
    if (place->seen->is_left ? is_about(place, attempt->head_ns, due_ns)
                             : is_later) {
        *best = *send;
    }
}

/* What the client was told with the attempt: of all that may be, what fits. */
static struct retry_action fitting_send(const struct hypotheses *set,
                                        const struct place *place)
{
    const struct judging *judging = place->judging;
    struct retry_action best =
        rules_timeout_limit(judging, &set->items[0].action);
    for (int i = 0; i < set->count; i++) {
        struct retry_action send =
            rules_timeout_limit(judging, &set->items[i].action);
        take_fitting(place, &best, &send);
        struct retry_action begun = as_stalled(&set->items[i], place, &send);
        take_fitting(place, &best, &begun);
        if (set->items[i].resends > 0) {
            send = as_first(&set->items[i], &send);
            take_fitting(place, &best, &send);
        }
    }
    return best;
}

static bool is_given_up(const struct hypotheses *set, const struct place *place)
{
    int64_t latest_ns = place->call->give_up_ns;
    bool is_held = set->give_up_ns < latest_ns &&
                   place->seen->at_ns >= set->give_up_ns &&
                   place->seen->at_ns <= latest_ns;
    return is_held ||
           is_about(place, place->call->attempts[0]->head_ns, latest_ns);
}

bool rules_timeout_fits(const struct hypotheses *set, const struct place *place)
{
    const struct judging *judging = place->judging;
    const struct trace_attempt *attempt = place->call->attempts[place->index];
    if (place->index + 1 == place->call->count && is_given_up(set, place)) {
        return true;
    }
    for (int i = 0; i < set->count; i++) {
        struct retry_action send =
            rules_timeout_limit(judging, &set->items[i].action);
        int64_t due_ns = due_at(judging, attempt, &send);
        if (place->seen->at_ns >=
            due_ns - early_slack(judging, attempt->head_ns, due_ns)) {
            return true;
        }
    }
    return false;
}

bool rules_timeout_may_cut(const struct hypotheses *set,
                           const struct place *place)
{
    int64_t slack_ns = seen_slack(place->judging);
    int64_t at_ns = place->seen->at_ns;
    return units_add(at_ns, slack_ns) >= place->call->give_up_ns ||
           (set->items[0].action.wake_ns != NS_FOREVER &&
            says_progress_is_over(set, at_ns, slack_ns));
}

int64_t rules_timeout_due(const struct hypotheses *set,
                          const struct place *place)
{
    const struct retry_action send = fitting_send(set, place);
    return due_at(place->judging, place->call->attempts[place->index], &send);
}

bool rules_timeout_was_due(const struct place *place, int64_t due_ns)
{
    const struct trace_attempt *attempt = place->call->attempts[place->index];
    const struct trace_attempt *next = place->call->attempts[place->index + 1];
    return due_ns != NS_FOREVER &&
           next->head_ns >=
               due_ns - early_slack(place->judging, attempt->head_ns, due_ns);
}

/* Was it perhaps aborted by a timeout that began nobody knows when? */
static bool may_be_aborted(const struct hypotheses *set)
{
    return set->aborts && (set->is_open || set->is_age_unknown);
}

bool rules_timeout_judge(struct hypotheses *set, const struct place *place)
{
    const struct judging *judging = place->judging;
    const struct retry_action limited = fitting_send(set, place);
    const struct retry_action *send = &limited;
    const struct trace_attempt *attempt = place->call->attempts[place->index];
    int64_t head_ns = attempt->head_ns;
    int64_t due_ns = due_at(judging, attempt, send);
    if (judge_progress(set, place)) {
        return false;
    }
    bool is_last = place->index + 1 == place->call->count;
    if (!place->seen->is_left) {
        judge_open(place, send, due_ns);
        return !place->seen->may_be_timeout || !is_last ||
               !is_given_up(set, place);
    }
    bool is_due = is_about(place, head_ns, due_ns);
    if (!is_due && may_be_aborted(set)) {
        return false;
    }
    if (is_due || !is_last) {
        judge_left(place, send, due_ns);
        return true;
    }
    if (is_given_up(set, place)) {
        return false;
    }
    if (ended_with_client(judging, place->seen->at_ns) &&
        judging->stop_ns != NS_FOREVER) {
        tally_cut(judging->tally, JUDGE_TO_1, judging->stop_reason);
        return false;
    }
    judge_left(place, send, due_ns);
    return true;
}

/* Does the engine say that the call was over before the wait was? */
static bool is_over_by(const struct hypotheses *set,
                       const struct hypothesis *hypothesis, int64_t at_ns,
                       struct retry_action *done)
{
    return !hypothesis->is_resend && hypothesis->action.kind == RETRY_WAIT &&
           at_ns > hypothesis->from_hi_ns &&
           held_is_over(set, hypothesis, at_ns, done);
}

bool rules_timeout_after_wait(struct hypotheses *set, const struct place *place)
{
    const struct judging *judging = place->judging;
    const struct trace_attempt *next = place->call->attempts[place->index + 1];
    struct retry_action done = {0};
    int64_t meant_ns = next->head_ns - judging->late_ns -
                       starved_before(judging, next->head_ns);
    int over = 0, waiting = 0;
    for (int i = 0; set->is_timed && i < set->count; i++) {
        waiting += hypotheses_waits(&set->items[i]);
        over += is_over_by(set, &set->items[i], meant_ns, &done);
    }
    if (over == 0 || over < waiting) {
        return true;
    }
    enum judge_rule rule =
        done.reason == REASON_PROGRESS ? JUDGE_PT_1 : JUDGE_AT_2;
    tally_exercise(judging->tally, rule);
    evidence_over(tally_violate(judging->tally, rule, false), place, &done);
    return false;
}
