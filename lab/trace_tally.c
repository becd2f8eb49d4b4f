#include "lab/trace_tally.h"

#include "model/trace_calls.h"

static bool is_served(const struct trace_attempt *attempt)
{
    return attempt->end == END_STATUS && attempt->status < 400;
}

/* The attempts of a call from its first one on. */
static bool count_call(const struct trace *trace,
                       const struct trace_calls *calls, size_t first,
                       struct tally *tally)
{
    int64_t origin_ns = trace->attempts[0].head_ns;
    int64_t begun_ns = trace->attempts[first].head_ns - origin_ns;
    const struct trace_attempt *last = NULL;
    for (size_t i = first; i != SIZE_MAX; i = calls->next[i]) {
        last = &trace->attempts[i];
        struct tally_bin *bin = tally_bin(tally, last->head_ns - origin_ns);
        if (!bin)
            return false;
        bin->arrivals++;
        bin->begun += i == first;
        tally->arrivals++;
    }
    int64_t over_ns = trace_over_ns(last) - origin_ns;
    struct tally_bin *bin = tally_bin(tally, over_ns);
    if (!bin)
        return false;
    tally->calls++;
    if (over_ns > tally->ended_ns)
        tally->ended_ns = over_ns;
    if (!is_served(last))
        return true;
    bin->served++;
    tally->served++;
    histogram_add(&tally->wait, over_ns - begun_ns);
    return true;
}

bool trace_tally(const struct trace *trace, struct tally *tally)
{
    struct trace_calls calls;
    bool is_good = trace_calls_init(&calls, trace, trace->attempt_count);
    size_t begun = 0;
    *tally = (struct tally){0};
    for (size_t i = 0; is_good && i < trace->attempt_count; i++) {
        if (calls.of[i] != begun)
            continue;
        begun++;
        is_good = count_call(trace, &calls, i, tally);
    }
    trace_calls_deinit(&calls);
    return is_good;
}
