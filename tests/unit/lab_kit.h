/* Worlds, profiles and runs of fleets, from JSON with ' for ". */
#ifndef RETRYSPEC_TESTS_LAB_KIT_H
#define RETRYSPEC_TESTS_LAB_KIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lab/fleet.h"
#include "model/units.h"

static inline size_t quoted(const char *text, char *json, size_t room)
{
    size_t size = strlen(text);
    assert_true(size < room);
    for (size_t i = 0; i <= size; i++)
        json[i] = text[i] == '\'' ? '"' : text[i];
    return size;
}

static inline struct world *lab_world(const char *members)
{
    char text[2048], json[2048];
    struct error error = {0};
    snprintf(text, sizeof text,
             "{'retryspec':1,'world':'w','title':'a world',%s}", members);
    size_t size = quoted(text, json, sizeof json);
    struct world *world = world_read("w", json, size, &error);
    if (!world) {
        error_print(&error, stderr);
        fail();
    }
    return world;
}

/* One layer with these members; its one rule retries all but 2xx. */
static inline struct profile *lab_profile(const char *members,
                                          const char *backoff)
{
    char text[2048], json[2048];
    struct error error = {0};
    snprintf(
        text, sizeof text,
        "{'retryspec':1,'profile':'p','title':'a client','source':'a test',"
        "'layers':[{'name':'client',%s'rules':[{'on':{'status':["
        "'400-599'],'transport':['any']},'do':'retry','backoff':%s}]}]}",
        members, backoff);
    size_t size = quoted(text, json, sizeof json);
    struct profile *profile = profile_read("p", json, size, &error);
    if (!profile) {
        error_print(&error, stderr);
        fail();
    }
    return profile;
}

/* The caller ends it with lab_free(). */
static inline struct tally *lab_run(const struct world *world,
                                    const struct profile *profile,
                                    uint64_t trial)
{
    struct error error = {0};
    struct tally *tally = malloc(sizeof *tally);
    assert_non_null(tally);
    const struct fleet_input input = {
        .world = world, .profile = profile, .seed = 1, .trial = trial};
    assert_true(fleet_supports(&input, &error));
    assert_true(fleet_run(&input, tally, &error));
    return tally;
}

static inline void lab_free(struct tally *tally)
{
    tally_deinit(tally);
    free(tally);
}

#endif
