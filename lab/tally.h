/* What is counted while a fleet runs. Pure. */
#ifndef RETRYSPEC_LAB_TALLY_H
#define RETRYSPEC_LAB_TALLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/units.h"

#define TALLY_BIN_NS (100 * NS_PER_MS)

/* Durations by size, to within 1.6 % or 1 us. */
enum {
    HISTOGRAM_PARTS = 64,
    HISTOGRAM_OCTAVES = 48,
    HISTOGRAM_ALL = HISTOGRAM_PARTS * HISTOGRAM_OCTAVES
};
struct histogram {
    uint64_t counts[HISTOGRAM_ALL];
    uint64_t total;
    int64_t most_ns;
    double sum_ns;
};
void histogram_add(struct histogram *histogram, int64_t ns);

/* The duration that the share `p` of all does not exceed: 0 < p <= 1. The upper
 * end of its part, at most the longest one. NS_FOREVER without any. */
int64_t histogram_quantile(const struct histogram *histogram, double p);

/* The longest duration that counts in a part. */
int64_t histogram_part_end(size_t part);

/* By time, each bin TALLY_BIN_NS long. */
struct tally_bin {
    uint32_t begun;    /* calls */
    uint32_t arrivals; /* attempts that reached the server */
    uint32_t served;   /* calls that had their answer */
};

struct tally {
    int64_t calls, served, given_up; /* the rest was not done at the end */
    int64_t arrivals;                /* attempts that reached the server */
    int64_t wasted; /* of those, since the recovery: refused, or their answer
                       came too late for anybody */
    int64_t events;
    int64_t recovery_ns;
    int64_t last_served_ns; /* 0: none */
    int64_t ended_ns;       /* the last thing that happened */
    struct histogram wait;  /* from the call's begin to its answer */
    struct histogram queue; /* in the queue of the server */
    struct tally_bin *bins;
    size_t bin_count, bin_room;
};

/* Bin at an instant; NULL without memory. */
struct tally_bin *tally_bin(struct tally *tally, int64_t at_ns);

void tally_deinit(struct tally *tally);

#endif
