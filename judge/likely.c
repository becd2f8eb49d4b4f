#include "judge/likely.h"

#include <string.h>

#include "judge/accept.h"
#include "judge/variant.h"
#include "model/units.h"

/* Each changes the profile as the misreading would and returns whether that
 * changed anything. */
typedef bool misread(struct variant *variant);

/* -- tools ----------------------------------------------------------------- */

/* Calls `change` on each rule; true if any was changed. */
static bool each_rule(struct variant *variant,
                      bool (*change)(struct variant *variant,
                                     struct profile_rule *rule))
{
    bool is_changed = false;
    for (size_t i = 0; i < variant->profile.layer_count; i++) {
        for (size_t k = 0; k < variant->layers[i].rule_count; k++) {
            is_changed |= change(variant, &variant->rules[i][k]);
        }
    }
    return is_changed;
}

struct form_change {
    enum retry_after_form from, to;
};

static bool change_form(enum retry_after_form *form,
                        const struct form_change *changes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (*form == changes[i].from) {
            *form = changes[i].to;
            return true;
        }
    }
    return false;
}

/* A copy of the source with its forms changed. */
static bool change_source(struct variant *variant,
                          struct retry_after_source *source,
                          const struct form_change *changes, size_t count)
{
    enum retry_after_form *forms =
        arena_array(variant->arena, source->form_count, sizeof *forms);
    bool is_changed = false;
    for (size_t i = 0; forms && i < source->form_count; i++) {
        forms[i] = source->forms[i];
        is_changed |= change_form(&forms[i], changes, count);
    }
    if (is_changed) {
        source->forms = forms;
    }
    return is_changed;
}

static bool change_forms(struct variant *variant, struct profile_rule *rule,
                         const struct form_change *changes, size_t count)
{
    struct retry_after *policy = &rule->retry_after;
    struct retry_after_source *sources =
        arena_array(variant->arena, policy->source_count, sizeof *sources);
    bool is_changed = false;
    for (size_t i = 0; sources && policy->is_used && i < policy->source_count;
         i++) {
        sources[i] = policy->sources[i];
        is_changed |= change_source(variant, &sources[i], changes, count);
    }
    if (is_changed) {
        policy->sources = sources;
    }
    return is_changed;
}

/* -- Retry-After ----------------------------------------------------------- */

static bool ignore_header(struct variant *variant, struct profile_rule *rule)
{
    (void)variant;
    bool was_used = rule->retry_after.is_used;
    rule->retry_after.is_used = false;
    return was_used;
}

static bool header_ignored(struct variant *variant)
{
    return each_rule(variant, ignore_header);
}

static bool read_seconds_as_ms(struct variant *variant,
                               struct profile_rule *rule)
{
    static const struct form_change changes[] = {
        {RA_SECONDS, RA_MS},
        {RA_SECONDS_FLOAT, RA_MS_FLOAT},
        {RA_SECONDS_PREFIX, RA_MS_PREFIX},
    };
    return change_forms(variant, rule, changes, 3);
}

static bool seconds_as_ms(struct variant *variant)
{
    return each_rule(variant, read_seconds_as_ms);
}

static bool read_ms_as_seconds(struct variant *variant,
                               struct profile_rule *rule)
{
    static const struct form_change changes[] = {
        {RA_MS, RA_SECONDS},
        {RA_MS_FLOAT, RA_SECONDS_FLOAT},
        {RA_MS_PREFIX, RA_SECONDS_PREFIX},
    };
    return change_forms(variant, rule, changes, 3);
}

static bool ms_as_seconds(struct variant *variant)
{
    return each_rule(variant, read_ms_as_seconds);
}

/* A date does not read as digits: it becomes unparseable. */
static bool forget_date(struct variant *variant, struct profile_rule *rule)
{
    static const struct form_change changes[] = {{RA_HTTP_DATE, RA_SECONDS}};
    rule->retry_after.unparseable = RA_OWN_DELAY;
    return change_forms(variant, rule, changes, 1);
}

static bool date_unknown(struct variant *variant)
{
    return each_rule(variant, forget_date);
}

/* -- back-off -------------------------------------------------------------- */

static bool raise_exponent(struct variant *variant, struct profile_rule *rule)
{
    (void)variant;
    rule->backoff.first_exponent++;
    return rule->backoff.schedule == SCHEDULE_EXPONENTIAL;
}

static bool exponent_too_high(struct variant *variant)
{
    return each_rule(variant, raise_exponent);
}

static bool lower_exponent(struct variant *variant, struct profile_rule *rule)
{
    (void)variant;
    rule->backoff.first_exponent--;
    return rule->backoff.schedule == SCHEDULE_EXPONENTIAL;
}

static bool exponent_too_low(struct variant *variant)
{
    return each_rule(variant, lower_exponent);
}

static bool drop_jitter(struct variant *variant, struct profile_rule *rule)
{
    (void)variant;
    bool had_jitter = rule->backoff.jitter != JITTER_NONE;
    rule->backoff.jitter = JITTER_NONE;
    return had_jitter;
}

static bool jitter_missing(struct variant *variant)
{
    return each_rule(variant, drop_jitter);
}

static bool turn_jitter(struct profile_rule *rule, enum jitter_kind down,
                        enum jitter_kind up)
{
    enum jitter_kind before = rule->backoff.jitter;
    if (before == JITTER_DOWN) {
        rule->backoff.jitter = down;
    } else if (before == JITTER_UP) {
        rule->backoff.jitter = up;
    }
    return rule->backoff.jitter != before;
}

static bool mirror_jitter(struct variant *variant, struct profile_rule *rule)
{
    (void)variant;
    return turn_jitter(rule, JITTER_UP, JITTER_DOWN);
}

static bool jitter_mirrored(struct variant *variant)
{
    return each_rule(variant, mirror_jitter);
}

static bool widen_jitter(struct variant *variant, struct profile_rule *rule)
{
    (void)variant;
    return turn_jitter(rule, JITTER_SYMMETRIC, JITTER_SYMMETRIC);
}

static bool jitter_on_both_sides(struct variant *variant)
{
    return each_rule(variant, widen_jitter);
}

static bool lift_cap(struct variant *variant, struct profile_rule *rule)
{
    (void)variant;
    bool had_cap = rule->backoff.cap_ns != NS_FOREVER;
    rule->backoff.cap_ns = NS_FOREVER;
    return had_cap;
}

static bool cap_ignored(struct variant *variant)
{
    return each_rule(variant, lift_cap);
}

/* -- budgets and what is retried ------------------------------------------- */

static bool shift_attempts(struct variant *variant, int64_t by)
{
    bool is_changed = false;
    for (size_t i = 0; i < variant->profile.layer_count; i++) {
        struct budget *budget = &variant->layers[i].budget;
        if (budget->attempts != ATTEMPTS_UNLIMITED &&
            budget->attempts + by > 0) {
            budget->attempts += by;
            is_changed = true;
        }
    }
    return is_changed;
}

static bool one_attempt_more(struct variant *variant)
{
    return shift_attempts(variant, 1);
}

static bool one_attempt_fewer(struct variant *variant)
{
    return shift_attempts(variant, -1);
}

static bool forget_429(struct variant *variant, struct profile_rule *rule)
{
    (void)variant;
    bool had_it = status_set_has(&rule->on.statuses, 429);
    status_set_remove(&rule->on.statuses, 429, 429);
    return had_it;
}

static bool no_429(struct variant *variant)
{
    return each_rule(variant, forget_429);
}

static bool forget_transport(struct variant *variant, struct profile_rule *rule)
{
    (void)variant;
    bool had_any = rule->on.ends != 0 && rule->action == RULE_RETRY;
    rule->on.ends = 0;
    return had_any;
}

static bool no_transport(struct variant *variant)
{
    return each_rule(variant, forget_transport);
}

/* -- the catalogue, likeliest first ---------------------------------------- */

static const struct {
    misread *apply;
    const char *text;
} catalogue[] = {
    {header_ignored,
     "the header was not read: the waits follow the back-off alone"},
    {date_unknown, "the HTTP-date in the header was not understood"},
    {seconds_as_ms, "the header's seconds were read as milliseconds"},
    {ms_as_seconds, "the header's milliseconds were read as seconds"},
    {exponent_too_high, "the exponent is one too high: the first wait is the "
                        "second of the law"},
    {exponent_too_low, "the exponent is one too low: the first wait is the "
                       "base divided by the factor"},
    {cap_ignored, "the cap was not applied"},
    {jitter_missing, "no jitter was applied"},
    {jitter_mirrored, "the jitter went to the wrong side"},
    {jitter_on_both_sides, "the jitter went to both sides instead of one"},
    {one_attempt_more, "one attempt too many: retries were counted, not "
                       "attempts"},
    {one_attempt_fewer, "one attempt too few: attempts were counted as "
                        "retries"},
    {no_429, "429 is not among the statuses that the client retries"},
    {no_transport, "transport faults are not retried, only statuses are"},
};

static bool is_accepted(const struct judging *judging,
                        const struct profile *misread_profile,
                        struct arena *scratch)
{
    struct tally tally = {.arena = scratch, .is_silent = true};
    struct judging again = *judging;
    memcpy(tally.is_waived, judging->tally->is_waived, sizeof tally.is_waived);
    again.profile = misread_profile;
    again.tally = &tally;
    return accept_calls(&again, scratch) && tally_violations(&tally) == 0;
}

const char *likely_find(const struct judging *judging)
{
    for (size_t i = 0; i < sizeof catalogue / sizeof catalogue[0]; i++) {
        struct arena scratch = {0};
        struct variant variant;
        bool explains = variant_init(&variant, judging->profile, &scratch) &&
                        catalogue[i].apply(&variant) &&
                        is_accepted(judging, &variant.profile, &scratch);
        arena_deinit(&scratch);
        if (explains) {
            return catalogue[i].text;
        }
    }
    return NULL;
}
