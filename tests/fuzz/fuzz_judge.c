/* Any trace of any shipped scenario, judged by any shipped profile: a report,
 * and the same one again. The first byte chooses the profile, the second the
 * scenario, the rest is the trace. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "judge/judge.h"
#include "model/embedded.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool is_true)
{
    if (!is_true)
        abort();
}

/* The embedded files of a folder, by turns. */
static const struct embedded_file *choose(const char *folder, unsigned number)
{
    size_t length = strlen(folder), count = 0;
    for (size_t i = 0; embedded_files[i].name; i++)
        count += strncmp(embedded_files[i].name, folder, length) == 0;
    number %= (unsigned)count;
    for (size_t i = 0;; i++) {
        const struct embedded_file *file = &embedded_files[i];
        if (strncmp(file->name, folder, length) == 0 && number-- == 0)
            return file;
    }
}

struct inputs {
    struct rule_catalogue *rules;
    struct profile *profile;
    struct scenario *scenario;
    struct trace *trace;
};

static void load(struct inputs *inputs, unsigned profile, unsigned scenario)
{
    static const char *const folders[] = {"backoff/", "integrity/", "limits/",
                                          "outage/", "retry-after/"};
    enum { FOLDERS = sizeof folders / sizeof *folders };
    struct error error = {0};
    const struct embedded_file *file = choose("rules.jsonc", 0);
    inputs->rules = rules_read(file->name, file->bytes, file->size, &error);
    file = choose("profiles/", profile);
    inputs->profile = profile_read(file->name, file->bytes, file->size, &error);
    file = choose(folders[scenario % FOLDERS], scenario / FOLDERS);
    inputs->scenario =
        scenario_read(file->name, file->bytes, file->size, &error);
    require(inputs->rules && inputs->profile && inputs->scenario);
}

static struct scenario_report *judge(const struct inputs *inputs)
{
    struct scenario_report *report = judge_run(&(struct judge_input){
        .profile = inputs->profile,
        .scenario = inputs->scenario,
        .trace = inputs->trace,
        .rules = inputs->rules,
    });
    require(report);
    return report;
}

static void check(const struct inputs *inputs)
{
    struct scenario_report *a = judge(inputs), *b = judge(inputs);
    require(a->client_fault == b->client_fault);
    require(a->verdict_count == b->verdict_count);
    for (size_t i = 0; i < a->verdict_count; i++) {
        require(a->verdicts[i].rule == b->verdicts[i].rule);
        require(a->verdicts[i].word == b->verdicts[i].word);
    }
    scenario_report_free(a);
    scenario_report_free(b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct inputs inputs = {0};
    struct error error = {0};
    if (size < 2)
        return 0;
    inputs.trace =
        trace_read("f.ndjson", (const char *)data + 2, size - 2, &error);
    if (!inputs.trace)
        return 0;
    load(&inputs, data[0], data[1]);
    check(&inputs);
    rules_free(inputs.rules);
    profile_free(inputs.profile);
    scenario_free(inputs.scenario);
    trace_free(inputs.trace);
    return 0;
}
