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

static bool has_tokens(const struct layer *layer)
{
    return layer->budget.tokens.is_used && !layer->is_disabled;
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

const char *applies_missing_part(const struct judging *judging,
                                 enum judge_rule rule)
{
    const struct telling_headers *headers = &judging->profile->headers;
    const char *uncovered = uncovered_reason(judging, rule);
    if (uncovered) {
        return uncovered;
    }
    switch (rule) {
    case JUDGE_OUT_1:
    case JUDGE_BODY_1:
        return results_reason(judging);
    case JUDGE_RA_1:
    case JUDGE_RA_2:
        return unless(judging, reads_header,
                      "the profile reads no Retry-After");
    case JUDGE_TO_1:
    case JUDGE_TO_2:
        return asks_timeout(judging)
                   ? NULL
                   : unless(judging, has_timeout,
                            "the profile has no attempt timeout");
    case JUDGE_PT_1:
        return unless(judging, has_progress,
                      "the profile has no progress timeout");
    case JUDGE_AT_2:
        return unless(judging, has_budget,
                      "the profile limits neither attempts nor time");
    case JUDGE_CC_1:
        return slots_reason(judging);
    case JUDGE_RL_1:
    case JUDGE_RL_2:
        return unless(judging, closes_limiter,
                      "the profile closes no rate limiter");
    case JUDGE_RL_3:
        return unless(judging, has_rate, "the profile keeps no steady rate");
    case JUDGE_JIT_1:
    case JUDGE_JIT_2:
    case JUDGE_HERD_1:
        return unless(judging, has_jitter,
                      "the delays of the profile have no jitter");
    case JUDGE_CB_1:
        return unless(judging, has_breaker,
                      "the profile has no circuit breaker");
    case JUDGE_TB_1:
        return unless(judging, has_tokens,
                      "the profile has no bucket of retry tokens");
    case JUDGE_FU_1:
        return judging->profile->follow_up.path
                   ? NULL
                   : "the profile has no follow-up request here";
    case JUDGE_REQ_2:
        return headers->idempotency_key
                   ? NULL
                   : "the profile names no idempotency key";
    case JUDGE_REQ_3:
        return headers->retry_count ? NULL
                                    : "the profile names no retry-count header";
    case JUDGE_AT_1:
    case JUDGE_AT_3:
    case JUDGE_ST_1:
    case JUDGE_ST_2:
    case JUDGE_TF_1:
    case JUDGE_TF_2:
    case JUDGE_BO_1:
    case JUDGE_BO_2:
    case JUDGE_REQ_1:
    case JUDGE_HID_1:
    case JUDGE_OVER_1:
    case JUDGE_FLT_1:
    case JUDGE_RULES:
        return NULL;
    }
    return NULL;
}
