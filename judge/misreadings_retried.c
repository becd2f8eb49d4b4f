#include "judge/misreadings.h"

#include <string.h>

/* -- conditions ------------------------------------------------------------ */

static bool has_header(const struct profile_rule *rule)
{
    return rule->on.header.name != NULL;
}

static bool has_body(const struct profile_rule *rule)
{
    return rule->on.body.pointer != NULL;
}

static bool other_case(struct profile_rule *rule)
{
    bool is_value = has_header(rule) && rule->on.header.value;
    rule->on.header.ignores_case = !rule->on.header.ignores_case;
    rule->on.body.ignores_case = !rule->on.body.ignores_case;
    return is_value || (has_body(rule) && rule->on.body.value);
}

/* Takes out the rules of a kind. */
static bool drop_rules(struct variant *variant,
                       bool (*is_dropped)(const struct profile_rule *rule))
{
    bool is_any = false;
    for (size_t i = 0; i < variant->profile.layer_count; i++) {
        struct layer *layer = &variant->layers[i];
        size_t kept = 0;
        for (size_t k = 0; k < layer->rule_count; k++) {
            if (!is_dropped(&variant->rules[i][k])) {
                variant->rules[i][kept++] = variant->rules[i][k];
            }
        }
        is_any |= kept < layer->rule_count;
        layer->rule_count = kept;
    }
    return is_any;
}

static bool header_not_asked(struct variant *variant)
{
    return drop_rules(variant, has_header);
}

static bool body_not_asked(struct variant *variant)
{
    return drop_rules(variant, has_body);
}

static bool size_not_asked(struct profile_rule *rule)
{
    bool had_size =
        rule->on.request_at_least > 0 || rule->on.request_at_most > 0;
    rule->on.request_at_least = rule->on.request_at_most = 0;
    return had_size;
}

/* -- too little ------------------------------------------------------------ */

/* The outcomes are no longer retried by any rule. */
static bool forget(struct profile_rule *rule, int from, int to, uint32_t ends)
{
    struct status_set before = rule->on.statuses;
    uint32_t ends_before = rule->on.ends;
    if (rule->action != RULE_RETRY) {
        return false;
    }
    status_set_remove(&rule->on.statuses, from, to);
    rule->on.ends &= ~ends;
    return rule->on.ends != ends_before ||
           memcmp(&before, &rule->on.statuses, sizeof before) != 0;
}

static bool no_status(struct profile_rule *rule, int from, int to)
{
    return forget(rule, from, to, 0);
}

static bool no_end(struct profile_rule *rule, uint32_t ends)
{
    return forget(rule, 1, 0, ends);
}

static bool no_408(struct profile_rule *rule)
{
    return no_status(rule, 408, 408);
}

static bool no_409(struct profile_rule *rule)
{
    return no_status(rule, 409, 409);
}

static bool no_425(struct profile_rule *rule)
{
    return no_status(rule, 425, 425);
}

static bool no_429(struct profile_rule *rule)
{
    return no_status(rule, 429, 429);
}

static bool no_500(struct profile_rule *rule)
{
    return no_status(rule, 500, 500);
}

/* Only the statuses of a gateway. */
static bool only_502_to_504(struct profile_rule *rule)
{
    bool is_changed = no_status(rule, 500, 501);
    return no_status(rule, 505, 599) || is_changed;
}

static bool no_5xx(struct profile_rule *rule)
{
    return no_status(rule, 500, 599);
}

static bool no_4xx(struct profile_rule *rule)
{
    return no_status(rule, 400, 499);
}

static bool no_timeout(struct profile_rule *rule)
{
    return no_end(rule, 1U << END_TIMEOUT);
}

static bool no_connect(struct profile_rule *rule)
{
    return no_end(rule, 1U << END_REFUSED | 1U << END_UNREACHABLE);
}

static bool no_broken_body(struct profile_rule *rule)
{
    return no_end(rule, 1U << END_RESET_BODY | 1U << END_CUT);
}

static bool no_broken_connection(struct profile_rule *rule)
{
    return no_end(rule, 1U << END_RESET | 1U << END_CLOSE |
                            1U << END_RESET_BODY | 1U << END_CUT);
}

static bool no_transport(struct profile_rule *rule)
{
    return no_end(rule, ~0U);
}

static bool no_unsafe_method(struct profile_rule *rule)
{
    static const char *const idempotent[] = {"GET",     "HEAD",   "PUT",
                                             "OPTIONS", "DELETE", "TRACE"};
    if (rule->on.methods || rule->action != RULE_RETRY) {
        return false;
    }
    rule->on.methods = idempotent;
    rule->on.method_count = sizeof idempotent / sizeof *idempotent;
    return true;
}

static bool nothing(struct profile_rule *rule)
{
    bool was_retried = rule->action == RULE_RETRY;
    rule->action = was_retried ? RULE_FAIL : rule->action;
    return was_retried;
}

/* -- too much -------------------------------------------------------------- */

static bool is_plain_retry(const struct profile_rule *rule)
{
    return rule->action == RULE_RETRY && !has_header(rule) && !has_body(rule);
}

/* The first plain rule of the layer that retries covers these as well, and
 * those that would fail them no longer do. */
static bool add_outcomes(struct variant *variant, size_t layer,
                         const struct outcome_set *more)
{
    struct profile_rule *rules = variant->rules[layer];
    for (size_t k = 0; k < variant->layers[layer].rule_count; k++) {
        struct outcome_set *on = &rules[k].on;
        bool is_retry = is_plain_retry(&rules[k]);
        for (size_t i = 0; i < sizeof on->statuses.bits / sizeof(uint64_t);
             i++) {
            uint64_t bits = more->statuses.bits[i];
            on->statuses.bits[i] = is_retry ? on->statuses.bits[i] | bits
                                            : on->statuses.bits[i] & ~bits;
        }
        on->ends = is_retry ? on->ends | more->ends : on->ends & ~more->ends;
        if (is_retry) {
            return true;
        }
    }
    return false;
}

/* In the innermost layer that retries. */
static bool also(struct variant *variant, int from, int to, uint32_t ends)
{
    struct outcome_set more = {.ends = ends};
    status_set_add(&more.statuses, from, to);
    for (size_t i = variant->profile.layer_count; i-- > 0;) {
        if (!variant->layers[i].is_disabled &&
            add_outcomes(variant, i, &more)) {
            return true;
        }
    }
    return false;
}

static bool also_408(struct variant *variant)
{
    return also(variant, 408, 408, 0);
}

static bool also_409(struct variant *variant)
{
    return also(variant, 409, 409, 0);
}

static bool also_425(struct variant *variant)
{
    return also(variant, 425, 425, 0);
}

static bool also_429(struct variant *variant)
{
    return also(variant, 429, 429, 0);
}

static bool also_501(struct variant *variant)
{
    return also(variant, 501, 501, 0);
}

static bool also_5xx(struct variant *variant)
{
    return also(variant, 500, 599, 0);
}

static bool also_4xx(struct variant *variant)
{
    return also(variant, 400, 499, 0);
}

static bool also_timeout(struct variant *variant)
{
    return also(variant, 1, 0, 1U << END_TIMEOUT);
}

static bool also_transport(struct variant *variant)
{
    return also(variant, 1, 0, (1U << END_CANCELLED) - 2);
}

static bool all_errors(struct variant *variant)
{
    return also(variant, 400, 999, (1U << END_CANCELLED) - 2);
}

static bool all_methods(struct profile_rule *rule)
{
    bool had_some = rule->on.methods != NULL;
    rule->on.methods = NULL;
    return had_some;
}

/* -- polls and second requests --------------------------------------------- */

static bool asked_again(struct profile_rule *rule)
{
    bool did_start_over = rule->action == RULE_START_OVER;
    rule->action = did_start_over ? RULE_RETRY : rule->action;
    return did_start_over;
}

static bool started_over(struct profile_rule *rule)
{
    bool did_poll = rule->action == RULE_POLL;
    rule->action = did_poll ? RULE_START_OVER : rule->action;
    return did_poll;
}

static bool polls_counted(struct profile_rule *rule)
{
    bool was_poll = rule->action == RULE_POLL;
    rule->action = was_poll ? RULE_RETRY : rule->action;
    return was_poll;
}

static const struct misreading items[] = {
    {.rule = other_case,
     .text = "upper and lower case were told apart where they are the same, "
             "or not where they differ"},
    {.rule = no_408, .text = "408 is not retried"},
    {.rule = no_409, .text = "409 is not retried"},
    {.rule = no_425, .text = "425 is not retried"},
    {.rule = no_429,
     .text = "429 is not among the statuses that the client retries"},
    {.rule = no_500, .text = "500 is not retried"},
    {.rule = only_502_to_504,
     .text = "of the 5xx only 502, 503 and 504 are retried"},
    {.rule = no_5xx, .text = "no 5xx is retried"},
    {.rule = no_4xx, .text = "no 4xx is retried"},
    {.rule = no_timeout, .text = "timeouts are not retried"},
    {.rule = no_connect, .text = "failures to connect are not retried"},
    {.rule = no_broken_body,
     .text = "a connection that breaks inside the body is not retried"},
    {.rule = no_broken_connection,
     .text = "a connection that breaks is not retried"},
    {.rule = no_transport,
     .text = "transport faults are not retried, only statuses are"},
    {.rule = size_not_asked,
     .text = "the size of the request was not looked at"},
    {.whole = header_not_asked,
     .text = "the response header that decides, such as x-should-retry, was "
             "not looked at"},
    {.whole = body_not_asked,
     .text = "the response body that decides was not looked at"},
    {.whole = also_408, .text = "408 is retried: it is final"},
    {.whole = also_409, .text = "409 is retried: it is final"},
    {.whole = also_425, .text = "425 is retried: it is final"},
    {.whole = also_429, .text = "429 is retried: it is final"},
    {.whole = also_501, .text = "501 is retried: it is final"},
    {.whole = also_5xx, .text = "every 5xx is retried: some are final"},
    {.whole = also_4xx, .text = "4xx are retried: some are final"},
    {.whole = also_timeout, .text = "timeouts are retried: they are final"},
    {.whole = also_transport,
     .text = "transport faults are retried: some are final"},
    {.rule = no_unsafe_method,
     .text = "only idempotent methods are retried: POST and PATCH are not"},
    {.rule = all_methods,
     .text = "every method is retried: some must not be repeated"},
    {.whole = all_errors, .text = "every failure is retried: some are final"},
    {.rule = nothing, .text = "nothing is retried"},
    {.rule = polls_counted, .text = "polls were counted as attempts"},
    {.rule = asked_again,
     .text = "a lost result was asked for again instead of starting over"},
    {.rule = started_over,
     .text = "the call started over where it should ask for the result again"},
};

const struct misreadings misreadings_retried = {items,
                                                sizeof items / sizeof *items};
