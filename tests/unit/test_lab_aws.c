/* The back-off study of AWS (aws-samples/aws-arch-backoff-simulator 66cb169):
 * its model, its five laws, means and deviations of 1,000 trials a cell by an
 * independent program that agrees with the study's own output. Ours are 100
 * trials at a fixed seed. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lab/fleet.h"

enum { TRIALS = 100, REFERENCE_TRIALS = 1000, LAWS = 5, SIZES = 4 };

struct figure {
    double mean, sd;
};

struct cell {
    int clients;
    struct figure time_ms, calls;
};

struct law {
    const char *name, *backoff;
    struct cell cells[SIZES];
};

#define EXPONENTIAL                                              \
    "{\"schedule\":\"exponential\",\"base\":\"5ms\",\"factor\":" \
    "2,\"first_exponent\":1,\"cap\":\"2s\""

static const struct law laws[LAWS] = {
    {"exponential",
     EXPONENTIAL "}",
     {{20, {14402, 2872}, {149.7, 14.0}},
      {50, {36324, 3144}, {623.0, 28.7}},
      {100, {63383, 3697}, {1855.0, 57.2}},
      {150, {85656, 3906}, {3546.2, 93.4}}}},
    {"decorrelated",
     "{\"schedule\":\"constant\",\"base\":\"5ms\",\"cap\":\"2s\",\"jitter\":"
     "{\"decorrelated\":3},\"order\":\"before-cap\",\"clip\":true}",
     {{20, {817, 178}, {100.9, 4.8}},
      {50, {2213, 498}, {374.8, 12.8}},
      {100, {4581, 668}, {1001.9, 28.3}},
      {150, {6543, 797}, {1760.7, 43.5}}}},
    {"equal",
     EXPONENTIAL ",\"jitter\":\"equal\"}",
     {{20, {1612, 453}, {108.0, 4.0}},
      {50, {4262, 591}, {347.4, 6.2}},
      {100, {6635, 666}, {812.7, 7.8}},
      {150, {8278, 638}, {1324.3, 10.6}}}},
    {"full",
     EXPONENTIAL ",\"jitter\":\"full\"}",
     {{20, {1007, 261}, {100.4, 3.6}},
      {50, {2870, 530}, {332.4, 5.0}},
      {100, {4915, 521}, {796.3, 7.2}},
      {150, {6373, 534}, {1317.8, 9.5}}}},
    {"none",
     "{\"schedule\":\"none\"}",
     {{20, {603, 53}, {152.5, 12.1}},
      {50, {1139, 43}, {689.2, 16.7}},
      {100, {2029, 43}, {2423.0, 30.8}},
      {150, {2876, 47}, {5139.4, 49.4}}}},
};

static struct profile *client_of(const struct law *law)
{
    char text[1024];
    int size =
        snprintf(text, sizeof text,
                 "{\"retryspec\":1,\"profile\":\"aws\",\"title\":\"a client\","
                 "\"source\":\"the study\",\"layers\":[{\"name\":\"client\","
                 "\"rules\":[{\"on\":{\"status\":[\"409\"]},\"do\":\"retry\","
                 "\"backoff\":%s}]}]}",
                 law->backoff);
    struct error error = {0};
    struct profile *profile = profile_read("a law", text, (size_t)size, &error);
    if (!profile) {
        error_print(&error, stderr);
        fail();
    }
    return profile;
}

static struct world *row(void)
{
    static const char text[] =
        "{\"retryspec\":1,\"world\":\"row\",\"title\":\"a row\",\"clients\":20,"
        "\"arrivals\":\"at once\",\"network\":{\"normal\":{\"mean\":\"10ms\","
        "\"sd\":\"2ms\"}},\"server\":{\"row\":true},\"ends\":\"24h\"}";
    struct error error = {0};
    struct world *world = world_read("a row", text, strlen(text), &error);
    if (!world) {
        error_print(&error, stderr);
        fail();
    }
    return world;
}

struct sums {
    double time_ms, calls;
};

/* Means over the trials of a cell. */
static struct sums play(const struct fleet_input *cell)
{
    struct sums sums = {0};
    struct error error = {0};
    struct tally *tally = malloc(sizeof *tally);
    assert_non_null(tally);
    struct fleet_input input = *cell;
    for (input.trial = 0; input.trial < TRIALS; input.trial++) {
        assert_true(fleet_run(&input, tally, &error));
        assert_int_equal(tally->served, cell->world->clients);
        sums.time_ms += (double)tally->ended_ns / (double)NS_PER_MS / TRIALS;
        sums.calls += (double)tally->arrivals / TRIALS;
        tally_deinit(tally);
    }
    free(tally);
    return sums;
}

static double z_of(double ours, const struct figure *figure)
{
    double variance = figure->sd * figure->sd;
    return (ours - figure->mean) /
           sqrt(variance / TRIALS + variance / REFERENCE_TRIALS);
}

/* All cells at once: as far apart as chance has them, no more and no less. */
static void test_reference_table(void **state)
{
    (void)state;
    struct world *world = row();
    double squares = 0;
    for (int i = 0; i < LAWS; i++) {
        struct profile *profile = client_of(&laws[i]);
        for (int k = 0; k < SIZES; k++) {
            const struct cell *cell = &laws[i].cells[k];
            world->clients = cell->clients;
            struct sums ours = play(&(struct fleet_input){
                .world = world, .profile = profile, .seed = 1});
            double z[] = {z_of(ours.time_ms, &cell->time_ms),
                          z_of(ours.calls, &cell->calls)};
            if (fabs(z[0]) > 6 || fabs(z[1]) > 6)
                fail_msg("%s, %d clients: %.0f ms, %.1f calls", laws[i].name,
                         cell->clients, ours.time_ms, ours.calls);
            squares += z[0] * z[0] + z[1] * z[1];
        }
        profile_free(profile);
    }
    world_free(world);
    double rms = sqrt(squares / (LAWS * SIZES * 2));
    if (rms < 0.7 || rms > 1.3)
        fail_msg("rms of z is %.2f", rms);
}

static double mean_calls(const char *law, int clients)
{
    struct world *world = row();
    world->clients = clients;
    int i = 0;
    while (strcmp(laws[i].name, law) != 0)
        i++;
    struct profile *profile = client_of(&laws[i]);
    struct sums sums = play(
        &(struct fleet_input){.world = world, .profile = profile, .seed = 1});
    profile_free(profile);
    world_free(world);
    return sums.calls;
}

/* The shape: equal jitter makes more calls than full jitter, until there are
 * some 165 clients. */
static void test_equal_and_full_cross(void **state)
{
    (void)state;
    assert_true(mean_calls("equal", 100) > mean_calls("full", 100) + 10);
    assert_true(mean_calls("equal", 190) < mean_calls("full", 190));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reference_table),
        cmocka_unit_test(test_equal_and_full_cross),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
