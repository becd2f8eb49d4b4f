/* The part of the profile reader for what stands before an attempt: the slots
 * that it must hold and the rate limiter that it must pass. */
#include "model/fields.h"
#include "model/profile_read.h"

enum { COUNT_MAX = 1000000000 };

static const struct fields_range counts = {1, COUNT_MAX};
static const struct fields_range sizes = {1, INT64_C(1000000000000000)};
static const struct fields_span penalties = {1.0, 1e6};
static const struct fields_span rates = {0.000001, 1e9};

/* All in the order of their enums. */
static const char *const slot_scope_words[] = {
    "handler", "session", "client", "global", "url-and-key", NULL};
static const char *const slot_held_words[] = {"call", "attempt", NULL};
static const char *const limiter_scope_words[] = {"holder", "url-and-key",
                                                  NULL};

static const char *const slot_keys[] = {
    "limit", "scope", "held", "throttled", "bytes", "ask_again", NULL};
static const char *const throttled_keys[] = {"limit", "window", NULL};
static const char *const bytes_keys[] = {"limit", "penalty", NULL};
static const char *const limiter_keys[] = {
    "scope", "poll", "clears_on_success", "per_second", "burst", NULL};

/* The member, opened as an object. */
static bool open_member(const struct jsonc_value *at, const char *key,
                        const char *const *keys, struct jsonc_value *out)
{
    return jsonc_get(at, key, out) && fields_open(out, keys);
}

static void read_throttled(const struct jsonc_value *slots_at,
                           struct slots *slots)
{
    struct jsonc_value at, limit;
    if (!open_member(slots_at, "throttled", throttled_keys, &at)) {
        return;
    }
    if (fields_need(&at, "window")) {
        fields_positive(&at, "window", &slots->throttled_window_ns);
    }
    if (!fields_need(&at, "limit") ||
        !fields_int(&at, "limit", counts, &slots->throttled_limit)) {
        return;
    }
    if (slots->limit > 0 && slots->throttled_limit >= slots->limit &&
        jsonc_get(&at, "limit", &limit)) {
        jsonc_hint(fields_expected(&limit, "less than the limit, %lld",
                                   (long long)slots->limit),
                   "the slots of the throttled window are held besides the "
                   "others: so many never bind");
    }
}

static void read_bytes(const struct jsonc_value *slots_at, struct slots *slots)
{
    struct jsonc_value at;
    if (!open_member(slots_at, "bytes", bytes_keys, &at)) {
        return;
    }
    if (fields_need(&at, "limit")) {
        fields_int(&at, "limit", sizes, &slots->byte_limit);
    }
    if (!fields_has(slots_at, "throttled")) {
        fields_refuse(&at, "penalty", "\"throttled\", which has its window");
        return;
    }
    fields_number(&at, "penalty", penalties, &slots->byte_penalty);
}

static void read_ask_again(const struct jsonc_value *slots_at,
                           struct slots *slots)
{
    struct jsonc_value at, schedule;
    if (!jsonc_get(slots_at, "ask_again", &at)) {
        return;
    }
    profile_read_backoff(&at, &slots->ask_again);
    if (slots->ask_again.schedule == SCHEDULE_NONE && cJSON_IsObject(at.item) &&
        jsonc_get(&at, "schedule", &schedule)) {
        jsonc_hint(jsonc_problem(&schedule, "a waiter can't ask again without "
                                            "a pause"),
                   "leave \"ask_again\" out: then a waiter is told");
    }
}

static void read_slots(const struct jsonc_value *layer, struct slots *slots)
{
    struct jsonc_value at;
    int index = 0;
    if (!open_member(layer, "slots", slot_keys, &at)) {
        return;
    }
    slots->scope = SLOTS_CLIENT;
    fields_int(&at, "limit", counts, &slots->limit);
    if (fields_choice(&at, "scope", slot_scope_words, &index)) {
        slots->scope = (enum slot_scope)index;
    }
    if (fields_choice(&at, "held", slot_held_words, &index)) {
        slots->held = (enum slot_held)index;
    }
    read_throttled(&at, slots);
    read_bytes(&at, slots);
    read_ask_again(&at, slots);
    if (!fields_has(&at, "limit") && !fields_has(&at, "throttled") &&
        !fields_has(&at, "bytes")) {
        jsonc_problem(&at, "limits nothing: expected \"limit\", "
                           "\"throttled\" or \"bytes\"");
    }
}

static void read_rate_limiter(const struct jsonc_value *layer,
                              struct rate_limiter *limiter)
{
    struct jsonc_value at;
    int index = 0;
    if (!open_member(layer, "rate_limiter", limiter_keys, &at)) {
        return;
    }
    limiter->is_used = true;
    limiter->burst = 1.0;
    if (fields_choice(&at, "scope", limiter_scope_words, &index)) {
        limiter->scope = (enum limiter_scope)index;
    }
    fields_duration(&at, "poll", &limiter->poll_ns);
    fields_bool(&at, "clears_on_success", &limiter->clears_on_success);
    fields_number(&at, "per_second", rates, &limiter->per_second);
    if (!fields_has(&at, "per_second")) {
        fields_refuse(&at, "burst", "\"per_second\"");
    } else {
        fields_number(&at, "burst", (struct fields_span){1.0, 1e9},
                      &limiter->burst);
    }
}

/* Rules that close a limiter need one. True if there is such a rule. */
static bool check_closing_rules(const struct jsonc_value *at,
                                const struct layer *layer)
{
    struct jsonc_value rules, rule, closes;
    bool has_any = false;
    if (!jsonc_get(at, "rules", &rules)) {
        return false;
    }
    for (size_t i = 0; i < layer->rule_count; i++) {
        rule = jsonc_at(&rules, (int)i);
        has_any = has_any || layer->rules[i].closes_limiter;
        if (layer->rules[i].closes_limiter && !fields_has(at, "rate_limiter") &&
            jsonc_get(&rule, "closes_limiter", &closes)) {
            jsonc_hint(jsonc_problem(&closes, "the layer has no "
                                              "\"rate_limiter\" to close"),
                       "add \"rate_limiter\": {} to the layer");
        }
    }
    return has_any;
}

static void check_limiter(const struct jsonc_value *at,
                          const struct layer *layer)
{
    struct jsonc_value limiter;
    if (!check_closing_rules(at, layer) && layer->rate_limiter.is_used &&
        jsonc_get(at, "rate_limiter", &limiter) &&
        !fields_has(&limiter, "per_second")) {
        jsonc_hint(jsonc_problem(&limiter, "limits nothing: no rule of the "
                                           "layer has \"closes_limiter\""),
                   "or give it a rate: \"per_second\"");
    }
}

static bool closes_limiter(const struct layer *layer)
{
    for (size_t i = 0; i < layer->rule_count; i++) {
        if (layer->rules[i].closes_limiter) {
            return layer->rate_limiter.is_used;
        }
    }
    return false;
}

/* Is there a limiter that closes for the slots of layer `i`? */
static bool has_window(const struct profile *profile, size_t i)
{
    while (i + 1 < profile->layer_count &&
           !profile->layers[i].rate_limiter.is_used) {
        i++;
    }
    return closes_limiter(&profile->layers[i]);
}

void profile_read_windows(const struct jsonc_value *at,
                          const struct profile *profile)
{
    for (size_t i = 0; i < profile->layer_count; i++) {
        struct jsonc_value layer = jsonc_at(at, (int)i), slots;
        if (profile->layers[i].slots.throttled_limit > 0 &&
            !has_window(profile, i) && jsonc_get(&layer, "slots", &slots)) {
            fields_refuse(&slots, "throttled",
                          "a \"rate_limiter\" and a rule with "
                          "\"closes_limiter\" in this layer or inside it");
        }
    }
}

void profile_read_slots(const struct jsonc_value *at, struct layer *layer)
{
    read_slots(at, &layer->slots);
    read_rate_limiter(at, &layer->rate_limiter);
    check_limiter(at, layer);
}
