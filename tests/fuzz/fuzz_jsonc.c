/* Any bytes: the reader gives a document or a problem with a place inside the
 * text; what it accepts is read as every type without a crash, and its compact
 * text reads again and stays the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "model/jsonc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool is_true)
{
    if (!is_true)
        abort();
}

static void read_scalar(const struct jsonc_value *at, struct arena *arena)
{
    static const char *const words[] = {"call", "client", "run", NULL};
    const char *text;
    int64_t number;
    double real;
    bool flag;
    int index;
    jsonc_string(at, arena, &text);
    jsonc_bool(at, &flag);
    jsonc_int(at, -5, 1000, &number);
    jsonc_number(at, 0, 1, &real);
    jsonc_duration(at, &number);
    jsonc_size(at, &number);
    jsonc_choice(at, words, &index);
}

static void read_all(const struct jsonc_value *at, struct arena *arena)
{
    static const char *const keys[] = {"a", "reply", "retry_after", NULL};
    read_scalar(at, arena);
    jsonc_expect_object(at, keys);
    if (cJSON_IsObject(at->item)) {
        int count = jsonc_expect_map(at, 100);
        for (int i = 0; i < count; i++) {
            struct jsonc_value member = jsonc_member(at, i);
            read_all(&member, arena);
        }
    }
    int length = jsonc_length(at);
    for (int i = 0; i < length && i < 100; i++) {
        struct jsonc_value element = jsonc_at(at, i);
        read_all(&element, arena);
    }
}

static void check_problems(const struct error *error)
{
    for (int i = 0; i < error->count; i++) {
        require(error->problems[i].message[0] != '\0');
        require(error->problems[i].line >= 1);
        require(error->problems[i].column >= 1);
    }
}

static void check_round_trip(struct jsonc *doc, struct arena *arena)
{
    struct jsonc_value root = jsonc_root(doc);
    const char *text = jsonc_text(&root, arena);
    require(text != NULL);
    struct error error = {0};
    struct jsonc again;
    require(jsonc_open(&again, "f", text, strlen(text), &error));
    char *before = cJSON_PrintUnformatted(doc->root);
    char *after = cJSON_PrintUnformatted(again.root);
    require(before && after && strcmp(before, after) == 0);
    cJSON_free(before);
    cJSON_free(after);
    root = jsonc_root(&again);
    const char *same = jsonc_text(&root, arena);
    require(same && strcmp(text, same) == 0);
    jsonc_close(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct error error = {0};
    struct jsonc doc;
    if (!jsonc_open(&doc, "f", (const char *)data, size, &error)) {
        require(error.count == 1);
        check_problems(&error);
        return 0;
    }
    require(!error_is_set(&error));
    struct arena arena = {0};
    struct jsonc_value root = jsonc_root(&doc);
    read_all(&root, &arena);
    check_problems(&error);
    check_round_trip(&doc, &arena);
    arena_deinit(&arena);
    jsonc_close(&doc);
    return 0;
}
