#include "cli/out.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

enum { WIDTH = 79 };

int out_json(cJSON *value)
{
    char *text = cJSON_Print(value);
    cJSON_Delete(value);
    if (!text) {
        fputs("retryspec: out of memory\n", stderr);
        return EXIT_SYSTEM;
    }
    puts(text);
    cJSON_free(text);
    return EXIT_SUCCESS;
}

void out_json_text(cJSON *object, const char *key, const char *text)
{
    cJSON_AddItemToObject(object, key,
                          text ? cJSON_CreateString(text) : cJSON_CreateNull());
}

/* Bytes of the next line: up to the last blank that fits, or one long word. */
static size_t line_length(const char *text, size_t room)
{
    size_t length = strlen(text);
    if (length <= room) {
        return length;
    }
    length = room;
    while (length > 0 && text[length] != ' ') {
        length--;
    }
    return length > 0 ? length : strcspn(text, " ");
}

void out_wrapped(const char *label, int indent, const char *text)
{
    if (!text) {
        return;
    }
    do {
        size_t length = line_length(text, (size_t)(WIDTH - indent));
        printf("%-*s%.*s\n", indent, label, (int)length, text);
        label = "";
        text += length;
        text += strspn(text, " ");
    } while (*text);
}
