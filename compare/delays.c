/* How long the waits are: the laws of the waits that the engine asks for. */
#include "compare/aspect.h"
#include "model/units.h"

/* Waits that are looked at one by one; one that stands for all later ones; and
 * the last retry at which arithmetic is tried. */
enum { WAITS = 8, LATE = 63, OVERFLOW_MAX = 2000, MEAN_STEPS = 4096 };

static const char none[] = "not tried again";

/* The law of the first wait after a failure. False: it is not tried again. */
static bool first_law(const struct question *question,
                      const struct answer *answer, struct delay_law *law)
{
    struct probe probe;
    probe_once(&probe, question->subject, answer);
    *law = probe.action.law;
    return probe_is_waiting(&probe);
}

static bool is_retried(const struct question *question, struct delay_law *law,
                       struct words *words)
{
    bool is = first_law(question, question->failure, law);
    if (!is)
        words_absent(words, none);
    return is;
}

static int64_t nominal(const struct delay_law *law, int64_t n)
{
    return law->backoff ? backoff_nominal(law->backoff, n) : 0;
}

static struct delay_law late_law(struct delay_law law)
{
    law.n = LATE;
    law.cut_ns = NS_FOREVER;
    if (law.backoff && law.backoff->cap_ns != NS_FOREVER)
        law.previous_ns = law.backoff->cap_ns;
    return law;
}

/* -- the law --------------------------------------------------------------- */

static void tell_base(const struct question *question, struct words *words)
{
    struct delay_law law;
    if (is_retried(question, &law, words))
        words_time(words, nominal(&law, law.n));
}

static void tell_growth(const struct question *question, struct words *words)
{
    struct delay_law law;
    if (!is_retried(question, &law, words))
        return;
    int64_t first = nominal(&law, 0), second = nominal(&law, 1);
    if (first == 0 || first == second)
        words_add(words, first == second ? "not" : "from nothing");
    else
        words_add(words, "%.6g times the first",
                  (double)second / (double)first);
}

static void tell_first(const struct question *question, struct words *words)
{
    struct delay_law law;
    if (first_law(question, &question->aspect->answer, &law))
        words_range(words, backoff_range(&law));
    else
        words_absent(words, none);
}

static void tell_first_after_failure(const struct question *question,
                                     struct words *words)
{
    struct delay_law law;
    if (is_retried(question, &law, words))
        words_range(words, backoff_range(&law));
}

static void tell_longest(const struct question *question, struct words *words)
{
    struct delay_law law;
    if (!is_retried(question, &law, words))
        return;
    law = late_law(law);
    words_time(words, backoff_range(&law).max_ns);
}

static void tell_at_cap(const struct question *question, struct words *words)
{
    struct delay_law law;
    if (!is_retried(question, &law, words))
        return;
    law = late_law(law);
    int64_t longest_ns = backoff_range(&law).max_ns;
    double share =
        backoff_cdf(&law, longest_ns) - backoff_cdf_below(&law, longest_ns);
    if (share < .0005)
        words_absent(words, "spread, none more than others");
    else
        words_add(words, "%.3g %% are exactly the longest", share * 100);
}

static void tell_over_cap(const struct question *question, struct words *words)
{
    struct delay_law law;
    if (!is_retried(question, &law, words))
        return;
    int64_t cap_ns = law.backoff ? law.backoff->cap_ns : NS_FOREVER;
    law = late_law(law);
    int64_t longest_ns = backoff_range(&law).max_ns;
    if (cap_ns == NS_FOREVER)
        words_absent(words, "there is no cap");
    else if (longest_ns <= cap_ns)
        words_add(words, "never");
    else
        words_add(words, "by up to %.3g %%",
                  100 * ((double)longest_ns / (double)cap_ns - 1));
}

static void tell_jitter(const struct question *question, struct words *words)
{
    struct delay_law law;
    if (!is_retried(question, &law, words))
        return;
    double x = (double)nominal(&law, law.n);
    struct delay_range range = backoff_range(&law);
    if (range.max_ns == range.min_ns || x == 0)
        words_absent(words, "none");
    else
        words_add(words, "%.3g to %.3g times the delay",
                  (double)range.min_ns / x, (double)range.max_ns / x);
}

static void tell_at_once(const struct question *question, struct words *words)
{
    struct delay_law law;
    if (!is_retried(question, &law, words))
        return;
    /* Rounded to milliseconds a delay is at once if it is under half of one. */
    bool may_be = backoff_range(&law).min_ns < NS_PER_MS;
    words_add(words, may_be ? "yes" : "no");
}

/* -- the waits of one call ------------------------------------------------- */

static double mean_s(const struct delay_law *law)
{
    double sum = 0;
    for (int i = 0; i < MEAN_STEPS; i++)
        sum += (double)backoff_draw(law, (i + .5) / MEAN_STEPS);
    return sum / MEAN_STEPS / (double)NS_PER_S;
}

static bool is_constant(const struct delay_law *law)
{
    struct delay_range range = backoff_range(law);
    return range.min_ns == range.max_ns;
}

static void add_range(const struct delay_law *law, struct words *words)
{
    struct delay_range range = backoff_range(law);
    words_next(words);
    words_add(words, "%.4g", (double)range.min_ns / (double)NS_PER_S);
    if (!is_constant(law))
        words_add(words, "-%.4g", (double)range.max_ns / (double)NS_PER_S);
}

static void add_mean(const struct delay_law *law, struct words *words)
{
    words_next(words);
    words_add(words, "%.3g", mean_s(law));
}

/* Walks a call through its first waits with the middle draw, through all its
 * layers. */
static void walk(const struct question *question, struct words *words,
                 void (*add)(const struct delay_law *law, struct words *words))
{
    struct probe probe;
    probe_start(&probe, question->subject, .5);
    for (int waits = 0; waits < WAITS && probe.action.kind == RETRY_SEND;) {
        probe_answer(&probe, question->failure);
        if (!probe_is_waiting(&probe))
            break;
        if (probe.action.wait_kind != WAIT_LIMITER) {
            add(&probe.action.law, words);
            waits++;
        }
        if (!probe_proceed(&probe))
            break;
    }
    if (words->used == 0)
        words_absent(words, none);
}

static void tell_waits(const struct question *question, struct words *words)
{
    walk(question, words, add_range);
}

static void tell_means(const struct question *question, struct words *words)
{
    walk(question, words, add_mean);
}

/* -- arithmetic ------------------------------------------------------------ */

/* The first retry for which the arithmetic of the client raises; -1: none. */
static int64_t overflow_retry(const struct question *question,
                              const struct delay_law *law)
{
    if (!law->backoff || law->backoff->overflow != OVERFLOW_RAISE)
        return -1;
    struct probe_story counted =
        probe_count(question->subject, question->failure);
    int64_t n = 0;
    while (n < OVERFLOW_MAX && !backoff_overflows(law->backoff, n))
        n++;
    return counted.attempts > n ? n : -1;
}

static void tell_overflow(const struct question *question, struct words *words)
{
    struct delay_law law;
    if (!is_retried(question, &law, words))
        return;
    int64_t n = overflow_retry(question, &law);
    words->fate = FATE_RETRIED;
    if (n < 0) {
        words_absent(words, "no harm");
        return;
    }
    struct probe_story timed =
        probe_persist(question->subject, question->failure, .5);
    bool comes_to_it = timed.is_endless || timed.attempts > n;
    words->fate = comes_to_it ? FATE_FAILS : FATE_UNTOLD;
    words_add(words, "the call fails at retry %lld%s", (long long)n,
              comes_to_it ? "" : ", but ends before");
}

static const struct aspect items[] = {
    {.id = "base-delay",
     .title = "first wait, without jitter",
     .group = GROUP_BACKOFF,
     .severity = SEVERITY_HIGH,
     .tell = tell_base,
     .requirements = "S0-47, S1-03, S1-88"},
    {.id = "growth",
     .of = "base-delay",
     .title = "the next wait grows",
     .group = GROUP_BACKOFF,
     .severity = SEVERITY_HIGH,
     .tell = tell_growth,
     .requirements = "S1-30, S1-94"},
    {.id = "first-delay",
     .of = "base-delay",
     .title = "first wait",
     .group = GROUP_BACKOFF,
     .severity = SEVERITY_HIGH,
     .tell = tell_first_after_failure,
     .requirements = "S0-47, S1-33"},
    {.id = "at-once",
     .of = "base-delay",
     .title = "the first wait may be nothing",
     .group = GROUP_BACKOFF,
     .severity = SEVERITY_CRITICAL,
     .tell = tell_at_once,
     .requirements = "S1-33, S1-85"},
    {.id = "delays",
     .of = "base-delay",
     .title = "waits one by one, in s",
     .group = GROUP_BACKOFF,
     .severity = SEVERITY_HIGH,
     .tell = tell_waits,
     .requirements = "S0-47, S1-31"},
    {.id = "mean-delays",
     .of = "base-delay",
     .title = "waits on average, in s",
     .group = GROUP_BACKOFF,
     .severity = SEVERITY_HIGH,
     .tell = tell_means,
     .requirements = "S1-33"},
    {.id = "longest-delay",
     .of = "base-delay",
     .title = "longest wait",
     .group = GROUP_BACKOFF,
     .severity = SEVERITY_HIGH,
     .tell = tell_longest,
     .requirements = "S0-47, S1-04, S1-89"},
    {.id = "at-cap",
     .of = "base-delay",
     .title = "of late waits",
     .group = GROUP_BACKOFF,
     .severity = SEVERITY_LOW,
     .tell = tell_at_cap},
    {.id = "over-cap",
     .of = "base-delay",
     .title = "waits exceed the cap",
     .group = GROUP_BACKOFF,
     .severity = SEVERITY_LOW,
     .tell = tell_over_cap,
     .requirements = "S1-31"},
    {.id = "jitter",
     .of = "base-delay",
     .title = "jitter",
     .group = GROUP_BACKOFF,
     .severity = SEVERITY_HIGH,
     .tell = tell_jitter,
     .requirements = "S0-47, S1-05, S1-32, S1-85, S1-90, S1-95"},
    {.id = "delay-429",
     .title = "first wait, 429",
     .group = GROUP_BACKOFF,
     .severity = SEVERITY_HIGH,
     .tell = tell_first,
     .answer = {.status = 429},
     .requirements = "S0-52, S1-52, C-09"},
    {.id = "delay-refused",
     .title = "first wait, connect refused",
     .group = GROUP_BACKOFF,
     .severity = SEVERITY_HIGH,
     .tell = tell_first,
     .answer = {.end = END_REFUSED}},
    {.id = "overflow",
     .title = "doubling beyond all numbers",
     .group = GROUP_BACKOFF,
     .severity = SEVERITY_LOW,
     .tell = tell_overflow,
     .requirements = "S1-34"},
};

const struct aspect_table delays_aspects = {items,
                                            sizeof items / sizeof items[0]};
