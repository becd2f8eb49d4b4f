/* The part of the profile reader for rules: what to do on which outcomes. */
#include "model/fields.h"
#include "model/profile_read.h"

enum { STATUS_OK = 200, COUNT_MAX = 1000000000 };

/* All in the order of their enums. */
static const char *const do_words[] = {"retry", "fail",       "pass",
                                       "poll",  "start-over", NULL};
static const char *const count_words[] = {"run", "streak", "iterations", NULL};

static const char *const rule_keys[] = {
    "on",    "do",     "backoff",        "retry_after", "count",
    "limit", "within", "closes_limiter", "source",      NULL};

/* Does a request follow in this call? */
static bool goes_on(const struct profile_rule *rule)
{
    return rule->action == RULE_RETRY || rule->action == RULE_POLL ||
           rule->action == RULE_START_OVER;
}

/* A call that tries again after every 200 never succeeds. */
static void check_success(const struct jsonc_value *at,
                          const struct profile_rule *rule)
{
    struct jsonc_value on;
    if (goes_on(rule) && status_set_has(&rule->on.statuses, STATUS_OK) &&
        !rule->on.header.name && !rule->on.body.pointer &&
        jsonc_get(at, "on", &on)) {
        jsonc_hint(jsonc_problem(&on, "covers 200 without a condition: no "
                                      "call could ever succeed"),
                   "narrow \"status\", or add \"header\" or \"body\"");
    }
}

/* A limiter is closed for the time that would have been waited. */
static void check_closing(const struct jsonc_value *at,
                          const struct profile_rule *rule)
{
    const struct backoff *backoff = &rule->backoff;
    struct jsonc_value closes;
    if (rule->closes_limiter && !rule->retry_after.is_used &&
        backoff->schedule == SCHEDULE_NONE && backoff->jitter != JITTER_ADD &&
        jsonc_get(at, "closes_limiter", &closes)) {
        jsonc_hint(jsonc_problem(&closes, "closes the limiter for no time"),
                   "add \"backoff\" or \"retry_after\"");
    }
}

static void read_delay(const struct jsonc_value *at, struct arena *arena,
                       struct profile_rule *rule)
{
    static const char needed[] = "\"do\": \"retry\", \"poll\" or "
                                 "\"start-over\", or \"closes_limiter\"";
    struct jsonc_value value;
    if (!goes_on(rule) && !rule->closes_limiter) {
        fields_refuse(at, "backoff", needed);
        fields_refuse(at, "retry_after", needed);
        return;
    }
    if (rule->action == RULE_RETRY) {
        fields_need(at, "backoff");
    }
    if (jsonc_get(at, "backoff", &value)) {
        profile_read_backoff(&value, &rule->backoff);
    }
    if (jsonc_get(at, "retry_after", &value)) {
        profile_read_retry_after(&value, arena, &rule->retry_after);
    }
    check_closing(at, rule);
}

/* Polls are not among the retries of a run, so neither a limit nor a growing
 * delay would ever come of counting them. */
static void check_polls(const struct jsonc_value *at,
                        const struct profile_rule *rule)
{
    static const char hint[] =
        "add \"count\": \"streak\" or \"count\": \"iterations\"";
    struct jsonc_value value;
    if (jsonc_get(at, "limit", &value)) {
        jsonc_hint(jsonc_problem(&value, "is never reached: the count \"run\" "
                                         "leaves polls out"),
                   hint);
    }
    if (rule->backoff.schedule > SCHEDULE_CONSTANT &&
        jsonc_get(at, "backoff", &value) &&
        jsonc_get(&value, "schedule", &value)) {
        jsonc_hint(jsonc_problem(&value, "never grows: the count \"run\" "
                                         "leaves polls out"),
                   hint);
    }
}

static void read_counting(const struct jsonc_value *at,
                          struct profile_rule *rule)
{
    static const char needed[] = "\"do\": \"retry\" or \"poll\"";
    int index = 0;
    if (rule->action != RULE_RETRY && rule->action != RULE_POLL) {
        fields_refuse(at, "count", needed);
        fields_refuse(at, "limit", needed);
        return;
    }
    if (fields_choice(at, "count", count_words, &index)) {
        rule->count = (enum rule_count)index;
    }
    fields_int(at, "limit", (struct fields_range){1, COUNT_MAX}, &rule->limit);
    if (rule->action == RULE_POLL && rule->count == COUNT_RUN) {
        check_polls(at, rule);
    }
}

/* After fail or pass the run of the layer is over: no time passes in it. */
static void read_within(const struct jsonc_value *at, struct profile_rule *rule)
{
    if (!goes_on(rule)) {
        fields_refuse(at, "within",
                      "\"do\": \"retry\", \"poll\" or \"start-over\"");
        return;
    }
    fields_positive(at, "within", &rule->within_ns);
}

static void read_action(const struct jsonc_value *at, struct arena *arena,
                        struct profile_rule *rule)
{
    int index = 0;
    if (!fields_need(at, "do") || !fields_choice(at, "do", do_words, &index)) {
        return;
    }
    rule->action = (enum rule_do)index;
    fields_bool(at, "closes_limiter", &rule->closes_limiter);
    read_delay(at, arena, rule);
    read_counting(at, rule);
    read_within(at, rule);
}

void profile_read_rule(const struct jsonc_value *at, struct arena *arena,
                       struct profile_rule *rule)
{
    rule->where = fields_where(at, arena);
    if (!fields_open(at, rule_keys)) {
        return;
    }
    profile_read_outcomes(at, arena, &rule->on);
    read_action(at, arena, rule);
    check_success(at, rule);
    fields_line(at, "source", arena, &rule->source);
}
