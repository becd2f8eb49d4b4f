#include "judge/circuit.h"

#include <stdlib.h>

#include "model/units.h"

/* Failures whose order is remembered; attempts that may try a circuit. */
enum { FAILURES_KEPT = 64, PROBES_MAX = 16, LOOK_BACK_MAX = 8 };

/* Nothing passes from here to there. */
struct refusal {
    int64_t from_ns, to_ns;
    int64_t cause; /* attempt */
};

struct refusals {
    struct refusal *items;
    int64_t *last_ns; /* latest to_ns of the first i + 1 */
    size_t count;
};

struct circuit {
    const struct judging *judging;
    struct refusals may, must;
    bool is_serial;
    int64_t openings;  /* that something came after */
    bool is_last_open; /* one more, and nothing came after it yet */
};

enum mode { MODE_CLOSED, MODE_OPEN, MODE_HALF_OPEN, MODE_UNKNOWN };

/* A walk over the effects in order of time. */
struct walk {
    const struct circuit_breaker *policy;
    struct circuit *circuit;
    enum mode mode;
    /* Closed: failures in a row, at least and at most, and the effect that may
     * have opened it. */
    int64_t least, most, success_to_ns;
    const struct effect *suspect;
    struct {
        int64_t to_ns[FAILURES_KEPT];
        size_t count;
    } failures; /* that have begun, the last ones */
    /* Open: the earliest instant at which it can have been opened. */
    int64_t opened_ns;
    /* Half open: attempts in flight that decide. */
    int64_t probes[PROBES_MAX];
    int64_t probe_count;
    bool is_reopening; /* one of them has failed, perhaps */
    /* Unknown: an attempt that is alone so far; 0: none. */
    int64_t lone;
    int64_t pending; /* effects that are possible, but not certain */
};

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* Keeps them in order of from_ns, which is nearly that of their coming. */
static void add(struct refusals *refusals, int64_t from_ns, int64_t to_ns,
                int64_t cause)
{
    size_t i = refusals->count++;
    for (; i > 0 && refusals->items[i - 1].from_ns > from_ns; i--) {
        refusals->items[i] = refusals->items[i - 1];
    }
    refusals->items[i] = (struct refusal){from_ns, to_ns, cause};
    for (; i < refusals->count; i++) {
        int64_t before_ns = i > 0 ? refusals->last_ns[i - 1] : INT64_MIN;
        refusals->last_ns[i] = later(before_ns, refusals->items[i].to_ns);
    }
}

/* Shortens the last refusal: it is over by then. */
static void cut(struct refusals *refusals, int64_t at_ns)
{
    size_t i = refusals->count - 1;
    if (refusals->count > 0 && refusals->items[i].to_ns > at_ns) {
        int64_t before_ns = i > 0 ? refusals->last_ns[i - 1] : INT64_MIN;
        refusals->items[i].to_ns = at_ns;
        refusals->last_ns[i] = later(before_ns, at_ns);
    }
}

/* -- from mode to mode ------------------------------------------------------
 */

static void lose_track(struct walk *walk, int64_t at_ns)
{
    if (walk->mode != MODE_UNKNOWN) {
        add(&walk->circuit->may, at_ns, NS_FOREVER, 0);
        cut(&walk->circuit->must, at_ns);
    }
    walk->mode = MODE_UNKNOWN;
    walk->lone = 0;
}

static void open_surely(struct walk *walk, const struct effect *effect,
                        int64_t earliest_ns)
{
    int64_t reset_ns = walk->policy->reset_ns;
    walk->mode = MODE_OPEN;
    walk->circuit->is_last_open = true;
    walk->opened_ns = earliest_ns;
    if (walk->suspect) {
        cut(&walk->circuit->may, units_add(effect->late_ns, reset_ns));
    }
    cut(&walk->circuit->must, effect->from_ns);
    walk->suspect = NULL;
    walk->is_reopening = false;
    walk->probe_count = 0;
    add(&walk->circuit->must, effect->to_ns, units_add(earliest_ns, reset_ns),
        effect->attempt);
    add(&walk->circuit->may, effect->from_ns,
        units_add(effect->late_ns, reset_ns), effect->attempt);
}

/* Failures that may have come after the success. */
static int64_t failures_since(const struct walk *walk,
                              const struct effect *success)
{
    int64_t count = 0;
    for (size_t i = 0; i < FAILURES_KEPT && i < walk->failures.count; i++) {
        count += walk->failures.to_ns[i] >= success->from_ns;
    }
    return count == FAILURES_KEPT ? INT64_MAX / 2 : count;
}

static void close_surely(struct walk *walk, const struct effect *success)
{
    walk->mode = MODE_CLOSED;
    walk->least = 0;
    walk->most = failures_since(walk, success);
    walk->success_to_ns = success->to_ns;
    walk->suspect = NULL;
    walk->probe_count = 0;
    cut(&walk->circuit->may, success->late_ns);
    cut(&walk->circuit->must, success->from_ns);
    if (walk->most >= walk->policy->failures) {
        lose_track(walk, success->to_ns);
    }
}

static bool is_probe(const struct walk *walk, int64_t attempt)
{
    for (int64_t i = 0; i < walk->probe_count; i++) {
        if (walk->probes[i] == attempt) {
            return true;
        }
    }
    return false;
}

/* -- effects begin to be possible -------------------------------------------
 */

static void begin_failure(struct walk *walk, const struct effect *effect)
{
    walk->failures.to_ns[walk->failures.count++ % FAILURES_KEPT] =
        effect->to_ns;
    if (walk->mode == MODE_CLOSED) {
        walk->most++;
        if (walk->most >= walk->policy->failures && !walk->suspect) {
            walk->suspect = effect;
            add(&walk->circuit->may, effect->from_ns, NS_FOREVER,
                effect->attempt);
        }
    } else if (walk->mode == MODE_HALF_OPEN &&
               is_probe(walk, effect->attempt)) {
        walk->is_reopening = true;
        cut(&walk->circuit->must, effect->from_ns);
    }
}

static void begin_success(struct walk *walk, const struct effect *effect)
{
    if (walk->mode == MODE_CLOSED) {
        walk->least = 0;
        if (effect->to_ns > walk->success_to_ns) {
            walk->success_to_ns = effect->to_ns;
        }
    } else if (walk->mode == MODE_HALF_OPEN &&
               is_probe(walk, effect->attempt)) {
        if (walk->is_reopening) {
            lose_track(walk, effect->from_ns);
        } else {
            close_surely(walk, effect);
        }
    }
}

/* -- effects are certain ----------------------------------------------------
 */

static void end_failure(struct walk *walk, const struct effect *effect)
{
    if (walk->mode == MODE_HALF_OPEN && is_probe(walk, effect->attempt)) {
        open_surely(walk, effect, effect->early_ns);
        return;
    }
    if (walk->mode != MODE_CLOSED || effect->from_ns <= walk->success_to_ns) {
        return;
    }
    walk->least++;
    if (walk->least < walk->policy->failures) {
        return;
    }
    int64_t earliest_ns =
        walk->suspect ? walk->suspect->early_ns : effect->early_ns;
    if (effect->to_ns >= units_add(earliest_ns, walk->policy->reset_ns)) {
        lose_track(walk, effect->from_ns);
    } else {
        open_surely(walk, effect, earliest_ns);
    }
}

static void end_success(struct walk *walk, const struct effect *effect)
{
    if (walk->mode == MODE_UNKNOWN && walk->lone == effect->attempt &&
        walk->lone != 0) {
        close_surely(walk, effect);
        return;
    }
    if (walk->mode != MODE_CLOSED) {
        return;
    }
    if (walk->suspect) {
        lose_track(walk, walk->suspect->from_ns);
        return;
    }
    int64_t since = failures_since(walk, effect);
    if (since < walk->most) {
        walk->most = since;
    }
}

/* One more than may try it is no probe, whatever let it through. */
static void add_probe(struct walk *walk, const struct effect *effect)
{
    if (walk->probe_count >= walk->policy->half_open_calls) {
        return;
    }
    if (walk->probe_count == PROBES_MAX) {
        lose_track(walk, effect->from_ns);
        return;
    }
    walk->probes[walk->probe_count++] = effect->attempt;
    if (walk->probe_count == walk->policy->half_open_calls) {
        add(&walk->circuit->must, effect->to_ns, NS_FOREVER, effect->attempt);
    }
}

static bool is_too_soon(const struct walk *walk, const struct effect *sent)
{
    return sent->to_ns < units_add(walk->opened_ns, walk->policy->reset_ns) -
                             walk->circuit->judging->early_ns;
}

static void end_sent(struct walk *walk, const struct effect *effect)
{
    switch (walk->mode) {
    case MODE_CLOSED:
    case MODE_UNKNOWN:
        return;
    case MODE_OPEN:
        if (!is_too_soon(walk, effect)) {
            walk->mode = MODE_HALF_OPEN;
            add(&walk->circuit->may, effect->from_ns, NS_FOREVER,
                effect->attempt);
            add_probe(walk, effect);
        }
        return;
    case MODE_HALF_OPEN:
        add_probe(walk, effect);
        return;
    }
}

/* -- the walk ---------------------------------------------------------------
 */

struct edge {
    const struct effect *effect;
    int64_t at_ns;
    bool is_end;
};

/* What begins comes first, so that what touches overlaps. */
static int by_time(const void *a, const void *b)
{
    const struct edge *x = a, *y = b;
    if (x->at_ns != y->at_ns) {
        return x->at_ns < y->at_ns ? -1 : 1;
    }
    return x->is_end - y->is_end;
}

/* From before it was sent to after it ended nothing else may happen. */
static void watch_lone(struct walk *walk, const struct edge *edge)
{
    bool is_start = edge->effect->kind == EFFECT_SENT && !edge->is_end;
    if (is_start && walk->pending == 0) {
        walk->lone = edge->effect->attempt;
    } else if (edge->effect->attempt != walk->lone) {
        walk->lone = 0;
    }
    walk->pending += edge->is_end ? -1 : 1;
}

static void pass(struct walk *walk, const struct edge *edge)
{
    const struct effect *effect = edge->effect;
    watch_lone(walk, edge);
    if (effect->kind == EFFECT_SENT && walk->circuit->is_last_open) {
        walk->circuit->openings++;
        walk->circuit->is_last_open = false;
    }
    switch (effect->kind) {
    case EFFECT_SENT:
        if (edge->is_end) {
            end_sent(walk, effect);
        }
        return;
    case EFFECT_FAILURE:
        if (edge->is_end) {
            end_failure(walk, effect);
        } else {
            begin_failure(walk, effect);
        }
        return;
    case EFFECT_SUCCESS:
        if (edge->is_end) {
            end_success(walk, effect);
        } else {
            begin_success(walk, effect);
        }
        return;
    case EFFECT_GONE:
        lose_track(walk, effect->from_ns);
        return;
    case EFFECT_WINDOW:
    case EFFECT_CLEAR:
    case EFFECT_COST:
    case EFFECT_REFUND:
        return;
    }
}

static bool make_refusals(struct refusals *refusals, size_t most,
                          struct arena *arena)
{
    refusals->items = arena_array(arena, most, sizeof *refusals->items);
    refusals->last_ns = arena_array(arena, most, sizeof *refusals->last_ns);
    return refusals->items && refusals->last_ns;
}

/* Freed by the caller; NULL without memory. */
static struct edge *sorted_edges(const struct effects *effects)
{
    struct edge *edges = calloc(effects->count * 2 + 1, sizeof *edges);
    for (size_t i = 0; edges && i < effects->count; i++) {
        const struct effect *effect = &effects->items[i];
        edges[2 * i] = (struct edge){effect, effect->from_ns, false};
        edges[2 * i + 1] = (struct edge){effect, effect->to_ns, true};
    }
    if (edges) {
        qsort(edges, effects->count * 2, sizeof *edges, by_time);
    }
    return edges;
}

struct circuit *circuit_create(const struct judging *judging,
                               const struct circuit_breaker *policy,
                               const struct effects *effects,
                               struct arena *arena)
{
    struct circuit *circuit = arena_alloc(arena, sizeof *circuit);
    /* An edge adds three refusals at most. */
    size_t most = effects->count * 6 + 1;
    if (!circuit || !make_refusals(&circuit->may, most, arena) ||
        !make_refusals(&circuit->must, most, arena)) {
        return NULL;
    }
    circuit->judging = judging;
    circuit->is_serial = effects->is_serial;
    struct walk walk = {
        .policy = policy, .circuit = circuit, .success_to_ns = INT64_MIN};
    if (judging->spans->count > 0) {
        lose_track(&walk, INT64_MIN / 2); /* attempts that nobody saw */
        return circuit;
    }
    struct edge *edges = sorted_edges(effects);
    for (size_t i = 0; edges && i < effects->count * 2; i++) {
        pass(&walk, &edges[i]);
    }
    bool has_room = edges;
    free(edges);
    return has_room ? circuit : NULL;
}

/* -- questions --------------------------------------------------------------
 */

static size_t count_by(const struct refusals *refusals, int64_t at_ns)
{
    size_t low = 0, high = refusals->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (refusals->items[middle].from_ns <= at_ns) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

bool circuit_may_refuse(const struct circuit *circuit,
                        struct delay_range *between)
{
    const struct refusals *may = &circuit->may;
    size_t count = count_by(may, between->max_ns);
    if (count == 0 || may->last_ns[count - 1] < between->min_ns) {
        return false;
    }
    if (may->last_ns[count - 1] < between->max_ns) {
        between->max_ns = may->last_ns[count - 1];
    }
    return true;
}

bool circuit_must_refuse(const struct circuit *circuit,
                         const struct circuit_question *question,
                         int64_t *until_ns, int64_t *opened_by)
{
    const struct refusals *must = &circuit->must;
    size_t count = count_by(must, question->sent_ns);
    int64_t ready_ns = question->ready_ns;
    if (circuit->is_serial) {
        ready_ns = question->sent_ns; /* nothing else goes on */
    }
    for (size_t i = count; i-- > 0 && count - i <= LOOK_BACK_MAX;) {
        const struct refusal *refusal = &must->items[i];
        bool is_after_last =
            refusal->cause == question->last && question->last != 0;
        if (refusal->cause != question->attempt &&
            (refusal->from_ns <= ready_ns || is_after_last) &&
            refusal->to_ns - circuit->judging->early_ns > question->sent_ns) {
            *until_ns = refusal->to_ns;
            *opened_by = refusal->cause;
            return true;
        }
    }
    return false;
}

int64_t circuit_openings(const struct circuit *circuit, bool has_unseen)
{
    return circuit->openings + (has_unseen && circuit->is_last_open);
}
