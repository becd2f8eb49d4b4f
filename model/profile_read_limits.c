/* The part of the profile reader for what bounds a layer. */
#include <string.h>

#include "model/fields.h"
#include "model/profile_read.h"
#include "model/units.h"

enum { COUNT_MAX = 1000000000 };

static const struct fields_range counts = {1, COUNT_MAX};
static const double TOKENS_MAX = 1e9;

/* All in the order of their enums. */
static const char *const elapsed_test_words[] = {
    "after-attempt", "before-sleep", "cut-sleep", NULL};
static const char *const progress_clock_words[] = {"handler", "call", NULL};
static const char *const timeout_kind_words[] = {"total", "head", "inactivity",
                                                 NULL};
static const char *const breaker_checked_words[] = {"attempt", "call", NULL};

static const char *const budget_keys[] = {"attempts",
                                          "connect_attempts",
                                          "read_attempts",
                                          "status_attempts",
                                          "elapsed",
                                          "elapsed_test",
                                          "tokens",
                                          "ratio",
                                          "concurrent",
                                          "failure_rate",
                                          NULL};
static const char *const token_keys[] = {
    "capacity",  "cost",          "timeout_cost", "refund", "per_call",
    "threshold", "failures_cost", "returns_cost", NULL};
static const char *const progress_keys[] = {
    "timeout",          "clock", "aborts_attempt", "tested_at_first",
    "resets_when_idle", NULL};
static const char *const timeout_keys[] = {"limit", "kind", NULL};
static const char *const breaker_keys[] = {
    "failures", "reset", "half_open_calls", "checked", "retryable", NULL};

/* The member, opened as an object. */
static bool open_member(const struct jsonc_value *layer, const char *key,
                        const char *const *keys, struct jsonc_value *out)
{
    return jsonc_get(layer, key, out) && fields_open(out, keys);
}

static void read_attempts(const struct jsonc_value *at, const char *key,
                          int64_t *out)
{
    struct jsonc_value value;
    if (!jsonc_get(at, key, &value)) {
        return;
    }
    if (!cJSON_IsString(value.item)) {
        jsonc_int(&value, 1, COUNT_MAX, out);
    } else if (strcmp(value.item->valuestring, "unlimited") != 0) {
        fields_expected(&value, "a number of attempts or \"unlimited\"");
    }
}

/* Amounts with which no retry would ever have its tokens. */
static void check_tokens(const struct jsonc_value *at,
                         const struct token_bucket *tokens)
{
    static const char *const costs[] = {"cost", "timeout_cost"};
    const double amounts[] = {tokens->cost, tokens->timeout_cost};
    struct jsonc_value value;
    for (size_t i = 0; i < sizeof costs / sizeof *costs; i++) {
        if (amounts[i] > tokens->capacity && jsonc_get(at, costs[i], &value)) {
            jsonc_hint(fields_expected(&value, "at most the capacity, %g",
                                       tokens->capacity),
                       "so dear a retry would never happen");
        }
    }
    if (tokens->threshold >= tokens->capacity &&
        jsonc_get(at, "threshold", &value)) {
        jsonc_hint(fields_expected(&value, "less than the capacity, %g",
                                   tokens->capacity),
                   "a retry needs more tokens than the threshold");
    }
}

/* Whether a failure costs or a retry does; only the cost of a retry can be
 * returned. */
static void read_failures_cost(const struct jsonc_value *at,
                               struct token_bucket *tokens)
{
    struct jsonc_value value;
    bool costs = false;
    if (jsonc_get(at, "failures_cost", &value) && cJSON_IsString(value.item)) {
        if (strcmp(value.item->valuestring, "retryable") == 0)
            tokens->failures_cost = FAILURES_RETRYABLE_COST;
        else
            fields_expected(&value, "true, false or \"retryable\"");
    } else if (fields_bool(at, "failures_cost", &costs)) {
        tokens->failures_cost = costs ? FAILURES_COST : FAILURES_FREE;
    }
    if (fields_bool(at, "returns_cost", &tokens->returns_cost) &&
        tokens->returns_cost && tokens->failures_cost != FAILURES_FREE) {
        jsonc_get(at, "returns_cost", &value);
        jsonc_hint(jsonc_problem(&value, "no retry costs anything here"),
                   "leave \"failures_cost\" or \"returns_cost\" out");
    }
}

static void read_tokens(const struct jsonc_value *budget,
                        struct token_bucket *tokens)
{
    const struct fields_span span = {0.0, TOKENS_MAX};
    struct jsonc_value at;
    if (!open_member(budget, "tokens", token_keys, &at)) {
        return;
    }
    tokens->is_used = true;
    bool has_capacity = fields_need(&at, "capacity") &&
                        fields_number(&at, "capacity", span, &tokens->capacity);
    if (fields_need(&at, "cost")) {
        fields_number(&at, "cost", span, &tokens->cost);
    }
    tokens->timeout_cost = tokens->cost;
    fields_number(&at, "timeout_cost", span, &tokens->timeout_cost);
    fields_number(&at, "refund", span, &tokens->refund);
    fields_number(&at, "per_call", span, &tokens->per_call);
    fields_number(&at, "threshold", span, &tokens->threshold);
    read_failures_cost(&at, tokens);
    if (has_capacity) {
        check_tokens(&at, tokens);
    }
}

static void read_budget(const struct jsonc_value *layer, struct budget *budget)
{
    struct jsonc_value at;
    int index = 0;
    *budget = (struct budget){
        .attempts = ATTEMPTS_UNLIMITED,
        .connect_attempts = ATTEMPTS_UNLIMITED,
        .read_attempts = ATTEMPTS_UNLIMITED,
        .status_attempts = ATTEMPTS_UNLIMITED,
        .elapsed_ns = NS_FOREVER,
    };
    if (!open_member(layer, "budget", budget_keys, &at)) {
        return;
    }
    read_attempts(&at, "attempts", &budget->attempts);
    read_attempts(&at, "connect_attempts", &budget->connect_attempts);
    read_attempts(&at, "read_attempts", &budget->read_attempts);
    read_attempts(&at, "status_attempts", &budget->status_attempts);
    fields_positive(&at, "elapsed", &budget->elapsed_ns);
    if (!fields_has(&at, "elapsed")) {
        fields_refuse(&at, "elapsed_test", "\"elapsed\"");
    } else if (fields_choice(&at, "elapsed_test", elapsed_test_words, &index)) {
        budget->elapsed_test = (enum elapsed_test)index;
    }
    read_tokens(&at, &budget->tokens);
    profile_read_allowance(&at, &budget->allowance);
}

static void read_progress(const struct jsonc_value *layer,
                          struct progress *progress)
{
    struct jsonc_value at;
    int index = 0;
    progress->timeout_ns = NS_FOREVER;
    if (!open_member(layer, "progress", progress_keys, &at)) {
        return;
    }
    if (fields_need(&at, "timeout")) {
        fields_positive(&at, "timeout", &progress->timeout_ns);
    }
    if (fields_choice(&at, "clock", progress_clock_words, &index)) {
        progress->clock = (enum progress_clock)index;
    }
    fields_bool(&at, "aborts_attempt", &progress->aborts_attempt);
    fields_bool(&at, "tested_at_first", &progress->is_tested_at_first);
    fields_bool(&at, "resets_when_idle", &progress->resets_when_idle);
}

static void read_attempt_timeout(const struct jsonc_value *layer,
                                 struct attempt_timeout *timeout)
{
    struct jsonc_value at;
    int index = 0;
    timeout->limit_ns = NS_FOREVER;
    if (!open_member(layer, "attempt_timeout", timeout_keys, &at)) {
        return;
    }
    if (fields_need(&at, "limit")) {
        fields_positive(&at, "limit", &timeout->limit_ns);
    }
    if (fields_choice(&at, "kind", timeout_kind_words, &index)) {
        timeout->kind = (enum timeout_kind)index;
    }
}

static void read_breaker(const struct jsonc_value *layer,
                         struct circuit_breaker *breaker)
{
    struct jsonc_value at;
    int index = 0;
    if (!open_member(layer, "breaker", breaker_keys, &at)) {
        return;
    }
    breaker->is_used = true;
    breaker->half_open_calls = 1;
    if (fields_need(&at, "failures")) {
        fields_int(&at, "failures", counts, &breaker->failures);
    }
    if (fields_need(&at, "reset")) {
        fields_positive(&at, "reset", &breaker->reset_ns);
    }
    fields_int(&at, "half_open_calls", counts, &breaker->half_open_calls);
    if (fields_choice(&at, "checked", breaker_checked_words, &index)) {
        breaker->checked = (enum breaker_checked)index;
    }
    fields_bool(&at, "retryable", &breaker->is_retryable);
}

void profile_read_limits(const struct jsonc_value *at, struct layer *layer)
{
    read_budget(at, &layer->budget);
    read_progress(at, &layer->progress);
    read_attempt_timeout(at, &layer->attempt_timeout);
    layer->call_timeout_ns = NS_FOREVER;
    fields_positive(at, "call_timeout", &layer->call_timeout_ns);
    read_breaker(at, &layer->breaker);
    profile_read_throttle(at, &layer->budget.allowance, &layer->throttle);
}
