#include "judge/rules_results.h"

#include <string.h>
#include <strings.h>

#include "judge/evidence.h"
#include "judge/names.h"

bool rules_results_is_success(const struct judging *judging,
                              const struct call *ended, const struct seen *seen)
{
    char path[1024];
    const struct trace_attempt *attempt = ended->attempts[ended->count - 1];
    struct retry_shared shared;
    struct retry_call call;
    uint8_t covers[2];
    struct attempt_outcome outcome = seen->outcome;
    struct seen_headers room;
    outcome.headers = seen_headers(judging, attempt, &room);
    retry_shared_init(&shared, judging->profile, attempt->head_ns);
    calls_covers(ended, judging->profile, attempt, covers);
    retry_call_bind(&call, &shared,
                    &(struct retry_request){
                        .method = attempt->method,
                        .path = calls_path(attempt, path, sizeof path),
                        .body_bytes = attempt->body_size,
                    },
                    covers);
    retry_step(&call, &(struct retry_event){.kind = RETRY_START,
                                            .now_ns = attempt->head_ns});
    if (call.phase != RETRY_PHASE_SENDING) {
        return false;
    }
    call.step = calls_step(judging->profile, attempt);
    struct retry_action action = retry_step(
        &call, &(struct retry_event){
                   .kind = RETRY_ENDED,
                   .now_ns = seen->at_ns,
                   .wall_ns = seen_wall(judging, attempt, seen->at_ns),
                   .outcome = &outcome,
               });
    return action.kind == RETRY_DONE && action.is_ok;
}

bool rules_results_is_told_failed(const struct judging *judging,
                                  const struct call *call)
{
    const struct trace *trace = judging->trace;
    long i = names_find(judging->reported, call->key);
    return i != NAMES_NONE && (size_t)i < trace->result_count &&
           strcmp(trace->results[i].call, call->key) == 0 &&
           !trace->results[i].is_ok;
}

static const char *told_text(struct tally *tally,
                             const struct trace_result *result)
{
    return result->is_ok
               ? tally_text(tally, "the caller was told: ok, status %lld",
                            (long long)result->status)
               : tally_text(tally, "the caller was told: error %.80s",
                            result->error ? result->error : "");
}

/* A 206 carries the rest of a body, of which the caller gets the whole. */
static bool is_rest(const struct judging *judging,
                    const struct trace_attempt *last)
{
    return judging->profile->resumes_with_range && last->status == 206;
}

/* Who resumed may tell the status of the rest, or that of the whole. */
static bool is_status_of(const struct judging *judging,
                         const struct trace_result *result,
                         const struct trace_attempt *last)
{
    return result->status == 0 || result->status == last->status ||
           (result->status == 200 && is_rest(judging, last));
}

static void judge_outcome(const struct place *place,
                          const struct trace_result *result, bool is_ok)
{
    struct tally *tally = place->judging->tally;
    const struct trace_attempt *last = place->call->attempts[place->index];
    tally_exercise(tally, JUDGE_OUT_1);
    if (result->is_ok == is_ok &&
        (!is_ok || is_status_of(place->judging, result, last))) {
        return;
    }
    struct finding *finding = tally_violate(tally, JUDGE_OUT_1, false);
    if (finding) {
        finding->attempt = last->id;
        finding->expected = tally_text(
            tally, "%s, as %s ended with %s", is_ok ? "a success" : "a failure",
            evidence_attempt(place, place->index),
            seen_words(tally, &place->seen->outcome));
        finding->observed = told_text(tally, result);
        finding->source =
            tally_text(tally, "profile %s", place->judging->profile->id);
    }
}

static void judge_body(const struct place *place,
                       const struct trace_result *result)
{
    struct tally *tally = place->judging->tally;
    const struct trace_attempt *last = place->call->attempts[place->index];
    /* A body that ends with the connection and was cut looks whole to anyone.
     */
    bool looks_whole = last->end == END_STATUS && last->fault_fired &&
                       last->sent_bytes < last->reply_size;
    if (!result->sha256 || !result->sha256[0] || !last->reply_sha256[0] ||
        is_rest(place->judging, last) || looks_whole ||
        place->judging->ends_unseen) {
        return;
    }
    tally_exercise(tally, JUDGE_BODY_1);
    if (strcasecmp(result->sha256, last->reply_sha256) == 0) {
        return;
    }
    struct finding *finding = tally_violate(tally, JUDGE_BODY_1, false);
    if (finding) {
        finding->attempt = last->id;
        finding->expected =
            tally_text(tally, "the body of %s: %lld bytes, sha256 %.12s",
                       evidence_attempt(place, place->index),
                       (long long)last->reply_size, last->reply_sha256);
        finding->observed = tally_text(
            tally, "the caller got another one, sha256 %.12s", result->sha256);
        finding->source =
            tally_text(tally, "profile %s", place->judging->profile->id);
    }
}

/* The body was cut or its framing broke, after a head that promised well. */
static bool is_broken_success(const struct place *place)
{
    const struct trace_attempt *last = place->call->attempts[place->index];
    enum attempt_end end = place->seen->outcome.end;
    bool is_broken = end == END_CUT || end == END_RESET_BODY ||
                     (end == END_GARBAGE && last->fault.at > FAULT_AT_REQUEST);
    return is_broken && last->status >= 200 && last->status < 300;
}

static void report_broken_body(const struct place *place,
                               const struct trace_result *result)
{
    struct tally *tally = place->judging->tally;
    struct finding *finding = tally_violate(tally, JUDGE_BODY_1, false);
    if (finding) {
        finding->attempt = place->call->attempts[place->index]->id;
        finding->expected = tally_text(
            tally, "an error, as the body of %s did not arrive whole",
            evidence_attempt(place, place->index));
        finding->observed = told_text(tally, result);
        finding->source =
            tally_text(tally, "profile %s", place->judging->profile->id);
    }
}

static void judge_result(const struct judging *judging,
                         const struct trace_result *result)
{
    const struct call *call = calls_find(judging->calls, result->call);
    if (!call || call->count == 0 || !calls_is_covered(call)) {
        return;
    }
    const struct trace_attempt *last = call->attempts[call->count - 1];
    struct seen seen = seen_end(judging, last, TRACE_NEVER);
    struct place place = {judging, call, call->count - 1, &seen};
    if (seen.outcome.end == END_UNFINISHED) {
        return;
    }
    bool is_ok = rules_results_is_success(judging, call, &seen);
    if (is_broken_success(&place)) {
        tally_exercise(judging->tally, JUDGE_BODY_1);
        if (result->is_ok) {
            report_broken_body(&place, result);
            tally_cut(judging->tally, JUDGE_OUT_1,
                      "a broken body was told as a success: see BODY-1");
            return;
        }
    }
    bool is_unseen = is_ok && judging->may_be_cut[call - judging->calls->items];
    if (!is_unseen || result->is_ok) {
        judge_outcome(&place, result, is_ok);
    }
    if (is_ok && result->is_ok) {
        judge_body(&place, result);
    }
}

void rules_results_judge(const struct judging *judging)
{
    const struct trace *trace = judging->trace;
    for (size_t i = 0; trace->level > 0 && i < trace->result_count; i++) {
        judge_result(judging, &trace->results[i]);
    }
}
