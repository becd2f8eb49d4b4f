#include "judge/rules_faults.h"

#include "judge/evidence.h"

static bool is_proven(const struct trace_attempt *attempt)
{
    return attempt->fault_fired && attempt->proof && attempt->proof[0];
}

static const char *why_not(const struct trace_attempt *attempt)
{
    if (attempt->fault_fired) {
        return "it has no proof";
    }
    return attempt->gone_ns != TRACE_NEVER ? "the client had left"
                                           : "the server did not get to it";
}

/* A client that leaves before the fault is due makes it moot; a missing fault
 * proves nothing about the client either way. */
static void judge_attempt(const struct judging *judging,
                          const struct trace_attempt *attempt)
{
    struct tally *tally = judging->tally;
    char text[64];
    if (is_proven(attempt)) {
        tally_exercise(tally, JUDGE_FLT_1);
        return;
    }
    if (tally->rules[JUDGE_FLT_1].cut) {
        return;
    }
    tally_cut(tally, JUDGE_FLT_1,
              tally_text(tally,
                         "the fault \"%s\" of %s was due on request %lld and "
                         "did not fire: %s; this is not the client's failure",
                         fault_format(&attempt->fault, text, sizeof text),
                         attempt->step, (long long)attempt->id,
                         why_not(attempt)));
}

void rules_faults_judge(const struct judging *judging)
{
    const struct trace *trace = judging->trace;
    for (size_t i = 0; i < trace->attempt_count; i++) {
        if (trace->attempts[i].fault.kind != FAULT_NONE) {
            judge_attempt(judging, &trace->attempts[i]);
        }
    }
    for (size_t i = 0; i < trace->conn_count; i++) {
        if (trace->conns[i].fault != FAULT_NONE) {
            tally_exercise(judging->tally, JUDGE_FLT_1);
        }
    }
    for (size_t i = 0; i < trace->outage_count; i++) {
        tally_exercise(judging->tally, JUDGE_FLT_1);
    }
}
