/* The part of the profile reader for back-off laws. */
#include "model/fields.h"
#include "model/profile_read.h"
#include "model/units.h"

enum { EXPONENT_MAX = 1000 };

/* All in the order of their enums. */
static const char *const schedule_words[] = {
    "none", "constant", "linear", "exponential", "fibonacci", NULL};
static const char *const order_words[] = {"after-cap", "before-cap", NULL};
static const char *const rounding_words[] = {"none", "ms-nearest", "ms-down",
                                             "ns-down", NULL};
static const char *const negative_words[] = {"zero", "base", NULL};
static const char *const overflow_words[] = {"cap", "raise", NULL};

static const char *const backoff_keys[] = {
    "schedule", "base",           "step",
    "factor",   "first_exponent", "first_immediate",
    "cap",      "jitter",         "cap_unjittered",
    "order",    "clip",           "floor",
    "negative", "rounding",       "overflow",
    NULL};

static void read_schedule(const struct jsonc_value *at, struct backoff *backoff)
{
    struct jsonc_value value;
    int index = 0;
    if (jsonc_need(at, "schedule", &value) &&
        jsonc_choice(&value, schedule_words, &index)) {
        backoff->schedule = (enum schedule_kind)index;
    }
}

static void read_base(const struct jsonc_value *at, struct backoff *backoff)
{
    if (backoff->schedule == SCHEDULE_NONE) {
        fields_refuse(at, "base", "a schedule other than \"none\"");
    } else if (fields_need(at, "base")) {
        fields_positive(at, "base", &backoff->base_ns);
    }
}

/* Keys that belong to one schedule only. */
static void read_growth(const struct jsonc_value *at, struct backoff *backoff)
{
    if (backoff->schedule != SCHEDULE_LINEAR) {
        fields_refuse(at, "step", "\"schedule\": \"linear\"");
    } else if (fields_need(at, "step")) {
        fields_positive(at, "step", &backoff->step_ns);
    }
    if (backoff->schedule != SCHEDULE_EXPONENTIAL) {
        fields_refuse(at, "factor", "\"schedule\": \"exponential\"");
        fields_refuse(at, "first_exponent", "\"schedule\": \"exponential\"");
        fields_refuse(at, "overflow", "\"schedule\": \"exponential\"");
        return;
    }
    fields_number(at, "factor", (struct fields_span){1.0, 1000.0},
                  &backoff->factor);
    fields_int(at, "first_exponent",
               (struct fields_range){-EXPONENT_MAX, EXPONENT_MAX},
               &backoff->first_exponent);
}

/* A cap below the first delay makes the schedule a constant: a slip, or a
 * constant that should say so. */
static void check_cap(const struct jsonc_value *at,
                      const struct backoff *backoff)
{
    struct jsonc_value cap;
    if (backoff->cap_ns < backoff->base_ns && backoff->first_exponent >= 0 &&
        jsonc_get(at, "cap", &cap)) {
        char base[UNITS_TEXT_MAX];
        units_format_duration(backoff->base_ns, base, sizeof base);
        jsonc_hint(fields_expected(&cap, "at least the base, %s", base),
                   "are \"base\" and \"cap\" swapped?");
    }
}

static void read_cap(const struct jsonc_value *at, struct backoff *backoff)
{
    fields_positive(at, "cap", &backoff->cap_ns);
    fields_bool(at, "cap_unjittered", &backoff->cap_unjittered);
    fields_bool(at, "clip", &backoff->clip);
    if (!fields_has(at, "cap")) {
        fields_refuse(at, "cap_unjittered", "\"cap\"");
        fields_refuse(at, "clip", "\"cap\"");
        return;
    }
    check_cap(at, backoff);
}

static void read_floor(const struct jsonc_value *at, struct backoff *backoff)
{
    struct jsonc_value floor;
    if (fields_duration(at, "floor", &backoff->floor_ns) &&
        backoff->floor_ns > backoff->cap_ns && jsonc_get(at, "floor", &floor)) {
        char cap[UNITS_TEXT_MAX];
        units_format_duration(backoff->cap_ns, cap, sizeof cap);
        fields_expected(&floor, "at most the cap, %s", cap);
    }
}

static void read_words(const struct jsonc_value *at, struct backoff *backoff)
{
    int index = 0;
    if (!fields_has(at, "cap") || !fields_has(at, "jitter")) {
        fields_refuse(at, "order", "both \"cap\" and \"jitter\"");
    }
    if (fields_choice(at, "order", order_words, &index)) {
        backoff->order = (enum jitter_order)index;
    }
    if (fields_choice(at, "rounding", rounding_words, &index)) {
        backoff->rounding = (enum rounding)index;
    }
    if (fields_choice(at, "negative", negative_words, &index)) {
        backoff->negative = (enum negative)index;
    }
    if (fields_choice(at, "overflow", overflow_words, &index)) {
        backoff->overflow = (enum overflow)index;
    }
}

/* Jitter that has nothing to work on. */
static void check_jitter(const struct jsonc_value *at,
                         const struct backoff *backoff)
{
    struct jsonc_value jitter;
    if (!jsonc_get(at, "jitter", &jitter)) {
        fields_refuse(at, "cap_unjittered", "\"jitter\"");
        return;
    }
    if (backoff->schedule == SCHEDULE_NONE && backoff->jitter != JITTER_NONE &&
        backoff->jitter != JITTER_ADD) {
        jsonc_problem(&jitter, "a part of no delay is no delay; only \"add\" "
                               "goes with schedule \"none\"");
    }
    if (backoff->jitter == JITTER_DECORRELATED &&
        backoff->schedule != SCHEDULE_CONSTANT) {
        jsonc_hint(jsonc_problem(&jitter, "decorrelated jitter looks at the "
                                          "base and the last delay only"),
                   "write \"schedule\": \"constant\"");
    }
    if (backoff->jitter == JITTER_FULL_FROM &&
        backoff->jitter_a_ns > backoff->cap_ns) {
        jsonc_problem(&jitter, "the floor of the jitter is above the cap");
    }
}

void profile_read_backoff(const struct jsonc_value *at, struct backoff *backoff)
{
    *backoff = (struct backoff){.factor = 2.0, .cap_ns = NS_FOREVER};
    if (!fields_open(at, backoff_keys)) {
        return;
    }
    struct jsonc_value jitter;
    if (jsonc_get(at, "jitter", &jitter)) {
        profile_read_jitter(&jitter, backoff);
    }
    read_schedule(at, backoff);
    read_base(at, backoff);
    read_growth(at, backoff);
    fields_bool(at, "first_immediate", &backoff->first_immediate);
    read_cap(at, backoff);
    read_floor(at, backoff);
    read_words(at, backoff);
    check_jitter(at, backoff);
}
