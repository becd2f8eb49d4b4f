#include "cli/diff_scenarios.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "judge/judge.h"
#include "sim/sim.h"

/* Polls for ever show what they differ in long before. */
enum { ATTEMPTS_MAX = 5000 };

struct player {
    struct comparison *comparison;
    struct rule_catalogue *rules;
    struct error *error;
};

/* -- playing ---------------------------------------------------------------
 */

static bool write_trace(const struct player *player,
                        const struct profile *profile,
                        const struct scenario *scenario, int fd)
{
    struct trace_writer *writer = trace_writer_create(fd, player->error);
    if (!writer)
        return false;
    const struct sim_input input = {
        .attempts_max = ATTEMPTS_MAX,
        .scenario = scenario,
        .profile = profile,
        .seed = 1,
        .latency_ns = SIM_LATENCY_NS,
        .limit_ns = SIM_LIMIT_NS,
        .trace = writer,
    };
    struct sim_stats stats;
    bool is_run = sim_run(&input, &stats, player->error);
    bool is_written = is_run && trace_writer_flush(writer);
    if (is_run && !is_written)
        error_add(player->error, PROBLEM_SYSTEM, "no room for the trace of %s",
                  scenario->id);
    trace_writer_free(writer);
    return is_written;
}

static struct trace *read_trace(const struct player *player, int fd)
{
    struct stat status;
    struct trace *trace = NULL;
    if (fstat(fd, &status) == 0) {
        size_t size = (size_t)status.st_size;
        char *bytes = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (bytes != MAP_FAILED) {
            trace = trace_read("trace.ndjson", bytes, size, player->error);
            munmap(bytes, size);
            return trace;
        }
    }
    error_add_errno(player->error, errno, "can't read the trace back");
    return NULL;
}

static struct trace *play(const struct player *player,
                          const struct profile *profile,
                          const struct scenario *scenario)
{
    struct trace *trace = NULL;
    int fd = memfd_create("trace", MFD_CLOEXEC);
    if (fd < 0) {
        error_add_errno(player->error, errno, "no memory for a trace");
        return NULL;
    }
    if (write_trace(player, profile, scenario, fd))
        trace = read_trace(player, fd);
    close(fd);
    return trace;
}

/* -- judging ---------------------------------------------------------------
 */

static bool is_broken(const struct verdict *verdict)
{
    return verdict->word == VERDICT_FAIL || verdict->word == VERDICT_WARN;
}

static bool breaks(const struct scenario_report *report, const char *rule)
{
    for (size_t i = 0; i < report->verdict_count; i++) {
        if (is_broken(&report->verdicts[i]) &&
            strcmp(report->verdicts[i].rule->id, rule) == 0)
            return true;
    }
    return false;
}

static struct scenario_report *judge(const struct player *player,
                                     const struct profile *profile,
                                     const struct scenario *scenario,
                                     const struct trace *trace)
{
    const struct judge_input input = {.profile = profile,
                                      .scenario = scenario,
                                      .trace = trace,
                                      .rules = player->rules};
    struct scenario_report *report = judge_run(&input);
    if (!report)
        error_add(player->error, PROBLEM_MEMORY, "out of memory");
    return report;
}

/* The rules of `theirs` that its client breaks and would not by its own. */
static void list_rules(const struct scenario_report *theirs,
                       const struct scenario_report *own, struct words *words)
{
    for (size_t i = 0; i < theirs->verdict_count; i++) {
        const struct verdict *verdict = &theirs->verdicts[i];
        if (is_broken(verdict) && !breaks(own, verdict->rule->id)) {
            words_next(words);
            words_add(words, "%s", verdict->rule->id);
        }
    }
}

static bool show(const struct player *player, const struct profile *client,
                 const struct profile *policy, const struct scenario *scenario,
                 struct words *words)
{
    struct trace *trace = play(player, client, scenario);
    struct scenario_report *theirs =
        trace ? judge(player, policy, scenario, trace) : NULL;
    struct scenario_report *own =
        theirs ? judge(player, client, scenario, trace) : NULL;
    if (own)
        list_rules(theirs, own, words);
    bool is_done = own != NULL;
    if (own)
        scenario_report_free(own);
    if (theirs)
        scenario_report_free(theirs);
    if (trace)
        trace_free(trace);
    return is_done;
}

/* -- the whole -------------------------------------------------------------
 */

static bool keep(struct comparison *comparison, const struct scenario *scenario,
                 const struct words *a, const struct words *b)
{
    struct arena *arena = &comparison->arena;
    struct compare_scenario *kept =
        &comparison->scenarios[comparison->scenario_count];
    *kept = (struct compare_scenario){
        .id = arena_strdup(arena, scenario->id),
        .rules_a = arena_strndup(arena, a->text, a->used),
        .rules_b = arena_strndup(arena, b->text, b->used),
    };
    comparison->scenario_count++;
    return kept->id && kept->rules_a && kept->rules_b;
}

static bool play_scenario(const struct player *player,
                          const struct scenario *scenario)
{
    struct comparison *comparison = player->comparison;
    struct words a = {0}, b = {0};
    if (!show(player, comparison->a, comparison->b, scenario, &a) ||
        !show(player, comparison->b, comparison->a, scenario, &b))
        return false;
    comparison->scenarios_played++;
    bool is_kept = a.used + b.used == 0 || keep(comparison, scenario, &a, &b);
    if (!is_kept)
        error_add(player->error, PROBLEM_MEMORY, "out of memory");
    return is_kept;
}

/* A client does nothing with a request that none of its layers covers. */
static bool covers(const struct profile *profile,
                   const struct scenario *scenario)
{
    const struct workload *workload = &scenario->workload;
    char path[1024];
    snprintf(path, sizeof path, "%.*s", (int)strcspn(workload->path, "?"),
             workload->path);
    for (size_t i = 0; i < profile->layer_count; i++) {
        if (layer_covers(&profile->layers[i], workload->method, path))
            return true;
    }
    return false;
}

static bool play_all(const struct player *player,
                     const struct cli_scenarios *scenarios)
{
    struct comparison *comparison = player->comparison;
    comparison->scenarios = arena_array(&comparison->arena, scenarios->count,
                                        sizeof *comparison->scenarios);
    if (!comparison->scenarios) {
        error_add(player->error, PROBLEM_MEMORY, "out of memory");
        return false;
    }
    for (size_t i = 0; i < scenarios->count; i++) {
        const struct scenario *scenario = scenarios->items[i];
        bool is_of_one =
            covers(comparison->a, scenario) || covers(comparison->b, scenario);
        if (is_of_one && !play_scenario(player, scenario))
            return false;
    }
    return true;
}

bool diff_scenarios_play(struct comparison *comparison,
                         const struct cli_selection *selection,
                         struct error *error)
{
    struct player player = {comparison, cli_load_rules(error), error};
    struct cli_scenarios scenarios = {0};
    bool is_done = player.rules && cli_select(selection, &scenarios, error) &&
                   play_all(&player, &scenarios);
    cli_scenarios_free(&scenarios);
    if (player.rules)
        rules_free(player.rules);
    return is_done;
}
