#include <string.h>

#include "reports/counts.h"
#include "reports/escape.h"
#include "reports/report.h"

/* A client that could not be judged is a test point of its own. */
static size_t count_points(const struct run_report *run)
{
    size_t count = 0;
    for (size_t i = 0; i < run->count; i++)
        count += run->scenarios[i]->verdict_count +
                 (run->scenarios[i]->client_fault != CLIENT_OK);
    return count;
}

static bool is_ok(enum check_end end)
{
    return end == CHECK_OK || end == CHECK_SKIPPED;
}

static void write_directive(enum check_end end, const struct verdict *verdict,
                            FILE *out)
{
    if (end == CHECK_SKIPPED) {
        fputs(" # SKIP ", out);
        escape_tap(verdict->reason, out);
    } else if (end == CHECK_KNOWN) {
        char note[CHECK_NOTE_MAX];
        fputs(" # TODO ", out);
        escape_tap(counts_check_note(verdict, note), out);
    } else if (end == CHECK_WARNED) {
        fputs(" # TODO SHOULD, not MUST", out);
    }
}

static void write_key(const char *key, const char *value, FILE *out)
{
    if (!value || !value[0])
        return;
    fprintf(out, "  %s: ", key);
    escape_yaml(value, out);
    fputc('\n', out);
}

static void write_diagnostics(const struct verdict *verdict, FILE *out)
{
    char note[CHECK_NOTE_MAX];
    fputs("  ---\n", out);
    write_key("verdict", verdict_json_words[verdict->word], out);
    write_key("level", level_json_word(verdict->level), out);
    if (verdict->level_giver != LEVEL_OF_CATALOGUE)
        write_key("level_by", level_giver_words[verdict->level_giver], out);
    write_key("expected", verdict->expected, out);
    write_key("observed", verdict->observed, out);
    write_key("likely", verdict->likely, out);
    write_key("reason", verdict->reason, out);
    write_key("spec", verdict->source, out);
    write_key("note", counts_check_note(verdict, note), out);
    fputs("  ...\n", out);
}

static void write_check(const struct run_report *run,
                        const struct scenario_report *report,
                        const struct verdict *verdict, size_t number, FILE *out)
{
    enum check_end end = counts_check_end(run, verdict);
    fprintf(out, "%sok %zu - ", is_ok(end) ? "" : "not ", number);
    escape_tap(report->scenario->id, out);
    fputc(' ', out);
    escape_tap(verdict->rule->id, out);
    fputc(' ', out);
    escape_tap(verdict->rule->title, out);
    write_directive(end, verdict, out);
    fputc('\n', out);
    if (!is_ok(end))
        write_diagnostics(verdict, out);
}

static void write_client(const struct scenario_report *report, size_t number,
                         FILE *out)
{
    bool is_skip = report->client_fault == CLIENT_SKIPPED;
    fprintf(out, "%sok %zu - ", is_skip ? "" : "not ", number);
    escape_tap(report->scenario->id, out);
    fputs(" client under test", out);
    if (is_skip)
        fputs(" # SKIP can't do this scenario", out);
    fputs("\n  ---\n", out);
    write_key("client", client_fault_texts[report->client_fault], out);
    write_key("detail", report->client_detail, out);
    fputs("  ...\n", out);
}

static void write_comment(const char *name, const char *value, FILE *out)
{
    if (!value || !value[0])
        return;
    fprintf(out, "# %s: ", name);
    escape_tap(value, out);
    fputc('\n', out);
}

static void write_scenario(const struct run_report *run,
                           const struct scenario_report *report, size_t *number,
                           FILE *out)
{
    write_comment("scenario", report->scenario->title, out);
    if (report->client_fault != CLIENT_OK)
        write_client(report, ++*number, out);
    for (size_t i = 0; i < report->verdict_count; i++)
        write_check(run, report, &report->verdicts[i], ++*number, out);
}

bool report_tap(const struct run_report *report, FILE *out)
{
    size_t count = count_points(report), number = 0;
    fputs("TAP version 14\n", out);
    fprintf(out, count ? "1..%zu\n" : "1..%zu # SKIP nothing was judged\n",
            count);
    write_comment("retryspec", report->version, out);
    write_comment("profile", report->profile, out);
    write_comment("edition", report->edition, out);
    fprintf(out, "# seed: %llu\n", (unsigned long long)report->seed);
    fprintf(out, "# false alarms: %g a suite\n",
            run_report_false_alarm(report));
    for (size_t i = 0; i < report->count; i++)
        write_scenario(report, report->scenarios[i], &number, out);
    if (report->interrupted)
        fputs("Bail out! interrupted\n", out);
    return fflush(out) == 0 && !ferror(out);
}
