#include "judge/tally.h"

#include <stdarg.h>
#include <stdio.h>

const char *const tally_rule_ids[JUDGE_RULES] = {
#define X(constant, id) [constant] = id,
    JUDGE_RULE_LIST(X)
#undef X
};

const char tally_given_up[] = "the caller gave up first";

void tally_exercise(struct tally *tally, enum judge_rule rule)
{
    tally->rules[rule].exercised++;
}

struct finding *tally_violate(struct tally *tally, enum judge_rule rule,
                              bool is_doubtful)
{
    struct tally_rule *counts = &tally->rules[rule];
    int64_t before = is_doubtful ? counts->doubtful++ : counts->violations++;
    if (before > 0 || tally->is_silent) {
        return NULL;
    }
    return is_doubtful ? &counts->first_doubtful : &counts->first;
}

void tally_delay(struct tally *tally, const struct delay_seen *delay)
{
    if (tally->delay_count < tally->delay_size) {
        tally->delays[tally->delay_count++] = *delay;
    }
}

void tally_cut(struct tally *tally, enum judge_rule rule, const char *why)
{
    if (!tally->rules[rule].cut) {
        tally->rules[rule].cut = why;
    }
}

void tally_too_few(struct tally *tally, enum judge_rule rule, const char *why)
{
    tally->rules[rule].too_few = why;
}

void tally_retract(struct tally *tally, enum judge_rule rule, const char *why)
{
    tally->rules[rule] = (struct tally_rule){.too_few = why};
}

int64_t tally_violations(const struct tally *tally)
{
    int64_t sum = 0;
    for (int i = 0; i < JUDGE_RULES; i++) {
        if (!tally->is_waived[i]) {
            sum += tally->rules[i].violations + tally->rules[i].doubtful;
        }
    }
    return sum;
}

const char *tally_text(struct tally *tally, const char *format, ...)
{
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    const char *kept = arena_strdup(tally->arena, text);
    return kept ? kept : "";
}
