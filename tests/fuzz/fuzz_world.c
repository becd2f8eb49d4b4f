/* Any bytes are a world or problems, never both and never neither; a world
 * knows when it recovers. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "model/world.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct error error = {0};
    struct world *world =
        world_read("fuzz.jsonc", (const char *)data, size, &error);
    if (error_is_set(&error) == (world != NULL))
        abort();
    if (world && world_recovery_ns(world) < 0)
        abort();
    world_free(world);
    return 0;
}
