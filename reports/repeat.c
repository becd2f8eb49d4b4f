#include "reports/repeat.h"

#include <string.h>

static bool is_same_text(const char *left, const char *right)
{
    return strcmp(left ? left : "", right ? right : "") == 0;
}

static bool says_the_same(const struct verdict *left,
                          const struct verdict *right)
{
    return left->rule == right->rule && left->word == right->word &&
           is_same_text(left->expected, right->expected) &&
           is_same_text(left->observed, right->observed) &&
           is_same_text(left->likely, right->likely) &&
           is_same_text(left->reason, right->reason);
}

const struct scenario_report *repeat_of(const struct run_report *run,
                                        const struct scenario_report *report,
                                        const struct verdict *verdict)
{
    for (size_t i = 0; i < run->count && run->scenarios[i] != report; i++) {
        const struct scenario_report *earlier = run->scenarios[i];
        for (size_t j = 0; j < earlier->verdict_count; j++)
            if (says_the_same(&earlier->verdicts[j], verdict))
                return earlier;
    }
    return NULL;
}
