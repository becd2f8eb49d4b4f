#include "model/baseline.h"
#include "reports/counts.h"
#include "reports/escape.h"
#include "reports/report.h"

/* GitHub shows ten of a kind a step. */
enum { SHOWN_MAX = 9 };

struct annotator {
    const struct run_report *run;
    const char *command; /* "error" or "warning" */
    size_t count;
    FILE *out;
};

/* A scenario that the program carries has no file in the repository. */
static bool begin(struct annotator *to, const struct scenario *scenario,
                  const char *rule)
{
    if (++to->count > SHOWN_MAX)
        return false;
    fprintf(to->out, "::%s ", to->command);
    if (!scenario->is_shipped && scenario->file) {
        fputs("file=", to->out);
        escape_github_property(scenario->file, to->out);
        fputc(',', to->out);
    }
    fputs("title=", to->out);
    escape_github_property(rule, to->out);
    fputc(' ', to->out);
    escape_github_property(scenario->id, to->out);
    fputs("::", to->out);
    return true;
}

static void write_part(const char *name, const char *value, FILE *out)
{
    if (!value || !value[0])
        return;
    fputs(name, out);
    escape_github(value, out);
}

static void annotate_check(struct annotator *to,
                           const struct scenario_report *report,
                           const struct verdict *verdict)
{
    if (!begin(to, report->scenario, verdict->rule->id))
        return;
    char note[CHECK_NOTE_MAX];
    escape_github(verdict->rule->title, to->out);
    write_part("%0Aexpected ", verdict->expected, to->out);
    write_part("%0Aobserved ", verdict->observed, to->out);
    write_part("%0Alikely ", verdict->likely, to->out);
    write_part("%0A", verdict->reason, to->out);
    write_part("%0A", counts_check_note(verdict, note), to->out);
    fputc('\n', to->out);
}

static void annotate_client(struct annotator *to,
                            const struct scenario_report *report)
{
    if (!begin(to, report->scenario, "client"))
        return;
    fputs("the client under test ", to->out);
    escape_github(client_fault_texts[report->client_fault], to->out);
    write_part("%3A ", report->client_detail, to->out);
    fputc('\n', to->out);
}

static bool is_wanted(const struct annotator *to, enum check_end end)
{
    bool is_error = to->command[0] == 'e';
    if (end == CHECK_FAILED || end == CHECK_UNJUDGED)
        return is_error;
    return end == CHECK_WARNED && !is_error;
}

static void annotate_scenario(struct annotator *to,
                              const struct scenario_report *report)
{
    enum client_fault fault = report->client_fault;
    bool is_error = to->command[0] == 'e';
    if (is_error && fault != CLIENT_OK && fault != CLIENT_SKIPPED)
        annotate_client(to, report);
    for (size_t i = 0; i < report->verdict_count; i++)
        if (is_wanted(to, counts_check_end(to->run, &report->verdicts[i])))
            annotate_check(to, report, &report->verdicts[i]);
}

static void annotate_baseline(struct annotator *to)
{
    const struct baseline *baseline = to->run->baseline;
    for (size_t i = 0; baseline && i < baseline->count; i++) {
        const struct baseline_line *line = &baseline->lines[i];
        if (line->state != BASELINE_UNMET || ++to->count > SHOWN_MAX)
            continue;
        fputs("::error file=", to->out);
        escape_github_property(baseline->file, to->out);
        fprintf(to->out, ",line=%d,title=stale line::no scenario judges ",
                line->line);
        escape_github(line->pattern, to->out);
        fprintf(to->out, ":%s: remove it\n", line->rule);
    }
}

static void annotate(struct annotator *to)
{
    for (size_t i = 0; i < to->run->count; i++)
        annotate_scenario(to, to->run->scenarios[i]);
    if (to->command[0] == 'e')
        annotate_baseline(to);
    if (to->count > SHOWN_MAX)
        fprintf(to->out, "::%s title=retryspec::and %zu more\n", to->command,
                to->count - SHOWN_MAX);
}

bool report_github(const struct run_report *report, FILE *out)
{
    struct annotator errors = {report, "error", 0, out};
    struct annotator warnings = {report, "warning", 0, out};
    annotate(&errors);
    annotate(&warnings);
    return fflush(out) == 0 && !ferror(out);
}
