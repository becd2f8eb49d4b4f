#include "props/world.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "judge/judge.h"
#include "reports/report.h"
#include "sim/sim.h"

/* Stories of properties are short; one without an end is cut here. */
#define LIMIT_NS (INT64_C(4) * 3600 * NS_PER_S)
enum { ATTEMPTS_MAX = 400 };

struct world {
    struct profile *profile;
    struct scenario *scenario;
    const struct rule_catalogue *rules;
};

void *props_rules_open(const char *text)
{
    struct error error = {0};
    return rules_read("rules", text, strlen(text), &error);
}

void *props_world_open(const struct props_world_files *files, char *message,
                       size_t size)
{
    struct error error = {0};
    struct world *world = calloc(1, sizeof *world);
    assert(world);
    world->profile =
        profile_read("profile", files->profile, strlen(files->profile), &error);
    world->scenario = scenario_read("scenario", files->scenario,
                                    strlen(files->scenario), &error);
    world->rules = files->rules;
    if (!error_is_set(&error))
        return world;
    snprintf(message, size, "%s: %s: %s", error.problems[0].file,
             error.problems[0].path, error.problems[0].message);
    props_world_close(world);
    return NULL;
}

void props_world_close(void *opened)
{
    struct world *world = opened;
    if (!world)
        return;
    profile_free(world->profile);
    scenario_free(world->scenario);
    free(world);
}

void props_free(char *text)
{
    free(text);
}

static char *read_back(int fd)
{
    off_t size = lseek(fd, 0, SEEK_END);
    char *text = calloc(1, (size_t)size + 1);
    ssize_t got = text ? pread(fd, text, (size_t)size, 0) : 0;
    assert(!text || got == size);
    return text;
}

char *props_world_play(void *opened, uint64_t seed, int64_t latency_ns)
{
    const struct world *world = opened;
    struct error error = {0};
    int fd = memfd_create("trace", MFD_CLOEXEC);
    struct trace_writer *trace = trace_writer_create(fd, &error);
    if (fd < 0 || !trace)
        return NULL;
    const struct sim_input input = {
        .scenario = world->scenario,
        .profile = world->profile,
        .seed = seed,
        .latency_ns = latency_ns,
        .limit_ns = LIMIT_NS,
        .attempts_max = ATTEMPTS_MAX,
        .trace = trace,
    };
    struct sim_stats stats;
    bool is_run = sim_run(&input, &stats, &error);
    is_run = trace_writer_flush(trace) && is_run;
    trace_writer_free(trace);
    char *text = is_run ? read_back(fd) : NULL;
    close(fd);
    return text;
}

static char *unreadable(const struct error *error)
{
    char *text = NULL;
    int size = asprintf(&text, "unreadable: %s", error->problems[0].message);
    return size < 0 ? NULL : text;
}

static char *report_text(const struct scenario_report *report)
{
    const struct run_report run = {.is_simulated = true, .version = "props"};
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    assert(out);
    report_json_scenario(&run, report, out);
    fclose(out);
    return text;
}

char *props_world_judge(void *opened, const char *text)
{
    const struct world *world = opened;
    struct error error = {0};
    struct trace *trace = trace_read("trace", text, strlen(text), &error);
    if (!trace)
        return unreadable(&error);
    const struct judge_input input = {.profile = world->profile,
                                      .scenario = world->scenario,
                                      .trace = trace,
                                      .rules = world->rules};
    struct scenario_report *report = judge_run(&input);
    assert(report);
    char *json = report_text(report);
    scenario_report_free(report);
    trace_free(trace);
    return json;
}
