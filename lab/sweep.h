/* A sweep: a world and a profile, some of whose members take several values.
 * Its points are all combinations, the last axis fastest; each is independent
 * of the others. Pure.
 *
 * All points use the same random numbers, trial by trial, so that what differs
 * between two points is what the parameters do. */
#ifndef RETRYSPEC_LAB_SWEEP_H
#define RETRYSPEC_LAB_SWEEP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lab/metrics.h"
#include "lab/vary.h"
#include "model/error.h"
#include "model/profile.h"
#include "model/world.h"

enum { SWEEP_AXES_MAX = 8, SWEEP_POINTS_MAX = 1000000 };

struct sweep {
    const char *profile_name, *world_name; /* for messages */
    const cJSON *profile, *world;          /* as read, before any change */
    const char *const *vary;               /* the axes as written */
    struct vary_axis axes[SWEEP_AXES_MAX];
    size_t axis_count;
    int64_t trials;
    uint64_t seed;
};

/* 0: more than SWEEP_POINTS_MAX. */
size_t sweep_points(const struct sweep *sweep);

/* Which value of axis i a point has. */
size_t sweep_value(const struct sweep *sweep, size_t point, size_t i);

/* The profile and the world of a point. False and a problem that names the
 * point, with both NULL, if there are none; the caller frees them. */
struct sweep_point {
    struct profile *profile;
    struct world *world;
};
bool sweep_open_point(const struct sweep *sweep, size_t point,
                      struct sweep_point *opened, struct error *error);
void sweep_close_point(struct sweep_point *opened);

/* Plays all trials of a point. False and a problem without memory. */
bool sweep_play(const struct sweep *sweep, const struct sweep_point *opened,
                struct summary metrics[METRIC_COUNT], struct error *error);

#endif
