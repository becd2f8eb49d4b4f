#include <string.h>

#include "model/units.h"
#include "reports/report.h"

struct tally {
    size_t conform, failed, warned, unexercised, inconclusive, client, skipped;
    size_t unjudged, checks, not_applicable;
};

static void tally_scenario(const struct scenario_report *report,
                           struct tally *tally)
{
    tally->checks += report->verdict_count;
    for (size_t i = 0; i < report->verdict_count; i++)
        tally->not_applicable += report->verdicts[i].word == VERDICT_NA;
    if (report->client_fault == CLIENT_SKIPPED) {
        tally->skipped++;
        return;
    }
    enum verdict_word word = scenario_report_word(report);
    if (report->client_fault != CLIENT_OK && word != VERDICT_FAIL) {
        tally->client++;
        return;
    }
    switch (word) {
    case VERDICT_FAIL:
        tally->failed++;
        return;
    case VERDICT_WARN:
        tally->warned++;
        tally->conform++;
        return;
    case VERDICT_NOT_EXERCISED:
        tally->unexercised++;
        return;
    case VERDICT_INCONCLUSIVE:
        tally->inconclusive++;
        return;
    case VERDICT_PASS:
        tally->conform++;
        return;
    case VERDICT_NA:
        tally->unjudged++;
        return;
    }
}

static void write_count(size_t count, const char *text, FILE *out)
{
    if (count)
        fprintf(out, ", %zu %s", count, text);
}

static void write_tally(const struct run_report *report,
                        const struct tally *tally, FILE *out)
{
    fprintf(out, "%zu scenario%s in %.1f s: %zu conform%s", report->count,
            report->count == 1 ? "" : "s",
            (double)report->took_ns / (double)NS_PER_S, tally->conform,
            tally->conform == 1 ? "s" : "");
    write_count(tally->failed, "FAIL", out);
    write_count(tally->warned, "of them with warnings", out);
    write_count(tally->client, "could not be judged", out);
    write_count(tally->unexercised, "not exercised", out);
    write_count(tally->inconclusive, "inconclusive", out);
    write_count(tally->skipped, "skipped", out);
    write_count(tally->unjudged, "n/a", out);
    fprintf(out, "   %zu checks", tally->checks);
    write_count(tally->not_applicable, "n/a", out);
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
            if (scenario->verdicts[j].word == VERDICT_FAIL)
                fprintf(out, "FAILED  %s:%s\n", scenario->scenario->id,
                        scenario->verdicts[j].rule->id);
    }
}

static const char *exit_text(int code)
{
    switch (code) {
    case 0:
        return "everything judged conforms";
    case 1:
        return "the client does not conform";
    case 3:
        return "the client could not be judged: fix the adapter";
    case 4:
        return "nothing was judged";
    case 5:
        return "the machine was too slow to tell: run again";
    }
    return "interrupted";
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
    struct tally tally = {0};
    for (size_t i = 0; i < report->count; i++) {
        if (has_details(report->scenarios[i], style))
            report_text_scenario(report, report->scenarios[i], style, out);
        tally_scenario(report->scenarios[i], &tally);
    }
    int width = style->width ? style->width : 100;
    for (int i = 0; i < width; i++)
        fputc('-', out);
    fputc('\n', out);
    write_tally(report, &tally, out);
    write_score(report, out);
    write_failed_list(report, out);
    if (report->interrupted) {
        fputs("interrupted: the reports hold what was done until then\n", out);
        return;
    }
    int code = run_report_exit_code(report);
    fprintf(out, "exit %d: %s\n", code, exit_text(code));
}
