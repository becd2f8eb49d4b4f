/* Goal: the page holds what the verdicts say, escaped; pictures of gnuplot
 * become part of it; scripts for gnuplot hold numbers only. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "model/units.h"
#include "reports/html.h"
#include "reports/plots.h"
#include "reports/svg.h"

static struct rule bo1 = {.id = "BO-1", .title = "wait", .level = LEVEL_MUST};
static const char *const tags[] = {"quick", "a&b"};
static struct scenario scenario = {.id = "t/one",
                                   .title = "<script>alert(1)</script>",
                                   .tags = tags,
                                   .tag_count = 2};

/* Two calls, two attempts each, and one that the client left. */
static struct trace_attempt attempts[] = {
    {.id = 1,
     .call = "rs-0-0",
     .head_ns = NS_PER_S,
     .end = END_STATUS,
     .status = 503,
     .last_byte_ns = NS_PER_S,
     .gone_ns = TRACE_NEVER},
    {.id = 2,
     .call = "rs-1-0",
     .head_ns = NS_PER_S,
     .end = END_RESET,
     .last_byte_ns = NS_PER_S,
     .gone_ns = TRACE_NEVER},
    {.id = 3,
     .call = "rs-0-0",
     .head_ns = 2 * NS_PER_S,
     .end = END_STATUS,
     .status = 200,
     .last_byte_ns = 2 * NS_PER_S,
     .gone_ns = TRACE_NEVER},
    {.id = 4,
     .call = "rs-1-0",
     .head_ns = 3 * NS_PER_S,
     .end = END_TIMEOUT,
     .last_byte_ns = TRACE_NEVER,
     .gone_ns = 4 * NS_PER_S},
};
static struct trace_outage outages[] = {
    {.kind = FAULT_REFUSE, .from_ns = NS_PER_S, .to_ns = 2 * NS_PER_S}};
static const struct delay_seen delays[] = {
    {.attempt = 3,
     .call = "rs-0-0",
     .n = 1,
     .delay_ns = NS_PER_S,
     .min_ns = NS_PER_S / 2,
     .max_ns = NS_PER_S,
     .is_kept = true},
    {.attempt = 4,
     .call = "rs-1-0",
     .n = 1,
     .delay_ns = 2 * NS_PER_S,
     .min_ns = NS_PER_S / 2,
     .max_ns = NS_PER_S},
    {.attempt = 4,
     .call = "rs-2-0",
     .n = 2,
     .delay_ns = NS_PER_S,
     .min_ns = NS_PER_S,
     .max_ns = NS_FOREVER,
     .is_kept = true},
    {.attempt = 4,
     .call = "rs-2-0",
     .n = 9,
     .delay_ns = NS_PER_S,
     .min_ns = NS_FOREVER,
     .max_ns = NS_FOREVER},
};

struct fixture {
    struct trace trace;
    struct verdict verdict;
    struct scenario_report report;
    struct scenario_report *reports[1];
    struct run_report run;
};

static struct fixture *stage(void)
{
    static const char *const argv[] = {"sh", "-c", "echo <&>", NULL};
    struct fixture *stage = calloc(1, sizeof *stage);
    assert_non_null(stage);
    for (size_t i = 0; i < 4; i++) {
        attempts[i].method = attempts[i].target = "<x>";
        attempts[i].reason = attempts[i].proof = "";
    }
    stage->trace = (struct trace){.attempts = attempts,
                                  .attempt_count = 4,
                                  .outages = outages,
                                  .outage_count = 1};
    stage->verdict = (struct verdict){.rule = &bo1,
                                      .word = VERDICT_FAIL,
                                      .attempt = 4,
                                      .expected = "a < b",
                                      .observed = "\x01\xff]]>",
                                      .likely = "'\"&"};
    stage->report = (struct scenario_report){.scenario = &scenario,
                                             .trace = &stage->trace,
                                             .verdicts = &stage->verdict,
                                             .verdict_count = 1,
                                             .delays = delays,
                                             .delay_count = 4,
                                             .client_detail = ""};
    stage->reports[0] = &stage->report;
    stage->run = (struct run_report){.profile = "p",
                                     .version = "1",
                                     .argv = argv,
                                     .scenarios = stage->reports,
                                     .count = 1};
    return stage;
}

static char *page(const struct fixture *at,
                  const struct report_pictures *pictures)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    assert_true(report_html(&at->run, pictures, out));
    fclose(out);
    return text;
}

static char *script(const struct fixture *at)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    assert_true(plots_write(&at->run, out));
    fclose(out);
    return text;
}

static void expect(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("missing:\n%s\nin:\n%s", part, text);
}

static void the_page_tells_and_escapes(void **state)
{
    (void)state;
    struct fixture *at = stage();
    char *text = page(at, &(struct report_pictures){.problem = "no <plots>"});
    static const char *const expected[] = {
        "<!DOCTYPE html>",
        "default-src 'none'",
        "Does not conform</span></h1>",
        "0 of 1 scenarios conform, 1 failed. 1 checks.",
        "<p class=\"note\">no &lt;plots&gt;</p>",
        "<code>sh -c &#39;echo &lt;&amp;&gt;&#39;</code>",
        "<details class=\"scenario\" id=\"t/one\" data-end=\"fail\" "
        "data-tags=\"quick a&amp;b\" data-rules=\"BO-1\" data-bad=\"BO-1\" "
        "open>",
        "&lt;script&gt;alert(1)&lt;/script&gt;",
        "<dt>expected</dt><dd>a &lt; b</dd>",
        "<dt>observed</dt><dd>\xEF\xBF\xBD]]&gt;</dd>",
        "<dt>likely</dt><dd>&#39;&quot;&amp;</dd>",
        "<option>a&amp;b</option><option>quick</option>",
        "&lt;x&gt; &lt;x&gt;   conn",
        "retryspec explain BO-1",
        "retryspec run t/one -p p --seed 0 -- sh -c",
    };
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++)
        expect(text, expected[i]);
    assert_null(strstr(text, "alert(1)</script>"));
    assert_null(strstr(text, "http://"));
    assert_null(strstr(text, "https://"));
    free(text);
    free(at);
}

static void passing_scenarios_are_folded(void **state)
{
    (void)state;
    struct fixture *at = stage();
    at->verdict.word = VERDICT_PASS;
    char *text = page(at, &(struct report_pictures){0});
    expect(text, "data-end=\"ok\"");
    expect(text, "data-bad=\"\">\n<summary>");
    expect(text, "PASS</span> BO-1 wait</li>");
    free(text);
    free(at);
}

static void a_client_that_failed_is_told(void **state)
{
    (void)state;
    struct fixture *at = stage();
    at->report.client_fault = CLIENT_CRASHED;
    at->report.client_detail = "stderr: <b>";
    at->report.verdict_count = 0;
    char *text = page(at, &(struct report_pictures){0});
    expect(text, "data-end=\"unjudged\"");
    expect(text, "The client under test crashed: stderr: &lt;b&gt;.");
    free(text);
    free(at);
}

static void the_timeline_has_a_row_a_call(void **state)
{
    (void)state;
    struct fixture *at = stage();
    char *text = script(at);
    expect(text, "set output \"timeline-0.svg\"\n");
    expect(text, "$waits << EOD\n0.000000 1\n1.000000 1\n\n"
                 "0.000000 2\n2.000000 2\n\nEOD\n");
    expect(text, "2.000000 2\n3.000000 2\n\nEOD\n"); /* until it left */
    expect(text, "$ends0 << EOD\n1.000000 1\nEOD\n");
    expect(text, "$ends1 << EOD\n0.000000 1\nEOD\n");
    expect(text, "$ends2 << EOD\n0.000000 2\nEOD\n");
    expect(text, "$ends3 << EOD\n3.000000 2\nEOD\n");
    expect(text, "$faulty << EOD\n2.000000 2\nEOD\n");
    expect(text, "from 0.000000, graph 0 to 1.000000, graph 1");
    expect(text, "set ylabel \"call\"");
    assert_null(strstr(text, "<x>"));
    free(text);
    free(at);
}

static void one_call_has_a_row_an_attempt(void **state)
{
    (void)state;
    struct fixture *at = stage();
    at->trace.attempts = attempts;
    at->trace.attempt_count = 1;
    char *text = script(at);
    expect(text, "set ylabel \"attempt\"");
    expect(text, "$spans << EOD\n0.000000 1\n0.000000 1\n\nEOD\n");
    free(text);
    free(at);
}

static void delays_stand_over_their_law(void **state)
{
    (void)state;
    struct fixture *at = stage();
    char *text = script(at);
    /* The law of both first delays once; without a top, up to the highest. */
    expect(text, "$law << EOD\n1 0.500000 1.000000\n2 1.000000 2.000000\n"
                 "EOD\n");
    expect(text, "$kept << EOD\n0.700 1.000000\n1.800 1.000000\nEOD\n");
    expect(text, "$broken << EOD\n0.750 2.000000\nEOD\n");
    free(text);
    at->report.delays = delays + 3; /* never: nothing to draw */
    at->report.delay_count = 1;
    assert_false(plots_has(&at->report, PLOT_DELAYS));
    at->trace.attempt_count = 0;
    assert_false(plots_has(&at->report, PLOT_TIMELINE));
    free(at);
}

static const char picture[] =
    "<?xml version=\"1.0\"?>\n<svg \n width=\"520\" viewBox=\"0 0 520 300\"\n>"
    "\n<g id=\"gnuplot_canvas\">\n<defs>\n<filter id='textbox'/></defs>\n"
    "<g fill=\"none\" color=\"black\">\n</g>\n"
    "<g fill=\"none\" stroke=\"rgb(  1,   2,   6)\">\n"
    "<g id=\"gnuplot_plot_1\" ><use xlink:href='#gpPt6' color='rgb(  1,   2,   "
    "1)'/></g></g>\n"
    "</g>\n</svg>\n\n";

static void a_picture_becomes_part_of_the_page(void **state)
{
    (void)state;
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    assert_true(svg_embed(picture, "a \"label\"", out));
    fclose(out);
    assert_string_equal(
        text, "<svg viewBox=\"0 0 520 300\" role=\"img\" aria-label=\"a "
              "&quot;label&quot;\">\n\n<g fill=\"none\" "
              "stroke=\"var(--grid)\">\n<g ><use href='#gpPt6' "
              "color='var(--good)'/></g></g>\n</svg>\n");
    free(text);
}

static void what_is_no_picture_is_left_out(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "<svg", "</defs></g>\n</svg>",
                                      "viewBox=\"0 0 1 1\"</defs>"};
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(svg_embed(bad[i], "", out));
    fclose(out);
    assert_int_equal(size, 0);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_page_tells_and_escapes),
        cmocka_unit_test(passing_scenarios_are_folded),
        cmocka_unit_test(a_client_that_failed_is_told),
        cmocka_unit_test(the_timeline_has_a_row_a_call),
        cmocka_unit_test(one_call_has_a_row_an_attempt),
        cmocka_unit_test(delays_stand_over_their_law),
        cmocka_unit_test(a_picture_becomes_part_of_the_page),
        cmocka_unit_test(what_is_no_picture_is_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
