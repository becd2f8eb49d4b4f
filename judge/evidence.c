#include "judge/evidence.h"

#include "judge/starved.h"
#include "model/units.h"

const char *evidence_attempt(const struct place *place, size_t index)
{
    struct tally *tally = place->judging->tally;
    if (place->judging->calls->count < 2) {
        return tally_text(tally, "attempt %zu", index + 1);
    }
    return tally_text(tally, "attempt %zu of call %s", index + 1,
                      place->call->key);
}

const char *evidence_seconds(struct tally *tally, int64_t ns)
{
    char text[UNITS_TEXT_MAX];
    return tally_text(tally, "%s", units_format_seconds(ns, text, sizeof text));
}

static const char *duration(struct tally *tally, int64_t ns)
{
    char text[UNITS_TEXT_MAX];
    return tally_text(tally, "%s",
                      units_format_duration(ns, text, sizeof text));
}

/* Milliseconds with one decimal: nanoseconds tell nobody more. */
static const char *ms_text(struct tally *tally, int64_t ns)
{
    return tally_text(tally, "%.1f ms", (double)ns / (double)NS_PER_MS);
}

/* How late we were, and what the client waited for a CPU. */
static const char *lag_text(const struct judging *judging, int64_t starved_ns)
{
    struct tally *tally = judging->tally;
    const char *lag = ms_text(tally, judging->lag_ns);
    if (starved_ns == 0) {
        return lag;
    }
    return tally_text(tally, "%s, client without a CPU for %s", lag,
                      ms_text(tally, starved_ns));
}

static const char *lag_reason(const struct judging *judging, int64_t starved_ns)
{
    struct tally *tally = judging->tally;
    if (starved_ns > judging->lag_ns) {
        return tally_text(tally,
                          "the client waited %s for a CPU, too long to tell; "
                          "run it again",
                          ms_text(tally, starved_ns));
    }
    return tally_text(
        tally, "this machine was up to %s late, too much to tell; run it again",
        ms_text(tally, judging->lag_ns));
}

static int64_t starved_in_gap(const struct place *place)
{
    const struct trace_attempt *next = place->call->attempts[place->index + 1];
    return starved_between(place->judging, place->seen->early_ns,
                           next->head_ns);
}

const char *evidence_source(const struct judging *judging,
                            const struct retry_action *action)
{
    struct tally *tally = judging->tally;
    const char *layer =
        action->layer && action->layer->name
            ? tally_text(tally, ", layer %s", action->layer->name)
            : "";
    const char *rule = action->rule && action->rule->source
                           ? tally_text(tally, ": %s", action->rule->source)
                           : "";
    return tally_text(tally, "profile %s%s%s", judging->profile->id, layer,
                      rule);
}

/* -- gaps ------------------------------------------------------------------ */

/* What the profile makes of the header's time, if not just that. */
static const char *use_text(struct tally *tally, const struct delay_law *law)
{
    switch (law->use) {
    case RA_REPLACE:
        return law->is_jittered ? ", with jitter" : "";
    case RA_MAXIMUM:
        return ", or the back-off if that is longer";
    case RA_BETWEEN:
        return tally_text(tally, ", kept between %s and %s",
                          duration(tally, law->at_least_ns),
                          duration(tally, law->at_most_ns));
    case RA_SPREAD:
        return tally_text(tally, ", and up to %s more",
                          duration(tally, law->spread_ns));
    }
    return "";
}

/* The time until a date has nanoseconds that tell nobody more. */
static const char *header_text(struct tally *tally, int64_t ns)
{
    bool is_long = ns > NS_PER_S && ns < NS_FOREVER - NS_PER_MS;
    return duration(
        tally, is_long ? (ns + NS_PER_MS / 2) / NS_PER_MS * NS_PER_MS : ns);
}

/* Who speaks: "Retry-After says 2s", "no Retry-After that reads, so 1s",
 * "back-off of retry 3". */
static const char *speaker_text(struct tally *tally,
                                const struct retry_action *action)
{
    const struct retry_after_value *value = &action->retry_after;
    const char *ns = header_text(tally, action->law.header_ns);
    if (!action->law.has_header) {
        return tally_text(tally, "back-off of retry %lld",
                          (long long)action->law.n + 1);
    }
    if (value->kind == RETRY_AFTER_TIME) {
        return tally_text(tally, "%s says %s%s", value->header, ns,
                          use_text(tally, &action->law));
    }
    return value->header
               ? tally_text(tally, "%s does not read as a time, so %s%s",
                            value->header, ns, use_text(tally, &action->law))
               : tally_text(tally, "no header says a time, so %s%s", ns,
                            use_text(tally, &action->law));
}

/* What set the delay: "Retry-After says 2s", "back-off of retry 3: 0.375 s to
 * 0.625 s". */
static const char *cause_text(struct tally *tally,
                              const struct retry_action *action)
{
    struct delay_range range = backoff_range(&action->law);
    const char *speaker = speaker_text(tally, action);
    if (action->law.has_header && range.min_ns == action->law.header_ns &&
        range.max_ns == action->law.header_ns) {
        return speaker;
    }
    const char *cut =
        action->law.cut_ns != NS_FOREVER && range.max_ns == action->law.cut_ns
            ? ", cut by the budget"
            : "";
    if (range.min_ns == range.max_ns) {
        return tally_text(tally, "%s: %s%s", speaker,
                          evidence_seconds(tally, range.min_ns), cut);
    }
    return tally_text(tally, "%s: %s to %s%s", speaker,
                      evidence_seconds(tally, range.min_ns),
                      evidence_seconds(tally, range.max_ns), cut);
}

static const char *hidden_text(struct tally *tally,
                               const struct hypothesis *hypothesis)
{
    if (hypothesis->hidden == 0) {
        return "";
    }
    return tally_text(tally, ", counting %lld unseen in the outage",
                      (long long)hypothesis->hidden);
}

static const char *expected_gap(const struct place *place,
                                const struct hypothesis *hypothesis,
                                bool is_early)
{
    struct tally *tally = place->judging->tally;
    const struct retry_action *action = &hypothesis->action;
    struct delay_range reach = hypotheses_reach(hypothesis);
    if (action->is_never) {
        return tally_text(tally, "no further attempt (%s: never again)",
                          action->retry_after.header);
    }
    if (is_early) {
        return tally_text(
            tally, "gap >= %s  (%s%s; early allowance %s)",
            evidence_seconds(tally, reach.min_ns - place->seen->early_ns),
            cause_text(tally, action), hidden_text(tally, hypothesis),
            duration(tally, place->judging->early_ns));
    }
    return tally_text(
        tally, "gap <= %s  (%s%s%s; late allowance %s, lag this run %s)",
        evidence_seconds(tally, reach.max_ns - place->seen->at_ns),
        cause_text(tally, action),
        hypotheses_waits_for_date(action)
            ? ", and 1 s more, as dates have whole seconds"
            : "",
        hidden_text(tally, hypothesis),
        duration(tally, place->judging->profile->tolerance.late_ns),
        lag_text(place->judging, starved_in_gap(place)));
}

void evidence_gap(struct finding *finding, const struct place *place,
                  const struct hypothesis *hypothesis, bool is_early)
{
    if (!finding) {
        return;
    }
    struct tally *tally = place->judging->tally;
    const struct trace_attempt *next = place->call->attempts[place->index + 1];
    finding->attempt = next->id;
    finding->expected = expected_gap(place, hypothesis, is_early);
    finding->observed =
        tally_text(tally, "gap = %s before %s, after %s",
                   evidence_seconds(tally, next->head_ns - place->seen->at_ns),
                   evidence_attempt(place, place->index + 1),
                   seen_words(tally, &place->seen->outcome));
    finding->source = evidence_source(place->judging, &hypothesis->action);
    finding->reason =
        lag_reason(place->judging, is_early ? 0 : starved_in_gap(place));
}

/* -- gates ------------------------------------------------------------------
 */

static const char *sent_text(const struct place *place, size_t index)
{
    struct tally *tally = place->judging->tally;
    return tally_text(
        tally, "%s came at %s", evidence_attempt(place, index),
        evidence_seconds(tally, place->call->attempts[index]->head_ns));
}

void evidence_gate(struct finding *finding, const struct place *place,
                   size_t index, const struct gate *gate)
{
    if (!finding) {
        return;
    }
    const struct judging *judging = place->judging;
    struct tally *tally = judging->tally;
    int64_t starved_ns =
        gate->is_shut
            ? 0
            : starved_before(judging, place->call->attempts[index]->head_ns);
    finding->attempt = place->call->attempts[index]->id;
    finding->expected =
        gate->is_shut
            ? tally_text(tally,
                         "no attempt before %s  (the answer to request #%lld "
                         "closed the rate limiter; early allowance %s)",
                         evidence_seconds(tally, gate->end_ns),
                         (long long)gate->closed_by,
                         duration(tally, judging->early_ns))
            : tally_text(tally,
                         "the attempt by %s, when the rate limiter was open "
                         "again  (late allowance %s, lag this run %s)",
                         evidence_seconds(tally, gate->due_ns),
                         duration(tally, judging->profile->tolerance.late_ns),
                         lag_text(judging, starved_ns));
    finding->observed = sent_text(place, index);
    finding->source =
        evidence_source(judging, &(struct retry_action){.layer = gate->layer});
    finding->reason = lag_reason(judging, starved_ns);
}

void evidence_circuit(struct finding *finding, const struct place *place,
                      size_t index, const struct refused *refused)
{
    if (!finding) {
        return;
    }
    struct tally *tally = place->judging->tally;
    finding->attempt = place->call->attempts[index]->id;
    finding->expected =
        refused->until_ns == NS_FOREVER
            ? tally_text(tally,
                         "no attempt while request #%lld tries the circuit",
                         (long long)refused->opened_by)
            : tally_text(tally,
                         "no attempt before %s  (request #%lld opened the "
                         "circuit; early allowance %s)",
                         evidence_seconds(tally, refused->until_ns),
                         (long long)refused->opened_by,
                         duration(tally, place->judging->early_ns));
    finding->observed = sent_text(place, index);
    finding->source = evidence_source(
        place->judging, &(struct retry_action){.layer = refused->layer});
    finding->reason = lag_reason(place->judging, 0);
}

void evidence_turn(struct finding *finding, const struct place *place, int step)
{
    if (!finding) {
        return;
    }
    const struct judging *judging = place->judging;
    const struct follow_up *second = &judging->profile->follow_up;
    struct tally *tally = judging->tally;
    const struct trace_attempt *first = place->call->attempts[0];
    const struct trace_attempt *next = place->call->attempts[place->index + 1];
    finding->attempt = next->id;
    finding->expected =
        step > 0
            ? tally_text(tally, "%s %s next", second->method, second->path)
            : tally_text(tally, "%s %.120s next", first->method, first->target);
    finding->observed =
        tally_text(tally, "%s: %s %.120s, after %s",
                   evidence_attempt(place, place->index + 1), next->method,
                   next->target, seen_words(tally, &place->seen->outcome));
    finding->source =
        tally_text(tally, "profile %s: follow_up", judging->profile->id);
    finding->reason = "";
}

/* -- retried or not -------------------------------------------------------- */

static const char *spent_text(struct tally *tally,
                              const struct retry_action *done)
{
    const struct budget *budget = done->layer ? &done->layer->budget : NULL;
    if (done->reason == REASON_ATTEMPTS && budget) {
        return budget->attempts == ATTEMPTS_UNLIMITED
                   ? "the attempts for this kind of failure are spent"
                   : tally_text(tally, "all %lld attempts are spent",
                                (long long)budget->attempts);
    }
    if (done->reason == REASON_ELAPSED && budget) {
        return tally_text(tally, "the budget of %s is spent",
                          duration(tally, budget->elapsed_ns));
    }
    return retry_reason_words[done->reason];
}

static const char *why_over(const struct place *place,
                            const struct retry_action *done)
{
    struct tally *tally = place->judging->tally;
    switch (done->reason) {
    case REASON_SUCCESS:
        return "the call succeeded";
    case REASON_FINAL:
        return tally_text(tally, "%s is final",
                          seen_words(tally, &place->seen->outcome));
    case REASON_PROGRESS:
        return "the progress timeout is over";
    case REASON_CALL_TIMEOUT:
        return "the call's time is over";
    case REASON_RETRY_AFTER:
        return tally_text(
            tally, "%s: %s makes the client give up",
            done->retry_after.header ? done->retry_after.header : "the header",
            done->retry_after.text ? done->retry_after.text : "its value");
    case REASON_BREAKER:
        return "the circuit is open";
    case REASON_THROTTLED:
        return "the client throttles itself";
    case REASON_TOKENS:
        return "no retry token is left";
    case REASON_ALLOWANCE:
        return "the retry budget is spent";
    case REASON_OVERFLOW:
        return "the client's arithmetic overflows";
    case REASON_ATTEMPTS:
    case REASON_ELAPSED:
        return spent_text(tally, done);
    case REASON_CANCELLED:
        return "the caller had given up";
    }
    return "";
}

void evidence_over(struct finding *finding, const struct place *place,
                   const struct retry_action *done)
{
    if (!finding) {
        return;
    }
    struct tally *tally = place->judging->tally;
    const struct trace_attempt *next = place->call->attempts[place->index + 1];
    finding->attempt = next->id;
    finding->expected = tally_text(tally, "no attempt after %s: %s",
                                   evidence_attempt(place, place->index),
                                   why_over(place, done));
    finding->observed = tally_text(
        tally, "%s came %s later", evidence_attempt(place, place->index + 1),
        evidence_seconds(tally, next->head_ns - place->seen->at_ns));
    finding->source = evidence_source(place->judging, done);
    finding->reason = "";
}

static const char *ended_text(const struct judging *judging)
{
    const struct trace *trace = judging->trace;
    return trace->ended_ns == TRACE_NEVER
               ? "none came"
               : tally_text(judging->tally, "none came; the client ended at %s",
                            evidence_seconds(judging->tally, trace->ended_ns));
}

void evidence_missing(struct finding *finding, const struct place *place,
                      const struct hypothesis *hypothesis, int64_t latest_ns)
{
    if (!finding) {
        return;
    }
    struct tally *tally = place->judging->tally;
    finding->attempt = place->call->attempts[place->index]->id;
    finding->expected = tally_text(tally, "%s by %s, after %s",
                                   evidence_attempt(place, place->index + 1),
                                   evidence_seconds(tally, latest_ns),
                                   seen_words(tally, &place->seen->outcome));
    finding->observed = ended_text(place->judging);
    finding->source = evidence_source(place->judging, &hypothesis->action);
    finding->reason = "";
}

/* -- timeouts -------------------------------------------------------------- */

static const char *const timeout_kind_words[] = {
    [TIMEOUT_TOTAL] = "whole attempt",
    [TIMEOUT_HEAD] = "to the response head",
    [TIMEOUT_INACTIVITY] = "since the last byte",
};

void evidence_abandon(struct finding *finding, const struct place *place,
                      const struct retry_action *send, int64_t due_ns)
{
    if (!finding) {
        return;
    }
    struct tally *tally = place->judging->tally;
    const struct trace_attempt *attempt = place->call->attempts[place->index];
    finding->attempt = attempt->id;
    finding->expected =
        due_ns == NS_FOREVER
            ? "no timeout ends this attempt"
            : tally_text(tally, "given up %s after its head  (limit %s, %s)",
                         evidence_seconds(tally, due_ns - attempt->head_ns),
                         duration(tally, send->attempt_timeout.limit_ns),
                         timeout_kind_words[send->attempt_timeout.kind]);
    finding->observed = tally_text(
        tally, "%s %s after %s", evidence_attempt(place, place->index),
        place->seen->is_left ? "given up" : "still open",
        evidence_seconds(tally, place->seen->at_ns - attempt->head_ns));
    finding->source = evidence_source(place->judging, send);
    finding->reason = lag_reason(
        place->judging, starved_before(place->judging, place->seen->at_ns));
}
