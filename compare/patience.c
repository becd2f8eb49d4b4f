/* How often and how long a call tries: attempts, time, hangs. */
#include "client/retry.h"
#include "compare/aspect.h"
#include "model/units.h"

/* Of draws: the smallest and the largest. */
#define U_LAST (1 - 0x1p-53)

static const struct layer *layer_at(const struct question *question, int i)
{
    return &question->subject->profile->layers[i];
}

/* -- attempts -------------------------------------------------------------- */

static void tell_attempts(const struct question *question, struct words *words)
{
    struct probe_story story =
        probe_count(question->subject, question->failure);
    /* Arithmetic that fails is another row. */
    if (story.is_endless || story.reason == REASON_OVERFLOW)
        words_add(words, "no limit");
    else
        words_add(words, "%lld", (long long)story.attempts);
}

/* Layers that each try the failure again: their attempts multiply. */
static void tell_nested(const struct question *question, struct words *words)
{
    const struct subject *subject = question->subject;
    struct attempt_outcome outcome = {.end = question->failure->end,
                                      .status = question->failure->status};
    int count = 0;
    for (int i = -1; (i = aspect_layer(subject, i)) >= 0;) {
        const struct layer *layer = layer_at(question, i);
        const struct profile_rule *rule =
            layer_rule(layer, &subject->request, &outcome);
        count +=
            rule && rule->action == RULE_RETRY && layer->budget.attempts > 1;
    }
    words_add(words, "%d", count);
}

static void tell_enabled(const struct question *question, struct words *words)
{
    words_add(words, "on");
    for (int i = -1; (i = aspect_layer(question->subject, i)) >= 0;) {
        if (layer_at(question, i)->is_disabled) {
            words->used = 0;
            words_add(words, "off");
            words->fate = FATE_FAILS;
        }
    }
}

/* -- until it gives up ----------------------------------------------------- */

static void add_took(const struct probe_story *early,
                     const struct probe_story *late, struct words *words)
{
    struct delay_range range = {early->took_ns, late->took_ns};
    if (range.min_ns > range.max_ns)
        range = (struct delay_range){late->took_ns, early->took_ns};
    words_range(words, range);
}

static void tell_give_up(const struct question *question, struct words *words)
{
    const struct answer *answer = &question->aspect->answer;
    const struct subject *subject = question->subject;
    struct probe_story middle = probe_persist(subject, answer, .5);
    struct probe_story early = probe_persist(subject, answer, 0);
    struct probe_story late = probe_persist(subject, answer, U_LAST);
    words->fate = middle.fate;
    if (middle.is_endless) {
        words_add(words, "never");
        return;
    }
    words_add(words, "%lld attempt%s, ", (long long)middle.attempts,
              middle.attempts == 1 ? "" : "s");
    if (early.is_endless || late.is_endless)
        words_add(words, "never if all draws are the smallest");
    else
        add_took(&early, &late, words);
}

static void tell_elapsed(const struct question *question, struct words *words)
{
    static const char *const tests[] = {
        [ELAPSED_AFTER_ATTEMPT] = "after an attempt",
        [ELAPSED_BEFORE_SLEEP] = "before a wait",
        [ELAPSED_CUT_SLEEP] = "the last wait is cut",
    };
    for (int i = -1; (i = aspect_layer(question->subject, i)) >= 0;) {
        const struct budget *budget = &layer_at(question, i)->budget;
        if (budget->elapsed_ns == NS_FOREVER)
            continue;
        words_next(words);
        words_time(words, budget->elapsed_ns);
        words_add(words, " (%s)", tests[budget->elapsed_test]);
    }
    if (words->used == 0)
        words_absent(words, "no limit");
}

static void tell_call_timeout(const struct question *question,
                              struct words *words)
{
    for (int i = -1; (i = aspect_layer(question->subject, i)) >= 0;) {
        if (layer_at(question, i)->call_timeout_ns == NS_FOREVER)
            continue;
        words_next(words);
        words_time(words, layer_at(question, i)->call_timeout_ns);
    }
    if (words->used == 0)
        words_absent(words, "no limit");
}

/* -- one attempt ----------------------------------------------------------- */

static void tell_attempt_timeout(const struct question *question,
                                 struct words *words)
{
    static const char *const kinds[] = {
        [TIMEOUT_TOTAL] = "in all",
        [TIMEOUT_HEAD] = "until the head",
        [TIMEOUT_INACTIVITY] = "without a byte",
    };
    struct probe probe;
    probe_start(&probe, question->subject, .5);
    struct attempt_timeout limit = probe.action.attempt_timeout;
    if (probe.action.kind != RETRY_SEND || limit.limit_ns == NS_FOREVER) {
        words_absent(words, "no limit");
        return;
    }
    words_time(words, limit.limit_ns);
    words_add(words, " %s", kinds[limit.kind]);
}

static void tell_hang(const struct question *question, struct words *words)
{
    struct probe probe;
    probe_start(&probe, question->subject, .5);
    if (!probe_hang(&probe, NS_FOREVER)) {
        words->fate = FATE_HANGS;
        words_add(words, "the call hangs");
        return;
    }
    words->fate = probe_fate(&probe);
    words_add(words, words->fate == FATE_RETRIED ? "tried again after "
                                                 : "the call fails after ");
    words_time(words, probe.now_ns);
}

/* An answer that takes its time: `number` ns. */
static void tell_slow(const struct question *question, struct words *words)
{
    struct probe probe;
    probe_start(&probe, question->subject, .5);
    bool is_cut = probe_hang(&probe, question->aspect->number);
    if (!is_cut)
        probe_answer(&probe, &question->aspect->answer);
    words->fate = probe_fate(&probe);
    /* The engine tests progress after the wait. */
    if (words->fate == FATE_RETRIED && probe_proceed(&probe))
        words->fate = probe_fate(&probe);
    const char *what = words->fate == FATE_OK        ? "arrives"
                       : words->fate == FATE_RETRIED ? "tried again"
                                                     : "the call fails";
    words_add(words, "%s%s", is_cut ? "cut off, " : "", what);
}

/* -- progress -------------------------------------------------------------- */

static const struct progress *progress_of(const struct question *question)
{
    for (int i = -1; (i = aspect_layer(question->subject, i)) >= 0;) {
        if (layer_at(question, i)->progress.timeout_ns != NS_FOREVER)
            return &layer_at(question, i)->progress;
    }
    return NULL;
}

static void tell_progress(const struct question *question, struct words *words)
{
    const struct progress *progress = progress_of(question);
    if (progress)
        words_time(words, progress->timeout_ns);
    else
        words_absent(words, "none");
}

enum progress_part { ABORTS, CLOCK, AT_FIRST, WHEN_IDLE };

static const char *progress_words(const struct progress *progress,
                                  enum progress_part part)
{
    switch (part) {
    case ABORTS:
        return progress->aborts_attempt ? "also in flight"
                                        : "between attempts only";
    case CLOCK:
        return progress->clock == PROGRESS_PER_HANDLER ? "of the handler"
                                                       : "of the call";
    case AT_FIRST:
        return progress->is_tested_at_first ? "yes" : "no";
    case WHEN_IDLE:
        return progress->resets_when_idle ? "yes" : "no";
    }
    return "";
}

static void tell_progress_part(const struct question *question,
                               struct words *words)
{
    const struct progress *progress = progress_of(question);
    if (!progress)
        words_absent(words, "no timeout");
    else
        words_add(words, "%s",
                  progress_words(progress,
                                 (enum progress_part)question->aspect->number));
}

static const struct aspect items[] = {
    {.id = "enabled",
     .title = "retries",
     .group = GROUP_CONFIGURATION,
     .severity = SEVERITY_CRITICAL,
     .tell = tell_enabled,
     .requirements = "S1-08, S1-22"},
    {.id = "attempts",
     .title = "attempts, at most",
     .group = GROUP_CONFIGURATION,
     .severity = SEVERITY_CRITICAL,
     .tell = tell_attempts,
     .requirements = "S0-74, S1-02, S1-23, S1-75, S1-87"},
    {.id = "nested",
     .title = "layers that try it again",
     .group = GROUP_CONFIGURATION,
     .severity = SEVERITY_HIGH,
     .tell = tell_nested,
     .requirements = "S0-45, S0-74, S1-20"},
    {.id = "give-up-503",
     .title = "503 for ever: gives up after",
     .group = GROUP_TIME,
     .severity = SEVERITY_HIGH,
     .tell = tell_give_up,
     .answer = {.status = 503},
     .requirements = "S0-58, S1-23, S4-74"},
    {.id = "give-up-429",
     .title = "429 for ever: gives up after",
     .group = GROUP_TIME,
     .severity = SEVERITY_HIGH,
     .tell = tell_give_up,
     .answer = {.status = 429},
     .requirements = "S4-74"},
    {.id = "elapsed",
     .title = "time for retries",
     .group = GROUP_TIME,
     .severity = SEVERITY_HIGH,
     .tell = tell_elapsed},
    {.id = "call-timeout",
     .title = "time for the call",
     .group = GROUP_TIME,
     .severity = SEVERITY_HIGH,
     .tell = tell_call_timeout},
    {.id = "attempt-timeout",
     .title = "time for an attempt",
     .group = GROUP_TIME,
     .severity = SEVERITY_HIGH,
     .tell = tell_attempt_timeout},
    {.id = "hang",
     .title = "an attempt that hangs",
     .group = GROUP_TIME,
     .severity = SEVERITY_CRITICAL,
     .tell = tell_hang,
     .requirements = "S1-19, S1-43, S1-45, S1-84, S1-97, C-05"},
    {.id = "slow-success",
     .title = "a 200 that takes 31 s",
     .group = GROUP_TIME,
     .severity = SEVERITY_CRITICAL,
     .tell = tell_slow,
     .answer = {.status = 200},
     .number = 31 * NS_PER_S,
     .requirements = "S1-86"},
    {.id = "slow-failure",
     .title = "a 503 that takes 31 s",
     .group = GROUP_TIME,
     .severity = SEVERITY_CRITICAL,
     .tell = tell_slow,
     .answer = {.status = 503},
     .number = 31 * NS_PER_S,
     .requirements = "S0-49, S1-47, S1-86"},
    {.id = "slower-failure",
     .title = "a 503 that takes 31 min",
     .group = GROUP_TIME,
     .severity = SEVERITY_HIGH,
     .tell = tell_slow,
     .answer = {.status = 503},
     .number = 31 * INT64_C(60) * NS_PER_S,
     .requirements = "S1-06"},
    {.id = "progress",
     .title = "time without progress",
     .group = GROUP_TIME,
     .severity = SEVERITY_CRITICAL,
     .tell = tell_progress,
     .requirements = "S0-49, S0-56, S1-06, S1-44, S1-47, S1-86, S1-91, S1-97"},
    {.id = "progress-aborts",
     .of = "progress",
     .title = "progress is tested",
     .group = GROUP_TIME,
     .severity = SEVERITY_CRITICAL,
     .tell = tell_progress_part,
     .number = ABORTS,
     .requirements = "S1-45, S1-84, C-05"},
    {.id = "progress-clock",
     .of = "progress",
     .title = "progress is",
     .group = GROUP_TIME,
     .severity = SEVERITY_HIGH,
     .tell = tell_progress_part,
     .number = CLOCK,
     .requirements = "S1-48"},
    {.id = "progress-first",
     .of = "progress",
     .title = "progress is tested at first",
     .group = GROUP_TIME,
     .severity = SEVERITY_LOW,
     .tell = tell_progress_part,
     .number = AT_FIRST},
    {.id = "progress-idle",
     .of = "progress",
     .title = "waking up is progress",
     .group = GROUP_TIME,
     .severity = SEVERITY_LOW,
     .tell = tell_progress_part,
     .number = WHEN_IDLE,
     .requirements = "S1-50"},
};

const struct aspect_table patience_aspects = {items,
                                              sizeof items / sizeof items[0]};
