#include <stdlib.h>
#include <string.h>

#include "model/units.h"
#include "reports/counts.h"
#include "reports/escape.h"
#include "reports/report.h"

/* A step summary holds 1 MiB: rows and cells are bounded so that it fits. */
enum { ROWS_MAX = 250, CELL_MAX = 400 };

static void write_cell(const char *text, FILE *out)
{
    char cut[CELL_MAX + 4];
    fputs(" ", out);
    if (text && strlen(text) > CELL_MAX) {
        snprintf(cut, sizeof cut, "%.*s...", CELL_MAX, text);
        text = cut;
    }
    escape_markdown(text, out);
    fputs(" |", out);
}

static const char *sign_of(enum check_end end)
{
    switch (end) {
    case CHECK_OK:
        return "ok";
    case CHECK_WARNED:
        return "WARN";
    case CHECK_FAILED:
        return "**FAIL**";
    case CHECK_KNOWN:
        return "known";
    case CHECK_UNJUDGED:
        return "?";
    case CHECK_SKIPPED:
        return "n/a";
    }
    return "";
}

/* A span of code that may hold backquotes itself. */
static void write_code(const char *text, FILE *out)
{
    size_t longest = 0, run = 0;
    for (const char *c = text; *c; c++) {
        run = *c == '`' ? run + 1 : 0;
        longest = run > longest ? run : longest;
    }
    for (size_t i = 0; i <= longest; i++)
        fputc('`', out);
    fputc(' ', out);
    const char *at = text;
    for (uint32_t c; (c = escape_next(&at)) != 0;)
        escape_put(c < 0x20 || c == 0x7F ? ' ' : c, out);
    fputc(' ', out);
    for (size_t i = 0; i <= longest; i++)
        fputc('`', out);
}

static void write_again(const struct run_report *run,
                        const struct scenario *scenario, FILE *out)
{
    char *text = NULL;
    size_t size = 0;
    FILE *memory = open_memstream(&text, &size);
    if (!memory)
        return;
    report_again(run, scenario, memory);
    fclose(memory);
    fputs("* ", out);
    write_code(text, out);
    fputc('\n', out);
    free(text);
}

/* -- tables -----------------------------------------------------------------
 */

static bool is_finding(enum check_end end)
{
    return end == CHECK_FAILED || end == CHECK_UNJUDGED || end == CHECK_WARNED;
}

static bool is_rest(enum check_end end)
{
    return end == CHECK_KNOWN || end == CHECK_SKIPPED;
}

static size_t count_checks(const struct run_report *run,
                           bool (*is_wanted)(enum check_end end))
{
    size_t count = 0;
    for (size_t i = 0; i < run->count; i++)
        for (size_t k = 0; k < run->scenarios[i]->verdict_count; k++)
            count += is_wanted(
                counts_check_end(run, &run->scenarios[i]->verdicts[k]));
    return count;
}

static void write_check_cells(const struct scenario_report *report,
                              const struct verdict *verdict, enum check_end end,
                              FILE *out)
{
    char rule[80];
    snprintf(rule, sizeof rule, "%s %s", verdict->rule->id,
             verdict_level_words(verdict));
    fprintf(out, "| %s |", sign_of(end));
    write_cell(report->scenario->id, out);
    write_cell(rule, out);
}

static void write_finding(const struct scenario_report *report,
                          const struct verdict *verdict, enum check_end end,
                          FILE *out)
{
    char note[CHECK_NOTE_MAX];
    counts_check_note(verdict, note);
    bool has_likely = verdict->likely && verdict->likely[0];
    write_check_cells(report, verdict, end, out);
    write_cell(verdict->expected, out);
    write_cell(verdict->observed, out);
    write_cell(has_likely ? verdict->likely
               : note[0]  ? note
                          : verdict->reason,
               out);
    fputc('\n', out);
}

static void write_rest(const struct scenario_report *report,
                       const struct verdict *verdict, enum check_end end,
                       FILE *out)
{
    char note[CHECK_NOTE_MAX];
    counts_check_note(verdict, note);
    write_check_cells(report, verdict, end, out);
    write_cell(note[0] ? note : verdict->reason, out);
    fputc('\n', out);
}

typedef void write_row(const struct scenario_report *report,
                       const struct verdict *verdict, enum check_end end,
                       FILE *out);

static void write_rows(const struct run_report *run,
                       bool (*is_wanted)(enum check_end end), write_row *row,
                       FILE *out)
{
    size_t rows = 0;
    for (size_t i = 0; i < run->count; i++)
        for (size_t k = 0; k < run->scenarios[i]->verdict_count; k++) {
            const struct verdict *verdict = &run->scenarios[i]->verdicts[k];
            enum check_end end = counts_check_end(run, verdict);
            if (is_wanted(end) && ++rows <= ROWS_MAX)
                row(run->scenarios[i], verdict, end, out);
        }
    if (rows > ROWS_MAX)
        fprintf(out, "\n... and %zu more.\n", rows - ROWS_MAX);
}

static void write_clients(const struct run_report *run, FILE *out)
{
    size_t rows = 0;
    for (size_t i = 0; i < run->count; i++) {
        const struct scenario_report *report = run->scenarios[i];
        if (report->client_fault == CLIENT_OK || ++rows > ROWS_MAX)
            continue;
        if (rows == 1)
            fputs("\n| Scenario | Client under test | Detail |\n"
                  "|---|---|---|\n",
                  out);
        fputc('|', out);
        write_cell(report->scenario->id, out);
        write_cell(client_fault_texts[report->client_fault], out);
        write_cell(report->client_detail, out);
        fputc('\n', out);
    }
}

static void write_findings(const struct run_report *run, FILE *out)
{
    if (count_checks(run, is_finding) == 0)
        return;
    fputs("\n| | Scenario | Check | Expected | Observed | Likely |\n"
          "|---|---|---|---|---|---|\n",
          out);
    write_rows(run, is_finding, write_finding, out);
}

static void write_known(const struct run_report *run, FILE *out)
{
    struct report_counts counts = counts_of_run(run);
    if (count_checks(run, is_rest) == 0)
        return;
    fprintf(out,
            "\n<details><summary>%zu known to fail, %zu not applicable"
            "</summary>\n\n| | Scenario | Check | Why |\n|---|---|---|---|\n",
            counts.known, counts.not_applicable);
    write_rows(run, is_rest, write_rest, out);
    fputs("\n</details>\n", out);
}

static bool is_red(const struct run_report *run,
                   const struct scenario_report *report)
{
    if (report->client_fault != CLIENT_OK &&
        report->client_fault != CLIENT_SKIPPED)
        return true;
    for (size_t i = 0; i < report->verdict_count; i++) {
        enum check_end end = counts_check_end(run, &report->verdicts[i]);
        if (end == CHECK_FAILED || end == CHECK_UNJUDGED)
            return true;
    }
    return false;
}

static void write_commands(const struct run_report *run, FILE *out)
{
    enum { COMMANDS_MAX = 20 };
    size_t count = 0;
    for (size_t i = 0; i < run->count; i++) {
        if (!is_red(run, run->scenarios[i]) || ++count > COMMANDS_MAX)
            continue;
        if (count == 1)
            fputs("\n<details><summary>Commands to run again</summary>\n\n",
                  out);
        write_again(run, run->scenarios[i]->scenario, out);
    }
    if (count > 0)
        fputs("\n</details>\n", out);
}

static void write_title(const struct run_report *run, FILE *out)
{
    struct report_counts counts = counts_of_run(run);
    fprintf(out, "### retryspec: %zu of %zu scenarios conform (",
            counts.conform, run->count);
    escape_markdown(run->profile, out);
    if (run->edition) {
        fputs(", edition ", out);
        escape_markdown(run->edition, out);
    }
    fputs(")\n\n", out);
    if (run->interrupted)
        fputs("Interrupted: this holds what was done until then.\n", out);
    else
        fprintf(out,
                "Exit code %d: %s. Seed %llu, %.1f s, "
                "false alarms %g a suite.\n",
                run_report_exit_code(run), counts_exit_text(run),
                (unsigned long long)run->seed,
                (double)run->took_ns / (double)NS_PER_S,
                run_report_false_alarm(run));
}

bool report_markdown(const struct run_report *report, FILE *out)
{
    write_title(report, out);
    write_clients(report, out);
    write_findings(report, out);
    write_known(report, out);
    write_commands(report, out);
    return fflush(out) == 0 && !ferror(out);
}
