#include "judge/rules_conns.h"

static const struct trace_attempt *next_of(const struct place *place)
{
    return place->call->attempts[place->index + 1];
}

void rules_conns_left_open(const struct place *place, int64_t due_ns)
{
    struct tally *tally = place->judging->tally;
    tally_exercise(tally, JUDGE_CONN_1);
    struct finding *finding = tally_violate(tally, JUDGE_CONN_1, false);
    if (!finding) {
        return;
    }
    const struct trace_attempt *attempt = place->call->attempts[place->index];
    finding->attempt = attempt->id;
    finding->expected = tally_text(
        tally, "the connection of %s closed by %s, when it was given up",
        evidence_attempt(place, place->index), evidence_seconds(tally, due_ns));
    finding->observed = tally_text(
        tally, "%s came at %s, and connection %lld stayed open until %s",
        evidence_attempt(place, place->index + 1),
        evidence_seconds(tally, next_of(place)->head_ns),
        (long long)attempt->conn,
        place->seen->outcome.end == END_UNFINISHED
            ? "the end of the run"
            : evidence_seconds(tally, place->seen->at_ns));
    finding->source =
        tally_text(tally, "profile %s", place->judging->profile->id);
}

static void report_reuse(const struct place *place)
{
    struct tally *tally = place->judging->tally;
    struct finding *finding = tally_violate(tally, JUDGE_CONN_2, false);
    if (!finding) {
        return;
    }
    finding->attempt = next_of(place)->id;
    finding->expected =
        tally_text(tally, "%s on another connection than %s, which ended by %s",
                   evidence_attempt(place, place->index + 1),
                   evidence_attempt(place, place->index),
                   seen_words(tally, &place->seen->outcome));
    finding->observed = tally_text(tally, "both came on connection %lld",
                                   (long long)next_of(place)->conn);
    finding->source =
        tally_text(tally, "profile %s", place->judging->profile->id);
}

void rules_conns_judge(const struct place *place)
{
    struct tally *tally = place->judging->tally;
    const struct trace_attempt *attempt = place->call->attempts[place->index];
    if (place->seen->outcome.end == END_STATUS) {
        return;
    }
    if (place->seen->is_left) {
        tally_exercise(tally, JUDGE_CONN_1);
    }
    tally_exercise(tally, JUDGE_CONN_2);
    if (next_of(place)->conn == attempt->conn && attempt->conn > 0) {
        report_reuse(place);
    }
}
