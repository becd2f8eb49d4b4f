/* The part of the profile reader for jitter: a word, or an object with the one
 * kind and its parameter. */
#include "model/fields.h"
#include "model/profile_read.h"

static const double RATIO_MAX = 10.0;

/* A jitter whose parameter is one ratio. */
struct ratio_jitter {
    const char *key;
    enum jitter_kind kind;
    double min, max;
};

static const struct ratio_jitter ratio_jitters[] = {
    /* Above 1 a delay can be negative, which some systems allow and mend. */
    {"symmetric", JITTER_SYMMETRIC, 0.0, RATIO_MAX},
    {"full", JITTER_FULL, 0.0, RATIO_MAX},
    {"down", JITTER_DOWN, 0.0, 1.0},
    {"up", JITTER_UP, 0.0, RATIO_MAX},
    {"up_steps", JITTER_UP_STEPS, 0.0, RATIO_MAX},
    {"symmetric_inclusive", JITTER_SYMMETRIC_INCLUSIVE, 0.0, RATIO_MAX},
    {"decorrelated", JITTER_DECORRELATED, 1.0, 100.0},
};

/* In the order of the choices in read_jitter_word. */
static const char *const jitter_words[] = {"none", "full", "equal", NULL};

static const char *const jitter_keys[] = {
    "symmetric", "full",         "full_from", "proportional",
    "down",      "up",           "up_steps",  "symmetric_inclusive",
    "add",       "decorrelated", NULL};

static void read_jitter_word(const struct jsonc_value *at,
                             struct backoff *backoff)
{
    static const enum jitter_kind kinds[] = {JITTER_NONE, JITTER_FULL,
                                             JITTER_EQUAL};
    int index = 0;
    if (jsonc_choice(at, jitter_words, &index)) {
        backoff->jitter = kinds[index];
        backoff->ratio = 1.0;
    }
}

static void read_ratio_jitter(const struct jsonc_value *at,
                              const struct ratio_jitter *known,
                              struct backoff *backoff)
{
    if (fields_number(at, known->key,
                      (struct fields_span){known->min, known->max},
                      &backoff->ratio)) {
        backoff->jitter = known->kind;
    }
}

static bool read_pair(const struct jsonc_value *at, const char *key,
                      struct jsonc_value pair[2])
{
    struct fields_list list;
    if (!fields_list(at, key, (struct fields_range){2, 2}, &list)) {
        return false;
    }
    pair[0] = jsonc_at(&list.at, 0);
    pair[1] = jsonc_at(&list.at, 1);
    return true;
}

static void read_proportional(const struct jsonc_value *at,
                              struct backoff *backoff)
{
    struct jsonc_value pair[2];
    if (!read_pair(at, "proportional", pair) ||
        !jsonc_number(&pair[0], 0.0, RATIO_MAX, &backoff->lo) ||
        !jsonc_number(&pair[1], 0.0, RATIO_MAX, &backoff->hi)) {
        return;
    }
    backoff->jitter = JITTER_PROPORTIONAL;
    if (backoff->lo > backoff->hi) {
        fields_expected(&pair[1], "at least the lower end, %g", backoff->lo);
    }
}

static void read_add(const struct jsonc_value *at, struct backoff *backoff)
{
    struct jsonc_value pair[2];
    if (!read_pair(at, "add", pair) ||
        !jsonc_duration(&pair[0], &backoff->jitter_a_ns) ||
        !jsonc_duration(&pair[1], &backoff->jitter_b_ns)) {
        return;
    }
    backoff->jitter = JITTER_ADD;
    if (backoff->jitter_a_ns > backoff->jitter_b_ns) {
        fields_expected(&pair[1], "at least the lower end, \"%s\"",
                        pair[0].item->valuestring);
    }
}

static void read_jitter_object(const struct jsonc_value *at,
                               struct backoff *backoff)
{
    if (!fields_open(at, jitter_keys)) {
        return;
    }
    if (cJSON_GetArraySize(at->item) != 1) {
        jsonc_problem(at, "expected one kind of jitter, found %d",
                      cJSON_GetArraySize(at->item));
        return;
    }
    for (size_t i = 0; i < sizeof ratio_jitters / sizeof *ratio_jitters; i++) {
        read_ratio_jitter(at, &ratio_jitters[i], backoff);
    }
    read_proportional(at, backoff);
    read_add(at, backoff);
    if (fields_duration(at, "full_from", &backoff->jitter_a_ns)) {
        backoff->jitter = JITTER_FULL_FROM;
    }
}

void profile_read_jitter(const struct jsonc_value *at, struct backoff *backoff)
{
    if (cJSON_IsString(at->item)) {
        read_jitter_word(at, backoff);
    } else {
        read_jitter_object(at, backoff);
    }
}
