#include "judge/rules_herd.h"

#include <stdlib.h>

#include "judge/stats_samples.h"
#include "judge/stats_tests.h"
#include "model/units.h"

/* Of each width of windows. */
static double herd_rate(const struct judging *judging)
{
    return judging->alarm_rate / STATS_HERD_WIDTHS;
}

/* A law that sends most of them at once anyway tells nothing. */
static const double HERD_AT_MOST = 0.5;

/* An instant with what counts up to it, itself included. */
struct bound {
    int64_t at_ns;
    double chance; /* sum over all bounds so far */
};

/* Retries that may come at a time, and came: each list by time. */
struct crowd {
    size_t count;
    int64_t *heads;
    struct bound *firsts, *lasts;
};

/* What may have come into one window. */
struct herd {
    size_t came, might;
    double chance; /* on average, of those that might */
    int64_t from_ns;
};

static int by_instant(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static int by_bound(const void *a, const void *b)
{
    const struct bound *x = a, *y = b;
    return (x->at_ns > y->at_ns) - (x->at_ns < y->at_ns);
}

static void add_up(struct bound *bounds, size_t count)
{
    qsort(bounds, count, sizeof *bounds, by_bound);
    for (size_t i = 1; i < count; i++) {
        bounds[i].chance += bounds[i - 1].chance;
    }
}

static bool crowd_init(struct crowd *crowd, size_t most, struct arena *scratch)
{
    *crowd = (struct crowd){
        .heads = arena_array(scratch, most + 1, sizeof *crowd->heads),
        .firsts = arena_array(scratch, most + 1, sizeof *crowd->firsts),
        .lasts = arena_array(scratch, most + 1, sizeof *crowd->lasts),
    };
    return crowd->heads && crowd->firsts && crowd->lasts;
}

static void crowd_fill(struct crowd *crowd, const struct stats_sample *samples,
                       size_t count, int width)
{
    crowd->count = 0;
    for (size_t i = 0; i < count; i++) {
        double chance = samples[i].herd[width];
        if (chance <= HERD_AT_MOST && !samples[i].is_starved) {
            crowd->heads[crowd->count] = samples[i].head_ns;
            crowd->firsts[crowd->count] =
                (struct bound){samples[i].first_ns, chance};
            crowd->lasts[crowd->count++] =
                (struct bound){samples[i].last_ns, chance};
        }
    }
    qsort(crowd->heads, crowd->count, sizeof *crowd->heads, by_instant);
    add_up(crowd->firsts, crowd->count);
    add_up(crowd->lasts, crowd->count);
}

/* The most unlikely window that begins with a retry. Fills how many retries
 * might have come into one at the most. */
static struct herd crowd_worst(const struct crowd *crowd, int64_t width_ns,
                               size_t *most)
{
    struct herd worst = {0};
    double least = 1;
    size_t high = 0, first = 0, last = 0;
    *most = 0;
    for (size_t low = 0; low < crowd->count; low++) {
        int64_t from_ns = crowd->heads[low], to_ns = from_ns + width_ns;
        for (; high < crowd->count && crowd->heads[high] <= to_ns; high++) {
        }
        for (; first < crowd->count && crowd->firsts[first].at_ns <= to_ns;
             first++) {
        }
        for (; last < crowd->count && crowd->lasts[last].at_ns < from_ns;
             last++) {
        }
        struct herd herd = {high - low, first - last, 0, from_ns};
        double sum = (first > 0 ? crowd->firsts[first - 1].chance : 0) -
                     (last > 0 ? crowd->lasts[last - 1].chance : 0);
        herd.chance = sum / (double)herd.might;
        double chance =
            herd.might > 1
                ? stats_tail_bound(herd.might - 1, herd.chance, herd.came - 1)
                : 1;
        *most = herd.might > *most ? herd.might : *most;
        if (chance < least) {
            least = chance;
            worst = herd;
        }
    }
    return worst;
}

static bool is_herd(const struct judging *judging, const struct herd *herd,
                    size_t count)
{
    return herd->came > 1 &&
           (double)count *
                   stats_tail(herd->might - 1, herd->chance, herd->came - 1) <=
               herd_rate(judging);
}

static void report(const struct judging *judging, struct herd herd,
                   size_t count, int64_t width_ns)
{
    struct tally *tally = judging->tally;
    char alarms[STATS_ALARMS_MAX];
    struct finding *finding = tally_violate(tally, JUDGE_HERD_1, false);
    if (!finding) {
        return;
    }
    size_t came = herd.came;
    while (is_herd(judging, &herd, count)) {
        herd.came--;
    }
    long long width_ms = (long long)(width_ns / NS_PER_MS);
    finding->expected = tally_text(
        tally,
        "retries spread as their laws say: at most %zu of %zu within %lld ms  "
        "(%s)",
        herd.came, herd.might, width_ms,
        stats_alarms(judging->alarm_rate, alarms));
    finding->observed =
        tally_text(tally, "%zu of %zu came within %lld ms, at %.3f s", came,
                   herd.might, width_ms, (double)herd.from_ns / 1e9);
    finding->source = tally_text(tally, "profile %s", judging->profile->id);
    finding->likely = "clients draw the same delays, or wake up together";
}

static double mean_chance(const struct crowd *crowd)
{
    return crowd->lasts[crowd->count - 1].chance / (double)crowd->count;
}

/* Do the delays crowd by themselves, whenever the others come? */
static bool is_explained(const struct tally *tally)
{
    const struct tally_rule *spread = &tally->rules[JUDGE_JIT_1];
    return tally->rules[JUDGE_JIT_2].violations > 0 ||
           (spread->violations > 0 && spread->first.likely);
}

/* True: retries came as a herd. */
static bool judge_windows(const struct judging *judging, struct crowd *crowd,
                          size_t *most)
{
    size_t count;
    struct stats_sample *samples = stats_samples_all(judging->samples, &count);
    for (int w = STATS_HERD_WIDTHS - 1; w >= 0; w--) {
        crowd_fill(crowd, samples, count, w);
        struct herd worst = crowd_worst(crowd, stats_herd_ns[w], most);
        if (is_herd(judging, &worst, crowd->count)) {
            judging->tally->rules[JUDGE_HERD_1].exercised +=
                (int64_t)worst.might;
            report(judging, worst, crowd->count, stats_herd_ns[w]);
            return true;
        }
    }
    return false;
}

static void count_enough(const struct judging *judging,
                         const struct crowd *crowd, size_t most)
{
    struct tally *tally = judging->tally;
    size_t needed = stats_size_cluster(mean_chance(crowd), herd_rate(judging));
    most = most < judging->calls->count ? most : judging->calls->count;
    if (most >= needed) {
        tally->rules[JUDGE_HERD_1].exercised += (int64_t)most;
    } else if (most > 1) {
        tally_too_few(tally, JUDGE_HERD_1,
                      tally_text(tally,
                                 "%zu retries might have come at once; to tell "
                                 "a herd takes %zu",
                                 most, needed));
    }
}

bool rules_herd_judge(const struct judging *judging, struct arena *scratch)
{
    struct tally *tally = judging->tally;
    struct crowd crowd;
    size_t count, most = 0;
    stats_samples_all(judging->samples, &count);
    if (is_explained(tally)) {
        tally_too_few(tally, JUDGE_HERD_1,
                      "the delays do not follow their laws (JIT-1, JIT-2): "
                      "what comes at once comes of that");
        return true;
    }
    if (!crowd_init(&crowd, count, scratch)) {
        return false;
    }
    if (judge_windows(judging, &crowd, &most)) {
        tally_retract(tally, JUDGE_JIT_1,
                      "the retries came at once (HERD-1): what their delays "
                      "have in common may come of that");
    } else if (crowd.count > 1) {
        count_enough(judging, &crowd, most);
    }
    return true;
}
