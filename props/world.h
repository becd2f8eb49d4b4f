/* The virtual world and the judge for Python's ctypes: text in, text out. */
#ifndef RETRYSPEC_PROPS_WORLD_H
#define RETRYSPEC_PROPS_WORLD_H

#include <stddef.h>
#include <stdint.h>

/* The catalogue of rules; NULL if it does not read. Worlds borrow it. */
void *props_rules_open(const char *text);

struct props_world_files {
    const char *profile, *scenario; /* text of each */
    const void *rules;
};

/* NULL if one does not read; `message` then holds the first problem. */
void *props_world_open(const struct props_world_files *files, char *message,
                       size_t size);
void props_world_close(void *world);

/* The trace of a run; heap text, NULL without memory. */
char *props_world_play(void *world, uint64_t seed, int64_t latency_ns);

/* verdict.json of a trace; heap text. Of a trace that does not read, the first
 * problem after "unreadable: ". */
char *props_world_judge(void *world, const char *trace);

void props_free(char *text);

#endif
