#include "compare/matrix.h"

#include "compare/aspect.h"

/* By document: the row is the same in both, differs, or is missing in tinkex.
 */
#define SAME    ROW_SAME
#define DIFFERS ROW_DIFFERENT
#define MISSING ROW_ONLY_A

static const char per_client[] =
    "tinkex takes a RetryConfig for each client since 0.1.9";
static const char unused_handler[] =
    "RetryHandler is there in 0.1.7 and 0.1.8, but nothing calls it; 0.1.9 "
    "wires it in";
static const char limits_note[] =
    "Python has 1000, the constant that was meant; 100 is never reached "
    "(C-01)";
static const char minutes_note[] =
    "both are right for their time: 30 min up to 0.6.2, 120 min since (C-02)";
static const char own_429[] =
    "Python's sampling never reads Retry-After: 1 s, or 5 s for large "
    "requests (C-09)";
static const char events_note[] =
    "both tell each failed attempt; Python counts from 1, tinkex from 0";

static const char statuses_note[] =
    "in tinkex's RetryHandler 408 and 409 are final, 300-399 and those above "
    "599 are not (C-03)";
static const char watchdog_note[] =
    "tinkex 0.4.0 tests progress between attempts only (C-05)";

static const struct matrix_row key_differences[] = {
    {"S0-43", "how retries are configured", DIFFERS, {0}, per_client},
    {"S0-44", "where they are configured", DIFFERS, {0}, per_client},
    {"S0-45", "no retries in the HTTP layer below", SAME, {"nested"}, NULL},
    {"S0-46",
     "a loop around the call",
     MISSING,
     {"tries-again"},
     unused_handler},
    {"S0-47",
     "back-off",
     DIFFERS,
     {"first-delay", "longest-delay", "jitter"},
     "tinkex up to 0.1.10 waits 0 to 8 s, not 0.5 to 8 (C-07)"},
    {"S0-48", "calls at a time", MISSING, {"slots"}, NULL},
    {"S0-49",
     "progress timeout",
     DIFFERS,
     {"progress", "progress-aborts"},
     minutes_note},
    {"S0-50",
     "what is tried again",
     DIFFERS,
     {"statuses", "transport"},
     statuses_note},
    {"S0-51", "events for each attempt", DIFFERS, {0}, events_note},
    {"S0-52",
     "a 429",
     DIFFERS,
     {"tries-429", "retry-after", "delay-429"},
     own_429},
};

static const struct matrix_row gaps[] = {
    {"S0-53", "a configuration for each client", MISSING, {0}, per_client},
    {"S0-54",
     "a loop around the call",
     MISSING,
     {"tries-again"},
     unused_handler},
    {"S0-55", "numbers that can be set", MISSING, {0}, per_client},
    {"S0-56", "a progress timeout", MISSING, {"progress"}, NULL},
    {"S0-57", "a limit of calls at a time", MISSING, {"slots"}, NULL},
    {"S0-58", "the handler is used", MISSING, {"tries-again"}, unused_handler},
    {"S0-59",
     "a classification that can be set",
     MISSING,
     {"statuses"},
     "it is fixed in tinkex 0.4.0 too"},
};

/* The rows of the matrix itself that a profile can tell. */
static const struct matrix_row details[] = {
    {"S1-02", "limit of retries", DIFFERS, {"attempts"}, NULL},
    {"S1-03", "first delay", SAME, {"base-delay"}, NULL},
    {"S1-04", "longest delay", DIFFERS, {"longest-delay"}, NULL},
    {"S1-05", "jitter", DIFFERS, {"jitter"}, NULL},
    {"S1-06", "progress timeout", DIFFERS, {"progress"}, minutes_note},
    {"S1-07", "calls at a time", MISSING, {"slots"}, limits_note},
    {"S1-18",
     "a slot is held, waits included",
     MISSING,
     {"slot-held", "slots"},
     NULL},
    {"S1-20", "no retries in the HTTP layer below", SAME, {"nested"}, NULL},
    {"S1-23",
     "until the progress timeout, or 3 retries",
     DIFFERS,
     {"attempts"},
     NULL},
    {"S1-27", "statuses tried again", SAME, {"statuses"}, statuses_note},
    {"S1-29",
     "errors of the user",
     SAME,
     {"category-user", "statuses"},
     "408 and 409 are told apart: tried again by Python, of the user in "
     "tinkex"},
    {"S1-30", "delays double", SAME, {"growth"}, NULL},
    {"S1-31", "delays are capped", SAME, {"over-cap"}, NULL},
    {"S1-32", "formula of the jitter", DIFFERS, {"jitter"}, NULL},
    {"S1-33", "range of the first delay", DIFFERS, {"first-delay"}, NULL},
    {"S1-34",
     "doubling that overflows",
     DIFFERS,
     {"overflow"},
     "tinkex 0.4.0 still raises at retry 1016, which only a policy without a "
     "limit of retries comes to"},
    {"S1-37", "slots", MISSING, {"slots"}, NULL},
    {"S1-45",
     "an attempt in flight is ended",
     MISSING,
     {"hang", "progress-aborts"},
     watchdog_note},
    {"S1-47",
     "length of the progress timeout",
     DIFFERS,
     {"progress"},
     minutes_note},
    {"S1-53", "scope of the limiter", DIFFERS, {"limiter-scope"}, NULL},
    {"S1-54",
     "how its window is waited for",
     DIFFERS,
     {"limiter-poll"},
     "tinkex sleeps once, exactly, since 0.1.9"},
    {"S1-55",
     "its window",
     DIFFERS,
     {"limiter-window", "limiter-large", "limiter-header"},
     own_429},
    {"S1-56",
     "a success clears it",
     SAME,
     {"limiter-clears"},
     "Python never clears it, it only runs out (C-28)"},
    {"S1-57", "it is shared by clients", DIFFERS, {"limiter-scope"}, NULL},
    {"S1-67", "a cache of handlers", MISSING, {"handler-cache"}, NULL},
    {"S1-75", "where the limit of retries is", DIFFERS, {"attempts"}, NULL},
};

static const struct matrix_row critical_gaps[] = {
    {"S1-81",
     "the handler is wired in",
     MISSING,
     {"tries-again"},
     unused_handler},
    {"S1-82", "a parameter for it", MISSING, {0}, per_client},
    {"S1-83", "a limit of calls at a time", MISSING, {"slots"}, NULL},
    {"S1-84",
     "a watchdog of attempts that hang",
     MISSING,
     {"hang", "progress-aborts"},
     watchdog_note},
    {"S1-85",
     "jitter to both sides of the delay",
     DIFFERS,
     {"at-once", "jitter"},
     NULL},
    {"S1-86",
     "slow requests have their time",
     DIFFERS,
     {"slow-failure", "slow-success", "progress"},
     "30 s pass between attempts only; no slow answer is cut off"},
};

static const struct matrix_row defaults[] = {
    {"S1-87", "attempts", DIFFERS, {"attempts"}, NULL},
    {"S1-88", "first delay", SAME, {"base-delay"}, NULL},
    {"S1-89", "longest delay", DIFFERS, {"longest-delay"}, NULL},
    {"S1-90", "jitter", DIFFERS, {"jitter"}, NULL},
    {"S1-91", "progress timeout", DIFFERS, {"progress"}, minutes_note},
    {"S1-92", "calls at a time", MISSING, {"slots"}, limits_note},
};

static const struct matrix_row functionality[] = {
    {"S1-93", "a struct for the configuration", MISSING, {0}, per_client},
    {"S1-94", "exponential back-off", SAME, {"growth"}, NULL},
    {"S1-95", "jitter", DIFFERS, {"jitter"}, NULL},
    {"S1-96", "a limit of calls at a time", MISSING, {"slots"}, NULL},
    {"S1-97",
     "progress timeout",
     DIFFERS,
     {"progress", "progress-aborts"},
     minutes_note},
    {"S1-98", "a 429 is tried again", SAME, {"tries-429"}, own_429},
    {"S1-99", "events for each attempt", SAME, {0}, events_note},
    {"S1-100", "a cache of handlers", MISSING, {"handler-cache"}, NULL},
    {"S1-101", "a configuration by the user", MISSING, {0}, per_client},
    {"S1-102",
     "the call goes through the handler",
     MISSING,
     {"tries-again"},
     unused_handler},
};

/* What the audit's "parity is strong" leaves out (S3-22). */
static const struct matrix_row left[] = {
    {"C-03", "statuses tried again", SAME, {"statuses"}, statuses_note},
    {"C-04",
     "validation errors are final",
     SAME,
     {0},
     "tinkex tries them again unless status or category says user"},
    {"C-05",
     "attempts that hang are ended",
     SAME,
     {"hang", "progress-aborts"},
     watchdog_note},
    {"C-09",
     "Retry-After of a 429",
     SAME,
     {"limiter-header", "retry-after", "delay-429"},
     own_429},
    {"C-11",
     "calls under way at once",
     SAME,
     {"in-flight"},
     "tinkex holds its dispatch slots for the whole call, so 400 bind and not "
     "1000"},
};

#define TABLE(title_, rows_)                     \
    {                                            \
        .title = (title_), .rows = (rows_),      \
        .count = sizeof(rows_) / sizeof *(rows_) \
    }

const struct matrix_table matrix_tables[] = {
    TABLE("key differences", key_differences),
    TABLE("gaps", gaps),
    TABLE("row by row", details),
    TABLE("critical gaps", critical_gaps),
    TABLE("defaults", defaults),
    TABLE("functionality", functionality),
    TABLE("left today", left),
    {0},
};

enum { ASPECTS = 3 };

/* How bad: what is missing hides what is different. */
static int rank(enum row_verdict verdict)
{
    switch (verdict) {
    case ROW_UNTOLD:
        return 0;
    case ROW_NEITHER:
        return 1;
    case ROW_DETAIL:
    case ROW_SAME:
        return 2;
    case ROW_DIFFERENT:
        return 3;
    case ROW_ONLY_A:
    case ROW_ONLY_B:
        return 4;
    }
    return 0;
}

/* What only one policy has is missing in the other with all its details. */
static enum row_verdict verdict_of(const struct compare_part *part,
                                   const struct compare_row *answer)
{
    while (answer->verdict == ROW_DETAIL)
        answer = compare_find(part, answer->aspect->of);
    return answer->verdict;
}

static enum row_verdict worse(const struct matrix_row *row,
                              const struct compare_part *part,
                              enum row_verdict verdict,
                              const struct compare_row **told)
{
    for (size_t i = 0; i < ASPECTS && row->aspects[i]; i++) {
        const struct compare_row *answer = compare_find(part, row->aspects[i]);
        if (answer && rank(verdict_of(part, answer)) > rank(verdict)) {
            *told = answer;
            verdict = verdict_of(part, answer);
        }
    }
    return verdict;
}

enum row_verdict matrix_verdict(const struct matrix_row *row,
                                const struct comparison *comparison,
                                const struct compare_row **told)
{
    enum row_verdict verdict = ROW_UNTOLD;
    *told = NULL;
    for (size_t i = 0; i < comparison->part_count; i++)
        verdict = worse(row, &comparison->parts[i], verdict, told);
    return verdict;
}

struct compare_score matrix_score(const struct comparison *comparison)
{
    struct compare_score score = {0};
    for (const struct matrix_table *table = matrix_tables; table->title;
         table++) {
        for (size_t i = 0; i < table->count; i++) {
            const struct compare_row *told;
            enum row_verdict verdict =
                matrix_verdict(&table->rows[i], comparison, &told);
            score.rows += compare_counts(verdict);
            score.same += verdict == ROW_SAME;
        }
    }
    return score;
}
