#include <stdlib.h>
#include <string.h>

#include "model/units.h"
#include "reports/counts.h"
#include "reports/escape.h"
#include "reports/html.h"
#include "reports/report.h"
#include "reports/svg.h"
#include "reports/timeline.h"

/* -- what the filters read --------------------------------------------------
 */

static bool is_bad(enum check_end end)
{
    return end == CHECK_FAILED || end == CHECK_UNJUDGED;
}

static void write_rules(const struct run_report *run,
                        const struct scenario_report *report, bool only_bad,
                        FILE *out)
{
    fprintf(out, " data-%s=\"", only_bad ? "bad" : "rules");
    bool is_first = true;
    for (size_t i = 0; i < report->verdict_count; i++) {
        const struct verdict *verdict = &report->verdicts[i];
        if (only_bad && !is_bad(counts_check_end(run, verdict)))
            continue;
        if (!is_first)
            fputc(' ', out);
        escape_xml(verdict->rule->id, out);
        is_first = false;
    }
    fputc('"', out);
}

static void write_tags(const struct scenario *scenario, FILE *out)
{
    fputs(" data-tags=\"", out);
    for (size_t i = 0; i < scenario->tag_count; i++) {
        if (i > 0)
            fputc(' ', out);
        escape_xml(scenario->tags[i], out);
    }
    fputc('"', out);
}

static void write_summary(const struct run_report *run,
                          const struct scenario_report *report, FILE *out)
{
    enum check_end end = html_scenario_end(run, report);
    struct html_end word = html_end_of(end);
    fputs("<details class=\"scenario\" id=\"", out);
    escape_xml(report->scenario->id, out);
    fprintf(out, "\" data-end=\"%s\"", word.word);
    write_tags(report->scenario, out);
    write_rules(run, report, false, out);
    write_rules(run, report, true, out);
    fprintf(out,
            "%s>\n<summary><span class=\"state %s\">%s %s</span>"
            "<b class=\"name\">",
            is_bad(end) ? " open" : "", word.word, word.sign, word.text);
    escape_xml(report->scenario->id, out);
    fprintf(out, "</b><span class=\"took\">%.1f s</span><span class=\"title\">",
            (double)report->took_ns / (double)NS_PER_S);
    escape_xml(report->scenario->title, out);
    fputs("</span></summary>\n", out);
}

/* -- checks -----------------------------------------------------------------
 */

static void write_row(const char *name, const char *value, FILE *out)
{
    if (!value || !value[0])
        return;
    fprintf(out, "<dt>%s</dt><dd>", name);
    escape_xml(value, out);
    fputs("</dd>\n", out);
}

typedef void write_words(const struct run_report *run, const void *subject,
                         FILE *out);

static void write_explain(const struct run_report *run, const void *rule,
                          FILE *out)
{
    report_explain(run, rule, out);
}

static void write_again(const struct run_report *run, const void *scenario,
                        FILE *out)
{
    report_again(run, scenario, out);
}

static void write_escaped(const struct run_report *run, write_words *words,
                          const void *subject, FILE *out)
{
    char *text = NULL;
    size_t size = 0;
    FILE *memory = open_memstream(&text, &size);
    if (!memory)
        return;
    words(run, subject, memory);
    fclose(memory);
    escape_xml(text, out);
    free(text);
}

static void write_count(const struct verdict *verdict, FILE *out)
{
    if (verdict->violations > 1)
        fprintf(out,
                " <span class=\"soft\">%lld of %lld times; the first:"
                "</span>",
                (long long)verdict->violations, (long long)verdict->exercised);
}

static void write_check(const struct run_report *run,
                        const struct verdict *verdict, FILE *out)
{
    char note[CHECK_NOTE_MAX];
    struct html_end end = html_end_of(counts_check_end(run, verdict));
    fprintf(out,
            "<section class=\"check %s\"><h3><span class=\"state %s\">%s "
            "%s</span> ",
            end.word, end.word, end.sign, end.text);
    escape_xml(verdict->rule->id, out);
    fprintf(out, " %s: ", verdict_level_words(verdict));
    escape_xml(verdict->rule->title, out);
    write_count(verdict, out);
    fputs("</h3>\n<dl>\n", out);
    write_row("expected", verdict->expected, out);
    write_row("observed", verdict->observed, out);
    write_row("likely", verdict->likely, out);
    write_row("reason", verdict->reason, out);
    write_row("note", counts_check_note(verdict, note), out);
    write_row("source", verdict->source, out);
    fputs("<dt>explain</dt><dd><code>", out);
    write_escaped(run, write_explain, verdict->rule->id, out);
    fputs("</code></dd>\n</dl></section>\n", out);
}

static bool is_told_whole(const struct run_report *run,
                          const struct verdict *verdict)
{
    enum check_end end = counts_check_end(run, verdict);
    return end != CHECK_OK && end != CHECK_SKIPPED;
}

static void write_other(const struct run_report *run,
                        const struct verdict *verdict, FILE *out)
{
    struct html_end end = html_end_of(counts_check_end(run, verdict));
    fprintf(out, "<li><span class=\"state %s\">%s %s</span> ", end.word,
            end.sign, end.text);
    escape_xml(verdict->rule->id, out);
    fputc(' ', out);
    escape_xml(verdict->rule->title, out);
    if (verdict->reason && verdict->reason[0]) {
        fputs(": ", out);
        escape_xml(verdict->reason, out);
    }
    fputs("</li>\n", out);
}

/* Failures first: what was not judged mostly follows from them. */
static size_t write_findings(const struct run_report *run,
                             const struct scenario_report *report, FILE *out)
{
    size_t count = 0;
    for (int is_other = 0; is_other < 2; is_other++)
        for (size_t i = 0; i < report->verdict_count; i++) {
            const struct verdict *verdict = &report->verdicts[i];
            bool is_failure = counts_check_end(run, verdict) == CHECK_FAILED;
            if (!is_told_whole(run, verdict) || is_failure == is_other)
                continue;
            write_check(run, verdict, out);
            count++;
        }
    return count;
}

static void write_others(const struct run_report *run,
                         const struct scenario_report *report, FILE *out)
{
    fputs("<ul class=\"others\">\n", out);
    for (size_t i = 0; i < report->verdict_count; i++)
        if (!is_told_whole(run, &report->verdicts[i]))
            write_other(run, &report->verdicts[i], out);
    fputs("</ul>\n", out);
}

static void write_client(const struct scenario_report *report, FILE *out)
{
    if (report->client_fault == CLIENT_OK)
        return;
    fprintf(out, "<p class=\"note\">The client under test %s",
            client_fault_texts[report->client_fault]);
    if (report->client_detail && report->client_detail[0]) {
        fputs(": ", out);
        escape_xml(report->client_detail, out);
    }
    fputs(".</p>\n", out);
}

/* -- pictures ---------------------------------------------------------------
 */

static const struct {
    const char *label, *caption;
} plots[PLOT_KINDS] = {
    [PLOT_TIMELINE] =
        {"Attempts by time",
         "<b>Attempts by time</b><br>"
         "<span class=\"key\"><span class=\"p1\">\xE2\x97\x8F</span> answered"
         "</span><span class=\"key\"><span class=\"p2\">\xE2\x96\xB2</span> "
         "error status</span><span class=\"key\"><span class=\"p3\">"
         "\xE2\x97\x86</span> cut off</span><span class=\"key\"><span "
         "class=\"p4\">\xC3\x97</span> the client left</span><span "
         "class=\"key\">\xE2\x97\x8B first at fault</span>"},
    [PLOT_DELAYS] =
        {"Delays over the profile's law",
         "<b>Delays over the profile's law</b><br>"
         "<span class=\"key\"><span class=\"p5\">\xE2\x96\xAC</span> what the "
         "law allows</span><span class=\"key\"><span class=\"p1\">\xE2\x97\x8F"
         "</span> as allowed</span><span class=\"key\"><span class=\"p2\">"
         "\xE2\x96\xB2</span> too early or too late</span>"},
};

static void write_plots(const struct scenario_report *report, size_t index,
                        const struct report_pictures *pictures, FILE *out)
{
    bool is_begun = false;
    for (int kind = 0; pictures->svgs && kind < PLOT_KINDS; kind++) {
        const char *svg = pictures->svgs[index * PLOT_KINDS + (size_t)kind];
        if (!svg)
            continue;
        fputs(is_begun ? "<figure>" : "<div class=\"plots\">\n<figure>", out);
        is_begun = true;
        svg_embed(svg, plots[kind].label, out);
        fprintf(out, "<figcaption>%s", plots[kind].caption);
        if (report->trace->attempt_count > PLOT_ATTEMPTS_MAX)
            fprintf(out, "<br>The first %d of %zu attempts.", PLOT_ATTEMPTS_MAX,
                    report->trace->attempt_count);
        fputs("</figcaption></figure>\n", out);
    }
    if (is_begun)
        fputs("</div>\n", out);
}

/* -- the story --------------------------------------------------------------
 */

static void write_timeline(const struct trace *trace, FILE *out)
{
    char *text = NULL;
    size_t size = 0;
    FILE *memory =
        trace && trace->attempt_count > 0 ? open_memstream(&text, &size) : NULL;
    if (!memory)
        return;
    timeline_write(trace, 0, NULL, memory);
    fclose(memory);
    fputs("<pre tabindex=\"0\">", out);
    escape_xml(text, out);
    fputs("</pre>\n", out);
    free(text);
}

static void write_how(const struct run_report *run,
                      const struct scenario_report *report, FILE *out)
{
    if (run->argv || run->is_simulated) {
        fputs("<p class=\"soft\">Run again:</p><pre class=\"command\">", out);
        write_escaped(run, write_again, report->scenario, out);
        fputs("</pre>\n", out);
    }
    if (report->folder) {
        fputs("<p class=\"soft\">Trace and verdict: <code>", out);
        escape_xml(report->folder, out);
        fputs("</code></p>\n", out);
    }
}

void html_scenario(const struct run_report *run, size_t index,
                   const struct report_pictures *pictures, FILE *out)
{
    const struct scenario_report *report = run->scenarios[index];
    write_summary(run, report, out);
    fputs("<div class=\"inside\">\n", out);
    write_client(report, out);
    size_t findings = write_findings(run, report, out);
    write_plots(report, index, pictures, out);
    write_timeline(report->trace, out);
    write_how(run, report, out);
    if (findings < report->verdict_count)
        write_others(run, report, out);
    fputs("</div>\n</details>\n", out);
}
