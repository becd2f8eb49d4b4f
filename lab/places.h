/* The points of a sweep, as far as a figure goes. Pure. */
#ifndef RETRYSPEC_LAB_PLACES_H
#define RETRYSPEC_LAB_PLACES_H

#include <stdbool.h>
#include <stddef.h>

#include "lab/figure.h"

enum { PLACE_NAME_SIZE = 128 };

struct place {
    double x, y; /* seconds or numbers; NAN for any other value */
    double mean, margin;
    bool is_time[2];                /* x, y */
    char label[2][PLACE_NAME_SIZE]; /* x and y as written; "" without y */
    char series[PLACE_NAME_SIZE];   /* the values of the other axes */
};

/* On the heap, in the order of the sweep; the caller frees them. NULL and a
 * problem if there is none, or without memory. */
struct place *places_read(const struct rows *rows,
                          const struct figure_axes *axes, size_t *count,
                          struct error *error);

#endif
