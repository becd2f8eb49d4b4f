/* Goal: TAP, Markdown, GitHub's commands and the badge say what the verdicts
 * say, whatever bytes titles, errors and client output hold. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>
#include <cmocka.h>

#include "model/baseline.h"
#include "model/units.h"
#include "reports/counts.h"
#include "reports/escape.h"
#include "reports/report.h"

static struct rule ra1 = {.id = "RA-1", .title = "wait", .level = LEVEL_MUST};
static struct rule ra2 = {.id = "RA-2", .title = "be", .level = LEVEL_SHOULD};
static struct rule out1 = {.id = "OUT-1", .title = "tell", .level = LEVEL_MUST};
static struct scenario scenario = {.id = "t/one",
                                   .title = "a | b # c \\ d <e> `f` ::g",
                                   .file = "dir,1/a:b%.jsonc"};
static const char hostile[] = "x|y<z>&]]>`'\"\\\n::error::%0A#\x01\xff @all";

struct fixture {
    struct verdict verdicts[4];
    struct scenario_report report;
    struct scenario_report *reports[1];
    struct run_report run;
};

static struct fixture *stage(void)
{
    struct fixture *stage = calloc(1, sizeof *stage);
    assert_non_null(stage);
    stage->verdicts[0] = (struct verdict){.rule = &ra1,
                                          .word = VERDICT_FAIL,
                                          .expected = "gap >= 2 s",
                                          .observed = hostile,
                                          .source = "RFC 9110"};
    stage->verdicts[1] = (struct verdict){.rule = &ra2,
                                          .word = VERDICT_WARN,
                                          .level = LEVEL_SHOULD,
                                          .expected = "e",
                                          .observed = "o"};
    stage->verdicts[2] = (struct verdict){
        .rule = &out1, .word = VERDICT_NA, .reason = "no | results"};
    stage->verdicts[3] = (struct verdict){.rule = &out1, .word = VERDICT_PASS};
    stage->report = (struct scenario_report){.scenario = &scenario,
                                             .verdicts = stage->verdicts,
                                             .verdict_count = 4,
                                             .client_detail = ""};
    stage->reports[0] = &stage->report;
    stage->run = (struct run_report){.profile = "p",
                                     .version = "1",
                                     .scenarios = stage->reports,
                                     .count = 1};
    return stage;
}

typedef bool format(const struct run_report *run, FILE *out);

static char *captured(const struct fixture *stage, format *write)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    assert_true(write(&stage->run, out));
    fclose(out);
    return text;
}

static void expect(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("missing:\n%s\nin:\n%s", part, text);
}

static void tap_has_a_point_a_check(void **state)
{
    (void)state;
    struct fixture *at = stage();
    char *text = captured(at, report_tap);
    expect(text, "TAP version 14\n1..4\n");
    expect(text, "# scenario: a | b \\# c \\\\ d <e> `f` ::g\n");
    expect(text, "not ok 1 - t/one RA-1 wait\n  ---\n  verdict: \"fail\"\n");
    expect(text, "  observed: \"x|y<z>&]]>`'\\\"\\\\\\n::error::%0A#\\u0001"
                 "\xEF\xBF\xBD @all\"\n  spec: \"RFC 9110\"\n  ...\n");
    expect(text, "not ok 2 - t/one RA-2 be # TODO SHOULD, not MUST\n");
    expect(text, "ok 3 - t/one OUT-1 tell # SKIP no | results\nok 4 - ");
    free(text);
    at->run.strict = true;
    text = captured(at, report_tap);
    expect(text, "not ok 2 - t/one RA-2 be\n");
    free(text);
    free(at);
}

static void tap_tells_of_the_client_and_of_an_early_end(void **state)
{
    (void)state;
    struct fixture *at = stage();
    at->report.client_fault = CLIENT_CRASHED;
    at->report.client_detail = "exit code 3\n# not a comment";
    at->run.interrupted = true;
    char *text = captured(at, report_tap);
    expect(text, "1..5\n");
    expect(text, "not ok 1 - t/one client under test\n  ---\n"
                 "  client: \"crashed\"\n"
                 "  detail: \"exit code 3\\n# not a comment\"\n  ...\n");
    expect(text, "\nBail out! interrupted\n");
    free(text);
    at->report.client_fault = CLIENT_SKIPPED;
    text = captured(at, report_tap);
    expect(text, "\nok 1 - t/one client under test # SKIP ");
    free(text);
    free(at);
}

static void a_table_stays_a_table(void **state)
{
    (void)state;
    struct fixture *at = stage();
    char *text = captured(at, report_markdown);
    expect(text, "### retryspec: 0 of 1 scenarios conform (p)\n");
    expect(text, "| **FAIL** | t/one | RA-1 MUST | gap &gt;= 2 s | "
                 "x&#124;y&lt;z&gt;&amp;\\]\\]&gt;\\`'\"\\\\ "
                 "::error::%0A\\#\xEF\xBF\xBD &#64;all |");
    expect(text, "| WARN | t/one | RA-2 SHOULD | e | o |");
    expect(text, "| n/a | t/one | OUT-1 MUST | no &#124; results |\n");
    free(text);
    free(at);
}

static void a_command_in_markdown_keeps_its_backquotes(void **state)
{
    (void)state;
    static const char *const argv[] = {"a``b", NULL};
    struct fixture *at = stage();
    at->run.argv = argv;
    char *text = captured(at, report_markdown);
    expect(text, "-- 'a``b' ```\n");
    free(text);
    free(at);
}

static void commands_of_github_are_one_line_each(void **state)
{
    (void)state;
    struct fixture *at = stage();
    char *text = captured(at, report_github);
    expect(text, "::error file=dir%2C1/a%3Ab%25.jsonc,title=RA-1 t/one::wait"
                 "%0Aexpected gap >= 2 s%0Aobserved x|y<z>&]]>`'\"\\%0A::error"
                 "::%250A#\xEF\xBF\xBD @all\n"
                 "::warning file=dir%2C1/a%3Ab%25.jsonc,title=RA-2 t/one::be");
    size_t lines = 0;
    for (const char *c = text; *c; c++)
        lines += *c == '\n';
    assert_int_equal(lines, 2);
    free(text);
    free(at);
}

static void github_shows_nine_and_counts_the_others(void **state)
{
    (void)state;
    struct fixture *at = stage();
    struct verdict many[12];
    for (size_t i = 0; i < 12; i++)
        many[i] = at->verdicts[0];
    at->report.verdicts = many;
    at->report.verdict_count = 12;
    char *text = captured(at, report_github);
    expect(text, "::error title=retryspec::and 3 more\n");
    size_t count = 0;
    for (const char *c = text; (c = strstr(c, "title=RA-1")); c++)
        count++;
    assert_int_equal(count, 9);
    free(text);
    free(at);
}

static const char *badge_part(const struct fixture *at, const char *key,
                              char room[64])
{
    char *text = captured(at, report_badge);
    cJSON *badge = cJSON_Parse(text);
    assert_non_null(badge);
    assert_int_equal(cJSON_GetObjectItem(badge, "schemaVersion")->valueint, 1);
    snprintf(room, 64, "%s", cJSON_GetObjectItem(badge, key)->valuestring);
    cJSON_Delete(badge);
    free(text);
    return room;
}

static void the_badge_follows_the_exit_code(void **state)
{
    (void)state;
    char room[64];
    struct fixture *at = stage();
    assert_string_equal(badge_part(at, "color", room), "red");
    assert_string_equal(badge_part(at, "message", room), "0 of 1 conform");
    at->verdicts[0].word = VERDICT_PASS;
    assert_string_equal(badge_part(at, "color", room), "brightgreen");
    assert_string_equal(badge_part(at, "message", room), "1 of 1 conform");
    at->verdicts[0].word = VERDICT_INCONCLUSIVE;
    assert_string_equal(badge_part(at, "color", room), "yellow");
    at->verdicts[0].word = VERDICT_NOT_EXERCISED;
    assert_string_equal(badge_part(at, "message", room), "not judged");
    at->run.interrupted = true;
    assert_string_equal(badge_part(at, "message", room), "interrupted");
    free(at);
}

static void what_is_known_is_no_failure(void **state)
{
    (void)state;
    struct fixture *at = stage();
    at->verdicts[0].known = KNOWN_FAILURE;
    at->verdicts[0].known_line = 4;
    at->verdicts[0].known_reason = "issue #412";
    char *text = captured(at, report_tap);
    expect(text, "not ok 1 - t/one RA-1 wait # TODO known failure (baseline "
                 "line 4): issue \\#412\n");
    free(text);
    text = captured(at, report_junit);
    expect(text, "failures=\"0\" errors=\"0\" skipped=\"2\"");
    expect(text, "<skipped message=\"known failure (baseline line 4): issue "
                 "#412\">");
    free(text);
    assert_string_equal(badge_part(at, "message", (char[64]){0}),
                        "1 of 1 conform, 1 known failure");
    at->verdicts[0].word = VERDICT_PASS;
    at->verdicts[0].known = KNOWN_STALE;
    text = captured(at, report_junit);
    expect(text, "<failure message=\"listed as a failure, but does not fail");
    free(text);
    text = captured(at, report_github);
    expect(text, "::error file=");
    free(text);
    free(at);
}

static void no_byte_of_text_breaks_utf8(void **state)
{
    (void)state;
    static const struct {
        const char *in, *out;
    } cases[] = {
        {"\xC3\xA4", "\xC3\xA4"},
        {"\xF0\x9F\x98\x80", "\xF0\x9F\x98\x80"},
        {"\xC0\xAF", "\xEF\xBF\xBD\xEF\xBF\xBD"}, /* overlong */
        {"\xED\xA0\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},
        {"\xE2\x82", "\xEF\xBF\xBD\xEF\xBF\xBD"}, /* cut */
        {"\xF5\x80\x80\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"
                             "\xEF\xBF\xBD"},
        {"a\xFFz", "a\xEF\xBF\xBDz"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *clean = escape_utf8(cases[i].in);
        assert_string_equal(clean, cases[i].out);
        free(clean);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tap_has_a_point_a_check),
        cmocka_unit_test(tap_tells_of_the_client_and_of_an_early_end),
        cmocka_unit_test(a_table_stays_a_table),
        cmocka_unit_test(a_command_in_markdown_keeps_its_backquotes),
        cmocka_unit_test(commands_of_github_are_one_line_each),
        cmocka_unit_test(github_shows_nine_and_counts_the_others),
        cmocka_unit_test(the_badge_follows_the_exit_code),
        cmocka_unit_test(what_is_known_is_no_failure),
        cmocka_unit_test(no_byte_of_text_breaks_utf8),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
