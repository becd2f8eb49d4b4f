/* Between the files of the world reader; nobody else includes this. */
#ifndef RETRYSPEC_MODEL_WORLD_PARTS_H
#define RETRYSPEC_MODEL_WORLD_PARTS_H

#include "model/fields.h"
#include "model/world.h"

/* "from" and, NS_FOREVER without it, "to"; not before last_ns. */
bool world_span_read(const struct jsonc_value *at, int64_t last_ns,
                     int64_t *from_ns, int64_t *to_ns);

void world_capacity_read(const struct jsonc_value *at, struct arena *arena,
                         struct capacity *server);

#endif
