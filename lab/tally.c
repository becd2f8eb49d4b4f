#include "lab/tally.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Durations count in units of 1,024 ns. Below 2^6 units each has a part of its
 * own; above, an octave has 2^6 parts. */
enum { UNIT_BITS = 10, PART_BITS = 6 };

static size_t part_of(int64_t ns)
{
    uint64_t units = (uint64_t)ns >> UNIT_BITS;
    if (units < HISTOGRAM_PARTS)
        return (size_t)units;
    int octave = 63 - __builtin_clzll(units) - PART_BITS;
    return (size_t)(octave + 1) * HISTOGRAM_PARTS +
           (size_t)((units >> octave) & (HISTOGRAM_PARTS - 1));
}

int64_t histogram_part_end(size_t part)
{
    uint64_t octave = part / HISTOGRAM_PARTS, at = part % HISTOGRAM_PARTS;
    uint64_t units =
        octave == 0 ? at + 1 : (HISTOGRAM_PARTS + at + 1) << (octave - 1);
    return (int64_t)((units << UNIT_BITS) - 1);
}

void histogram_add(struct histogram *histogram, int64_t ns)
{
    histogram->counts[part_of(ns)]++;
    histogram->total++;
    histogram->sum_ns += (double)ns;
    if (ns > histogram->most_ns)
        histogram->most_ns = ns;
}

int64_t histogram_quantile(const struct histogram *histogram, double p)
{
    uint64_t wanted = (uint64_t)ceil(p * (double)histogram->total), seen = 0;
    if (histogram->total == 0)
        return NS_FOREVER;
    for (size_t part = 0; part < HISTOGRAM_ALL; part++) {
        seen += histogram->counts[part];
        if (seen >= wanted && seen > 0) {
            int64_t end_ns = histogram_part_end(part);
            return end_ns < histogram->most_ns ? end_ns : histogram->most_ns;
        }
    }
    return histogram->most_ns;
}

static bool grow(struct tally *tally, size_t count)
{
    if (count > tally->bin_room) {
        size_t room = count > 2 * tally->bin_room ? count : 2 * tally->bin_room;
        struct tally_bin *bins =
            realloc(tally->bins, room * sizeof *tally->bins);
        if (!bins)
            return false;
        tally->bins = bins;
        tally->bin_room = room;
    }
    memset(tally->bins + tally->bin_count, 0,
           (count - tally->bin_count) * sizeof *tally->bins);
    tally->bin_count = count;
    return true;
}

struct tally_bin *tally_bin(struct tally *tally, int64_t at_ns)
{
    size_t i = (size_t)(at_ns / TALLY_BIN_NS);
    if (i >= tally->bin_count && !grow(tally, i + 1))
        return NULL;
    return &tally->bins[i];
}

void tally_deinit(struct tally *tally)
{
    free(tally->bins);
    *tally = (struct tally){0};
}
