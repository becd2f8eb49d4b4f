#include "judge/rules_spread.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "judge/stats_pairs.h"
#include "judge/stats_tests.h"
#include "model/units.h"

/* A law of which half lies at one point, such as the cap, tells too little of
 * the jitter; and so does one that is as narrow as a clock is coarse. */
static const double HALF_AT_MOST = 0.75, NEAR_AT_MOST = 0.5;

/* The windows of four widths, and the distance of the distributions. */
static double spread_rate(const struct judging *judging)
{
    return judging->alarm_rate / (STATS_WIDTHS + 1);
}

/* Pairs of clients, and pairs of calls. */
static double pairs_rate(const struct judging *judging)
{
    return judging->alarm_rate / 2;
}

/* Clients that draw the same delays still arrive at different times. */
static const double PAIRS_ALIKE = 0.8;

static const struct {
    int part;
    const char *likely;
} widths[STATS_WIDTHS] = {
#define X(constant, part, likely) [constant] = {part, likely},
    STATS_WIDTH_LIST(X)
#undef X
};

/* -- JIT-1 ----------------------------------------------------------------- */

struct spread {
    size_t count;
    double *lower, *upper, *positions; /* each ascending */
    double chance[STATS_WIDTHS];       /* on average */
    int64_t attempt;                   /* after the first of the delays */
};

static int by_value(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static bool spread_init(struct spread *spread,
                        const struct stats_sample *const *samples, size_t count,
                        struct arena *scratch)
{
    double *room = arena_array(scratch, 3 * count + 1, sizeof *room);
    *spread = (struct spread){
        .lower = room, .upper = room + count, .positions = room + 2 * count};
    if (!room) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        const struct stats_sample *sample = samples[i];
        if (sample->within[STATS_HALF] > HALF_AT_MOST) {
            continue;
        }
        spread->attempt = spread->count ? spread->attempt : sample->attempt;
        spread->lower[spread->count] = sample->lower;
        spread->upper[spread->count] = sample->upper;
        spread->positions[spread->count++] = sample->position;
        for (int w = 0; w < STATS_WIDTHS; w++) {
            spread->chance[w] += sample->within[w];
        }
    }
    for (int w = 0; spread->count > 0 && w < STATS_WIDTHS; w++) {
        spread->chance[w] = spread->chance[w] / (double)spread->count;
    }
    qsort(spread->lower, spread->count, sizeof(double), by_value);
    qsort(spread->upper, spread->count, sizeof(double), by_value);
    qsort(spread->positions, spread->count, sizeof(double), by_value);
    return true;
}

/* The most delays in one window that are no violation. */
static size_t most_allowed(size_t count, double chance, double rate)
{
    size_t most = count;
    while (most > 1 && stats_cluster(count, chance, most) <= rate) {
        most--;
    }
    return most;
}

static struct finding *find_spread(const struct judging *judging,
                                   const struct spread *spread)
{
    struct tally *tally = judging->tally;
    struct finding *finding = tally_violate(tally, JUDGE_JIT_1, false);
    if (finding) {
        finding->attempt = spread->attempt;
        finding->source = tally_text(tally, "profile %s", judging->profile->id);
    }
    return finding;
}

static size_t most_in(const struct spread *spread, int width, size_t *first)
{
    return stats_most_within(spread->positions, spread->count,
                             1.0 / widths[width].part, first);
}

/* The narrowest window that holds next to all of them names the cause. */
static const char *likely_of(const struct spread *spread)
{
    size_t first;
    for (int w = 0; w < STATS_WIDTHS; w++) {
        if (most_in(spread, w, &first) * 10 >= spread->count * 9) {
            return widths[w].likely;
        }
    }
    return NULL;
}

/* Whatever the lateness of each, if it has nothing to do with what was drawn:
 * delays crowd in no window more than their law does. */
static bool judge_crowd(const struct judging *judging,
                        const struct spread *spread, enum stats_width width)
{
    size_t first = 0, count = spread->count;
    size_t most = most_in(spread, (int)width, &first);
    double chance = spread->chance[width];
    if (stats_cluster(count, chance, most) > spread_rate(judging)) {
        return true;
    }
    char alarms[STATS_ALARMS_MAX];
    struct tally *tally = judging->tally;
    struct finding *finding = find_spread(judging, spread);
    if (finding) {
        finding->expected = tally_text(
            tally,
            "delays spread as their law says: at most %zu of %zu in a window "
            "of 1/%d of its range  (%s)",
            most_allowed(count, chance, spread_rate(judging)), count,
            widths[width].part, stats_alarms(judging->alarm_rate, alarms));
        finding->observed = tally_text(
            tally, "%zu of %zu lie between %.2f and %.2f of that range", most,
            count, spread->positions[first],
            spread->positions[first + most - 1]);
        finding->likely = likely_of(spread);
    }
    return false;
}

/* Lateness moves delays upwards, by no more than the tolerance. */
static bool judge_distance(const struct judging *judging,
                           const struct spread *spread)
{
    double above = stats_above(spread->upper, spread->count);
    double below = stats_below(spread->lower, spread->count);
    double off = fmax(above, below);
    if (stats_distance(spread->count, off) > spread_rate(judging)) {
        return true;
    }
    char alarms[STATS_ALARMS_MAX];
    struct tally *tally = judging->tally;
    struct finding *finding = find_spread(judging, spread);
    if (finding) {
        finding->expected = tally_text(
            tally,
            "%zu delays distributed as their law says, to within %.3f  "
            "(%s)",
            spread->count,
            sqrt(log(2 / spread_rate(judging)) / (2 * (double)spread->count)),
            stats_alarms(judging->alarm_rate, alarms));
        finding->observed =
            tally_text(tally, "%s are more frequent by %.3f",
                       above > below ? "short ones" : "long ones", off);
        finding->likely = above > below
                              ? "the delays are drawn from too low a range"
                              : "the delays are drawn from too high a range";
    }
    return false;
}

static bool judge_spread(const struct judging *judging,
                         const struct spread *spread)
{
    struct tally *tally = judging->tally;
    size_t needed = spread->count > 0
                        ? stats_size_cluster(spread->chance[STATS_HALF],
                                             spread_rate(judging))
                        : 0;
    bool keeps = true;
    for (int w = 0; keeps && spread->count > 1 && w < STATS_WIDTHS; w++) {
        keeps = judge_crowd(judging, spread, (enum stats_width)w);
    }
    keeps = keeps && (spread->count == 0 || judge_distance(judging, spread));
    if (!keeps || (needed > 0 && spread->count >= needed)) {
        tally->rules[JUDGE_JIT_1].exercised += (int64_t)spread->count;
    } else if (spread->count > 0) {
        tally_too_few(tally, JUDGE_JIT_1,
                      tally_text(tally,
                                 "%zu delays were seen; to tell jitter of half "
                                 "the width takes %zu",
                                 spread->count, needed));
    }
    return keeps;
}

/* -- JIT-2 ----------------------------------------------------------------- */

static void report_pairs(const struct judging *judging,
                         const struct stats_pairs *pairs, bool is_of_clients)
{
    struct tally *tally = judging->tally;
    char alarms[STATS_ALARMS_MAX];
    struct finding *finding = tally_violate(tally, JUDGE_JIT_2, false);
    if (!finding) {
        return;
    }
    assert(pairs->a && pairs->b);
    double chance = stats_pairs_chance(pairs);
    size_t most = pairs->count;
    while (most > 0 &&
           stats_tail(pairs->count, chance, most) <= pairs_rate(judging)) {
        most--;
    }
    finding->attempt = pairs->b->attempt;
    finding->expected = tally_text(
        tally,
        "delays of one %s that tell nothing of another's: at most %zu of %zu "
        "pairs within %lld ms  (%s)",
        is_of_clients ? "client" : "call", most, pairs->count,
        (long long)(STATS_COINCIDENCE_NS / NS_PER_MS),
        stats_alarms(judging->alarm_rate, alarms));
    finding->observed = tally_text(
        tally,
        "%zu of %zu are, such as %.3f s and %.3f s before attempt %zu of %s "
        "and %s",
        pairs->alike, pairs->count, (double)pairs->a->delay_ns / 1e9,
        (double)pairs->b->delay_ns / 1e9, pairs->a->index + 1,
        pairs->a->call->key, pairs->b->call->key);
    finding->source = tally_text(tally, "profile %s", judging->profile->id);
    finding->likely = is_of_clients
                          ? "the clients' random numbers have the same seed"
                          : "the random numbers begin anew with each call";
}

static bool are_alike(const struct judging *judging,
                      const struct stats_pairs *pairs)
{
    return pairs->count > 0 &&
           stats_tail(pairs->count, stats_pairs_chance(pairs), pairs->alike) <=
               pairs_rate(judging);
}

static size_t needed_pairs(const struct judging *judging,
                           const struct stats_pairs *pairs)
{
    return stats_size_pairs(stats_pairs_chance(pairs), PAIRS_ALIKE,
                            pairs_rate(judging));
}

/* -- which of the two ------------------------------------------------------ */

struct desk {
    const struct judging *judging;
    struct arena *scratch;
    const struct stats_sample **samples; /* those that tell; in any order */
    size_t count;
    struct stats_pairs clients, calls;
};

/* Clients without jitter are alike, too; but so are their delays before
 * different retries. */
static bool is_for_want_of_jitter(const struct spread *firsts)
{
    size_t first;
    return firsts->count < 2 ||
           most_in(firsts, STATS_QUARTER, &first) * 10 >= firsts->count * 9;
}

/* Judges JIT-1, by one delay of each draw if the draws are shared. False
 * without memory. */
static bool judge_alike(struct desk *desk)
{
    const struct judging *judging = desk->judging;
    bool is_of_clients = are_alike(judging, &desk->clients);
    struct spread all, firsts;
    if (!spread_init(&all, desk->samples, desk->count, desk->scratch)) {
        return false;
    }
    size_t kept =
        stats_pairs_keep_first(desk->samples, desk->count, is_of_clients);
    if (!spread_init(&firsts, desk->samples, kept, desk->scratch)) {
        return false;
    }
    const struct stats_pairs *pairs =
        is_of_clients ? &desk->clients : &desk->calls;
    if (is_for_want_of_jitter(&firsts) && !judge_spread(judging, &all)) {
        tally_too_few(judging->tally, JUDGE_JIT_2,
                      "the delays do not follow their law (JIT-1), so they are "
                      "alike anyway");
        return true;
    }
    judging->tally->rules[JUDGE_JIT_2].exercised += (int64_t)pairs->count;
    report_pairs(judging, pairs, is_of_clients);
    judge_spread(judging, &firsts);
    return true;
}

static bool judge_apart(struct desk *desk)
{
    struct tally *tally = desk->judging->tally;
    struct spread all;
    if (!spread_init(&all, desk->samples, desk->count, desk->scratch)) {
        return false;
    }
    judge_spread(desk->judging, &all);
    bool is_by_clients = desk->clients.count >= desk->calls.count;
    const struct stats_pairs *pairs =
        is_by_clients ? &desk->clients : &desk->calls;
    size_t needed = needed_pairs(desk->judging, pairs);
    if (pairs->count >= needed) {
        tally->rules[JUDGE_JIT_2].exercised += (int64_t)pairs->count;
    } else if (pairs->count > 0) {
        tally_too_few(tally, JUDGE_JIT_2,
                      tally_text(tally,
                                 "%zu pairs of delays were seen; to tell that "
                                 "%s draw the same takes %zu",
                                 pairs->count,
                                 is_by_clients ? "clients" : "calls", needed));
    }
    return true;
}

static size_t keep_telling(const struct stats_sample **kept,
                           const struct stats_sample *samples, size_t count)
{
    size_t telling = 0;
    for (size_t i = 0; i < count; i++) {
        if (samples[i].near <= NEAR_AT_MOST && !samples[i].is_starved) {
            kept[telling++] = &samples[i];
        }
    }
    return telling;
}

/* -- what this machine took away ------------------------------------------- */

/* What a machine that is on time would have shown, had the client waited for no
 * CPU. */
struct on_time {
    const struct stats_sample **samples;
    size_t count;   /* delays */
    size_t telling; /* of them, those of laws that tell of half the width */
    size_t starved; /* of them, those that were not tested */
    double half;    /* sum of their chances */
};

static struct on_time look_on_time(const struct stats_sample **room,
                                   const struct stats_sample *samples,
                                   size_t count)
{
    struct on_time on_time = {.samples = room};
    for (size_t i = 0; i < count; i++) {
        if (samples[i].near_on_time > NEAR_AT_MOST) {
            continue;
        }
        room[on_time.count++] = &samples[i];
        on_time.starved += samples[i].is_starved;
        if (samples[i].half_on_time <= HALF_AT_MOST) {
            on_time.telling++;
            on_time.half += samples[i].half_on_time;
        }
    }
    return on_time;
}

static bool has_enough_delays(const struct judging *judging,
                              const struct on_time *on_time)
{
    return on_time->telling > 0 &&
           on_time->telling >=
               stats_size_cluster(on_time->half / (double)on_time->telling,
                                  spread_rate(judging));
}

static bool has_enough_pairs(const struct judging *judging,
                             const struct on_time *on_time, bool is_of_clients)
{
    struct stats_pairs pairs =
        stats_pairs_up(on_time->samples, on_time->count, is_of_clients);
    return pairs.count > 0 &&
           pairs.count >=
               stats_size_pairs(pairs.chance_on_time / (double)pairs.count,
                                PAIRS_ALIKE, pairs_rate(judging));
}

static void blame_machine(const struct judging *judging, enum judge_rule rule,
                          const struct on_time *on_time)
{
    struct tally *tally = judging->tally;
    struct tally_rule *counts = &tally->rules[rule];
    if (counts->exercised > 0 || counts->violations > 0) {
        return;
    }
    counts->is_of_machine = true;
    tally_too_few(
        tally, rule,
        tally_text(tally,
                   "%s%sthe load of this machine took what is missing: before "
                   "%zu of %zu delays the client waited for a CPU, and timers "
                   "were up to %.1f ms late",
                   counts->too_few ? counts->too_few : "",
                   counts->too_few ? "; " : "", on_time->starved,
                   on_time->count, (double)judging->lag_ns / 1e6));
}

static void judge_machine(const struct desk *desk,
                          const struct stats_sample *samples, size_t count)
{
    const struct judging *judging = desk->judging;
    struct on_time on_time = look_on_time(desk->samples, samples, count);
    if (judging->tally->rules[JUDGE_JIT_1].violations > 0 ||
        judging->tally->rules[JUDGE_JIT_2].violations > 0) {
        return;
    }
    if (has_enough_delays(judging, &on_time)) {
        blame_machine(judging, JUDGE_JIT_1, &on_time);
    }
    if (has_enough_pairs(judging, &on_time, true) ||
        has_enough_pairs(judging, &on_time, false)) {
        blame_machine(judging, JUDGE_JIT_2, &on_time);
    }
}

bool rules_spread_judge(const struct judging *judging, struct arena *scratch)
{
    size_t count;
    struct stats_sample *samples = stats_samples_all(judging->samples, &count);
    struct desk desk = {
        .judging = judging,
        .scratch = scratch,
        .samples = arena_array(scratch, count + 1, sizeof *desk.samples),
    };
    if (!desk.samples) {
        return false;
    }
    desk.count = keep_telling(desk.samples, samples, count);
    desk.clients = stats_pairs_up(desk.samples, desk.count, true);
    desk.calls = stats_pairs_up(desk.samples, desk.count, false);
    bool is_alike =
        are_alike(judging, &desk.clients) || are_alike(judging, &desk.calls);
    bool is_done = is_alike ? judge_alike(&desk) : judge_apart(&desk);
    judge_machine(&desk, samples, count);
    return is_done;
}
