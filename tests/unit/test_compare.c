/* Two policies row by row: nothing differs from itself, and every aspect sees
 * the one change that is its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "compare/compare.h"
#include "model/embedded.h"

/* A layer with one rule; the changes replace a part of it. */
static const char base_layer[] =
    "{\"name\":\"l\","
    "\"budget\":{\"attempts\":5},"
    "\"attempt_timeout\":{\"limit\":\"20s\"},"
    "\"slots\":{\"limit\":10,\"scope\":\"client\"},"
    "\"progress\":{\"timeout\":\"10min\"},"
    "\"rate_limiter\":{\"scope\":\"holder\"},"
    "\"rules\":["
    "{\"on\":{\"status\":[\"429\"]},\"do\":\"retry\","
    "\"closes_limiter\":true,"
    "\"backoff\":{\"schedule\":\"constant\",\"base\":\"1s\"},"
    "\"retry_after\":{\"read\":[{\"header\":\"Retry-After\",\"as\":"
    "[\"seconds\",\"http-date\"]}],\"limit\":\"60s\","
    "\"above_limit\":\"own-delay\"}},"
    "{\"on\":{\"status\":[\"408\",\"500-599\"],\"transport\":[\"any\"]},"
    "\"do\":\"retry\","
    "\"backoff\":{\"schedule\":\"exponential\",\"base\":\"500ms\","
    "\"factor\":2,\"cap\":\"10s\",\"jitter\":{\"symmetric\":0.25},"
    "\"clip\":true},\"retry_after\":\"ignored\"}]}";
static const char base_rest[] =
    ",\"headers\":{\"idempotency_key\":{\"name\":\"k\"}}";

enum { TEXT_MAX = 8192 };

static struct profile *read_text(const char *text)
{
    struct error error = {0};
    struct profile *profile =
        profile_read("test.jsonc", text, strlen(text), &error);
    if (!profile) {
        error_print(&error, stderr);
        fail();
    }
    return profile;
}

static void write_base(char text[TEXT_MAX])
{
    snprintf(text, TEXT_MAX,
             "{\"retryspec\":1,\"profile\":\"t\",\"title\":\"t\","
             "\"source\":\"test\",\"layers\":[%s]%s}",
             base_layer, base_rest);
}

/* Puts `to` in the place of `from`. */
static void replace(char text[TEXT_MAX], const char *from, const char *to)
{
    char out[TEXT_MAX];
    const char *at = strstr(text, from);
    if (!at) {
        print_error("the base has no %s\n", from);
        fail();
    }
    snprintf(out, sizeof out, "%.*s%s%s", (int)(at - text), text, to,
             at + strlen(from));
    memcpy(text, out, sizeof out);
}

static struct comparison *compare(const struct profile *a,
                                  const struct profile *b)
{
    struct error error = {0};
    struct comparison *comparison = compare_run(a, b, NULL, &error);
    if (!comparison) {
        error_print(&error, stderr);
        fail();
    }
    return comparison;
}

static bool differs(const struct compare_row *row)
{
    return compare_counts(row->verdict) && row->verdict != ROW_SAME;
}

/* -- one change, and the aspects that must see it -------------------------- */

static const struct change {
    const char *from, *to;
    const char *aspects;    /* all that may differ; the first one must */
    enum severity severity; /* of the first */
} changes[] = {
    /* S1-87 S1-02 S1-23 */
    {"\"attempts\":5", "\"attempts\":6",
     "attempts give-up-503 give-up-429 delays mean-delays", SEVERITY_CRITICAL},
    /* S1-08 */
    {"\"name\":\"l\",", "\"name\":\"l\",\"enabled\":false,", "enabled *",
     SEVERITY_CRITICAL},
    {"\"limit\":\"20s\"", "\"limit\":\"25s\"", "attempt-timeout hang",
     SEVERITY_HIGH},
    /* S1-84, S1-43: without its limit the attempt lasts for ever */
    {"\"attempt_timeout\":{\"limit\":\"20s\"},", "",
     "hang attempt-timeout slow-success slow-failure slower-failure",
     SEVERITY_CRITICAL},
    {"\"limit\":\"20s\"", "\"limit\":\"20s\",\"kind\":\"inactivity\"",
     "attempt-timeout", SEVERITY_HIGH},
    {"\"name\":\"l\",", "\"name\":\"l\",\"call_timeout\":\"3s\",",
     "call-timeout give-up-503 give-up-429 hang slow-success slow-failure "
     "slower-failure delays mean-delays",
     SEVERITY_HIGH},
    {"\"attempts\":5", "\"attempts\":5,\"elapsed\":\"1h\"", "elapsed",
     SEVERITY_HIGH},
    /* S1-92, S0-48, S0-57 */
    {"\"limit\":10,", "\"limit\":11,", "slots in-flight", SEVERITY_CRITICAL},
    /* S1-69 */
    {"\"scope\":\"client\"}", "\"scope\":\"handler\"}", "slot-scope",
     SEVERITY_HIGH},
    /* S1-18 */
    {"\"scope\":\"client\"}", "\"scope\":\"client\",\"held\":\"attempt\"}",
     "slot-held", SEVERITY_HIGH},
    {"\"scope\":\"client\"}",
     "\"scope\":\"client\",\"throttled\":{\"limit\":3,\"window\":\"10s\"}}",
     "throttled", SEVERITY_HIGH},
    {"\"scope\":\"client\"}", "\"scope\":\"client\",\"bytes\":{\"limit\":500}}",
     "bytes", SEVERITY_HIGH},
    {"\"scope\":\"client\"}",
     "\"scope\":\"client\",\"ask_again\":{\"schedule\":\"constant\","
     "\"base\":\"2ms\"}}",
     "ask-again", SEVERITY_LOW},
    /* S1-100, S1-67, S1-14 */
    {",\"headers\"", ",\"handler_cache\":100,\"headers\"", "handler-cache",
     SEVERITY_LOW},
    /* S1-91, S0-49, S1-06 */
    {"\"10min\"", "\"20min\"", "progress", SEVERITY_CRITICAL},
    /* S0-56, S1-97 */
    {"\"progress\":{\"timeout\":\"10min\"},", "", "progress",
     SEVERITY_CRITICAL},
    /* S1-45 */
    {"\"10min\"}", "\"10min\",\"aborts_attempt\":true}", "progress-aborts",
     SEVERITY_CRITICAL},
    /* S1-48 */
    {"\"10min\"}", "\"10min\",\"clock\":\"call\"}", "progress-clock",
     SEVERITY_HIGH},
    {"\"10min\"}", "\"10min\",\"tested_at_first\":true}", "progress-first",
     SEVERITY_LOW},
    /* S1-50 */
    {"\"10min\"}", "\"10min\",\"resets_when_idle\":true}", "progress-idle",
     SEVERITY_LOW},
    /* S1-53, S1-57 */
    {"\"scope\":\"holder\"", "\"scope\":\"url-and-key\"", "limiter-scope",
     SEVERITY_HIGH},
    /* S1-54 */
    {"\"scope\":\"holder\"", "\"scope\":\"holder\",\"poll\":\"100ms\"",
     "limiter-poll", SEVERITY_LOW},
    /* S1-56 */
    {"\"scope\":\"holder\"", "\"scope\":\"holder\",\"clears_on_success\":true",
     "limiter-clears", SEVERITY_HIGH},
    {"\"scope\":\"holder\"",
     "\"scope\":\"holder\",\"per_second\":1000,\"burst\":2", "pace *",
     SEVERITY_HIGH},
    /* S1-55 */
    {"\"base\":\"1s\"", "\"base\":\"2s\"",
     "limiter-window limiter-large give-up-429 delay-429 retry-after-*",
     SEVERITY_HIGH},
    /* S0-52, S1-52, S1-98: 429 is left to the caller */
    {"\"on\":{\"status\":[\"429\"]},\"do\":\"retry\",",
     "\"on\":{\"status\":[\"429\"]},\"do\":\"fail\",",
     "tries-429 statuses give-up-429 delay-429 retry-after "
     "dropped-reason retry-after-*",
     SEVERITY_CRITICAL},
    /* S1-27, S0-50, S0-59 */
    {"\"408\",", "\"408\",\"409\",", "statuses", SEVERITY_CRITICAL},
    {"{\"on\":{\"status\":[\"408\"",
     "{\"on\":{\"status\":[\"201\"]},\"do\":\"fail\"},"
     "{\"on\":{\"status\":[\"408\"",
     "successes", SEVERITY_CRITICAL},
    {"\"transport\":[\"any\"]", "\"transport\":[\"refused\",\"timeout\"]",
     "transport", SEVERITY_CRITICAL},
    {"\"transport\":[\"any\"]",
     "\"transport\":[\"any\"],\"methods\":[\"POST\",\"GET\"]", "methods",
     SEVERITY_CRITICAL},
    /* S0-34 */
    {"\"rules\":[",
     "\"rules\":[{\"on\":{\"header\":{\"name\":\"x-should-retry\",\"value\":"
     "\"false\"}},\"do\":\"fail\"},",
     "should-retry-false", SEVERITY_CRITICAL},
    {"\"rules\":[",
     "\"rules\":[{\"on\":{\"status\":[\"400\"],\"header\":{\"name\":"
     "\"x-should-retry\",\"value\":\"true\"}},\"do\":\"retry\",\"backoff\":"
     "{\"schedule\":\"none\"}},",
     "should-retry-true", SEVERITY_CRITICAL},
    /* S1-29, S1-78 */
    {"\"rules\":[",
     "\"rules\":[{\"on\":{\"body\":{\"pointer\":\"/category\",\"value\":"
     "\"user\"}},\"do\":\"fail\"},",
     "category-user", SEVERITY_CRITICAL},
    /* S1-77 */
    {"\"rules\":[",
     "\"rules\":[{\"on\":{\"status\":[\"410\"],\"body\":{\"pointer\":"
     "\"/category\",\"value\":\"server\"}},\"do\":\"retry\",\"backoff\":"
     "{\"schedule\":\"none\"}},",
     "category-410", SEVERITY_CRITICAL},
    /* S1-88, S0-47, S1-03 */
    {"\"base\":\"500ms\"", "\"base\":\"600ms\"",
     "base-delay first-delay delays mean-delays delay-refused give-up-503 "
     "retry-after-503",
     SEVERITY_HIGH},
    /* S1-94, S1-30 */
    {"\"factor\":2", "\"factor\":3", "growth delays mean-delays give-up-503",
     SEVERITY_HIGH},
    /* S1-89, S1-04 */
    {"\"cap\":\"10s\"", "\"cap\":\"8s\"", "longest-delay", SEVERITY_HIGH},
    /* S1-90, S1-95, S1-05, S1-32, S1-33 */
    {"{\"symmetric\":0.25}", "{\"down\":0.25}",
     "jitter first-delay delays mean-delays delay-refused give-up-503 at-cap "
     "retry-after-503",
     SEVERITY_HIGH},
    /* S1-85: a jitter that takes the place of the delay */
    {"{\"symmetric\":0.25}", "\"full\"",
     "at-once jitter first-delay delays mean-delays delay-refused give-up-503 "
     "at-cap",
     SEVERITY_CRITICAL},
    /* S1-31 */
    {"\"clip\":true", "\"clip\":false", "over-cap longest-delay at-cap",
     SEVERITY_LOW},
    /* C-09: which headers are read */
    {"\"limit\":\"60s\"", "\"limit\":\"30s\"", "retry-after-60", SEVERITY_HIGH},
    {"\"above_limit\":\"own-delay\"", "\"above_limit\":\"give-up\"",
     "retry-after-61 retry-after-day", SEVERITY_CRITICAL},
    {"\"above_limit\":\"own-delay\"", "\"above_limit\":\"never\"",
     "retry-after-day retry-after-61", SEVERITY_CRITICAL},
    {"\"limit\":\"60s\"", "\"limit\":\"60s\",\"zero\":\"own-delay\"",
     "retry-after-zero", SEVERITY_HIGH},
    {"\"limit\":\"60s\"", "\"limit\":\"60s\",\"past\":\"own-delay\"",
     "retry-after-past", SEVERITY_HIGH},
    {"\"limit\":\"60s\"", "\"limit\":\"60s\",\"duplicates\":\"last\"",
     "retry-after-twice", SEVERITY_HIGH},
    {"\"seconds\"", "\"seconds-float\"", "retry-after-fraction", SEVERITY_HIGH},
    {"\"seconds\"", "\"seconds-prefix\"",
     "retry-after-unit retry-after-fraction", SEVERITY_HIGH},
    {",\"http-date\"", "", "retry-after-future retry-after-past",
     SEVERITY_HIGH},
    {"\"read\":[", "\"read\":[{\"header\":\"retry-after-ms\",\"as\":[\"ms\"]},",
     "retry-after-ms retry-after-ms-zero retry-after-both", SEVERITY_HIGH},
    {"\"read\":[", "\"read\":[{\"body\":\"/retry_after_ms\",\"as\":[\"ms\"]},",
     "retry-after-body", SEVERITY_HIGH},
    {"\"retry_after\":\"ignored\"",
     "\"retry_after\":{\"read\":[{\"header\":\"Retry-After\",\"as\":"
     "[\"seconds\"]}]}",
     "retry-after-503", SEVERITY_HIGH},
    {"\"rules\":[",
     "\"rules\":[{\"on\":{\"header\":{\"name\":\"x-should-retry\",\"value\":"
     "\"FALSE\"}},\"do\":\"fail\"},",
     "should-retry-case", SEVERITY_CRITICAL},
    {"\"rules\":[",
     "\"rules\":[{\"on\":{\"status\":[\"408\"],\"body\":{\"pointer\":"
     "\"/category\",\"value\":\"server\"}},\"do\":\"fail\"},",
     "category-server", SEVERITY_CRITICAL},
    {"\"rules\":[",
     "\"rules\":[{\"on\":{\"status\":[\"429\"],\"header\":{\"name\":"
     "\"x-llm-d-request-dropped-reason\"}},\"do\":\"fail\"},",
     "dropped-reason", SEVERITY_CRITICAL},
    {"\"limit\":\"60s\"", "\"limit\":\"60s\",\"default\":\"3s\"",
     "retry-after-none retry-after-* delay-429 limiter-window limiter-large "
     "give-up-429",
     SEVERITY_HIGH},
    {"\"limit\":\"60s\"", "\"limit\":\"60s\",\"unparseable\":\"give-up\"",
     "retry-after-nan retry-after-inf retry-after-word retry-after-empty "
     "retry-after-unit retry-after-fraction retry-after-negative",
     SEVERITY_CRITICAL},
    {"\"Retry-After\"", "\"retry-after-ms\"",
     "retry-after-bad-ms retry-after* limiter-header", SEVERITY_HIGH},
    {"\"Retry-After\"", "\"x-other\"", "limiter-header retry-after*",
     SEVERITY_HIGH},
    {"\"attempts\":5",
     "\"attempts\":5,\"tokens\":{\"capacity\":500,\"cost\":5}", "tokens",
     SEVERITY_CRITICAL},
    {"\"name\":\"l\",",
     "\"name\":\"l\",\"breaker\":{\"failures\":100,\"reset\":\"30s\"},",
     "breaker", SEVERITY_CRITICAL},
    {"\"attempts\":5",
     "\"attempts\":5,\"ratio\":{\"share\":0.1,\"window\":\"10s\"}",
     "retry-budget", SEVERITY_CRITICAL},
    {"\"name\":\"l\",",
     "\"name\":\"l\",\"throttle\":{\"k\":0,\"window\":\"1s\",\"rejected\":["
     "\"503\"]},",
     "throttle", SEVERITY_CRITICAL},
    /* S1-62 */
    {"\"headers\":{", "\"headers\":{\"retry_count\":{\"name\":\"x-n\"},",
     "retry-count", SEVERITY_LOW},
    {"\"headers\":{", "\"headers\":{\"call_id\":{\"name\":\"x-c\"},", "call-id",
     SEVERITY_LOW},
    {"{\"name\":\"k\"}", "{\"name\":\"k\",\"scope\":\"attempt\"}",
     "idempotency-key", SEVERITY_HIGH},
    {",\"headers\"", ",\"resend\":{\"on_stale_connection\":true},\"headers\"",
     "resend", SEVERITY_HIGH},
    {",\"headers\"", ",\"resumes_with_range\":true,\"headers\"", "range",
     SEVERITY_LOW},
    {",\"headers\"", ",\"follow_up\":\"POST /later\",\"headers\"",
     "follow-up *", SEVERITY_HIGH},
    {",\"headers\"",
     ",\"queue_state\":{\"state\":\"/s\",\"debounce\":\"60s\"},\"headers\"",
     "queue-notices", SEVERITY_LOW},
};

/* Changes that show only beside one that both have. */
static const struct paired_change {
    const char *from, *to;
    struct change change;
} paired_changes[] = {
    /* S1-34: where nothing ends the call before */
    {"\"budget\":{\"attempts\":5},\"attempt_timeout\":{\"limit\":\"20s\"},"
     "\"slots\":{\"limit\":10,\"scope\":\"client\"},"
     "\"progress\":{\"timeout\":\"10min\"},",
     "",
     {"\"clip\":true", "\"clip\":true,\"overflow\":\"raise\"",
      "overflow give-up-503", SEVERITY_CRITICAL}},
    {"\"attempts\":5",
     "\"attempts\":\"unlimited\"",
     {"\"clip\":true", "\"clip\":true,\"overflow\":\"raise\"", "overflow",
      SEVERITY_LOW}},
    {"\"seconds\"",
     "\"seconds-float\"",
     {"\"limit\":\"60s\"", "\"limit\":\"60s\",\"negative\":\"raise\"",
      "retry-after-negative", SEVERITY_CRITICAL}},
    {"\"read\":[",
     "\"read\":[{\"header\":\"retry-after-ms\",\"as\":[\"ms\"]},",
     {"\"above_limit\":\"own-delay\"", "\"above_limit\":\"clamp\"",
      "retry-after-ms-61s retry-after-61 retry-after-day", SEVERITY_HIGH}},
};

/* Is `word` in the list? A word that ends in * stands for all that begin so. */
static bool is_listed(const char *list, const char *word)
{
    while (*list) {
        size_t length = strcspn(list, " ");
        bool is_stem = list[length - 1] == '*';
        if (is_stem
                ? strncmp(list, word, length - 1) == 0
                : strlen(word) == length && strncmp(list, word, length) == 0)
            return true;
        list += length;
        list += strspn(list, " ");
    }
    return false;
}

/* How many aspects differ that should not, or the other way round. */
static int problems_of(const struct change *change,
                       const struct compare_part *part)
{
    int problems = 0;
    for (size_t i = 0; i < part->count; i++) {
        const struct compare_row *row = &part->rows[i];
        const char *id = compare_describe(row->aspect).id;
        bool is_first = is_listed(change->aspects, id) &&
                        strncmp(change->aspects, id, strlen(id)) == 0 &&
                        strcspn(change->aspects, " ") == strlen(id);
        bool is_right = is_first
                            ? differs(row) && row->severity == change->severity
                            : !differs(row) || is_listed(change->aspects, id);
        if (!is_right)
            print_error("%s -> %s: %s is \"%s\" and \"%s\", %s\n", change->from,
                        change->to, id, row->a.words, row->b.words,
                        severity_words[row->severity]);
        problems += !is_right;
    }
    return problems;
}

/* Aspects that some change made different. */
static const char *seen[256];
static size_t seen_count;

static bool is_seen(const char *id)
{
    for (size_t i = 0; i < seen_count; i++) {
        if (strcmp(seen[i], id) == 0)
            return true;
    }
    return false;
}

static void see(const struct compare_part *part)
{
    for (size_t i = 0; i < part->count; i++) {
        const char *id = compare_describe(part->rows[i].aspect).id;
        if (differs(&part->rows[i]) && !is_seen(id))
            seen[seen_count++] = id;
    }
}

static int check_change(char text[TEXT_MAX], const struct change *change)
{
    struct profile *a = read_text(text);
    replace(text, change->from, change->to);
    struct profile *b = read_text(text);
    struct comparison *comparison = compare(a, b);
    assert_int_equal(comparison->part_count, 1);
    int problems = problems_of(change, &comparison->parts[0]);
    problems += compare_percent(compare_score(comparison)) >= 100;
    see(&comparison->parts[0]);
    compare_free(comparison);
    profile_free(a);
    profile_free(b);
    return problems;
}

static void test_each_aspect_sees_its_change(void **state)
{
    char text[TEXT_MAX];
    int problems = 0;
    (void)state;
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        write_base(text);
        problems += check_change(text, &changes[i]);
    }
    for (size_t i = 0; i < sizeof paired_changes / sizeof paired_changes[0];
         i++) {
        write_base(text);
        replace(text, paired_changes[i].from, paired_changes[i].to);
        problems += check_change(text, &paired_changes[i].change);
    }
    assert_int_equal(problems, 0);
}

/* No row is there that never differs. */
static void test_each_aspect_has_a_change(void **state)
{
    char text[TEXT_MAX];
    write_base(text);
    struct profile *profile = read_text(text);
    struct comparison *comparison = compare(profile, profile);
    int problems = 0;
    (void)state;
    for (size_t i = 0; i < comparison->parts[0].count; i++) {
        const char *id =
            compare_describe(comparison->parts[0].rows[i].aspect).id;
        if (!is_seen(id))
            print_error("no change shows %s\n", id);
        problems += !is_seen(id);
    }
    assert_int_equal(problems, 0);
    compare_free(comparison);
    profile_free(profile);
}

static bool is_profile(const struct embedded_file *file)
{
    return strncmp(file->name, "profiles/", strlen("profiles/")) == 0;
}

/* S1-103: the score is counted, 100 % of the rows of equal policies. */
static void test_a_profile_is_the_same_as_itself(void **state)
{
    int count = 0;
    (void)state;
    for (size_t i = 0; embedded_files[i].name; i++) {
        if (!is_profile(&embedded_files[i]))
            continue;
        struct error error = {0};
        struct profile *profile =
            profile_read(embedded_files[i].name, embedded_files[i].bytes,
                         embedded_files[i].size, &error);
        assert_non_null(profile);
        struct comparison *comparison = compare(profile, profile);
        struct compare_score score = compare_score(comparison);
        assert_true(score.rows > 10);
        assert_int_equal(score.same, score.rows);
        assert_true(compare_percent(score) == 100);
        compare_free(comparison);
        profile_free(profile);
        count++;
    }
    assert_true(count > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_aspect_sees_its_change),
        cmocka_unit_test(test_each_aspect_has_a_change),
        cmocka_unit_test(test_a_profile_is_the_same_as_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
