/* How two policies differ, row by row. Pure.
 *
 * A row is one question, answered for both by the engine and the laws: which
 * statuses are tried again, how long the second wait is, what becomes of an
 * attempt that hangs. Keys of the files are not compared, so two profiles that
 * say the same in different ways are the same. */
#ifndef RETRYSPEC_COMPARE_COMPARE_H
#define RETRYSPEC_COMPARE_COMPARE_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "compare/words.h"
#include "model/arena.h"
#include "model/error.h"
#include "model/profile.h"

/* The last three are not counted. X(constant, word in JSON, words for people)
 */
#define ROW_VERDICT_LIST(X)                                  \
    X(ROW_SAME, "same", "same")                              \
    X(ROW_DIFFERENT, "different", "different")               \
    X(ROW_ONLY_A, "only-a", "only A has it")                 \
    X(ROW_ONLY_B, "only-b", "only B has it")                 \
    X(ROW_DETAIL, "detail", "a detail of what only one has") \
    X(ROW_NEITHER, "neither", "neither has it")              \
    X(ROW_UNTOLD, "untold", "no profile tells it") /* of the gap matrix */

enum row_verdict {
#define X(constant, json, people) constant,
    ROW_VERDICT_LIST(X)
#undef X
};
extern const char *const row_verdict_json_words[];
extern const char *const row_verdict_people_words[];

/* X(constant, word) */
#define SEVERITY_LIST(X)                                             \
    X(SEVERITY_CRITICAL, "critical") /* calls fail or hang that the  \
                                        other policy brings home, or \
                                        never end */                 \
    X(SEVERITY_HIGH, "high")         /* when and how often */        \
    X(SEVERITY_LOW, "low")
enum severity {
#define X(constant, word) constant,
    SEVERITY_LIST(X)
#undef X
};
extern const char *const severity_words[];

/* X(constant, word) */
#define ASPECT_GROUP_LIST(X)                  \
    X(GROUP_CONFIGURATION, "configuration")   \
    X(GROUP_CLASSIFICATION, "classification") \
    X(GROUP_BACKOFF, "back-off")              \
    X(GROUP_RETRY_AFTER, "retry-after")       \
    X(GROUP_TIME, "time")                     \
    X(GROUP_SLOTS, "slots")                   \
    X(GROUP_RATE, "rate")                     \
    X(GROUP_HEADERS, "headers")
enum aspect_group {
#define X(constant, word) constant,
    ASPECT_GROUP_LIST(X)
#undef X
};
extern const char *const aspect_group_words[];

struct aspect;

struct compare_side {
    const char *words;
    bool is_absent;
    enum fate fate;
};

struct compare_row {
    const struct aspect *aspect;
    enum row_verdict verdict;
    enum severity severity;
    struct compare_side a, b;
    const char *contrast; /* what only one of them has; NULL: none */
};

/* All rows for one request that both policies cover. */
struct compare_part {
    const char *method, *path;
    const char *failure; /* after which delays are compared: "503" */
    struct compare_row *rows;
    size_t count;
};

/* A scenario on which a client of one policy fails the other's judge. */
struct compare_scenario {
    const char *id;
    const char *rules_a, *rules_b; /* that a client of A, of B breaks; "" */
};

/* A rule that the two profiles give different levels. */
struct compare_level {
    const char *rule, *title;
    enum level a, b;
};

struct comparison {
    struct arena arena;
    const struct profile *a, *b; /* borrowed */
    struct compare_part *parts;
    size_t part_count;
    struct compare_level *levels;
    size_t level_count;
    struct compare_scenario *scenarios;
    size_t scenario_count;
    size_t scenarios_played; /* 0: none were asked for */
};

/* `request` is "POST /v1/x"; NULL: all that both cover, one for each way in
 * which their layers cover it. NULL and a problem if there is none, if the
 * engine does not support a profile, or without memory. */
struct comparison *compare_run(const struct profile *a, const struct profile *b,
                               const char *request, struct error *error);
void compare_free(struct comparison *comparison);

bool compare_counts(enum row_verdict verdict);

/* Rows that count, and those of them that are the same. */
struct compare_score {
    size_t rows, same;
};
struct compare_score compare_score(const struct comparison *comparison);

/* In percent; 100 if there are no rows. */
double compare_percent(struct compare_score score);

/* NULL: there is no row of that aspect. */
const struct compare_row *compare_find(const struct compare_part *part,
                                       const char *aspect);

struct aspect_description {
    const char *id, *title, *requirements;
    enum aspect_group group;
};
struct aspect_description compare_describe(const struct aspect *aspect);

#endif
