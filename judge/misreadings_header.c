#include "judge/misreadings.h"

#include <string.h>
#include <strings.h>

#include "client/backoff.h"
#include "model/units.h"

/* -- odd values ------------------------------------------------------------ */

static bool set_effect(struct profile_rule *rule,
                       enum retry_after_effect *effect,
                       enum retry_after_effect value)
{
    bool is_changed = rule->retry_after.is_used && *effect != value;
    *effect = value;
    return is_changed;
}

static bool zero_as_none(struct profile_rule *rule)
{
    return set_effect(rule, &rule->retry_after.zero, RA_OWN_DELAY);
}

static bool zero_at_once(struct profile_rule *rule)
{
    return set_effect(rule, &rule->retry_after.zero, RA_WAIT);
}

static bool past_as_none(struct profile_rule *rule)
{
    return set_effect(rule, &rule->retry_after.past, RA_OWN_DELAY);
}

static bool past_at_once(struct profile_rule *rule)
{
    return set_effect(rule, &rule->retry_after.past, RA_WAIT);
}

static bool negative_at_once(struct profile_rule *rule)
{
    return set_effect(rule, &rule->retry_after.negative, RA_WAIT);
}

/* float("soon") raises, and so does sleep(-1). */
static bool odd_raises(struct profile_rule *rule)
{
    struct retry_after *policy = &rule->retry_after;
    bool is_changed = set_effect(rule, &policy->unparseable, RA_RAISE);
    return set_effect(rule, &policy->negative, RA_RAISE) || is_changed;
}

/* -- forms ----------------------------------------------------------------- */

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
static bool change_source(struct arena *arena,
                          struct retry_after_source *source,
                          const struct form_change *changes, size_t count)
{
    enum retry_after_form *forms =
        arena_array(arena, source->form_count, sizeof *forms);
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

/* Sources of the rule that can be changed; NULL: it has none, or no memory. */
static struct retry_after_source *own_sources(struct arena *arena,
                                              struct retry_after *policy)
{
    if (!policy->is_used || policy->source_count == 0) {
        return NULL;
    }
    struct retry_after_source *sources =
        arena_array(arena, policy->source_count, sizeof *sources);
    if (sources) {
        memcpy(sources, policy->sources,
               policy->source_count * sizeof *sources);
        policy->sources = sources;
    }
    return sources;
}

static bool change_forms(struct variant *variant,
                         const struct form_change *changes, size_t count)
{
    bool is_any = false;
    for (struct variant_place at = {0}; variant_next_rule(variant, &at);) {
        struct retry_after *policy = &at.rule->retry_after;
        struct retry_after_source *sources =
            own_sources(variant->arena, policy);
        bool is_changed = false;
        for (size_t i = 0; sources && i < policy->source_count; i++) {
            is_changed |=
                change_source(variant->arena, &sources[i], changes, count);
        }
        is_any |= is_changed;
    }
    return is_any;
}

/* What was understood is now unparseable, and so as if it were not there. */
static bool forget_forms(struct variant *variant,
                         const struct form_change *changes, size_t count)
{
    for (struct variant_place at = {0}; variant_next_rule(variant, &at);) {
        at.rule->retry_after.unparseable = RA_OWN_DELAY;
    }
    return change_forms(variant, changes, count);
}

/* A date does not read as digits. */
static bool date_unknown(struct variant *variant)
{
    static const struct form_change changes[] = {{RA_HTTP_DATE, RA_SECONDS}};
    return forget_forms(variant, changes, 1);
}

static bool fraction_unknown(struct variant *variant)
{
    static const struct form_change changes[] = {{RA_SECONDS_FLOAT, RA_SECONDS},
                                                 {RA_MS_FLOAT, RA_MS}};
    return forget_forms(variant, changes, 2);
}

static bool fraction_cut(struct variant *variant)
{
    static const struct form_change changes[] = {
        {RA_SECONDS_FLOAT, RA_SECONDS_PREFIX}, {RA_MS_FLOAT, RA_MS_PREFIX}};
    return change_forms(variant, changes, 2);
}

static bool seconds_as_ms(struct variant *variant)
{
    static const struct form_change changes[] = {
        {RA_SECONDS, RA_MS},
        {RA_SECONDS_FLOAT, RA_MS_FLOAT},
        {RA_SECONDS_PREFIX, RA_MS_PREFIX},
    };
    return change_forms(variant, changes, 3);
}

static bool ms_as_seconds(struct variant *variant)
{
    static const struct form_change changes[] = {
        {RA_MS, RA_SECONDS},
        {RA_MS_FLOAT, RA_SECONDS_FLOAT},
        {RA_MS_PREFIX, RA_SECONDS_PREFIX},
    };
    return change_forms(variant, changes, 3);
}

/* -- which header ---------------------------------------------------------- */

static bool other_duplicate(struct profile_rule *rule)
{
    struct retry_after *policy = &rule->retry_after;
    policy->duplicates = policy->duplicates == RA_FIRST ? RA_LAST : RA_FIRST;
    return policy->is_used;
}

static bool other_source(struct variant *variant)
{
    bool is_any = false;
    for (struct variant_place at = {0}; variant_next_rule(variant, &at);) {
        struct retry_after *policy = &at.rule->retry_after;
        const struct retry_after_source *before = policy->sources;
        size_t count = policy->source_count;
        struct retry_after_source *sources =
            own_sources(variant->arena, policy);
        for (size_t i = 0; sources && i < count; i++) {
            sources[i] = before[count - 1 - i];
        }
        is_any |= sources && count > 1;
    }
    return is_any;
}

static bool is_standard(const struct retry_after_source *source)
{
    return source->header && strcasecmp(source->header, "Retry-After") == 0;
}

static bool relatives_unknown(struct variant *variant)
{
    bool is_any = false;
    for (struct variant_place at = {0}; variant_next_rule(variant, &at);) {
        struct retry_after *policy = &at.rule->retry_after;
        struct retry_after_source *sources =
            own_sources(variant->arena, policy);
        size_t kept = 0;
        for (size_t i = 0; sources && i < policy->source_count; i++) {
            if (is_standard(&sources[i])) {
                sources[kept++] = sources[i];
            }
        }
        is_any |= sources && kept < policy->source_count;
        policy->source_count = sources ? kept : 0;
    }
    return is_any;
}

/* -- what becomes of the time ---------------------------------------------- */

static bool limit_forgotten(struct profile_rule *rule)
{
    struct retry_after *policy = &rule->retry_after;
    bool had_limit = policy->is_used && policy->limit_ns != NS_FOREVER;
    policy->limit_ns = NS_FOREVER;
    return had_limit;
}

static bool limit_waited(struct profile_rule *rule)
{
    struct retry_after *policy = &rule->retry_after;
    bool had_limit = policy->is_used && policy->limit_ns != NS_FOREVER;
    return set_effect(rule, &policy->above_limit, RA_CLAMP) && had_limit;
}

static bool cut_to_cap(struct profile_rule *rule)
{
    struct retry_after *policy = &rule->retry_after;
    if (!policy->is_used || rule->backoff.cap_ns >= policy->limit_ns) {
        return false;
    }
    policy->limit_ns = rule->backoff.cap_ns;
    policy->above_limit = RA_CLAMP;
    return true;
}

static bool turn_header_jitter(struct profile_rule *rule, bool is_jittered)
{
    struct retry_after *policy = &rule->retry_after;
    bool is_changed = policy->is_used && policy->is_jittered != is_jittered &&
                      rule->backoff.jitter != JITTER_NONE;
    policy->is_jittered = is_jittered;
    return is_changed;
}

static bool header_jittered(struct profile_rule *rule)
{
    return turn_header_jitter(rule, true);
}

static bool header_not_jittered(struct profile_rule *rule)
{
    return turn_header_jitter(rule, false);
}

static bool bounds_forgotten(struct profile_rule *rule)
{
    struct retry_after *policy = &rule->retry_after;
    bool had_bounds = policy->is_used && policy->use == RA_BETWEEN;
    policy->use = had_bounds ? RA_REPLACE : policy->use;
    return had_bounds;
}

static bool longer_forgotten(struct profile_rule *rule)
{
    struct retry_after *policy = &rule->retry_after;
    bool was_longer = policy->is_used && policy->use == RA_MAXIMUM;
    policy->use = was_longer ? RA_REPLACE : policy->use;
    return was_longer;
}

static bool longer_waited(struct profile_rule *rule)
{
    struct retry_after *policy = &rule->retry_after;
    bool was_all = policy->is_used && policy->use == RA_REPLACE;
    policy->use = was_all ? RA_MAXIMUM : policy->use;
    return was_all;
}

/* What the rule waits without a header, over the retries of its layer. */
static struct delay_range own_delays(const struct profile_rule *rule,
                                     int64_t attempts)
{
    enum { RETRIES_MAX = 16 };
    struct delay_range all = {NS_FOREVER, 0};
    for (int64_t n = 0; n < RETRIES_MAX && (n == 0 || n < attempts - 1); n++) {
        struct delay_range range = backoff_range(&(struct delay_law){
            .backoff = &rule->backoff, .n = n, .cut_ns = NS_FOREVER});
        all.min_ns = range.min_ns < all.min_ns ? range.min_ns : all.min_ns;
        all.max_ns = range.max_ns > all.max_ns ? range.max_ns : all.max_ns;
    }
    return all;
}

/* The rule as it would be where the header stands: with a jitter that adds what
 * is waited without it. */
static void add_own_delay(struct profile_rule *rule, int64_t attempts)
{
    struct delay_range own = own_delays(rule, attempts);
    rule->on.header.name = "Retry-After";
    rule->backoff.jitter = JITTER_ADD;
    rule->backoff.jitter_a_ns = own.min_ns;
    rule->backoff.jitter_b_ns = own.max_ns;
    rule->retry_after.use = RA_REPLACE;
    rule->retry_after.is_jittered = true;
}

static bool can_be_added(const struct profile_rule *rule)
{
    const struct retry_after *policy = &rule->retry_after;
    return policy->is_used && policy->source_count > 0 &&
           is_standard(&policy->sources[policy->source_count - 1]) &&
           !rule->on.header.name && rule->count == COUNT_RUN &&
           rule->limit == 0 && rule->backoff.schedule != SCHEDULE_NONE;
}

static bool header_added(struct variant *variant)
{
    bool is_any = false;
    for (struct variant_place at = {0}; variant_next_rule(variant, &at);) {
        if (!can_be_added(at.rule) || !variant_repeat_rule(variant, &at)) {
            continue;
        }
        add_own_delay(at.rule, variant->layers[at.layer].budget.attempts);
        is_any = true;
    }
    return is_any;
}

static bool only_429(struct profile_rule *rule)
{
    struct retry_after *policy = &rule->retry_after;
    bool counted = status_set_has(&policy->statuses, 429);
    if (!policy->is_used || !counted) {
        return false;
    }
    policy->statuses = (struct status_set){0};
    status_set_add(&policy->statuses, 429, 429);
    return true;
}

static bool header_ignored(struct profile_rule *rule)
{
    bool was_used = rule->retry_after.is_used;
    rule->retry_after.is_used = false;
    return was_used;
}

static const struct misreading items[] = {
    {.rule = zero_as_none, .text = "a header of 0 was taken for none"},
    {.rule = zero_at_once,
     .text = "a header of 0 was taken for: again at once"},
    {.rule = past_as_none, .text = "a date gone by was taken for no header"},
    {.rule = past_at_once,
     .text = "a date gone by was taken for: again at once"},
    {.rule = negative_at_once,
     .text = "a negative header was taken for: again at once"},
    {.rule = odd_raises,
     .text = "a header that can't be used ended the call with an error"},
    {.whole = fraction_cut, .text = "the fraction of the header was cut off"},
    {.whole = fraction_unknown,
     .text = "a header with a fraction was not understood"},
    {.whole = date_unknown,
     .text = "the HTTP-date in the header was not understood"},
    {.rule = other_duplicate,
     .text = "of several headers of one name the wrong one counted"},
    {.whole = other_source,
     .text = "where two headers name a time, the wrong one counted"},
    {.rule = limit_waited, .text = "a header above its limit was cut to it"},
    {.rule = limit_forgotten,
     .text = "the limit of the header's time was not applied"},
    {.rule = cut_to_cap,
     .text = "the header's time was cut to the cap of the back-off"},
    {.rule = header_not_jittered,
     .text = "no jitter was applied to the header's time"},
    {.rule = header_jittered,
     .text = "jitter was applied to the header's time"},
    {.rule = bounds_forgotten,
     .text = "the bounds of the header's time were not applied"},
    {.rule = longer_forgotten,
     .text = "the header replaced the back-off: the longer of the two counts"},
    {.rule = longer_waited,
     .text = "the longer of header and back-off was waited: the header alone "
             "counts"},
    {.whole = header_added,
     .text = "the header's time was added to the back-off"},
    {.whole = relatives_unknown,
     .text = "only Retry-After was read, not the other headers of its kind"},
    {.rule = only_429,
     .text = "the header was not read on statuses other than 429"},
    {.rule = header_ignored,
     .text = "the header was not read: the waits follow the back-off alone"},
    {.whole = seconds_as_ms,
     .text = "the header's seconds were read as milliseconds"},
    {.whole = ms_as_seconds,
     .text = "the header's milliseconds were read as seconds"},
};

const struct misreadings misreadings_header = {items,
                                               sizeof items / sizeof *items};
