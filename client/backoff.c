#include "client/backoff.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>

#include "model/units.h"

/* Larger than any delay in any unit, yet far from infinity, so that jitter
 * never meets inf - inf or 0 * inf. */
static const double HUGE_DELAY = 1e300;

/* Random numbers are multiples of 2^-53: a distribution is a count of them. */
#define GRID_STEPS (INT64_C(1) << 53)

/* Source systems differ in the unit they compute in: Python in float seconds,
 * Elixir in milliseconds, Go in nanoseconds. Rounding errors differ with it. */
static const double unit_ns[] = {
    [ROUND_NONE] = 1e9,
    [ROUND_MS_NEAREST] = 1e6,
    [ROUND_MS_DOWN] = 1e6,
    [ROUND_NS_DOWN] = 1,
};

static double in_unit(const struct backoff *backoff, int64_t ns)
{
    return ns == NS_FOREVER ? HUGE_DELAY
                            : (double)ns / unit_ns[backoff->rounding];
}

static int64_t saturated_ns(double ns)
{
    assert(ns >= 0);
    return ns >= 0x1p63 ? NS_FOREVER : (int64_t)ns;
}

/* Never negative: who calls has dealt with negatives. */
static int64_t rounded_ns(const struct backoff *backoff, double value)
{
    double unit = unit_ns[backoff->rounding];
    switch (backoff->rounding) {
    case ROUND_NONE:
        return saturated_ns(round(value * unit));
    case ROUND_MS_NEAREST:
        return saturated_ns(round(value) * unit);
    case ROUND_MS_DOWN:
    case ROUND_NS_DOWN:
        return saturated_ns(floor(value) * unit);
    }
    assert(false);
    return 0;
}

static double fibonacci(int64_t n)
{
    double a = 1, b = 1;
    for (int64_t i = 0; i < n && isfinite(a); i++) {
        double sum = a + b;
        a = b;
        b = sum;
    }
    return a;
}

/* For whole exponents; those of 2 take half the time, to the same bits. */
static double power(double base, double exponent)
{
    return base == 2 ? exp2(exponent) : pow(base, exponent);
}

/* x(n) in the law's unit, neither capped nor jittered. */
static double schedule_value(const struct backoff *backoff, int64_t n)
{
    double base = in_unit(backoff, backoff->base_ns);
    switch (backoff->schedule) {
    case SCHEDULE_NONE:
        return 0;
    case SCHEDULE_CONSTANT:
        return base;
    case SCHEDULE_LINEAR:
        return base + (double)n * in_unit(backoff, backoff->step_ns);
    case SCHEDULE_EXPONENTIAL:
        return base * power(backoff->factor,
                            (double)n + (double)backoff->first_exponent);
    case SCHEDULE_FIBONACCI:
        return base * fibonacci(n);
    }
    assert(false);
    return 0;
}

static bool is_immediate(const struct backoff *backoff, int64_t n)
{
    return backoff->first_immediate && n == 0;
}

/* Finite. NaN is what 0 * inf leaves: a base of zero stays zero. */
static double unjittered(const struct backoff *backoff, int64_t n)
{
    double x = schedule_value(backoff, backoff->first_immediate ? n - 1 : n);
    if (isnan(x)) {
        return 0;
    }
    x = fmin(x, HUGE_DELAY);
    return backoff->order == JITTER_AFTER_CAP
               ? fmin(x, in_unit(backoff, backoff->cap_ns))
               : x;
}

int64_t backoff_nominal(const struct backoff *backoff, int64_t n)
{
    if (is_immediate(backoff, n)) {
        return 0;
    }
    return saturated_ns(
        round(unjittered(backoff, n) * unit_ns[backoff->rounding]));
}

bool backoff_overflows(const struct backoff *backoff, int64_t n)
{
    if (is_immediate(backoff, n)) {
        return false;
    }
    double x = schedule_value(backoff, backoff->first_immediate ? n - 1 : n);
    return isinf(x) || isnan(x);
}

/* Uniform between two ends in whatever order they come. */
static double between(double a, double b, double u)
{
    return fmin(a, b) + fabs(b - a) * u;
}

/* x and a whole number of milliseconds, of which there is at least one. */
static double up_steps(const struct backoff *backoff, double x, double u)
{
    double ms = in_unit(backoff, NS_PER_MS);
    double steps = ceil(u * round(backoff->ratio * x / ms));
    return x + fmax(1, steps) * ms;
}

static double symmetric_inclusive(const struct backoff *backoff, double x,
                                  double u)
{
    double delta = backoff->ratio * x;
    double low = x - delta, high = x + delta;
    return low + u * (high - low + in_unit(backoff, 1));
}

/* The operations stand in the order of the source systems: the last bit of a
 * double is part of the law. */
static double jittered(const struct backoff *backoff, double x, double u)
{
    double j = backoff->ratio;
    switch (backoff->jitter) {
    case JITTER_NONE:
    case JITTER_DECORRELATED: /* has no x; see decorrelated() */
        return x;
    case JITTER_SYMMETRIC:
        return x + x * j * (2 * u - 1);
    case JITTER_FULL:
        return x * j * u;
    case JITTER_FULL_FROM:
        return between(in_unit(backoff, backoff->jitter_a_ns), x, u);
    case JITTER_EQUAL:
        return x / 2 + u * (x / 2);
    case JITTER_PROPORTIONAL:
        return x * (backoff->lo + (backoff->hi - backoff->lo) * u);
    case JITTER_DOWN:
        return x * (1 - j * u);
    case JITTER_UP:
        return x * (1 + j * u);
    case JITTER_ADD:
        return x + between(in_unit(backoff, backoff->jitter_a_ns),
                           in_unit(backoff, backoff->jitter_b_ns), u);
    case JITTER_UP_STEPS:
        return up_steps(backoff, x, u);
    case JITTER_SYMMETRIC_INCLUSIVE:
        return symmetric_inclusive(backoff, x, u);
    }
    assert(false);
    return x;
}

/* U(base, k * previous). Jitter after the cap means that the upper end is
 * capped, jitter before it that the result is (the form AWS published). */
static double decorrelated(const struct delay_law *law, double u)
{
    const struct backoff *backoff = law->backoff;
    int64_t previous_ns =
        law->previous_ns > 0 ? law->previous_ns : backoff->base_ns;
    double top =
        fmin(backoff->ratio * in_unit(backoff, previous_ns), HUGE_DELAY);
    if (backoff->order == JITTER_AFTER_CAP) {
        top = fmin(top, in_unit(backoff, backoff->cap_ns));
    }
    return between(in_unit(backoff, backoff->base_ns), top, u);
}

/* With jitter, before anything is done about its sign. */
static double raw_value(const struct delay_law *law, double u)
{
    const struct backoff *backoff = law->backoff;
    if (backoff->jitter == JITTER_DECORRELATED) {
        return decorrelated(law, u);
    }
    double x = unjittered(backoff, law->n);
    if (backoff->cap_unjittered && x >= in_unit(backoff, backoff->cap_ns)) {
        return x;
    }
    return jittered(backoff, x, u);
}

/* What the layer would wait without a header. */
double backoff_draw_unit(const struct delay_law *law, double u)
{
    const struct backoff *backoff = law->backoff;
    if (!backoff || is_immediate(backoff, law->n)) {
        return 0;
    }
    double value = raw_value(law, u);
    if (value < 0) {
        value = backoff->negative == NEGATIVE_BASE
                    ? in_unit(backoff, backoff->base_ns)
                    : 0;
    }
    if (backoff->clip || backoff->order == JITTER_BEFORE_CAP) {
        value = fmin(value, in_unit(backoff, backoff->cap_ns));
    }
    return fmax(value, in_unit(backoff, backoff->floor_ns));
}

static int64_t own_delay(const struct delay_law *law, double u)
{
    return law->backoff ? rounded_ns(law->backoff, backoff_draw_unit(law, u))
                        : 0;
}

/* The header's time. Its own limit bounds it, not the cap of the back-off. */
static int64_t header_delay(const struct delay_law *law, double u)
{
    const struct backoff *backoff = law->backoff;
    if (!law->is_jittered || !backoff || law->header_ns == NS_FOREVER) {
        return law->header_ns;
    }
    double x = in_unit(backoff, law->header_ns);
    return rounded_ns(backoff, fmax(0, jittered(backoff, x, u)));
}

static int64_t spread_delay(const struct delay_law *law, int64_t header_ns,
                            double u)
{
    return units_add(header_ns, saturated_ns((double)law->spread_ns * u));
}

static int64_t combined(const struct delay_law *law, double u)
{
    if (!law->has_header) {
        return own_delay(law, u);
    }
    int64_t header_ns = header_delay(law, u);
    switch (law->use) {
    case RA_REPLACE:
        return header_ns;
    case RA_MAXIMUM:
        return units_max(header_ns, own_delay(law, u));
    case RA_BETWEEN:
        return units_min(units_max(header_ns, law->at_least_ns),
                         law->at_most_ns);
    case RA_SPREAD:
        return spread_delay(law, header_ns, u);
    }
    assert(false);
    return 0;
}

int64_t backoff_draw(const struct delay_law *law, double u)
{
    assert(u >= 0 && u < 1);
    return units_min(units_max(combined(law, u), 0), law->cut_ns);
}

/* -- the law from outside ---------------------------------------------------
 */

enum test { TEST_NEGATIVE, TEST_AT_MOST, TEST_BELOW };

struct question {
    const struct delay_law *law;
    enum test test;
    int64_t t_ns;
};

static bool holds(const struct question *question, int64_t step)
{
    double u = (double)step * 0x1p-53;
    switch (question->test) {
    case TEST_NEGATIVE:
        return raw_value(question->law, u) < 0;
    case TEST_AT_MOST:
        return backoff_draw(question->law, u) <= question->t_ns;
    case TEST_BELOW:
        return backoff_draw(question->law, u) < question->t_ns;
    }
    assert(false);
    return false;
}

/* How many steps in [from, to) answer yes; the answer changes at most once
 * there. */
static int64_t count_yes(const struct question *question, int64_t from,
                         int64_t to)
{
    if (from == to) {
        return 0;
    }
    bool first = holds(question, from);
    if (holds(question, to - 1) == first) {
        return first ? to - from : 0;
    }
    int64_t low = from, high = to;
    while (high - low > 1) {
        int64_t middle = low + (high - low) / 2;
        if (holds(question, middle) == first) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return first ? high - from : to - high;
}

/* Delays are monotone in u, except that a negative one may become the base:
 * the step at which the sign changes parts [0, 1) into two monotone pieces. */
static int64_t piece_boundary(const struct delay_law *law)
{
    const struct backoff *backoff = law->backoff;
    struct question question = {.law = law, .test = TEST_NEGATIVE};
    bool is_split = backoff && backoff->negative == NEGATIVE_BASE;
    int64_t negative = is_split ? count_yes(&question, 0, GRID_STEPS) : 0;
    return is_split && holds(&question, 0) ? negative : GRID_STEPS - negative;
}

static double probability(const struct question *question)
{
    int64_t boundary = piece_boundary(question->law);
    int64_t yes = count_yes(question, 0, boundary) +
                  count_yes(question, boundary, GRID_STEPS);
    return (double)yes * 0x1p-53;
}

double backoff_cdf(const struct delay_law *law, int64_t t_ns)
{
    struct question question = {law, TEST_AT_MOST, t_ns};
    return probability(&question);
}

double backoff_cdf_below(const struct delay_law *law, int64_t t_ns)
{
    struct question question = {law, TEST_BELOW, t_ns};
    return probability(&question);
}

static void widen(struct delay_range *range, const struct delay_law *law,
                  int64_t step)
{
    int64_t ns = backoff_draw(law, (double)step * 0x1p-53);
    range->min_ns = units_min(range->min_ns, ns);
    range->max_ns = units_max(range->max_ns, ns);
}

struct delay_range backoff_range(const struct delay_law *law)
{
    struct delay_range range = {NS_FOREVER, 0};
    int64_t boundary = piece_boundary(law);
    widen(&range, law, 0);
    widen(&range, law, GRID_STEPS - 1);
    if (boundary > 0 && boundary < GRID_STEPS) {
        widen(&range, law, boundary - 1);
        widen(&range, law, boundary);
    }
    return range;
}
