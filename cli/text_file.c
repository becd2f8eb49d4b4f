#include "cli/text_file.h"

#include <stdio.h>
#include <stdlib.h>

enum { BYTES_MAX = 64 << 20 };

char *text_file_read(const char *path)
{
    FILE *file = fopen(path, "re");
    if (!file)
        return NULL;
    char *bytes = NULL;
    long size = fseek(file, 0, SEEK_END) == 0 ? ftell(file) : -1;
    if (size > 0 && size < BYTES_MAX) {
        bytes = calloc(1, (size_t)size + 1);
        rewind(file);
    }
    if (bytes && fread(bytes, 1, (size_t)size, file) != (size_t)size) {
        free(bytes);
        bytes = NULL;
    }
    fclose(file);
    return bytes;
}
