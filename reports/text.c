#include <string.h>

#include "model/units.h"
#include "reports/counts.h"
#include "reports/repeat.h"
#include "reports/report.h"
#include "reports/timeline.h"

enum { WIDTH_DEFAULT = 100 };

static const char *color_of(enum verdict_word word,
                            const struct report_style *style)
{
    if (!style->has_color)
        return "";
    switch (word) {
    case VERDICT_PASS:
        return "\033[32m";
    case VERDICT_FAIL:
        return "\033[1;31m";
    case VERDICT_WARN:
    case VERDICT_INCONCLUSIVE:
    case VERDICT_NOT_EXERCISED:
        return "\033[33m";
    case VERDICT_NA:
        return "\033[2m";
    }
    return "";
}

static const char *color_end(const struct report_style *style)
{
    return style->has_color ? "\033[0m" : "";
}

static void write_ruler(const struct report_style *style, FILE *out)
{
    int width = style->width ? style->width : WIDTH_DEFAULT;
    for (int i = 0; i < width; i++)
        fputc('-', out);
    fputc('\n', out);
}

void report_text_header(const struct run_report *report,
                        const struct report_style *style, FILE *out)
{
    (void)style;
    fprintf(out, "retryspec %s", report->version);
    if (report->edition)
        fprintf(out, "  edition %s", report->edition);
    fprintf(out, "  profile %s  seed %llu  -j%d  false alarms %g a suite\n",
            report->profile, (unsigned long long)report->seed, report->jobs,
            run_report_false_alarm(report));
}

static size_t count_word(const struct scenario_report *report,
                         enum verdict_word word)
{
    size_t count = 0;
    for (size_t i = 0; i < report->verdict_count; i++)
        count += report->verdicts[i].word == word &&
                 !counts_is_excused_failure(&report->verdicts[i]);
    return count;
}

static void write_counts(const struct scenario_report *report, FILE *out)
{
    static const struct {
        enum verdict_word word;
        const char *text;
    } notable[] = {{VERDICT_FAIL, "failed"},
                   {VERDICT_WARN, "warned"},
                   {VERDICT_NOT_EXERCISED, "not exercised"},
                   {VERDICT_INCONCLUSIVE, "inconclusive"},
                   {VERDICT_NA, "n/a"}};
    size_t excused = 0;
    for (size_t i = 0; i < report->verdict_count; i++)
        excused += counts_is_excused_failure(&report->verdicts[i]);
    fprintf(out, "%zu checks", report->verdict_count);
    for (size_t i = 0; i < sizeof notable / sizeof *notable; i++) {
        size_t count = count_word(report, notable[i].word);
        if (count)
            fprintf(out, ", %zu %s", count, notable[i].text);
    }
    if (excused)
        fprintf(out, ", %zu known to fail", excused);
}

static const char *client_word(const struct scenario_report *report)
{
    if (report->client_fault == CLIENT_SKIPPED)
        return "SKIP";
    return report->client_fault == CLIENT_OK ? NULL : "CLIENT";
}

void report_text_progress(const struct scenario_report *report, size_t done,
                          size_t total, const struct report_style *style,
                          FILE *out)
{
    enum verdict_word word = scenario_report_word(report);
    const char *text = client_word(report);
    if (!text)
        text = verdict_people_words[word];
    else if (report->client_fault != CLIENT_SKIPPED)
        word = VERDICT_FAIL;
    fprintf(out, " %s%-13s%s [%6.1f s] %3zu/%-3zu %-40s ",
            color_of(word, style), text, color_end(style),
            (double)report->took_ns / (double)NS_PER_S, done, total,
            report->scenario->id);
    if (report->client_fault != CLIENT_OK)
        fprintf(out, "client %s", client_fault_texts[report->client_fault]);
    else
        write_counts(report, out);
    fputc('\n', out);
}

static void write_field(const char *name, const char *value, FILE *out)
{
    if (value && value[0])
        fprintf(out, "      %-10s %s\n", name, value);
}

static const char *sign_of(enum verdict_word word)
{
    if (word == VERDICT_PASS)
        return "ok";
    return word == VERDICT_NA ? "- " : "x ";
}

static void write_verdict_title(const struct verdict *verdict,
                                const struct report_style *style, FILE *out)
{
    const char *sign = sign_of(verdict->word);
    fprintf(out, "  %s%s %s%s  %-6s  %s", color_of(verdict->word, style), sign,
            verdict->rule->id, color_end(style), verdict_level_words(verdict),
            verdict->rule->title);
    if (verdict->word != VERDICT_FAIL && verdict->word != VERDICT_PASS)
        fprintf(out, "  [%s]", verdict_people_words[verdict->word]);
    char note[CHECK_NOTE_MAX];
    if (counts_check_note(verdict, note)[0])
        fprintf(out, "  [%s]", note);
    if (verdict->violations > 1 && verdict->word != VERDICT_NA)
        fprintf(out, "  (%lld of %lld times; the first:)",
                (long long)verdict->violations, (long long)verdict->exercised);
    fputc('\n', out);
}

static void write_evidence(const struct run_report *run,
                           const struct verdict *verdict, FILE *out)
{
    write_field("expected", verdict->expected, out);
    write_field("observed", verdict->observed, out);
    write_field("likely", verdict->likely, out);
    write_field("reason", verdict->reason, out);
    write_field("spec", verdict->source, out);
    if (verdict->word == VERDICT_FAIL || verdict->word == VERDICT_WARN) {
        fputs("      explain    ", out);
        report_explain(run, verdict->rule->id, out);
        fputc('\n', out);
    }
}

static bool is_listed(const struct verdict *verdict,
                      const struct report_style *style)
{
    if (style->is_verbose)
        return true;
    return verdict->word != VERDICT_PASS && verdict->word != VERDICT_NA &&
           !verdict_is_excused(verdict);
}

/* The finding that the timeline points at: one that is new in this scenario. */
static const struct verdict *first_violation(
    const struct run_report *run, const struct scenario_report *report)
{
    const struct verdict *warned = NULL;
    for (size_t i = 0; i < report->verdict_count; i++) {
        const struct verdict *verdict = &report->verdicts[i];
        if (!verdict->attempt || repeat_of(run, report, verdict))
            continue;
        if (verdict->word == VERDICT_FAIL)
            return verdict;
        if (verdict->word == VERDICT_WARN && !warned)
            warned = verdict;
    }
    return warned;
}

static void write_verdict(const struct run_report *run,
                          const struct scenario_report *report,
                          const struct verdict *verdict,
                          const struct report_style *style, FILE *out)
{
    if (verdict->word == VERDICT_PASS) {
        write_verdict_title(verdict, style, out);
        return;
    }
    fputc('\n', out);
    write_verdict_title(verdict, style, out);
    const struct scenario_report *earlier = repeat_of(run, report, verdict);
    if (earlier)
        write_field("as in", earlier->scenario->id, out);
    else
        write_evidence(run, verdict, out);
}

static void write_client_fault(const struct run_report *run,
                               const struct scenario_report *report, FILE *out)
{
    if (report->client_fault == CLIENT_OK)
        return;
    fprintf(out, "\n  The client under test %s",
            client_fault_texts[report->client_fault]);
    if (report->client_detail && report->client_detail[0])
        fprintf(out, ": %s", report->client_detail);
    fputs(".\n", out);
    if (report->folder && !run->is_simulated)
        fprintf(out, "  What it printed: %s/client.stderr\n", report->folder);
}

static void write_again(const struct run_report *run,
                        const struct scenario_report *report, FILE *out)
{
    if (run->argv || run->is_simulated) {
        fputs("\n      again      ", out);
        report_again(run, report->scenario, out);
    }
    if (report->folder)
        fprintf(out, "\n      files      %s/{trace.ndjson,verdict.json%s}",
                report->folder,
                run->is_simulated ? "" : ",client.stdout,client.stderr");
    fputc('\n', out);
}

void report_text_scenario(const struct run_report *run,
                          const struct scenario_report *report,
                          const struct report_style *style, FILE *out)
{
    enum verdict_word word = scenario_report_word(report);
    const char *text = client_word(report);
    write_ruler(style, out);
    fprintf(out, "%s%s%s  %s   %s\n", color_of(word, style),
            text ? text : verdict_people_words[word], color_end(style),
            report->scenario->id, report->scenario->title);
    write_client_fault(run, report, out);
    const struct verdict *worst = first_violation(run, report);
    if (report->trace && report->trace->attempt_count) {
        fputc('\n', out);
        timeline_write(report->trace, worst ? worst->attempt : 0,
                       worst ? worst->rule->id : NULL, out);
    }
    for (size_t i = 0; i < report->verdict_count; i++) {
        if (!is_listed(&report->verdicts[i], style))
            continue;
        write_verdict(run, report, &report->verdicts[i], style, out);
    }
    write_again(run, report, out);
}
