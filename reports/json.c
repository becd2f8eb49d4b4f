#include <cjson/cJSON.h>
#include <stdlib.h>

#include "model/baseline.h"
#include "model/units.h"
#include "reports/escape.h"
#include "reports/report.h"

/* A command or a path may hold bytes that are no UTF-8; JSON may not. */
static cJSON *text_json(const char *value)
{
    char *clean = escape_utf8(value);
    cJSON *text = clean ? cJSON_CreateString(clean) : NULL;
    free(clean);
    return text;
}

static void add_text(cJSON *object, const char *key, const char *value)
{
    if (value && value[0])
        cJSON_AddItemToObject(object, key, text_json(value));
}

static double seconds(int64_t ns)
{
    return (double)ns / (double)NS_PER_S;
}

/* What a baseline and repeats say. */
static void add_history(cJSON *object, const struct verdict *verdict)
{
    if (verdict->known != KNOWN_NOT) {
        cJSON *known = cJSON_AddObjectToObject(object, "baseline");
        add_text(known, "is", known_words[verdict->known]);
        cJSON_AddNumberToObject(known, "line", verdict->known_line);
        add_text(known, "reason", verdict->known_reason);
    }
    if (verdict->runs > 0) {
        cJSON *runs = cJSON_AddObjectToObject(object, "runs");
        cJSON_AddNumberToObject(runs, "all", (double)verdict->runs);
        cJSON_AddNumberToObject(runs, "bad", (double)verdict->runs_bad);
    }
}

static cJSON *verdict_json(const struct verdict *verdict)
{
    cJSON *object = cJSON_CreateObject();
    add_text(object, "rule", verdict->rule->id);
    add_text(object, "title", verdict->rule->title);
    add_text(object, "level", level_json_word(verdict->level));
    if (verdict->level_giver != LEVEL_OF_CATALOGUE)
        add_text(object, "level_by", level_giver_words[verdict->level_giver]);
    add_text(object, "verdict", verdict_json_words[verdict->word]);
    cJSON_AddNumberToObject(object, "exercised", (double)verdict->exercised);
    cJSON_AddNumberToObject(object, "violations", (double)verdict->violations);
    if (verdict->attempt)
        cJSON_AddNumberToObject(object, "attempt", (double)verdict->attempt);
    add_text(object, "expected", verdict->expected);
    add_text(object, "observed", verdict->observed);
    add_text(object, "likely", verdict->likely);
    add_text(object, "source", verdict->source);
    add_text(object, "reason", verdict->reason);
    add_history(object, verdict);
    return object;
}

static void add_load(cJSON *object, struct load load)
{
    if (load.calls == 0)
        return;
    cJSON *factor = cJSON_AddObjectToObject(object, "attempts_per_call");
    cJSON_AddNumberToObject(factor, "mean",
                            (double)load.attempts / (double)load.calls);
    cJSON_AddNumberToObject(factor, "most", (double)load.most);
}

static cJSON *scenario_json(const struct scenario_report *report)
{
    cJSON *object = cJSON_CreateObject();
    add_text(object, "id", report->scenario->id);
    add_text(object, "title", report->scenario->title);
    add_text(object, "verdict",
             verdict_json_words[scenario_report_word(report)]);
    add_text(object, "client", client_fault_words[report->client_fault]);
    add_text(object, "client_detail", report->client_detail);
    cJSON_AddNumberToObject(object, "seconds", seconds(report->took_ns));
    if (report->trace) {
        cJSON_AddNumberToObject(object, "attempts",
                                (double)report->trace->attempt_count);
        cJSON_AddNumberToObject(object, "lag_p99_seconds",
                                seconds(report->trace->lag_p99_ns));
    }
    add_load(object, report->load);
    add_text(object, "folder", report->folder);
    cJSON *verdicts = cJSON_AddArrayToObject(object, "verdicts");
    for (size_t i = 0; i < report->verdict_count; i++)
        cJSON_AddItemToArray(verdicts, verdict_json(&report->verdicts[i]));
    return object;
}

static cJSON *run_json(const struct run_report *run)
{
    cJSON *object = cJSON_CreateObject();
    cJSON_AddNumberToObject(object, "retryspec", 1);
    add_text(object, "version", run->version);
    add_text(object, "edition", run->edition);
    add_text(object, "profile", run->profile);
    add_text(object, "profile_source", run->profile_source);
    /* As text: JSON numbers hold 53 bits. */
    char seed[32];
    snprintf(seed, sizeof seed, "%llu", (unsigned long long)run->seed);
    add_text(object, "seed", seed);
    cJSON_AddNumberToObject(object, "false_alarm", run_report_false_alarm(run));
    cJSON *command = cJSON_AddArrayToObject(object, "command");
    for (const char *const *word = run->argv; word && *word; word++)
        cJSON_AddItemToArray(command, text_json(*word));
    return object;
}

static bool print_and_free(cJSON *object, FILE *out)
{
    char *text = cJSON_Print(object);
    cJSON_Delete(object);
    if (!text)
        return false;
    fprintf(out, "%s\n", text);
    free(text);
    return fflush(out) == 0 && !ferror(out);
}

/* Lines of the baseline that no verdict carries, but that are stale. */
static void add_unmet_lines(cJSON *object, const struct baseline *baseline)
{
    if (!baseline)
        return;
    cJSON *lines = cJSON_AddArrayToObject(object, "stale_lines");
    for (size_t i = 0; i < baseline->count; i++)
        if (baseline->lines[i].state == BASELINE_UNMET)
            cJSON_AddItemToArray(lines,
                                 cJSON_CreateNumber(baseline->lines[i].line));
}

bool report_json(const struct run_report *report, FILE *out)
{
    cJSON *object = run_json(report);
    cJSON_AddNumberToObject(object, "exit_code", run_report_exit_code(report));
    cJSON_AddBoolToObject(object, "interrupted", report->interrupted);
    cJSON_AddNumberToObject(object, "seconds", seconds(report->took_ns));
    double score = run_report_score(report);
    if (score >= 0)
        cJSON_AddNumberToObject(object, "score", score);
    add_load(object, run_report_load(report));
    add_unmet_lines(object, report->baseline);
    cJSON *scenarios = cJSON_AddArrayToObject(object, "scenarios");
    for (size_t i = 0; i < report->count; i++)
        cJSON_AddItemToArray(scenarios, scenario_json(report->scenarios[i]));
    return print_and_free(object, out);
}

bool report_json_scenario(const struct run_report *run,
                          const struct scenario_report *report, FILE *out)
{
    cJSON *object = run_json(run);
    cJSON *scenarios = cJSON_AddArrayToObject(object, "scenarios");
    cJSON_AddItemToArray(scenarios, scenario_json(report));
    return print_and_free(object, out);
}
