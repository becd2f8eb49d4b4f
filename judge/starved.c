#include "judge/starved.h"

#include "model/units.h"

/* The first span that ends after the instant. */
static size_t first_after(const struct trace *trace, int64_t at_ns)
{
    size_t low = 0, high = trace->starved_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (trace->starved[middle].to_ns > at_ns) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low;
}

static int64_t at_most(int64_t sum_ns, int64_t most_ns)
{
    return units_max(0, units_min(sum_ns, most_ns));
}

/* A minute of waits is too long to tell anything; what is longer is not added
 * up for each attempt. */
enum { SPANS_MAX = 1200 };

/* The waits from `first` on that follow each other, from the instant on; moves
 * `first` behind them. What of them was before the instant does not count. */
static int64_t sum_up(const struct judging *judging, int64_t since_ns,
                      size_t *first)
{
    const struct trace *trace = judging->trace;
    int64_t sum_ns = 0;
    size_t last = *first + SPANS_MAX;
    for (; *first < trace->starved_count && *first < last; (*first)++) {
        const struct trace_starved *span = &trace->starved[*first];
        int64_t end_ns = units_add(since_ns, judging->late_ns);
        if (span->from_ns > units_add(end_ns, sum_ns)) {
            break;
        }
        sum_ns =
            at_most(units_add(sum_ns, span->wait_ns), span->to_ns - since_ns);
    }
    return sum_ns;
}

/* As sum_up, back from the instant; never below `first`. */
static int64_t sum_down(const struct judging *judging, int64_t at_ns,
                        size_t first)
{
    const struct trace *trace = judging->trace;
    int64_t sum_ns = 0;
    size_t i = first_after(trace, at_ns);
    if (i < trace->starved_count && trace->starved[i].from_ns < at_ns) {
        i++;
    }
    size_t last = i > SPANS_MAX ? i - SPANS_MAX : 0;
    for (; i > first && i > last; i--) {
        const struct trace_starved *span = &trace->starved[i - 1];
        if (span->to_ns < at_ns - units_add(judging->late_ns, sum_ns)) {
            break;
        }
        sum_ns = units_add(sum_ns, span->wait_ns);
    }
    return sum_ns;
}

int64_t starved_before(const struct judging *judging, int64_t at_ns)
{
    return at_most(sum_down(judging, at_ns, 0), at_ns);
}

int64_t starved_after(const struct judging *judging, int64_t since_ns)
{
    size_t first = first_after(judging->trace, since_ns);
    return sum_up(judging, since_ns, &first);
}

int64_t starved_between(const struct judging *judging, int64_t since_ns,
                        int64_t at_ns)
{
    size_t first = first_after(judging->trace, since_ns);
    int64_t after_ns = sum_up(judging, since_ns, &first);
    int64_t sum_ns = units_add(after_ns, sum_down(judging, at_ns, first));
    return at_most(sum_ns, at_ns - since_ns);
}
