#include "cli/profile_text.h"

#include <string.h>

#include "cli/profile_words.h"
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
    profile_words_tokens(&budget->tokens, out);
    profile_words_allowance(&budget->allowance, out);
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

/* Rows of a table that say no more than the one before are left out. */
static size_t telling_rows(const struct delay_table *table)
{
    size_t count = table->count;
    while (count > 1 && memcmp(&table->rows[count - 1], &table->rows[count - 2],
                               sizeof table->rows[0]) == 0) {
        count--;
    }
    return count;
}

static void print_delays(const struct delay_table *table, const char *prefix,
                         FILE *out)
{
    size_t count = telling_rows(table);
    fprintf(out, "%s      retry %11s %11s %11s\n", prefix, "min", "nominal",
            "max");
    for (size_t i = 0; i < count; i++) {
        fprintf(out, "%s      %5zu", prefix, i + 1);
        print_seconds(table->rows[i].min_ns, out);
        print_seconds(table->rows[i].nominal_ns, out);
        print_seconds(table->rows[i].max_ns, out);
        fprintf(out, "%s\n",
                i + 1 == count && count < table->count ? "  and so on" : "");
    }
}

static bool is_at_once(const struct delay_table *table)
{
    return table->count > 0 && telling_rows(table) == 1 &&
           table->rows[0].max_ns == 0;
}

/* How many attempts the rule can lead to. */
static int64_t attempts_of(const struct layer *layer,
                           const struct profile_rule *rule)
{
    int64_t attempts = rule->action == RULE_RETRY ? layer->budget.attempts
                                                  : ATTEMPTS_UNLIMITED;
    return rule->limit > 0 && rule->limit < attempts ? rule->limit + 1
                                                     : attempts;
}

/* A rule without a back-off of its own has no table. */
static bool has_law(const struct profile_rule *rule)
{
    return rule->action == RULE_RETRY ||
           rule->backoff.schedule != SCHEDULE_NONE;
}

/* A layer often has one law for several outcomes: it is shown once. */
static void print_law(const struct delay_table *table,
                      const struct delay_table *shown, const char *prefix,
                      FILE *out)
{
    if (shown->count > 0 && delay_tables_equal(table, shown)) {
        fprintf(out, "%s      delays as above\n", prefix);
    } else if (is_at_once(table)) {
        fprintf(out, "%s      at once\n", prefix);
    } else if (table->count > 0) {
        print_delays(table, prefix, out);
    }
}

static void print_rules(const struct layer *layer, const char *prefix,
                        FILE *out)
{
    struct delay_table shown = {0};
    for (size_t i = 0; i < layer->rule_count; i++) {
        const struct profile_rule *rule = &layer->rules[i];
        fprintf(out, "%s    on", prefix);
        profile_words_outcomes(&rule->on, out);
        profile_words_rule(rule, out);
        fputc('\n', out);
        if (has_law(rule)) {
            struct delay_table table =
                delay_table_of(&rule->backoff, attempts_of(layer, rule));
            print_law(&table, &shown, prefix, out);
            shown = table;
        }
    }
}

/* -- the whole ------------------------------------------------------------- */

static void print_layer(const struct layer *layer, const char *prefix,
                        FILE *out)
{
    fprintf(out, "%s  layer %s", prefix, layer->name);
    print_budget(&layer->budget, out);
    profile_words_slots(&layer->slots, out);
    print_timeouts(layer, out);
    fputc('\n', out);
    if (layer->is_disabled) {
        fprintf(out, "%s    switched off: its rules and budget do nothing\n",
                prefix);
    }
    for (size_t i = 0; i < layer->route_count; i++) {
        fprintf(out, "%s    covers %s\n", prefix, layer->routes[i]);
    }
    profile_words_shared(layer, prefix, out);
    print_rules(layer, prefix, out);
}

/* What is said of whole calls. */
static void print_calls(const struct profile *profile, const char *prefix,
                        FILE *out)
{
    char text[UNITS_TEXT_MAX];
    if (profile->follow_up.path) {
        fprintf(out, "%s  then %s %s, through the layers that cover it\n",
                prefix, profile->follow_up.method, profile->follow_up.path);
    }
    if (profile->queue_state.state) {
        fprintf(out, "%s  tells of the queue by body %s%s%s, once in %s\n",
                prefix, profile->queue_state.state,
                profile->queue_state.reason ? " and " : "",
                profile->queue_state.reason ? profile->queue_state.reason : "",
                duration(profile->queue_state.debounce_ns, text));
    }
    if (profile->handler_cache > 0) {
        fprintf(out, "%s  the last %lld handlers are kept\n", prefix,
                (long long)profile->handler_cache);
    }
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
    print_calls(profile, prefix, out);
    for (size_t i = 0; i < profile->level_count; i++) {
        fprintf(out, "%s  %s is a %s\n", prefix, profile->levels[i].rule,
                level_people_word(profile->levels[i].level));
    }
    for (size_t i = 0; i < profile->not_applicable_count; i++) {
        fprintf(out, "%s  %s does not apply: %s\n", prefix,
                profile->not_applicable[i].rule,
                profile->not_applicable[i].reason);
    }
}
