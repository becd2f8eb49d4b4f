/* What Retry-After and its relatives do, form by form. */
#include "compare/aspect.h"
#include "model/units.h"

static bool is_from_header(const struct probe *probe)
{
    return probe->action.law.has_header;
}

/* Does the policy read such headers at all, on a status? */
static bool reads_headers(const struct question *question, int status)
{
    static const struct answer forms[] = {
        {.header = "Retry-After", .value = "2"},
        {.header = "retry-after-ms", .value = "2"},
        {.header = "Retry-After", .value = "Thu, 01 Jan 2026 00:00:30 GMT"},
    };
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        struct answer answer = forms[i];
        answer.status = status;
        struct probe probe;
        probe_once(&probe, question->subject, &answer);
        if (probe_is_waiting(&probe) && is_from_header(&probe))
            return true;
    }
    return false;
}

static void tell_wait(const struct probe *probe, struct words *words)
{
    if (!is_from_header(probe)) {
        words_add(words, "own wait");
        return;
    }
    struct delay_range range = backoff_range(&probe->action.law);
    if (range.max_ns == 0)
        words_add(words, "at once");
    else
        words_range(words, range);
}

static void tell_form(const struct question *question, struct words *words)
{
    const struct answer *answer = &question->aspect->answer;
    if (!reads_headers(question, answer->status)) {
        words_absent(words, "not read");
        return;
    }
    struct probe probe;
    probe_once(&probe, question->subject, answer);
    words->fate = probe_fate(&probe);
    if (probe_is_waiting(&probe))
        tell_wait(&probe, words);
    else if (words->fate == FATE_HANGS)
        words_add(words, "the call hangs");
    else
        words_add(words, "the call fails");
}

/* The first wait after an answer, as it is with and without the body. */
static void tell_body(const struct question *question, struct words *words)
{
    struct answer plain = question->aspect->answer;
    struct probe with, without;
    plain.body = NULL;
    probe_once(&with, question->subject, &question->aspect->answer);
    probe_once(&without, question->subject, &plain);
    bool is_read = probe_is_waiting(&with) && is_from_header(&with) &&
                   with.action.delay_ns != without.action.delay_ns;
    if (is_read)
        tell_wait(&with, words);
    else
        words_absent(words, "not read");
}

#define FORM(id_, title_, value_)                                              \
    {                                                                          \
        .id = "retry-after-" id_, .title = "429, " title_,                     \
        .of = "retry-after", .group = GROUP_RETRY_AFTER,                       \
        .severity = SEVERITY_HIGH, .tell = tell_form,                          \
        .answer = {.status = 429, .header = "Retry-After", .value = (value_)}, \
    }
#define FORM_MS(id_, title_, value_)                                       \
    {                                                                      \
        .id = "retry-after-ms" id_, .title = "429, " title_,               \
        .of = "retry-after", .group = GROUP_RETRY_AFTER,                   \
        .severity = SEVERITY_HIGH, .tell = tell_form,                      \
        .answer = {                                                        \
            .status = 429, .header = "retry-after-ms", .value = (value_)}, \
    }

static const struct aspect items[] = {
    {.id = "retry-after",
     .title = "429, Retry-After: 2",
     .group = GROUP_RETRY_AFTER,
     .severity = SEVERITY_HIGH,
     .tell = tell_form,
     .answer = {.status = 429, .header = "Retry-After", .value = "2"},
     .requirements = "S0-30, S0-52, S1-55, C-09"},
    {.id = "retry-after-503",
     .of = "retry-after",
     .title = "503, Retry-After: 2",
     .group = GROUP_RETRY_AFTER,
     .severity = SEVERITY_HIGH,
     .tell = tell_form,
     .answer = {.status = 503, .header = "Retry-After", .value = "2"}},
    {.id = "retry-after-none",
     .of = "retry-after",
     .title = "429, no Retry-After",
     .group = GROUP_RETRY_AFTER,
     .severity = SEVERITY_HIGH,
     .tell = tell_form,
     .answer = {.status = 429}},
    FORM("zero", "Retry-After: 0", "0"),
    FORM("fraction", "Retry-After: 1.5", "1.5"),
    FORM("60", "Retry-After: 60", "60"),
    FORM("61", "Retry-After: 61", "61"),
    FORM("day", "Retry-After: 86400", "86400"),
    FORM("negative", "Retry-After: -1", "-1"),
    FORM("word", "Retry-After: abc", "abc"),
    FORM("empty", "Retry-After: (empty)", ""),
    FORM("unit", "Retry-After: 5xyz", "5xyz"),
    FORM("nan", "Retry-After: nan", "nan"),
    FORM("inf", "Retry-After: inf", "inf"),
    FORM("future", "Retry-After: date in 30 s",
         "Thu, 01 Jan 2026 00:00:30 GMT"),
    FORM("past", "Retry-After: date 30 s ago", "Wed, 31 Dec 2025 23:59:30 GMT"),
    FORM_MS("", "retry-after-ms: 250", "250"),
    FORM_MS("-zero", "retry-after-ms: 0", "0"),
    FORM_MS("-61s", "retry-after-ms: 61000", "61000"),
    {.id = "retry-after-both",
     .of = "retry-after",
     .title = "429, both: 250 ms and 2 s",
     .group = GROUP_RETRY_AFTER,
     .severity = SEVERITY_HIGH,
     .tell = tell_form,
     .answer = {.status = 429,
                .header = "retry-after-ms",
                .value = "250",
                .header_2 = "Retry-After",
                .value_2 = "2"}},
    {.id = "retry-after-bad-ms",
     .of = "retry-after",
     .title = "429, both: abc ms and 2 s",
     .group = GROUP_RETRY_AFTER,
     .severity = SEVERITY_HIGH,
     .tell = tell_form,
     .answer = {.status = 429,
                .header = "retry-after-ms",
                .value = "abc",
                .header_2 = "Retry-After",
                .value_2 = "2"}},
    {.id = "retry-after-twice",
     .of = "retry-after",
     .title = "429, Retry-After: 2 and then 3",
     .group = GROUP_RETRY_AFTER,
     .severity = SEVERITY_HIGH,
     .tell = tell_form,
     .answer = {.status = 429,
                .header = "Retry-After",
                .value = "2",
                .header_2 = "Retry-After",
                .value_2 = "3"}},
    {.id = "retry-after-body",
     .title = "429, body retry_after_ms: 250",
     .group = GROUP_RETRY_AFTER,
     .severity = SEVERITY_HIGH,
     .tell = tell_body,
     .answer = {.status = 429, .body = "{\"retry_after_ms\": 250}"},
     .requirements = "S1-55"},
};

const struct aspect_table header_forms_aspects = {items, sizeof items /
                                                             sizeof items[0]};
