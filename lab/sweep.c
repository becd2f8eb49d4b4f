#include "lab/sweep.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lab/fleet.h"

size_t sweep_points(const struct sweep *sweep)
{
    size_t points = 1;
    for (size_t i = 0; i < sweep->axis_count; i++) {
        points *= sweep->axes[i].count;
        if (points > SWEEP_POINTS_MAX)
            return 0;
    }
    return points;
}

size_t sweep_value(const struct sweep *sweep, size_t point, size_t i)
{
    for (size_t last = sweep->axis_count; --last > i;)
        point /= sweep->axes[last].count;
    return point % sweep->axes[i].count;
}

/* -- one point -------------------------------------------------------------
 */

enum { NAME_SIZE = 512 };

/* "tinker-http with backoff.cap=4s, clients=10". */
static void name_point(const struct sweep *sweep, size_t point,
                       const char *file, char name[NAME_SIZE])
{
    int used = snprintf(name, NAME_SIZE, "%s", file);
    for (size_t i = 0; i < sweep->axis_count && used < NAME_SIZE; i++) {
        const struct vary_axis *axis = &sweep->axes[i];
        used += snprintf(name + used, (size_t)(NAME_SIZE - used), "%s %s=%s",
                         i == 0 ? " with" : ",", axis->path,
                         axis->labels[sweep_value(sweep, point, i)]);
    }
}

static bool set_values(const struct sweep *sweep, size_t point,
                       const struct vary_files *files, struct error *error)
{
    for (size_t i = 0; i < sweep->axis_count; i++) {
        if (!vary_set(&sweep->axes[i], sweep_value(sweep, point, i), files,
                      error))
            return false;
    }
    return true;
}

static void read_both(const struct sweep *sweep, size_t point,
                      const struct vary_files *files,
                      struct sweep_point *opened, struct error *error)
{
    char name[NAME_SIZE];
    char *profile = cJSON_Print(files->profile);
    char *world = cJSON_Print(files->world);
    if (profile && world) {
        name_point(sweep, point, sweep->profile_name, name);
        opened->profile = profile_read(name, profile, strlen(profile), error);
        name_point(sweep, point, sweep->world_name, name);
        opened->world = world_read(name, world, strlen(world), error);
    } else {
        error_add(error, PROBLEM_MEMORY, "out of memory");
    }
    cJSON_free(profile);
    cJSON_free(world);
}

static bool is_playable(const struct sweep_point *opened, struct error *error)
{
    const struct fleet_input input = {.world = opened->world,
                                      .profile = opened->profile};
    return opened->profile && opened->world && fleet_supports(&input, error);
}

bool sweep_open_point(const struct sweep *sweep, size_t point,
                      struct sweep_point *opened, struct error *error)
{
    const struct vary_files files = {
        .profile = cJSON_Duplicate(sweep->profile, true),
        .world = cJSON_Duplicate(sweep->world, true)};
    *opened = (struct sweep_point){0};
    if (!files.profile || !files.world)
        error_add(error, PROBLEM_MEMORY, "out of memory");
    else if (set_values(sweep, point, &files, error))
        read_both(sweep, point, &files, opened, error);
    cJSON_Delete(files.profile);
    cJSON_Delete(files.world);
    if (is_playable(opened, error))
        return true;
    sweep_close_point(opened);
    return false;
}

void sweep_close_point(struct sweep_point *opened)
{
    profile_free(opened->profile);
    world_free(opened->world);
    *opened = (struct sweep_point){0};
}

static bool play_trial(const struct fleet_input *input, struct tally *tally,
                       struct summary *metrics, struct error *error)
{
    double values[METRIC_COUNT];
    bool is_played = fleet_run(input, tally, error);
    if (is_played) {
        metrics_of(tally, values);
        for (size_t i = 0; i < METRIC_COUNT; i++)
            summary_add(&metrics[i], values[i]);
    }
    tally_deinit(tally);
    return is_played;
}

bool sweep_play(const struct sweep *sweep, const struct sweep_point *opened,
                struct summary metrics[METRIC_COUNT], struct error *error)
{
    struct tally *tally = calloc(1, sizeof *tally);
    struct normal normal;
    struct fleet_input input = {.world = opened->world,
                                .profile = opened->profile,
                                .seed = sweep->seed,
                                .normal = &normal};
    bool is_played = tally;
    memset(metrics, 0, METRIC_COUNT * sizeof *metrics);
    normal_init(&normal);
    if (!tally)
        error_add(error, PROBLEM_MEMORY, "out of memory");
    for (int64_t i = 0; is_played && i < sweep->trials; i++) {
        input.trial = (uint64_t)i;
        is_played = play_trial(&input, tally, metrics, error);
    }
    free(tally);
    return is_played;
}
