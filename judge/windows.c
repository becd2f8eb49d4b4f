#include "judge/windows.h"

#include "judge/starved.h"
#include "model/units.h"

/* So many effects on one limiter within the late tolerance are not told apart:
 * then it is taken for open. */
enum { LOOK_BACK_MAX = 256, REPLACED_MAX = 64 };

/* Who waits for the end of a window may then find another one, and so on. */
struct chain {
    int64_t due_ns; /* when the last of them lets pass */
    int64_t length;
};

struct windows {
    const struct judging *judging;
    int64_t poll_ns; /* rate_limiter.poll_ns */
    struct effects effects;
    int64_t *last_end_ns; /* latest end_hi_ns of the first i + 1 */
    uint32_t *latest;     /* window among the first i + 1: index + 1; 0: none */
    uint32_t *cleared;    /* the same of sure clears */
    struct chain *chains; /* of who finds that the first i + 1 have begun */
    int64_t longest_ns;   /* from an effect's from_ns to its to_ns */
};

/* How many effects begin by `at_ns`. */
static size_t count_by(const struct windows *windows, int64_t at_ns)
{
    size_t low = 0, high = windows->effects.count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (windows->effects.items[middle].from_ns <= at_ns) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* -- set-up -----------------------------------------------------------------
 */

static void note_ends(struct windows *windows)
{
    const struct effects *effects = &windows->effects;
    int64_t last_ns = INT64_MIN;
    for (size_t i = 0; i < effects->count; i++) {
        const struct effect *effect = &effects->items[i];
        bool is_window = effect->kind == EFFECT_WINDOW;
        if (is_window && effect->end_hi_ns > last_ns) {
            last_ns = effect->end_hi_ns;
        }
        windows->last_end_ns[i] = last_ns;
        windows->latest[i] = is_window ? (uint32_t)(i + 1)
                             : i > 0   ? windows->latest[i - 1]
                                       : 0;
        bool is_clear = effect->kind == EFFECT_CLEAR && effect->is_sure;
        windows->cleared[i] = is_clear ? (uint32_t)(i + 1)
                              : i > 0  ? windows->cleared[i - 1]
                                       : 0;
        if (effect->to_ns - effect->from_ns > windows->longest_ns) {
            windows->longest_ns = effect->to_ns - effect->from_ns;
        }
    }
    /* One that may never end is longer than any trace, and can be added. */
    windows->longest_ns = units_min(windows->longest_ns, INT64_MAX / 4);
}

/* The later windows first, as chains end in them. */
static void note_chains(struct windows *windows)
{
    const struct effect *effects = windows->effects.items;
    size_t begun = windows->effects.count;
    for (size_t i = begun; i-- > 0;) {
        int64_t due_ns = units_add(windows->last_end_ns[i], windows->poll_ns);
        int64_t until_ns = units_add(due_ns, windows->judging->late_ns);
        while (begun > 0 && effects[begun - 1].from_ns > until_ns) {
            begun--;
        }
        /* One that had ended before the next effect is never waited for. */
        bool goes_on =
            begun > i + 1 && windows->last_end_ns[begun - 1] > due_ns;
        const struct chain *rest = &windows->chains[goes_on ? begun - 1 : 0];
        windows->chains[i] =
            goes_on ? (struct chain){rest->due_ns, rest->length + 1}
                    : (struct chain){due_ns, 1};
    }
}

struct windows *windows_create(const struct judging *judging,
                               const struct rate_limiter *policy,
                               const struct effects *effects,
                               struct arena *arena)
{
    struct windows *windows = arena_alloc(arena, sizeof *windows);
    size_t most = effects->count + 1;
    if (!windows) {
        return NULL;
    }
    *windows = (struct windows){
        .judging = judging,
        .poll_ns = policy->poll_ns,
        .effects = *effects,
        .last_end_ns = arena_array(arena, most, sizeof(int64_t)),
        .latest = arena_array(arena, most, sizeof *windows->latest),
        .cleared = arena_array(arena, most, sizeof *windows->cleared),
        .chains = arena_array(arena, most, sizeof *windows->chains),
    };
    if (!windows->last_end_ns || !windows->latest || !windows->cleared ||
        !windows->chains) {
        return NULL;
    }
    note_ends(windows);
    note_chains(windows);
    return windows;
}

/* -- what may have been in force --------------------------------------------
 */

struct look {
    const struct windows_question *question;
    int64_t since_ns; /* no effect before this one is in force any more */
    bool is_settled;  /* there is such an effect */
    bool may_be_open;
    bool was_waited_for; /* the attempt came as a window ended */
    int64_t least_end_ns, closed_by;
};

static void take(struct look *look, const struct effect *effect)
{
    if (effect->kind == EFFECT_CLEAR) {
        look->may_be_open = true;
    } else if (effect->end_lo_ns < look->least_end_ns) {
        look->least_end_ns = effect->end_lo_ns;
        look->closed_by = effect->attempt;
    }
}

/* Who slept until its end noticed nothing of what came since. */
static bool has_just_ended(const struct look *look, const struct effect *effect,
                           int64_t early_ns, int64_t slack_ns)
{
    return effect->kind == EFFECT_WINDOW &&
           effect->end_hi_ns >= look->question->ready_lo_ns - early_ns &&
           look->question->sent_ns >= effect->end_lo_ns - early_ns &&
           look->question->sent_ns <= units_add(effect->end_hi_ns, slack_ns);
}

/* From the latest effect back: those that may have been in force while the
 * attempt looked, and windows that its sender may have slept through. */
static void look_back(const struct windows *windows, struct look *look)
{
    const struct judging *judging = windows->judging;
    const struct windows_question *question = look->question;
    int64_t early_ns = judging->early_ns;
    int64_t late_ns =
        judging->late_ns + starved_before(judging, question->sent_ns);
    int64_t looks_ns = question->sent_ns - late_ns;
    if (question->was_held_after) {
        looks_ns = INT64_MIN / 2;
    }
    if (looks_ns < question->ready_lo_ns - early_ns) {
        looks_ns = question->ready_lo_ns - early_ns;
    }
    if (windows->effects.is_serial && !question->was_held_after) {
        looks_ns = question->sent_ns; /* nothing else goes on */
    }
    int64_t slack_ns = late_ns + windows->poll_ns;
    int64_t waited_ns = question->sent_ns - slack_ns;
    size_t count = count_by(windows, question->sent_ns + early_ns);
    for (size_t i = count; i-- > 0;) {
        /* Open in one order: all that is left to find is a window that the
         * attempt may have waited for. */
        if (look->may_be_open) {
            if (!windows->latest[i] || windows->last_end_ns[i] < waited_ns) {
                return;
            }
            i = windows->latest[i] - 1;
        }
        const struct effect *effect = &windows->effects.items[i];
        bool is_over = look->is_settled &&
                       effect->from_ns + windows->longest_ns < look->since_ns;
        if (is_over && windows->last_end_ns[i] < waited_ns) {
            return;
        }
        if (count - i > LOOK_BACK_MAX) {
            look->may_be_open = true;
            return;
        }
        if (effect->attempt == question->attempt && effect->attempt != 0) {
            continue;
        }
        look->was_waited_for |=
            has_just_ended(look, effect, early_ns, slack_ns);
        bool is_own = effect->attempt == question->last_attempt &&
                      question->last_attempt != 0;
        if (!look->is_settled || effect->to_ns >= look->since_ns) {
            take(look, effect);
        }
        if (!look->is_settled && effect->is_sure &&
            (effect->to_ns <= looks_ns || is_own)) {
            look->is_settled = true;
            look->since_ns = effect->from_ns;
        }
    }
}

/* -- when it lets pass ------------------------------------------------------
 */

/* Whatever replaces whatever, it is open by then for who was ready. */
static int64_t due_ns(const struct windows *windows,
                      const struct windows_question *question)
{
    int64_t ready_ns = question->ready_hi_ns;
    size_t count =
        count_by(windows, units_add(ready_ns, windows->judging->late_ns));
    if (count == 0 || windows->last_end_ns[count - 1] <= ready_ns) {
        return ready_ns;
    }
    const struct chain *chain = &windows->chains[count - 1];
    return chain->length < REPLACED_MAX ? chain->due_ns : NS_FOREVER;
}

/* How many effects had ended before a success opened the limiter, and that
 * before the attempt was ready: it waits for none of their windows. Who was
 * ready earlier may sleep on. */
static size_t count_cleared(const struct windows *windows,
                            const struct windows_question *question)
{
    int64_t seen_ns = question->ready_lo_ns - windows->judging->early_ns;
    size_t count = count_by(windows, seen_ns - windows->longest_ns);
    size_t clear = count > 0 ? windows->cleared[count - 1] : 0;
    if (clear == 0) {
        return 0;
    }
    int64_t from_ns = windows->effects.items[clear - 1].from_ns;
    return count_by(windows, from_ns - windows->longest_ns - 1);
}

/* The same without the first `cleared` effects. */
static int64_t due_after_clear(const struct windows *windows,
                               const struct windows_question *question,
                               size_t cleared)
{
    const struct effect *effects = windows->effects.items;
    int64_t due_ns = question->ready_hi_ns;
    int64_t late_ns = windows->judging->late_ns;
    size_t i = cleared;
    for (; i < windows->effects.count && i < cleared + LOOK_BACK_MAX &&
           effects[i].from_ns <= units_add(due_ns, late_ns);
         i++) {
        if (effects[i].kind == EFFECT_WINDOW && effects[i].end_hi_ns > due_ns) {
            due_ns = units_add(effects[i].end_hi_ns, windows->poll_ns);
        }
    }
    return i < cleared + LOOK_BACK_MAX ? due_ns : NS_FOREVER;
}

struct windows_answer windows_ask(const struct windows *windows,
                                  const struct windows_question *question)
{
    struct look look = {.question = question, .least_end_ns = NS_FOREVER};
    struct windows_answer answer = {.due_ns = question->ready_hi_ns};
    if (windows->effects.count == 0) {
        return answer;
    }
    int64_t uncleared_ns = due_ns(windows, question);
    answer.due_ns = uncleared_ns;
    size_t cleared = count_cleared(windows, question);
    if (cleared > 0) {
        answer.due_ns = units_min(uncleared_ns,
                                  due_after_clear(windows, question, cleared));
    }
    answer.is_cleared = answer.due_ns < uncleared_ns;
    if (question->sent_ns == NS_FOREVER) {
        return answer;
    }
    look_back(windows, &look);
    answer.is_shut =
        look.is_settled && !look.may_be_open && !look.was_waited_for &&
        look.least_end_ns - windows->judging->early_ns > question->sent_ns;
    answer.end_ns = look.least_end_ns;
    answer.closed_by = look.closed_by;
    answer.is_known = answer.is_shut || look.was_waited_for ||
                      uncleared_ns > question->ready_hi_ns;
    return answer;
}

int64_t windows_held_since(const struct windows *windows, int64_t sent_ns)
{
    int64_t slack_ns = windows->judging->late_ns + windows->poll_ns;
    size_t count = count_by(windows, sent_ns);
    int64_t since_ns = sent_ns;
    for (size_t i = count; i-- > 0;) {
        const struct effect *effect = &windows->effects.items[i];
        if (windows->last_end_ns[i] < since_ns - slack_ns) {
            break;
        }
        if (count - i > LOOK_BACK_MAX) {
            return 0;
        }
        if (effect->kind == EFFECT_WINDOW && effect->from_ns < since_ns &&
            effect->end_hi_ns >= since_ns - slack_ns) {
            since_ns = effect->from_ns;
        }
    }
    return since_ns;
}
