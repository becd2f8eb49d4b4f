/* A pointer, a line feed, and a text of any bytes: what is found is told apart
 * from nothing, and its text ends. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "model/json_pointer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *end = size > 0 ? memchr(data, '\n', size) : NULL;
    if (!end)
        return 0;
    size_t pointer_size = (size_t)(end - data);
    char *pointer = calloc(1, pointer_size + 1);
    if (!pointer)
        return 0;
    memcpy(pointer, data, pointer_size);
    struct json_text text = {.bytes = (const char *)end + 1,
                             .size = size - pointer_size - 1};
    struct json_value value;
    json_pointer_read(&text, pointer, &value);
    assert(memchr(value.text, '\0', sizeof value.text));
    assert(value.kind != JSON_ABSENT || value.text[0] == '\0');
    assert(!value.is_cut || value.kind == JSON_STRING);
    free(pointer);
    return 0;
}
