/* Plays fleets of a profile against a world, and tells what that cost.
 *
 *     lab WORLD PROFILE TRIALS CLIENTS...
 *
 * Prints events, seconds of processor time, attempts, the sum of the runs' ends
 * in ns (these two change with any result), and bytes a client by design. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "lab/fleet.h"

struct cost {
    int64_t events, attempts, ended_ns;
    double cpu_s;
};

/* Of this process: what else the machine does is not counted. */
static double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static bool play(const struct fleet_input *input, struct cost *cost,
                 struct error *error)
{
    static struct tally tally;
    double begin = seconds_now();
    bool is_played =
        fleet_supports(input, error) && fleet_run(input, &tally, error);
    cost->cpu_s += seconds_now() - begin;
    cost->events += tally.events;
    cost->attempts += tally.arrivals;
    cost->ended_ns += tally.ended_ns;
    tally_deinit(&tally);
    return is_played;
}

/* All trials of all sizes. */
static bool play_all(struct world *world, const struct profile *profile,
                     char *const *numbers, struct error *error)
{
    struct cost cost = {0};
    struct normal normal;
    struct fleet_input input = {
        .world = world, .profile = profile, .seed = 1, .normal = &normal};
    normal_init(&normal);
    uint64_t trials = strtoull(numbers[0], NULL, 10);
    for (size_t i = 1; numbers[i]; i++) {
        world->clients = strtoll(numbers[i], NULL, 10);
        for (input.trial = 0; input.trial < trials; input.trial++) {
            if (!play(&input, &cost, error))
                return false;
        }
    }
    printf("%" PRId64 " %.6f %" PRId64 " %" PRId64 " %" PRId64 "\n",
           cost.events, cost.cpu_s, cost.attempts, cost.ended_ns,
           fleet_bytes_a_client(&input));
    return true;
}

int main(int argc, char **argv)
{
    if (argc < 5) {
        fputs("lab WORLD PROFILE TRIALS CLIENTS...\n", stderr);
        return EXIT_FAILURE;
    }
    struct error error = {0};
    struct world *world = world_read_file(argv[1], &error);
    struct profile *profile = profile_read_file(argv[2], &error);
    bool is_played =
        world && profile && play_all(world, profile, argv + 3, &error);
    if (!is_played)
        error_print(&error, stderr);
    world_free(world);
    profile_free(profile);
    return is_played ? EXIT_SUCCESS : EXIT_FAILURE;
}
