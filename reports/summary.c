#include <string.h>

#include "model/baseline.h"
#include "model/units.h"
#include "reports/counts.h"
#include "reports/report.h"

static void write_count(size_t count, const char *text, FILE *out)
{
    if (count)
        fprintf(out, ", %zu %s", count, text);
}

static void write_tally(const struct run_report *report,
                        const struct report_counts *counts, FILE *out)
{
    fprintf(out, "%zu scenario%s in %.1f s: %zu conform%s", report->count,
            report->count == 1 ? "" : "s",
            (double)report->took_ns / (double)NS_PER_S, counts->conform,
            counts->conform == 1 ? "s" : "");
    write_count(counts->failed, "FAIL", out);
    write_count(counts->warned, "of them with warnings", out);
    write_count(counts->client, "could not be judged", out);
    write_count(counts->unexercised, "not exercised", out);
    write_count(counts->inconclusive, "inconclusive", out);
    write_count(counts->skipped, "skipped", out);
    write_count(counts->unjudged, "n/a", out);
    fprintf(out, "   %zu checks", counts->checks);
    write_count(counts->not_applicable, "n/a", out);
    write_count(counts->known, "known to fail", out);
    write_count(counts->flips, "flaky", out);
    fputc('\n', out);
}

/* How the client did over all, and what load it makes of its calls. */
static void write_score(const struct run_report *report, FILE *out)
{
    struct load load = run_report_load(report);
    double score = run_report_score(report);
    if (score >= 0)
        fprintf(out, "score %.1f %% of the checks that apply passed\n", score);
    if (load.calls > 0)
        fprintf(out, "attempts per call: %.2f on average, %lld at most\n",
                (double)load.attempts / (double)load.calls,
                (long long)load.most);
}

/* Under --strict a warning fails; it is listed as one where it counts. */
static void write_check_line(const struct run_report *run,
                             const struct scenario_report *scenario,
                             const struct verdict *verdict, FILE *out)
{
    const char *id = scenario->scenario->id, *rule = verdict->rule->id;
    enum check_end end = counts_check_end(run, verdict);
    char note[CHECK_NOTE_MAX];
    counts_check_note(verdict, note);
    if (end == CHECK_FAILED && verdict->known != KNOWN_STALE)
        fprintf(out, "FAILED  %s:%s%s%s\n", id, rule, note[0] ? "  " : "",
                note);
    else if (end == CHECK_FAILED)
        fprintf(out, "STALE   %s:%s  %s\n", id, rule, note);
    else if (end == CHECK_KNOWN)
        fprintf(out, "KNOWN   %s:%s  %s\n", id, rule, note);
    else if (note[0])
        fprintf(out, "FLAKY   %s:%s  %s\n", id, rule, note);
}

static void write_failed_list(const struct run_report *report, FILE *out)
{
    for (size_t i = 0; i < report->count; i++) {
        const struct scenario_report *scenario = report->scenarios[i];
        const char *detail =
            scenario->client_detail ? scenario->client_detail : "";
        if (scenario->client_fault != CLIENT_OK)
            fprintf(out, "%s %s: client %s%s%s\n",
                    scenario->client_fault == CLIENT_SKIPPED ? "SKIPPED"
                                                             : "CLIENT ",
                    scenario->scenario->id,
                    client_fault_texts[scenario->client_fault],
                    detail[0] ? ": " : "", detail);
        for (size_t j = 0; j < scenario->verdict_count; j++)
            write_check_line(report, scenario, &scenario->verdicts[j], out);
    }
}

/* Lines whose check was not even judged, where all it names was. */
static void write_unmet_lines(const struct run_report *run, FILE *out)
{
    const struct baseline *baseline = run->baseline;
    for (size_t i = 0; baseline && i < baseline->count; i++) {
        const struct baseline_line *line = &baseline->lines[i];
        if (line->rule && line->state == BASELINE_UNMET)
            fprintf(out, "STALE   %s:%s  no scenario judges it: remove %s:%d\n",
                    line->pattern, line->rule, baseline->file, line->line);
    }
}

static bool has_details(const struct scenario_report *scenario,
                        const struct report_style *style)
{
    if (style->is_verbose)
        return true;
    enum verdict_word word = scenario_report_word(scenario);
    if (scenario->client_fault == CLIENT_SKIPPED)
        return false;
    return scenario->client_fault != CLIENT_OK ||
           (word != VERDICT_PASS && word != VERDICT_NA);
}

void report_text_summary(const struct run_report *report,
                         const struct report_style *style, FILE *out)
{
    for (size_t i = 0; i < report->count; i++)
        if (has_details(report->scenarios[i], style))
            report_text_scenario(report, report->scenarios[i], style, out);
    int width = style->width ? style->width : 100;
    for (int i = 0; i < width; i++)
        fputc('-', out);
    fputc('\n', out);
    struct report_counts counts = counts_of_run(report);
    write_tally(report, &counts, out);
    write_score(report, out);
    write_failed_list(report, out);
    write_unmet_lines(report, out);
    if (report->interrupted) {
        fputs("interrupted: the reports hold what was done until then\n", out);
        return;
    }
    fprintf(out, "exit %d: %s\n", run_report_exit_code(report),
            counts_exit_text(report));
}
