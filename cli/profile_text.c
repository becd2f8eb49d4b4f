#include "cli/profile_text.h"

#include <string.h>

#include "client/backoff.h"
#include "model/units.h"

enum { DELAYS_SHOWN = 8 };

static const char *duration(int64_t ns, char text[UNITS_TEXT_MAX])
{
    return units_format_duration(ns, text, UNITS_TEXT_MAX);
}

/* -- limits ---------------------------------------------------------------- */

static void print_budget(const struct budget *budget, FILE *out)
{
    char text[UNITS_TEXT_MAX];
    if (budget->attempts != ATTEMPTS_UNLIMITED) {
        fprintf(out, "; at most %lld attempts", (long long)budget->attempts);
    }
    if (budget->elapsed_ns != NS_FOREVER) {
        fprintf(out, "; gives up after %s", duration(budget->elapsed_ns, text));
    }
    if (budget->attempts == ATTEMPTS_UNLIMITED &&
        budget->elapsed_ns == NS_FOREVER) {
        fputs("; no limit of attempts or time", out);
    }
    if (budget->tokens.is_used) {
        fprintf(out, "; %g retry tokens", budget->tokens.capacity);
    }
}

static void print_slots(const struct slots *slots, FILE *out)
{
    static const char *const scopes[] = {
        [SLOTS_HANDLER] = "handler",         [SLOTS_SESSION] = "session",
        [SLOTS_CLIENT] = "client",           [SLOTS_GLOBAL] = "process",
        [SLOTS_URL_AND_KEY] = "URL and key",
    };
    if (slots->limit > 0) {
        fprintf(out, "; %lld slots per %s, held for the %s",
                (long long)slots->limit, scopes[slots->scope],
                slots->held == SLOT_HELD_CALL ? "call" : "attempt");
    }
}

static void print_timeouts(const struct layer *layer, FILE *out)
{
    char text[UNITS_TEXT_MAX];
    if (layer->attempt_timeout.limit_ns != NS_FOREVER) {
        fprintf(out, "; %s per attempt",
                duration(layer->attempt_timeout.limit_ns, text));
    }
    if (layer->call_timeout_ns != NS_FOREVER) {
        fprintf(out, "; %s for the call",
                duration(layer->call_timeout_ns, text));
    }
    if (layer->progress.timeout_ns != NS_FOREVER) {
        fprintf(out, "; %s without progress",
                duration(layer->progress.timeout_ns, text));
    }
}

/* -- outcomes -------------------------------------------------------------- */

static void print_statuses(const struct status_set *statuses, FILE *out)
{
    for (int from = 0; from < 1024; from++) {
        if (!status_set_has(statuses, from)) {
            continue;
        }
        int to = from;
        while (to + 1 < 1024 && status_set_has(statuses, to + 1)) {
            to++;
        }
        if (to > from) {
            fprintf(out, " %d-%d", from, to);
        } else {
            fprintf(out, " %d", from);
        }
        from = to;
    }
}

static void print_ends(uint32_t ends, FILE *out)
{
    uint32_t all = 0;
    for (int end = END_REFUSED; end <= END_TIMEOUT; end++) {
        all |= UINT32_C(1) << end;
    }
    if ((ends & all) == all) {
        fputs(" any transport fault", out);
        ends &= ~all;
    }
    for (size_t i = 0; attempt_end_words[i]; i++) {
        if (ends & (UINT32_C(1) << i)) {
            fprintf(out, " %s", attempt_end_words[i]);
        }
    }
}

static void print_outcomes(const struct outcome_set *on, FILE *out)
{
    print_statuses(&on->statuses, out);
    print_ends(on->ends, out);
    for (size_t i = 0; i < on->method_count; i++) {
        fprintf(out, "%s%s", i > 0 ? ", " : " if ", on->methods[i]);
    }
    if (on->header.name) {
        fprintf(out, " if header %s %s%s", on->header.name,
                on->header.is_absent ? "is absent" : "is ",
                on->header.is_absent ? ""
                : on->header.value   ? on->header.value
                                     : "there");
    }
    if (on->body.pointer) {
        fprintf(out, " if body %s is %s", on->body.pointer,
                on->body.value ? on->body.value : "there");
    }
}

/* -- delays ---------------------------------------------------------------- */

static void print_seconds(int64_t ns, FILE *out)
{
    char text[UNITS_TEXT_MAX];
    fprintf(out, " %11s",
            ns == NS_FOREVER ? "unlimited"
                             : units_format_seconds(ns, text, sizeof text));
}

/* The first delays of a law, at most as many as there can be retries. */
struct delay_table {
    size_t count;
    struct delay_row {
        int64_t min_ns, nominal_ns, max_ns;
    } rows[DELAYS_SHOWN];
};

static struct delay_table delay_table_of(const struct backoff *backoff,
                                         int64_t attempts)
{
    struct delay_table table = {0};
    struct delay_law law = {.backoff = backoff, .cut_ns = NS_FOREVER};
    for (; law.n < DELAYS_SHOWN && law.n + 1 < attempts; law.n++) {
        struct delay_range range = backoff_range(&law);
        table.rows[table.count++] = (struct delay_row){
            range.min_ns, backoff_nominal(backoff, law.n), range.max_ns};
        /* A law with memory: the widest that could come next. */
        law.previous_ns = range.max_ns;
    }
    return table;
}

static bool delay_tables_equal(const struct delay_table *a,
                               const struct delay_table *b)
{
    return a->count == b->count &&
           memcmp(a->rows, b->rows, a->count * sizeof a->rows[0]) == 0;
}

static void print_delays(const struct delay_table *table, const char *prefix,
                         FILE *out)
{
    fprintf(out, "%s      retry %11s %11s %11s\n", prefix, "min", "nominal",
            "max");
    for (size_t i = 0; i < table->count; i++) {
        fprintf(out, "%s      %5zu", prefix, i + 1);
        print_seconds(table->rows[i].min_ns, out);
        print_seconds(table->rows[i].nominal_ns, out);
        print_seconds(table->rows[i].max_ns, out);
        fputc('\n', out);
    }
}

static void print_retry_after(const struct retry_after *policy, FILE *out)
{
    char text[UNITS_TEXT_MAX];
    if (!policy->is_used) {
        fputs("; Retry-After is ignored", out);
        return;
    }
    fputs("; obeys", out);
    for (size_t i = 0; i < policy->source_count; i++) {
        const struct retry_after_source *source = &policy->sources[i];
        fprintf(out, "%s %s%s", i > 0 ? "," : "", source->header ? "" : "body ",
                source->header ? source->header : source->pointer);
    }
    if (policy->limit_ns != NS_FOREVER) {
        fprintf(out, " up to %s", duration(policy->limit_ns, text));
    }
}

static void print_rule(const struct profile_rule *rule, const char *prefix,
                       FILE *out)
{
    static const char *const actions[] = {
        [RULE_RETRY] = "retry",
        [RULE_FAIL] = "final",
        [RULE_PASS] = "left to the layer outside",
        [RULE_POLL] = "ask again at once",
        [RULE_START_OVER] = "start over with a new request",
    };
    fprintf(out, "%s    on", prefix);
    print_outcomes(&rule->on, out);
    fprintf(out, ": %s", actions[rule->action]);
    if (rule->action == RULE_RETRY) {
        print_retry_after(&rule->retry_after, out);
    }
    fputc('\n', out);
}

/* A layer often has one law for several outcomes: it is shown once. */
static void print_rules(const struct layer *layer, const char *prefix,
                        FILE *out)
{
    struct delay_table shown = {0};
    for (size_t i = 0; i < layer->rule_count; i++) {
        const struct profile_rule *rule = &layer->rules[i];
        print_rule(rule, prefix, out);
        if (rule->action != RULE_RETRY) {
            continue;
        }
        struct delay_table table =
            delay_table_of(&rule->backoff, layer->budget.attempts);
        if (shown.count > 0 && delay_tables_equal(&table, &shown)) {
            fprintf(out, "%s      delays as above\n", prefix);
        } else if (table.count > 0) {
            print_delays(&table, prefix, out);
        }
        shown = table;
    }
}

/* -- the whole ------------------------------------------------------------- */

static void print_layer(const struct layer *layer, const char *prefix,
                        FILE *out)
{
    fprintf(out, "%s  layer %s", prefix, layer->name);
    print_budget(&layer->budget, out);
    print_slots(&layer->slots, out);
    print_timeouts(layer, out);
    fputc('\n', out);
    for (size_t i = 0; i < layer->route_count; i++) {
        fprintf(out, "%s    covers %s\n", prefix, layer->routes[i]);
    }
    print_rules(layer, prefix, out);
}

void profile_text_print(const struct profile *profile, const char *prefix,
                        FILE *out)
{
    fprintf(out, "%s%s: %s\n", prefix, profile->id,
            profile->title ? profile->title : "");
    if (profile->source) {
        fprintf(out, "%sas in %s\n", prefix, profile->source);
    }
    fprintf(out, "%s%zu layer%s, outermost first\n", prefix,
            profile->layer_count, profile->layer_count == 1 ? "" : "s");
    for (size_t i = 0; i < profile->layer_count; i++) {
        print_layer(&profile->layers[i], prefix, out);
    }
    for (size_t i = 0; i < profile->not_applicable_count; i++) {
        fprintf(out, "%s  %s does not apply: %s\n", prefix,
                profile->not_applicable[i].rule,
                profile->not_applicable[i].reason);
    }
}
