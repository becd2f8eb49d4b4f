#include "cli/profile_words.h"

#include "client/backoff.h"
#include "model/units.h"

static const char *duration(int64_t ns, char text[UNITS_TEXT_MAX])
{
    return units_format_duration(ns, text, UNITS_TEXT_MAX);
}

/* -- what calls share ------------------------------------------------------ */

static const char *const cost_words[] = {"retry", "failure",
                                         "failure that may be retried"};

void profile_words_tokens(const struct token_bucket *tokens, FILE *out)
{
    if (!tokens->is_used) {
        return;
    }
    fprintf(out, "; %g retry tokens, %g for a %s", tokens->capacity,
            tokens->cost, cost_words[tokens->failures_cost]);
    if (tokens->timeout_cost != tokens->cost) {
        fprintf(out, ", %g after a timeout", tokens->timeout_cost);
    }
    if (tokens->returns_cost) {
        fprintf(out, ", a retry's back when it succeeds");
    }
    if (tokens->refund > 0.0) {
        fprintf(out, ", %g back by a success", tokens->refund);
    }
    if (tokens->per_call > 0.0) {
        fprintf(out, ", %g by each call", tokens->per_call);
    }
    if (tokens->threshold > 0.0) {
        fprintf(out, ", retries only above %g", tokens->threshold);
    }
}

void profile_words_slots(const struct slots *slots, FILE *out)
{
    static const char *const scopes[] = {
        [SLOTS_HANDLER] = "handler",
        [SLOTS_SESSION] = "session",
        [SLOTS_CLIENT] = "client",
        [SLOTS_GLOBAL] = "process",
        [SLOTS_URL_AND_KEY] = "base URL and key",
    };
    if (slots->limit > 0) {
        fprintf(out, "; %lld slots per %s, held for the %s",
                (long long)slots->limit, scopes[slots->scope],
                slots->held == SLOT_HELD_CALL ? "call" : "attempt");
    }
}

void profile_words_allowance(const struct allowance *allowance, FILE *out)
{
    char text[UNITS_TEXT_MAX];
    switch (allowance->kind) {
    case ALLOWANCE_NONE:
        return;
    case ALLOWANCE_RATIO:
        fprintf(out,
                "; retries: %g of the calls that began within %s, and %lld a "
                "second",
                allowance->share, duration(allowance->window_ns, text),
                (long long)allowance->least);
        return;
    case ALLOWANCE_CONCURRENT:
        fprintf(out,
                "; retries at a time: %g of the attempts in flight, at least "
                "%lld",
                allowance->share, (long long)allowance->least);
        return;
    case ALLOWANCE_FAILURES:
        fprintf(out, "; retries while failures are at most %g of the calls",
                allowance->share);
        if (allowance->window_ns != NS_FOREVER)
            fprintf(out, " that began within %s",
                    duration(allowance->window_ns, text));
        return;
    }
}

static void print_throttled(const struct slots *slots, const char *prefix,
                            FILE *out)
{
    char text[UNITS_TEXT_MAX];
    if (slots->throttled_limit > 0) {
        fprintf(out,
                "%s    while its limiter is closed and for %s after, one of "
                "%lld slots more\n",
                prefix, duration(slots->throttled_window_ns, text),
                (long long)slots->throttled_limit);
    }
    if (slots->byte_limit > 0) {
        fprintf(out, "%s    %s of requests in flight", prefix,
                units_format_size(slots->byte_limit, text, sizeof text));
        if (slots->byte_penalty > 1.0) {
            fprintf(out, ", each counted %g times in that window",
                    slots->byte_penalty);
        }
        fputc('\n', out);
    }
}

static void print_ask_again(const struct backoff *backoff, const char *prefix,
                            FILE *out)
{
    enum { LATER = 30 };
    char from[UNITS_TEXT_MAX], to[UNITS_TEXT_MAX];
    const struct delay_law first = {.backoff = backoff, .cut_ns = NS_FOREVER};
    struct delay_law later = first;
    later.n = LATER;
    if (backoff->schedule != SCHEDULE_NONE) {
        fprintf(
            out, "%s    who waits for one asks again after %s, later %s\n",
            prefix,
            units_format_seconds(backoff_range(&first).max_ns, from,
                                 sizeof from),
            units_format_seconds(backoff_range(&later).max_ns, to, sizeof to));
    }
}

static void print_limiter(const struct rate_limiter *limiter,
                          const char *prefix, FILE *out)
{
    char text[UNITS_TEXT_MAX];
    if (!limiter->is_used) {
        return;
    }
    fprintf(out, "%s    rate limiter %s", prefix,
            limiter->scope == LIMITER_URL_AND_KEY ? "per base URL and key"
                                                  : "of the holder");
    if (limiter->poll_ns > 0) {
        fprintf(out, ", looked at every %s", duration(limiter->poll_ns, text));
    }
    if (limiter->clears_on_success) {
        fputs(", opened by a success", out);
    }
    if (limiter->per_second > 0.0) {
        fprintf(out, ", %g attempts a second, %g at once", limiter->per_second,
                limiter->burst);
    }
    fputc('\n', out);
}

static void print_throttle(const struct throttle *throttle, const char *prefix,
                           FILE *out)
{
    char text[UNITS_TEXT_MAX];
    if (throttle->is_used) {
        fprintf(out,
                "%s    throttle: by chance, as far as more than %g times the "
                "requests accepted in %s are asked for; %s when not sent\n",
                prefix, throttle->k, duration(throttle->window_ns, text),
                throttle->is_retryable ? "retried further out" : "final");
    }
}

static void print_breaker(const struct circuit_breaker *breaker,
                          const char *prefix, FILE *out)
{
    char text[UNITS_TEXT_MAX];
    if (breaker->is_used) {
        fprintf(out,
                "%s    circuit: open for %s after %lld failures in a row, then "
                "%lld at a time; checked for each %s; %s when open\n",
                prefix, duration(breaker->reset_ns, text),
                (long long)breaker->failures,
                (long long)breaker->half_open_calls,
                breaker->checked == BREAKER_PER_CALL ? "call" : "attempt",
                breaker->is_retryable ? "retried further out" : "final");
    }
}

void profile_words_shared(const struct layer *layer, const char *prefix,
                          FILE *out)
{
    print_throttled(&layer->slots, prefix, out);
    print_ask_again(&layer->slots.ask_again, prefix, out);
    print_limiter(&layer->rate_limiter, prefix, out);
    print_breaker(&layer->breaker, prefix, out);
    print_throttle(&layer->throttle, prefix, out);
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

static void print_header_condition(const struct header_condition *header,
                                   FILE *out)
{
    if (!header->name) {
        return;
    }
    fprintf(out, " if header %s is %s%s", header->name,
            header->is_absent ? "absent"
            : header->value   ? header->value
                              : "there",
            header->ignores_case ? " in any case" : "");
}

static void print_body_condition(const struct body_condition *body, FILE *out)
{
    if (body->pointer) {
        fprintf(out, " if body %s is %s%s", body->pointer,
                body->value ? body->value : "there",
                body->ignores_case ? " in any case" : "");
    }
}

static void print_request_bytes(const struct outcome_set *on, FILE *out)
{
    if (on->request_at_least > 0 && on->request_at_most > 0) {
        fprintf(out, " if the request has %lld to %lld bytes",
                (long long)on->request_at_least,
                (long long)on->request_at_most);
    } else if (on->request_at_least > 0) {
        fprintf(out, " if the request has at least %lld bytes",
                (long long)on->request_at_least);
    } else if (on->request_at_most > 0) {
        fprintf(out, " if the request has at most %lld bytes",
                (long long)on->request_at_most);
    }
}

void profile_words_outcomes(const struct outcome_set *on, FILE *out)
{
    print_statuses(&on->statuses, out);
    print_ends(on->ends, out);
    for (size_t i = 0; i < on->method_count; i++) {
        fprintf(out, "%s%s", i > 0 ? ", " : " if ", on->methods[i]);
    }
    print_header_condition(&on->header, out);
    print_body_condition(&on->body, out);
    print_request_bytes(on, out);
}

/* -- rules ----------------------------------------------------------------- */

static void print_use(const struct retry_after *policy, FILE *out)
{
    char low[UNITS_TEXT_MAX], high[UNITS_TEXT_MAX];
    switch (policy->use) {
    case RA_REPLACE:
        break;
    case RA_MAXIMUM:
        fputs(" if it is longer", out);
        break;
    case RA_BETWEEN:
        fprintf(out, " between %s and %s", duration(policy->at_least_ns, low),
                duration(policy->at_most_ns, high));
        break;
    case RA_SPREAD:
        fprintf(out, " and up to %s more", duration(policy->spread_ns, low));
        break;
    }
}

static void print_retry_after(const struct retry_after *policy, FILE *out)
{
    char text[UNITS_TEXT_MAX];
    fputs("; obeys", out);
    for (size_t i = 0; i < policy->source_count; i++) {
        const struct retry_after_source *source = &policy->sources[i];
        fprintf(out, "%s %s%s", i > 0 ? "," : "", source->header ? "" : "body ",
                source->header ? source->header : source->pointer);
    }
    if (policy->limit_ns != NS_FOREVER) {
        fprintf(out, " up to %s", duration(policy->limit_ns, text));
    }
    print_use(policy, out);
    if (policy->default_ns >= 0) {
        fprintf(out, ", else %s", duration(policy->default_ns, text));
    }
}

static void print_count(const struct profile_rule *rule, FILE *out)
{
    static const char *const words[] = {
        [COUNT_RUN] = "retries",
        [COUNT_STREAK] = "in a row",
        [COUNT_ITERATIONS] = "retries and polls",
    };
    if (rule->limit > 0) {
        fprintf(out, "; at most %lld %s", (long long)rule->limit,
                words[rule->count]);
    } else if (rule->count == COUNT_STREAK) {
        fputs("; counts those in a row", out);
    } else if (rule->count == COUNT_ITERATIONS) {
        fputs("; counts retries and polls", out);
    }
}

/* Polls and new beginnings may come at once. */
static bool has_delay(const struct profile_rule *rule)
{
    return rule->backoff.schedule != SCHEDULE_NONE || rule->retry_after.is_used;
}

static void print_action(const struct profile_rule *rule, FILE *out)
{
    static const char *const actions[] = {
        [RULE_RETRY] = "retry",
        [RULE_FAIL] = "final",
        [RULE_PASS] = "left to the layer outside",
        [RULE_POLL] = "ask again",
        [RULE_START_OVER] = "start over with a new request",
    };
    bool is_at_once =
        rule->action == RULE_POLL || rule->action == RULE_START_OVER;
    fprintf(out, ": %s%s", actions[rule->action],
            is_at_once && !has_delay(rule) ? " at once" : "");
}

void profile_words_rule(const struct profile_rule *rule, FILE *out)
{
    char text[UNITS_TEXT_MAX];
    print_action(rule, out);
    if (rule->retry_after.is_used) {
        print_retry_after(&rule->retry_after, out);
    } else if (rule->action == RULE_RETRY) {
        fputs("; Retry-After is ignored", out);
    }
    print_count(rule, out);
    if (rule->within_ns > 0) {
        fprintf(out, "; for %s", duration(rule->within_ns, text));
    }
    if (rule->closes_limiter) {
        fputs("; closes the limiter for as long", out);
    }
    if (rule->backoff.overflow == OVERFLOW_RAISE) {
        fputs("; an overflow ends the call", out);
    }
}
