/* Any bytes are a profile or problems, never both and never neither; what
 * reads can be asked which requests its layers cover. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "model/profile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void use(const struct profile *profile)
{
    for (size_t i = 0; i < profile->layer_count; i++) {
        layer_covers(&profile->layers[i], "POST", "/api/v1/asample");
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct error error = {0};
    struct profile *profile =
        profile_read("fuzz.jsonc", (const char *)data, size, &error);
    if (error_is_set(&error) == (profile != NULL)) {
        abort();
    }
    if (profile) {
        use(profile);
    }
    profile_free(profile);
    return 0;
}
