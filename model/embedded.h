/* The data files of scenarios/ and adapters/, carried inside the binary. */
#ifndef RETRYSPEC_MODEL_EMBEDDED_H
#define RETRYSPEC_MODEL_EMBEDDED_H

#include <stddef.h>

struct embedded_file {
    const char
        *name; /* "retry-after/429-seconds.jsonc", "adapters/adapter.py" */
    const char *bytes;
    size_t size;
};

/* Sorted by name, ended by an entry with a NULL name. */
extern const struct embedded_file embedded_files[];

#endif
