#include "model/verdict_merge.h"

#include <stdio.h>
#include <string.h>

struct merge {
    struct run_report *rounds;
    size_t count;
    const struct scenario *scenario; /* at work */
};

/* NULL: that round did not come to it. */
static struct scenario_report **find_report(const struct merge *merge,
                                            size_t round)
{
    const struct run_report *run = &merge->rounds[round];
    for (size_t i = 0; i < run->count; i++) {
        if (run->scenarios[i]->scenario == merge->scenario) {
            return &run->scenarios[i];
        }
    }
    return NULL;
}

static struct verdict *find_verdict(const struct scenario_report *report,
                                    const struct rule *rule)
{
    for (size_t i = 0; i < report->verdict_count; i++) {
        if (report->verdicts[i].rule == rule) {
            return &report->verdicts[i];
        }
    }
    return NULL;
}

static int report_weight(const struct scenario_report *report)
{
    int weight = verdict_weight(scenario_report_word(report));
    bool is_unjudged = report->client_fault != CLIENT_OK &&
                       report->client_fault != CLIENT_SKIPPED;
    int least = verdict_weight(VERDICT_NOT_EXERCISED);
    return is_unjudged && weight < least ? least : weight;
}

/* -- one scenario -----------------------------------------------------------
 */

static void lift_worst(const struct merge *merge)
{
    struct scenario_report **first = find_report(merge, 0);
    for (size_t i = 1; i < merge->count; i++) {
        struct scenario_report **other = find_report(merge, i);
        if (other && report_weight(*other) > report_weight(*first)) {
            struct scenario_report *worse = *other;
            *other = *first;
            *first = worse;
        }
    }
}

static void count_verdict(struct verdict *sum, const struct verdict *verdict)
{
    sum->runs += verdict->word != VERDICT_NA;
    sum->runs_bad +=
        verdict->word == VERDICT_FAIL || verdict->word == VERDICT_WARN;
}

/* The attempt that it names is of another trace. */
static void borrow(struct verdict *sum, const struct verdict *worse,
                   struct scenario_report *base,
                   const struct scenario_report *other)
{
    char text[512];
    int64_t runs = sum->runs, runs_bad = sum->runs_bad;
    snprintf(text, sizeof text, "seen in another run: %s",
             other->folder ? other->folder : "its files were not kept");
    *sum = *worse;
    sum->runs = runs;
    sum->runs_bad = runs_bad;
    sum->attempt = 0;
    if (!sum->reason) {
        sum->reason = arena_strdup(&base->arena, text);
    }
}

/* What another round says of the scenario. */
static void add_report(struct scenario_report *base,
                       const struct scenario_report *other)
{
    for (size_t i = 0; i < other->verdict_count; i++) {
        const struct verdict *verdict = &other->verdicts[i];
        struct verdict *sum = find_verdict(base, verdict->rule);
        if (!sum) { /* room was made */
            sum = &base->verdicts[base->verdict_count++];
            *sum = (struct verdict){.rule = verdict->rule, .word = VERDICT_NA};
        }
        count_verdict(sum, verdict);
        if (verdict_weight(verdict->word) > verdict_weight(sum->word)) {
            borrow(sum, verdict, base, other);
        }
    }
}

static bool make_room(const struct merge *merge, struct scenario_report *base)
{
    size_t room = 0;
    for (size_t i = 0; i < merge->count; i++) {
        struct scenario_report **report = find_report(merge, i);
        room += report ? (*report)->verdict_count : 0;
    }
    struct verdict *grown = arena_array(&base->arena, room, sizeof *grown);
    if (!grown) {
        return false;
    }
    if (base->verdict_count > 0) {
        memcpy(grown, base->verdicts, base->verdict_count * sizeof *grown);
    }
    base->verdicts = grown;
    return true;
}

static bool merge_scenario(const struct merge *merge)
{
    lift_worst(merge);
    struct scenario_report *base = *find_report(merge, 0);
    if (!make_room(merge, base)) {
        return false;
    }
    for (size_t i = 0; i < base->verdict_count; i++) {
        base->verdicts[i].runs = base->verdicts[i].runs_bad = 0;
        count_verdict(&base->verdicts[i], &base->verdicts[i]);
    }
    for (size_t i = 1; i < merge->count; i++) {
        struct scenario_report **other = find_report(merge, i);
        if (other) {
            add_report(base, *other);
        }
    }
    return true;
}

bool verdict_merge(struct run_report *rounds, size_t count)
{
    bool is_merged = true;
    struct run_report *sum = &rounds[0];
    for (size_t i = 0; i < sum->count; i++) {
        const struct merge merge = {rounds, count, sum->scenarios[i]->scenario};
        is_merged &= merge_scenario(&merge);
    }
    for (size_t i = 1; i < count; i++) {
        sum->took_ns += rounds[i].took_ns;
        sum->interrupted |= rounds[i].interrupted;
        if (rounds[i].lag_p99_ns > sum->lag_p99_ns) {
            sum->lag_p99_ns = rounds[i].lag_p99_ns;
        }
    }
    sum->repeats = (int64_t)count;
    return is_merged;
}
