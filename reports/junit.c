#include <stdlib.h>
#include <string.h>

#include "model/units.h"
#include "reports/counts.h"
#include "reports/escape.h"
#include "reports/report.h"
#include "reports/timeline.h"

static void write_attribute(const char *name, const char *value, FILE *out)
{
    fprintf(out, " %s=\"", name);
    escape_xml(value, out);
    fputc('"', out);
}

static void write_property(const char *name, const char *value, FILE *out)
{
    if (!value || !value[0])
        return;
    fputs("      <property", out);
    write_attribute("name", name, out);
    write_attribute("value", value, out);
    fputs("/>\n", out);
}

static void write_properties(const struct run_report *run,
                             const struct scenario_report *report, FILE *out)
{
    char seed[32], alarms[32], lag[UNITS_TEXT_MAX] = "";
    snprintf(alarms, sizeof alarms, "%g", run_report_false_alarm(run));
    snprintf(seed, sizeof seed, "%llu", (unsigned long long)run->seed);
    if (report->trace)
        units_format_duration(report->trace->lag_p99_ns, lag, sizeof lag);
    fputs("    <properties>\n", out);
    write_property("retryspec", run->version, out);
    write_property("edition", run->edition, out);
    write_property("profile", run->profile, out);
    write_property("seed", seed, out);
    write_property("false-alarm", alarms, out);
    write_property("lag-p99", lag, out);
    fputs("    </properties>\n", out);
}

static void write_evidence(const struct verdict *verdict, FILE *out)
{
    static const char *const names[] = {"level", "expected", "observed",
                                        "likely", "spec"};
    const char *const values[] = {verdict_level_words(verdict),
                                  verdict->expected, verdict->observed,
                                  verdict->likely, verdict->source};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (!values[i] || !values[i][0])
            continue;
        fprintf(out, "%-9s ", names[i]);
        escape_xml(values[i], out);
        fputc('\n', out);
    }
}

static void write_outcome(const char *element, const char *message,
                          const struct verdict *verdict, FILE *out)
{
    fprintf(out, "      <%s", element);
    write_attribute("message", message, out);
    fputc('>', out);
    write_evidence(verdict, out);
    fprintf(out, "</%s>\n", element);
}

static void write_testcase(const struct run_report *run,
                           const struct scenario_report *report,
                           const struct verdict *verdict, FILE *out)
{
    char name[160];
    snprintf(name, sizeof name, "%s %s", verdict->rule->id,
             verdict->rule->title);
    fputs("    <testcase", out);
    write_attribute("name", name, out);
    write_attribute("classname", report->scenario->id, out);
    fputs(">\n", out);
    char note[CHECK_NOTE_MAX];
    counts_check_note(verdict, note);
    switch (counts_check_end(run, verdict)) {
    case CHECK_FAILED:
        write_outcome("failure",
                      verdict->known == KNOWN_STALE ? note : verdict->observed,
                      verdict, out);
        break;
    case CHECK_SKIPPED:
        write_outcome("skipped", verdict->reason, verdict, out);
        break;
    case CHECK_KNOWN:
        write_outcome("skipped", note, verdict, out);
        break;
    case CHECK_UNJUDGED:
        write_outcome("error", verdict->reason, verdict, out);
        break;
    case CHECK_WARNED:
        fputs("      <system-out>WARN\n", out);
        write_evidence(verdict, out);
        fputs("</system-out>\n", out);
        break;
    case CHECK_OK:
        break;
    }
    fputs("    </testcase>\n", out);
}

/* A client that could not be judged is a test case of its own. */
static void write_client_case(const struct scenario_report *report, FILE *out)
{
    if (report->client_fault == CLIENT_OK)
        return;
    bool is_skip = report->client_fault == CLIENT_SKIPPED;
    fputs("    <testcase name=\"client under test\"", out);
    write_attribute("classname", report->scenario->id, out);
    fprintf(out, ">\n      <%s", is_skip ? "skipped" : "error");
    write_attribute("message", client_fault_texts[report->client_fault], out);
    fputc('>', out);
    escape_xml(report->client_detail, out);
    fprintf(out, "</%s>\n    </testcase>\n", is_skip ? "skipped" : "error");
}

struct suite_counts {
    size_t tests, failures, errors, skipped;
};

static struct suite_counts count_suite(const struct run_report *run,
                                       const struct scenario_report *report)
{
    struct suite_counts counts = {.tests = report->verdict_count};
    for (size_t i = 0; i < report->verdict_count; i++) {
        enum check_end end = counts_check_end(run, &report->verdicts[i]);
        counts.failures += end == CHECK_FAILED;
        counts.skipped += end == CHECK_SKIPPED || end == CHECK_KNOWN;
        counts.errors += end == CHECK_UNJUDGED;
    }
    if (report->client_fault != CLIENT_OK) {
        counts.tests++;
        if (report->client_fault == CLIENT_SKIPPED)
            counts.skipped++;
        else
            counts.errors++;
    }
    return counts;
}

static void write_timeline(const struct trace *trace, FILE *out)
{
    if (!trace)
        return;
    char *text = NULL;
    size_t size = 0;
    FILE *memory = open_memstream(&text, &size);
    if (!memory)
        return;
    timeline_write(trace, 0, NULL, memory);
    fclose(memory);
    fputs("    <system-out>", out);
    escape_xml(text, out);
    fputs("</system-out>\n", out);
    free(text);
}

static void write_suite(const struct run_report *run,
                        const struct scenario_report *report, FILE *out)
{
    struct suite_counts counts = count_suite(run, report);
    fputs("  <testsuite", out);
    write_attribute("name", report->scenario->id, out);
    fprintf(out,
            " tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" skipped=\"%zu\""
            " time=\"%.3f\">\n",
            counts.tests, counts.failures, counts.errors, counts.skipped,
            (double)report->took_ns / (double)NS_PER_S);
    write_properties(run, report, out);
    write_client_case(report, out);
    for (size_t i = 0; i < report->verdict_count; i++)
        write_testcase(run, report, &report->verdicts[i], out);
    write_timeline(report->trace, out);
    fputs("  </testsuite>\n", out);
}

bool report_junit(const struct run_report *report, FILE *out)
{
    struct suite_counts total = {0};
    for (size_t i = 0; i < report->count; i++) {
        struct suite_counts counts = count_suite(report, report->scenarios[i]);
        total.tests += counts.tests;
        total.failures += counts.failures;
        total.errors += counts.errors;
        total.skipped += counts.skipped;
    }
    fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites", out);
    write_attribute("name", "retryspec", out);
    fprintf(out,
            " tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" skipped=\"%zu\""
            " time=\"%.3f\">\n",
            total.tests, total.failures, total.errors, total.skipped,
            (double)report->took_ns / (double)NS_PER_S);
    for (size_t i = 0; i < report->count; i++)
        write_suite(report, report->scenarios[i], out);
    fputs("</testsuites>\n", out);
    return fflush(out) == 0 && !ferror(out);
}
