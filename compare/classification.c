/* Which ends of an attempt are tried again. */
#include "compare/aspect.h"

enum { STATUS_FIRST = 100, STATUS_LAST = 999 };

static enum fate fate_of(const struct question *question,
                         const struct answer *answer)
{
    struct probe probe;
    probe_once(&probe, question->subject, answer);
    return probe_fate(&probe);
}

static const char *fate_words(enum fate fate)
{
    switch (fate) {
    case FATE_UNTOLD:
        break;
    case FATE_OK:
        return "a success";
    case FATE_RETRIED:
        return "tried again";
    case FATE_FAILS:
        return "the call fails";
    case FATE_HANGS:
        return "the call hangs";
    }
    return "";
}

static void tell_fate(const struct question *question, struct words *words)
{
    words->fate = fate_of(question, &question->aspect->answer);
    words_add(words, "%s", fate_words(words->fate));
}

/* -- sets of statuses ------------------------------------------------------ */

static struct status_set statuses_of(const struct question *question)
{
    enum fate wanted = (enum fate)question->aspect->number;
    struct status_set set = {0};
    for (int status = STATUS_FIRST; status <= STATUS_LAST; status++) {
        struct answer answer = {.status = status};
        if (fate_of(question, &answer) == wanted)
            status_set_add(&set, status, status);
    }
    return set;
}

static void tell_statuses(const struct question *question, struct words *words)
{
    struct status_set set = statuses_of(question);
    words_statuses(words, &set);
}

static bool add_rest(const struct status_set *set,
                     const struct status_set *other, const char *name,
                     struct words *words)
{
    struct status_set rest = *set;
    bool is_empty = true;
    for (int status = STATUS_FIRST; status <= STATUS_LAST; status++) {
        if (status_set_has(other, status))
            status_set_remove(&rest, status, status);
        is_empty = is_empty && !status_set_has(&rest, status);
    }
    if (is_empty)
        return false;
    words_add(words, "%sonly %s: ", words->used > 0 ? "; " : "", name);
    words_statuses(words, &rest);
    return true;
}

static void contrast_statuses(const struct question *a,
                              const struct question *b, struct words *words)
{
    struct status_set of_a = statuses_of(a), of_b = statuses_of(b);
    add_rest(&of_a, &of_b, "A", words);
    add_rest(&of_b, &of_a, "B", words);
}

/* -- transport faults and methods ------------------------------------------ */

static void tell_transport(const struct question *question, struct words *words)
{
    int count = 0, all = END_TIMEOUT - END_REFUSED + 1;
    for (int end = END_REFUSED; end <= END_TIMEOUT; end++) {
        struct answer answer = {.end = (enum attempt_end)end};
        if (fate_of(question, &answer) == FATE_RETRIED) {
            words_next(words);
            words_add(words, "%s", attempt_end_words[end]);
            count++;
        }
    }
    words->fate = count == 0 ? FATE_FAILS : FATE_RETRIED;
    if (count == 0 || count == all) {
        words->used = 0;
        words_add(words, "%s", count == 0 ? "none" : "all");
    }
}

static void tell_methods(const struct question *question, struct words *words)
{
    static const char *const methods[] = {"GET",  "HEAD",  "PUT",    "DELETE",
                                          "POST", "PATCH", "OPTIONS"};
    size_t count = sizeof methods / sizeof methods[0], retried = 0;
    for (size_t i = 0; i < count; i++) {
        struct answer answer = *question->failure;
        answer.method = methods[i];
        if (fate_of(question, &answer) == FATE_RETRIED) {
            words_next(words);
            words_add(words, "%s", methods[i]);
            retried++;
        }
    }
    if (retried == 0 || retried == count) {
        words->used = 0;
        words_add(words, "%s", retried == 0 ? "none" : "all");
    }
}

/* -- markers in the answer ------------------------------------------------- */

/* A marker that changes nothing is not there. */
static void tell_marker(const struct question *question, struct words *words)
{
    struct answer plain = question->aspect->answer;
    plain.header = NULL;
    plain.body = NULL;
    words->fate = fate_of(question, &question->aspect->answer);
    words->is_absent = words->fate == fate_of(question, &plain);
    words_add(words, "%s%s", fate_words(words->fate),
              words->is_absent ? ", marked or not" : "");
}

#define MARKED(status_, value_)                                            \
    {                                                                      \
        .status = (status_), .header = "x-should-retry", .value = (value_) \
    }
#define CATEGORY(status_, value_)                                     \
    {                                                                 \
        .status = (status_), .body = "{\"category\": \"" value_ "\"}" \
    }

static const struct aspect items[] = {
    {.id = "tries-again",
     .title = "a 503",
     .group = GROUP_CLASSIFICATION,
     .severity = SEVERITY_CRITICAL,
     .tell = tell_fate,
     .answer = {.status = 503},
     .requirements = "S0-46, S0-54, S0-58, S1-81, S1-102"},
    {.id = "tries-429",
     .title = "a 429",
     .group = GROUP_CLASSIFICATION,
     .severity = SEVERITY_CRITICAL,
     .tell = tell_fate,
     .answer = {.status = 429},
     .requirements = "S0-52, S1-52, S1-98"},
    {.id = "statuses",
     .title = "statuses tried again",
     .group = GROUP_CLASSIFICATION,
     .severity = SEVERITY_CRITICAL,
     .tell = tell_statuses,
     .contrast = contrast_statuses,
     .number = FATE_RETRIED,
     .requirements = "S0-50, S0-59, S1-27, S1-29, C-03"},
    {.id = "successes",
     .title = "statuses that are a success",
     .group = GROUP_CLASSIFICATION,
     .severity = SEVERITY_CRITICAL,
     .tell = tell_statuses,
     .contrast = contrast_statuses,
     .number = FATE_OK},
    {.id = "transport",
     .title = "transport faults tried again",
     .group = GROUP_CLASSIFICATION,
     .severity = SEVERITY_CRITICAL,
     .tell = tell_transport,
     .requirements = "S0-50, S1-26"},
    {.id = "methods",
     .title = "methods tried again",
     .group = GROUP_CLASSIFICATION,
     .severity = SEVERITY_CRITICAL,
     .tell = tell_methods},
    {.id = "should-retry-true",
     .title = "400, x-should-retry: true",
     .group = GROUP_CLASSIFICATION,
     .severity = SEVERITY_HIGH,
     .tell = tell_marker,
     .answer = MARKED(400, "true"),
     .requirements = "S0-34"},
    {.id = "should-retry-false",
     .title = "503, x-should-retry: false",
     .group = GROUP_CLASSIFICATION,
     .severity = SEVERITY_HIGH,
     .tell = tell_marker,
     .answer = MARKED(503, "false"),
     .requirements = "S0-34"},
    {.id = "should-retry-case",
     .of = "should-retry-false",
     .title = "503, x-should-retry: FALSE",
     .group = GROUP_CLASSIFICATION,
     .severity = SEVERITY_HIGH,
     .tell = tell_marker,
     .answer = MARKED(503, "FALSE")},
    {.id = "category-user",
     .title = "503, body category user",
     .group = GROUP_CLASSIFICATION,
     .severity = SEVERITY_HIGH,
     .tell = tell_marker,
     .answer = CATEGORY(503, "user"),
     .requirements = "S1-29, S1-78"},
    {.id = "category-server",
     .title = "408, body category server",
     .group = GROUP_CLASSIFICATION,
     .severity = SEVERITY_HIGH,
     .tell = tell_marker,
     .answer = CATEGORY(408, "server"),
     .requirements = "S1-78"},
    {.id = "category-410",
     .title = "410, body category server",
     .group = GROUP_CLASSIFICATION,
     .severity = SEVERITY_HIGH,
     .tell = tell_marker,
     .answer = CATEGORY(410, "server"),
     .requirements = "S1-77"},
    {.id = "dropped-reason",
     .title = "429, dropped as its time was over",
     .group = GROUP_CLASSIFICATION,
     .severity = SEVERITY_HIGH,
     .tell = tell_marker,
     .answer = {.status = 429,
                .header = "x-llm-d-request-dropped-reason",
                .value = "rejected-ttl-expired"}},
};

const struct aspect_table classification_aspects = {items, sizeof items /
                                                               sizeof items[0]};
