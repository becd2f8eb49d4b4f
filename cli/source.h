/* The text of a file that the user names: shipped, by id, or on disk. */
#ifndef RETRYSPEC_CLI_SOURCE_H
#define RETRYSPEC_CLI_SOURCE_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/shipped.h"
#include "model/error.h"

struct source {
    char path[SHIPPED_ID_MAX]; /* for messages; from the tree if shipped */
    const char *bytes;
    size_t size;
    char *owned; /* bytes, when read from disk */
    bool is_shipped;
};

/* The shipped file with that id, else the file at that path. False and a
 * problem, with the nearest id as its hint, if there is neither. */
bool source_open(enum shipped_kind kind, const char *name,
                 struct source *source, struct error *error);

/* As source_open for one of the two. */
void source_open_shipped(const struct embedded_file *file,
                         struct source *source);
bool source_open_file(const char *path, struct source *source,
                      struct error *error);

void source_close(struct source *source);

#endif
