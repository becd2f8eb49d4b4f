/* Folders of results. */
#ifndef RETRYSPEC_RUNNER_FOLDER_H
#define RETRYSPEC_RUNNER_FOLDER_H

#include <stdbool.h>

#include "model/arena.h"
#include "model/error.h"

/* Makes the folder and those above it where they are missing. */
bool folder_make(const char *path, struct error *error);

/* "FOLDER/NAME", in `arena`; NULL and a problem without memory. */
char *folder_join(struct arena *arena, const char *folder, const char *name,
                  struct error *error);

#endif
