#include "cli/text_file.h"

#include <stdio.h>
#include <stdlib.h>

char *text_file_read(const char *path)
{
    FILE *file = fopen(path, "re");
    if (!file)
        return NULL;
    char *bytes = NULL;
    long size = fseek(file, 0, SEEK_END) == 0 ? ftell(file) : -1;
    if (size > 0 && size < TEXT_FILE_BYTES_MAX) {
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
