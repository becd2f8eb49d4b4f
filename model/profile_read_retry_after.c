/* The part of the profile reader for Retry-After policies. */
#include <string.h>

#include "model/fields.h"
#include "model/profile_read.h"
#include "model/units.h"

enum { SOURCES_MAX = 8, FORMS_MAX = 8 };

/* All in the order of their enums. */
static const char *const form_words[] = {
    "seconds",   "seconds-float", "seconds-prefix", "ms", "ms-float",
    "ms-prefix", "http-date",     "epoch-seconds",  NULL};
static const char *const duplicates_words[] = {"first", "last", "unreadable",
                                               NULL};
static const char *const use_words[] = {"replace", "maximum", "between",
                                        "spread", NULL};
static const char *const effect_words[] = {
    "wait", "own-delay", "clamp", "give-up", "raise", "never", NULL};

static const char *const policy_keys[] = {
    "read",     "status", "use",        "at_least",    "at_most",     "spread",
    "limit",    "zero",   "negative",   "above_limit", "unparseable", "default",
    "jittered", "past",   "duplicates", NULL};
static const char *const source_keys[] = {"header", "body", "as", NULL};

static void read_forms(const struct jsonc_value *at, struct arena *arena,
                       struct retry_after_source *source)
{
    struct fields_list list;
    if (!fields_need(at, "as") ||
        !fields_list(at, "as", (struct fields_range){1, FORMS_MAX}, &list)) {
        return;
    }
    enum retry_after_form *forms =
        fields_array(at, arena, list.count, sizeof *forms);
    if (!forms) {
        return;
    }
    for (size_t i = 0; i < list.count; i++) {
        struct jsonc_value word = jsonc_at(&list.at, (int)i);
        int index = 0;
        if (jsonc_choice(&word, form_words, &index)) {
            forms[i] = (enum retry_after_form)index;
        }
    }
    source->forms = forms;
    source->form_count = list.count;
}

/* A header, or a value in a JSON body. */
static void read_source(const struct jsonc_value *at, struct arena *arena,
                        struct retry_after_source *source)
{
    if (!fields_open(at, source_keys)) {
        return;
    }
    if (fields_has(at, "header") == fields_has(at, "body")) {
        jsonc_problem(at, "expected one of \"header\" and \"body\"");
    }
    fields_text(at, "header", arena, &source->header);
    profile_read_pointer(at, "body", arena, &source->pointer);
    read_forms(at, arena, source);
}

static void read_sources(const struct jsonc_value *at, struct arena *arena,
                         struct retry_after *policy)
{
    struct fields_list list;
    if (!fields_need(at, "read") ||
        !fields_list(at, "read", (struct fields_range){1, SOURCES_MAX},
                     &list)) {
        return;
    }
    struct retry_after_source *sources =
        fields_array(at, arena, list.count, sizeof *sources);
    if (!sources) {
        return;
    }
    for (size_t i = 0; i < list.count; i++) {
        struct jsonc_value source = jsonc_at(&list.at, (int)i);
        read_source(&source, arena, &sources[i]);
    }
    policy->sources = sources;
    policy->source_count = list.count;
}

static void read_between(const struct jsonc_value *at,
                         struct retry_after *policy)
{
    struct jsonc_value value;
    if (policy->use != RA_BETWEEN) {
        fields_refuse(at, "at_least", "\"use\": \"between\"");
        fields_refuse(at, "at_most", "\"use\": \"between\"");
        return;
    }
    if (!fields_need(at, "at_least") || !jsonc_need(at, "at_most", &value)) {
        return;
    }
    if (fields_duration(at, "at_least", &policy->at_least_ns) &&
        fields_positive(at, "at_most", &policy->at_most_ns) &&
        policy->at_least_ns > policy->at_most_ns) {
        fields_expected(&value, "at least \"at_least\"");
    }
}

static void read_use(const struct jsonc_value *at, struct retry_after *policy)
{
    int index = 0;
    if (fields_choice(at, "use", use_words, &index)) {
        policy->use = (enum retry_after_use)index;
    }
    read_between(at, policy);
    if (policy->use != RA_SPREAD) {
        fields_refuse(at, "spread", "\"use\": \"spread\"");
    } else if (fields_need(at, "spread")) {
        fields_positive(at, "spread", &policy->spread_ns);
    }
}

static void read_effect(const struct jsonc_value *at, const char *key,
                        enum retry_after_effect *effect)
{
    struct jsonc_value value;
    int index = 0;
    if (!jsonc_get(at, key, &value) ||
        !jsonc_choice(&value, effect_words, &index)) {
        return;
    }
    *effect = (enum retry_after_effect)index;
    if (*effect == RA_CLAMP && strcmp(key, "above_limit") != 0) {
        jsonc_problem(&value, "\"clamp\" goes with \"above_limit\" only");
    }
}

static void read_limit(const struct jsonc_value *at, struct retry_after *policy)
{
    struct jsonc_value value;
    fields_positive(at, "limit", &policy->limit_ns);
    if (!fields_has(at, "limit")) {
        fields_refuse(at, "above_limit", "\"limit\"");
        return;
    }
    read_effect(at, "above_limit", &policy->above_limit);
    if (jsonc_need(at, "above_limit", &value) &&
        policy->above_limit == RA_WAIT) {
        jsonc_hint(jsonc_problem(&value, "a limit above which the client "
                                         "still waits is none"),
                   "leave \"limit\" and \"above_limit\" out");
    }
}

static void read_effects(const struct jsonc_value *at,
                         struct retry_after *policy)
{
    struct jsonc_value value;
    read_effect(at, "zero", &policy->zero);
    read_effect(at, "negative", &policy->negative);
    read_effect(at, "past", &policy->past);
    read_effect(at, "unparseable", &policy->unparseable);
    if (policy->unparseable == RA_WAIT &&
        jsonc_get(at, "unparseable", &value)) {
        jsonc_hint(jsonc_problem(&value, "a value that does not read names no "
                                         "time to wait"),
                   "write \"own-delay\", or give \"default\" a duration");
    }
}

static void read_duplicates(const struct jsonc_value *at,
                            struct retry_after *policy)
{
    int index = 0;
    if (fields_choice(at, "duplicates", duplicates_words, &index)) {
        policy->duplicates = (enum retry_after_duplicates)index;
    }
}

static void read_object(const struct jsonc_value *at, struct arena *arena,
                        struct retry_after *policy)
{
    struct jsonc_value statuses;
    if (!fields_open(at, policy_keys)) {
        return;
    }
    policy->is_used = true;
    read_sources(at, arena, policy);
    if (jsonc_get(at, "status", &statuses)) {
        profile_read_statuses(&statuses, &policy->statuses);
    } else {
        status_set_add(&policy->statuses, PROFILE_STATUS_MIN,
                       PROFILE_STATUS_MAX);
    }
    read_duplicates(at, policy);
    read_use(at, policy);
    read_limit(at, policy);
    read_effects(at, policy);
    fields_duration(at, "default", &policy->default_ns);
    fields_bool(at, "jittered", &policy->is_jittered);
}

void profile_read_retry_after(const struct jsonc_value *at, struct arena *arena,
                              struct retry_after *policy)
{
    *policy = (struct retry_after){
        .at_most_ns = NS_FOREVER,
        .limit_ns = NS_FOREVER,
        .above_limit = RA_CLAMP,
        .zero = RA_WAIT,
        .negative = RA_OWN_DELAY, /* no form of RFC 9110 10.2.3 */
        .past = RA_WAIT,
        .unparseable = RA_OWN_DELAY,
        .default_ns = -1,
    };
    if (!cJSON_IsString(at->item)) {
        read_object(at, arena, policy);
    } else if (strcmp(at->item->valuestring, "ignored") != 0) {
        jsonc_hint(fields_expected(at, "\"ignored\" or an object"),
                   "{ \"read\": [{ \"header\": \"Retry-After\", \"as\": "
                   "[\"seconds\"] }] }");
    }
}
