#include "cli/run_repeat.h"

#include <stdlib.h>

#include "model/verdict_merge.h"
#include "runner/folder.h"

static bool run_again(struct run_repeats *repeats,
                      const struct runner_options *options,
                      const struct run_report *first, struct error *error)
{
    struct run_report *report = &repeats->later[repeats->count];
    char name[32];
    size_t number = repeats->count + 2;
    snprintf(name, sizeof name, "repeat-%zu", number);
    struct runner_options again = *options;
    again.is_smoke_skipped = true;
    again.out = folder_join(&repeats->arena, options->out, name, error);
    if (!again.out) {
        return false;
    }
    if (repeats->out) {
        fprintf(repeats->out, "run %zu of %lld\n", number,
                (long long)repeats->wanted);
    }
    *report = (struct run_report){.program = first->program,
                                  .profile_word = first->profile_word,
                                  .edition = first->edition,
                                  .false_alarm = first->false_alarm,
                                  .strict = first->strict};
    repeats->count++;
    return runner_run(&again, report, error);
}

/* The first report stands at the head of the others while they are merged. */
static bool merge(struct run_repeats *repeats, struct run_report *report,
                  struct error *error)
{
    struct run_report *rounds = calloc(repeats->count + 1, sizeof *rounds);
    bool is_merged = false;
    if (rounds) {
        rounds[0] = *report;
        for (size_t i = 0; i < repeats->count; i++) {
            rounds[i + 1] = repeats->later[i];
        }
        is_merged = verdict_merge(rounds, repeats->count + 1);
        *report = rounds[0];
        free(rounds);
    }
    if (!is_merged) {
        error_add(error, PROBLEM_MEMORY, "out of memory");
    }
    return is_merged;
}

bool run_repeat(struct run_repeats *repeats,
                const struct runner_options *options, struct run_report *report,
                struct error *error)
{
    bool is_run = runner_run(options, report, error);
    if (!is_run || repeats->wanted < 2) {
        return is_run;
    }
    repeats->later = calloc((size_t)repeats->wanted, sizeof *repeats->later);
    if (!repeats->later) {
        error_add(error, PROBLEM_MEMORY, "out of memory");
        return false;
    }
    bool is_stopped = report->interrupted;
    for (int64_t i = 1; is_run && !is_stopped && i < repeats->wanted; i++) {
        is_run = run_again(repeats, options, report, error);
        is_stopped = repeats->count > 0 &&
                     repeats->later[repeats->count - 1].interrupted;
    }
    return merge(repeats, report, error) && is_run;
}

void run_repeats_deinit(struct run_repeats *repeats)
{
    for (size_t i = 0; i < repeats->count; i++) {
        runner_report_free(&repeats->later[i]);
    }
    free(repeats->later);
    arena_deinit(&repeats->arena);
}
