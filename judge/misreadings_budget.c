#include "judge/misreadings.h"

#include "model/units.h"

/* -- how many -------------------------------------------------------------- */

static bool shift_attempts(struct layer *layer, int64_t by)
{
    struct budget *budget = &layer->budget;
    if (budget->attempts == ATTEMPTS_UNLIMITED || budget->attempts + by <= 0) {
        return false;
    }
    budget->attempts += by;
    return true;
}

static bool one_attempt_more(struct layer *layer)
{
    return shift_attempts(layer, 1);
}

static bool one_attempt_fewer(struct layer *layer)
{
    return shift_attempts(layer, -1);
}

static bool kinds_counted_together(struct layer *layer)
{
    struct budget *budget = &layer->budget;
    bool had_any = budget->connect_attempts != ATTEMPTS_UNLIMITED ||
                   budget->read_attempts != ATTEMPTS_UNLIMITED ||
                   budget->status_attempts != ATTEMPTS_UNLIMITED;
    budget->connect_attempts = ATTEMPTS_UNLIMITED;
    budget->read_attempts = ATTEMPTS_UNLIMITED;
    budget->status_attempts = ATTEMPTS_UNLIMITED;
    return had_any;
}

static bool limit_of_rule_ignored(struct profile_rule *rule)
{
    bool had_limit = rule->limit > 0 || rule->within_ns > 0;
    rule->limit = 0;
    rule->within_ns = 0;
    return had_limit;
}

static bool attempts_unlimited(struct layer *layer)
{
    bool had_limit = layer->budget.attempts != ATTEMPTS_UNLIMITED;
    layer->budget.attempts = ATTEMPTS_UNLIMITED;
    return had_limit;
}

/* -- total time ------------------------------------------------------------ */

static bool turn_test(struct layer *layer, enum elapsed_test test)
{
    bool is_changed = layer->budget.elapsed_ns != NS_FOREVER &&
                      layer->budget.elapsed_test != test;
    layer->budget.elapsed_test = test;
    return is_changed;
}

static bool tested_before_sleep(struct layer *layer)
{
    return turn_test(layer, ELAPSED_BEFORE_SLEEP);
}

static bool tested_after_attempt(struct layer *layer)
{
    return turn_test(layer, ELAPSED_AFTER_ATTEMPT);
}

static bool total_for_attempt(struct layer *layer)
{
    bool had_limit = layer->budget.elapsed_ns != NS_FOREVER;
    if (had_limit) {
        layer->attempt_timeout = (struct attempt_timeout){
            .limit_ns = layer->budget.elapsed_ns, .kind = TIMEOUT_TOTAL};
    }
    layer->budget.elapsed_ns = NS_FOREVER;
    return had_limit;
}

static bool total_ignored(struct layer *layer)
{
    bool had_limit = layer->budget.elapsed_ns != NS_FOREVER ||
                     layer->call_timeout_ns != NS_FOREVER;
    layer->budget.elapsed_ns = NS_FOREVER;
    layer->call_timeout_ns = NS_FOREVER;
    return had_limit;
}

/* -- the timeout of an attempt --------------------------------------------- */

static bool turn_kind(struct layer *layer, enum timeout_kind kind)
{
    bool is_changed = layer->attempt_timeout.limit_ns != NS_FOREVER &&
                      layer->attempt_timeout.kind != kind;
    layer->attempt_timeout.kind = kind;
    return is_changed;
}

static bool timeout_of_head(struct layer *layer)
{
    return turn_kind(layer, TIMEOUT_HEAD);
}

static bool timeout_of_silence(struct layer *layer)
{
    return turn_kind(layer, TIMEOUT_INACTIVITY);
}

static bool timeout_of_all(struct layer *layer)
{
    return turn_kind(layer, TIMEOUT_TOTAL);
}

static bool timeout_for_call(struct layer *layer)
{
    int64_t *limit_ns = &layer->attempt_timeout.limit_ns;
    if (*limit_ns == NS_FOREVER || layer->call_timeout_ns <= *limit_ns) {
        return false;
    }
    layer->call_timeout_ns = *limit_ns;
    *limit_ns = NS_FOREVER;
    return true;
}

static bool timeout_ignored(struct layer *layer)
{
    bool had_limit = layer->attempt_timeout.limit_ns != NS_FOREVER;
    layer->attempt_timeout.limit_ns = NS_FOREVER;
    return had_limit;
}

/* -- the progress timeout -------------------------------------------------- */

static bool has_progress(const struct layer *layer)
{
    return layer->progress.timeout_ns != NS_FOREVER;
}

static bool progress_of_call(struct layer *layer)
{
    bool was_shared =
        has_progress(layer) && layer->progress.clock == PROGRESS_PER_HANDLER;
    layer->progress.clock = PROGRESS_PER_CALL;
    return was_shared;
}

static bool progress_between_attempts(struct layer *layer)
{
    bool did_abort = has_progress(layer) && layer->progress.aborts_attempt;
    layer->progress.aborts_attempt = false;
    return did_abort;
}

static bool progress_from_start(struct layer *layer)
{
    bool is_changed = has_progress(layer);
    if (is_changed) {
        layer->call_timeout_ns = layer->progress.timeout_ns;
        layer->progress.timeout_ns = NS_FOREVER;
    }
    return is_changed;
}

static bool progress_ignored(struct layer *layer)
{
    bool had_limit = has_progress(layer);
    layer->progress.timeout_ns = NS_FOREVER;
    return had_limit;
}

/* -- layers ---------------------------------------------------------------- */

static bool outer_layer_missing(struct variant *variant)
{
    size_t count = variant->profile.layer_count;
    for (size_t i = 0; i + 1 < count; i++) {
        struct layer *layer = &variant->layers[i];
        if (layer->rule_count > 0 && !layer->is_disabled) {
            layer->is_disabled = true;
            return true;
        }
    }
    return false;
}

static bool inner_layer_missing(struct variant *variant)
{
    for (size_t i = variant->profile.layer_count; i-- > 1;) {
        struct layer *layer = &variant->layers[i];
        if (layer->rule_count > 0 && !layer->is_disabled) {
            layer->is_disabled = true;
            return true;
        }
    }
    return false;
}

static const struct misreading items[] = {
    {.layer = one_attempt_more,
     .text = "one attempt too many: retries were counted, not attempts"},
    {.layer = one_attempt_fewer,
     .text = "one attempt too few: attempts were counted as retries"},
    {.layer = tested_before_sleep,
     .text = "the total time was tested with the coming wait added"},
    {.layer = tested_after_attempt,
     .text = "the total time was tested without the coming wait"},
    {.layer = timeout_of_head,
     .text = "the timeout of an attempt ended with the head of the response"},
    {.layer = timeout_of_silence,
     .text = "the timeout of an attempt began anew with each byte"},
    {.layer = timeout_of_all, .text = "the timeout counted the whole attempt"},
    {.layer = progress_of_call,
     .text = "the progress of other calls did not count"},
    {.layer = progress_between_attempts,
     .text = "the progress timeout was tested between attempts only"},
    {.rule = limit_of_rule_ignored,
     .text = "the limit of one kind of failure was not applied"},
    {.layer = kinds_counted_together,
     .text = "kinds of failures were not counted each on its own"},
    {.layer = progress_ignored, .text = "the progress timeout was not applied"},
    {.layer = timeout_ignored,
     .text = "the timeout of an attempt was not applied"},
    {.layer = total_ignored, .text = "the total time was not limited"},
    {.layer = timeout_for_call,
     .text = "the timeout of an attempt was used for the whole call"},
    {.layer = total_for_attempt,
     .text = "the total time was used as the timeout of each attempt"},
    {.layer = progress_from_start,
     .text = "the progress timeout counted from the start of the call"},
    {.layer = attempts_unlimited,
     .text = "the number of attempts was not limited"},
    {.whole = outer_layer_missing, .text = "the outer layer did not retry"},
    {.whole = inner_layer_missing, .text = "the inner layer did not retry"},
};

const struct misreadings misreadings_budget = {items,
                                               sizeof items / sizeof *items};
