/* The parts of the profile reader, by theme. Each reads one JSON object into
 * one struct of model/profile.h, sets that struct's defaults, and adds a
 * problem for whatever does not make sense. docs/profile.md is the format. */
#ifndef RETRYSPEC_MODEL_PROFILE_READ_H
#define RETRYSPEC_MODEL_PROFILE_READ_H

#include "model/arena.h"
#include "model/jsonc.h"
#include "model/profile.h"

enum { PROFILE_STATUS_MIN = 100, PROFILE_STATUS_MAX = 999 };

/* One element of `layers`. */
void profile_read_layer(const struct jsonc_value *at, struct arena *arena,
                        struct layer *layer);

/* One element of a layer's `rules`. */
void profile_read_rule(const struct jsonc_value *at, struct arena *arena,
                       struct profile_rule *rule);

/* ["429", "500-599", "!501"]: numbers and ranges, less those after '!'. */
void profile_read_statuses(const struct jsonc_value *at,
                           struct status_set *statuses);

void profile_read_backoff(const struct jsonc_value *at,
                          struct backoff *backoff);
void profile_read_jitter(const struct jsonc_value *at, struct backoff *backoff);

/* A layer's `retry_after`: "ignored" or an object. */
void profile_read_retry_after(const struct jsonc_value *at, struct arena *arena,
                              struct retry_after *policy);

/* A rule's `on`. `at` is the rule. */
void profile_read_outcomes(const struct jsonc_value *at, struct arena *arena,
                           struct outcome_set *set);

/* The member `key`, a JSON pointer (RFC 6901); absent: no problem. */
bool profile_read_pointer(const struct jsonc_value *at, const char *key,
                          struct arena *arena, const char **out);

/* The limits of a layer: budget, progress, attempt_timeout, call_timeout,
 * breaker, throttle. `at` is the layer. */
void profile_read_limits(const struct jsonc_value *at, struct layer *layer);

/* Of a budget: ratio, concurrent or failure_rate. */
void profile_read_allowance(const struct jsonc_value *budget,
                            struct allowance *allowance);

/* Of a layer, after its allowance. */
void profile_read_throttle(const struct jsonc_value *layer,
                           const struct allowance *allowance,
                           struct throttle *throttle);

/* Its slots and rate_limiter, after its rules, which close the limiter. */
void profile_read_slots(const struct jsonc_value *at, struct layer *layer);

/* Checks that each throttled window of `layers` ever opens. */
void profile_read_windows(const struct jsonc_value *at,
                          const struct profile *profile);

/* What a profile says of whole calls: follow_up, queue_state, handler_cache;
 * after its layers, which cover the follow-up. */
void profile_read_calls(const struct jsonc_value *root,
                        struct profile *profile);

#endif
