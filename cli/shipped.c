#include "cli/shipped.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "model/jsonc.h"

/* How names of a kind begin and end; the id is what is between. Scenarios are
 * what no other kind claims. */
static const struct naming {
    const char *prefix, *suffix;
} namings[] = {
    [SHIPPED_SCENARIO] = {"", ".jsonc"},
    [SHIPPED_PROFILE] = {"profiles/", ".jsonc"},
    [SHIPPED_WORLD] = {"worlds/", ".jsonc"},
    [SHIPPED_SCHEMA] = {"schema/", ".schema.json"},
    [SHIPPED_ADAPTER] = {"adapters/adapter.", ""},
    [SHIPPED_RULES] = {"", "rules.jsonc"},
};

static bool naming_matches(const struct naming *naming, const char *name)
{
    size_t prefix = strlen(naming->prefix), suffix = strlen(naming->suffix);
    size_t length = strlen(name);
    return length >= prefix + suffix &&
           strncmp(name, naming->prefix, prefix) == 0 &&
           strcmp(name + length - suffix, naming->suffix) == 0;
}

static enum shipped_kind kind_of(const char *name)
{
    if (strcmp(name, "rules.jsonc") == 0) {
        return SHIPPED_RULES;
    }
    if (naming_matches(&namings[SHIPPED_PROFILE], name)) {
        return SHIPPED_PROFILE;
    }
    if (naming_matches(&namings[SHIPPED_WORLD], name)) {
        return SHIPPED_WORLD;
    }
    if (naming_matches(&namings[SHIPPED_ADAPTER], name)) {
        return SHIPPED_ADAPTER;
    }
    return naming_matches(&namings[SHIPPED_SCENARIO], name) ? SHIPPED_SCENARIO
                                                            : SHIPPED_SCHEMA;
}

const struct embedded_file *shipped_next(enum shipped_kind kind,
                                         const struct embedded_file *file)
{
    file = file ? file + 1 : embedded_files;
    while (file->name && kind_of(file->name) != kind) {
        file++;
    }
    return file->name ? file : NULL;
}

/* Is it the id of one scenario of the file's matrix, as far as names tell? */
static bool is_in_matrix(const struct embedded_file *file, const char *id)
{
    char own[SHIPPED_ID_MAX];
    size_t length = strlen(shipped_id(file, own));
    return kind_of(file->name) == SHIPPED_SCENARIO &&
           strncmp(id, own, length) == 0 && id[length] == '/' &&
           memmem(file->bytes, file->size, "\"matrix\"", 8);
}

const struct embedded_file *shipped_find(enum shipped_kind kind, const char *id)
{
    const struct embedded_file *file = NULL;
    while ((file = shipped_next(kind, file))) {
        char own[SHIPPED_ID_MAX];
        if (strcmp(shipped_id(file, own), id) == 0 || is_in_matrix(file, id)) {
            return file;
        }
    }
    return NULL;
}

char *shipped_id(const struct embedded_file *file, char id[SHIPPED_ID_MAX])
{
    enum shipped_kind kind = kind_of(file->name);
    if (kind == SHIPPED_RULES) {
        return strcpy(id, "rules");
    }
    const struct naming *naming = &namings[kind];
    size_t prefix = strlen(naming->prefix);
    int length = (int)(strlen(file->name) - prefix - strlen(naming->suffix));
    snprintf(id, SHIPPED_ID_MAX, "%.*s", length, file->name + prefix);
    return id;
}

char *shipped_path(const struct embedded_file *file, char path[SHIPPED_ID_MAX])
{
    const char *folder =
        kind_of(file->name) == SHIPPED_ADAPTER ? "" : "scenarios/";
    snprintf(path, SHIPPED_ID_MAX, "%s%s", folder, file->name);
    return path;
}

const char *const *shipped_ids(enum shipped_kind kind, struct arena *arena)
{
    size_t count = 0;
    const struct embedded_file *file = NULL;
    while ((file = shipped_next(kind, file))) {
        count++;
    }
    const char **ids = arena_array(arena, count + 1, sizeof *ids);
    if (!ids) {
        return NULL;
    }
    for (size_t i = 0; i < count; i++) {
        char id[SHIPPED_ID_MAX];
        file = shipped_next(kind, file);
        ids[i] = arena_strdup(arena, shipped_id(file, id));
        if (!ids[i]) {
            return NULL;
        }
    }
    return ids;
}

const char *shipped_nearest(enum shipped_kind kind, const char *word,
                            struct arena *arena)
{
    const char *const *ids = shipped_ids(kind, arena);
    if (!ids) {
        return NULL;
    }
    const char *nearest = jsonc_nearest(word, ids);
    /* A part of an id, such as the name without its family. */
    for (; !nearest && *ids && *word; ids++) {
        nearest = strstr(*ids, word) ? *ids : NULL;
    }
    return nearest;
}
