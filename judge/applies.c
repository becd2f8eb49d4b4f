#include "judge/applies.h"

#include <string.h>

#include "judge/client.h"
#include "judge/rules_slots.h"
#include "model/units.h"

const char *applies_profile_reason(const struct profile *profile,
                                   const char *rule_id)
{
    for (size_t i = 0; i < profile->not_applicable_count; i++) {
        if (strcmp(profile->not_applicable[i].rule, rule_id) == 0) {
            return profile->not_applicable[i].reason;
        }
    }
    return NULL;
}

static bool reads_header(const struct layer *layer)
{
    for (size_t i = 0; i < layer->rule_count; i++) {
        if (layer->rules[i].retry_after.is_used && !layer->is_disabled) {
            return true;
        }
    }
    return false;
}

static bool has_timeout(const struct layer *layer)
{
    return layer->attempt_timeout.limit_ns != NS_FOREVER ||
           layer->call_timeout_ns != NS_FOREVER;
}

static bool has_progress(const struct layer *layer)
{
    return layer->progress.timeout_ns != NS_FOREVER;
}

static bool closes_limiter(const struct layer *layer)
{
    for (size_t i = 0; i < layer->rule_count; i++) {
        if (layer->rules[i].closes_limiter && !layer->is_disabled) {
            return true;
        }
    }
    return false;
}

static bool has_rate(const struct layer *layer)
{
    return layer->rate_limiter.is_used && layer->rate_limiter.per_second > 0;
}

static bool has_breaker(const struct layer *layer)
{
    return layer->breaker.is_used;
}

static bool has_throttle(const struct layer *layer)
{
    return layer->throttle.is_used && !layer->is_disabled;
}

static bool has_retry_budget(const struct layer *layer)
{
    bool has_any = layer->budget.tokens.is_used ||
                   layer->budget.allowance.kind != ALLOWANCE_NONE;
    return has_any && !layer->is_disabled;
}

static bool is_drawn(const struct profile_rule *rule)
{
    const struct retry_after *header = &rule->retry_after;
    return rule->backoff.jitter != JITTER_NONE ||
           (header->is_used && header->use == RA_SPREAD);
}

static bool has_jitter(const struct layer *layer)
{
    for (size_t i = 0; i < layer->rule_count; i++) {
        if (is_drawn(&layer->rules[i]) && !layer->is_disabled) {
            return true;
        }
    }
    return false;
}

static bool has_slots(const struct layer *layer)
{
    return layer->slots.limit > 0 || layer->slots.throttled_limit > 0 ||
           layer->slots.byte_limit > 0;
}

static bool has_budget(const struct layer *layer)
{
    const struct budget *budget = &layer->budget;
    return !layer->is_disabled &&
           (budget->attempts != ATTEMPTS_UNLIMITED ||
            budget->connect_attempts != ATTEMPTS_UNLIMITED ||
            budget->read_attempts != ATTEMPTS_UNLIMITED ||
            budget->status_attempts != ATTEMPTS_UNLIMITED ||
            budget->elapsed_ns != NS_FOREVER ||
            layer->call_timeout_ns != NS_FOREVER);
}

static const char *unless(const struct judging *judging,
                          bool (*has)(const struct layer *layer),
                          const char *reason)
{
    for (size_t i = 0; i < judging->profile->layer_count; i++) {
        if (has(&judging->profile->layers[i])) {
            return NULL;
        }
    }
    return reason;
}

static const char *slots_reason(const struct judging *judging)
{
    const char *reason = unless(judging, has_slots, "the profile has no slots");
    if (reason || rules_slots_can_fill(judging)) {
        return reason;
    }
    return "the workload of this scenario stays within the profile's slots";
}

static const char *results_reason(const struct judging *judging)
{
    return judging->trace->level == 0 || !client_was_watched(judging->trace)
               ? "no adapter, so no results"
               : NULL;
}

static bool asks_timeout(const struct judging *judging)
{
    return judging->trace->level > 0 &&
           judging->scenario->workload.read_timeout_ns > 0;
}

/* What a client does where no layer acts is none of the profile's business. */
static const char *uncovered_reason(const struct judging *judging,
                                    enum judge_rule rule)
{
    char path[256];
    if (!judging->calls->uncovered || rule == JUDGE_FLT_1) {
        return NULL;
    }
    const struct trace_attempt *first = judging->calls->uncovered->attempts[0];
    return tally_text(judging->tally, "no layer of the profile covers %s %s",
                      first->method, calls_path(first, path, sizeof path));
}

/* What the profile must have for a rule to say anything. */
static const struct {
    bool (*has)(const struct layer *layer);
    const char *reason;
} parts[JUDGE_RULES] = {
    [JUDGE_RA_1] = {reads_header, "the profile reads no Retry-After"},
    [JUDGE_RA_2] = {reads_header, "the profile reads no Retry-After"},
    [JUDGE_PT_1] = {has_progress, "the profile has no progress timeout"},
    [JUDGE_AT_2] = {has_budget, "the profile limits neither attempts nor time"},
    [JUDGE_RL_1] = {closes_limiter, "the profile closes no rate limiter"},
    [JUDGE_RL_2] = {closes_limiter, "the profile closes no rate limiter"},
    [JUDGE_RL_3] = {has_rate, "the profile keeps no steady rate"},
    [JUDGE_CB_1] = {has_breaker, "the profile has no circuit breaker"},
    [JUDGE_TB_1] = {has_retry_budget, "the profile has no budget of retries"},
    [JUDGE_TH_1] = {has_throttle, "the profile has no throttle"},
    [JUDGE_JIT_1] = {has_jitter, "the delays of the profile have no jitter"},
    [JUDGE_JIT_2] = {has_jitter, "the delays of the profile have no jitter"},
    [JUDGE_HERD_1] = {has_jitter, "the delays of the profile have no jitter"},
};

static const char *headers_reason(const struct telling_headers *headers,
                                  enum judge_rule rule)
{
    if (rule == JUDGE_REQ_2 && !headers->idempotency_key) {
        return "the profile names no idempotency key";
    }
    return rule == JUDGE_REQ_3 && !headers->retry_count
               ? "the profile names no retry-count header"
               : NULL;
}

const char *applies_missing_part(const struct judging *judging,
                                 enum judge_rule rule)
{
    const char *uncovered = uncovered_reason(judging, rule);
    if (uncovered) {
        return uncovered;
    }
    if (parts[rule].has) {
        return unless(judging, parts[rule].has, parts[rule].reason);
    }
    if (rule == JUDGE_OUT_1 || rule == JUDGE_BODY_1) {
        return results_reason(judging);
    }
    if (rule == JUDGE_TO_1 || rule == JUDGE_TO_2) {
        return asks_timeout(judging)
                   ? NULL
                   : unless(judging, has_timeout,
                            "the profile has no attempt timeout");
    }
    if (rule == JUDGE_CC_1 || rule == JUDGE_CC_2) {
        return slots_reason(judging);
    }
    if (rule == JUDGE_FU_1 && !judging->profile->follow_up.path) {
        return "the profile has no follow-up request here";
    }
    return headers_reason(&judging->profile->headers, rule);
}
