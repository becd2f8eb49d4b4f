#include "model/profile_read.h"

#include <stdlib.h>
#include <string.h>

#include "model/fields.h"
#include "model/units.h"

enum { NOT_APPLICABLE_MAX = 64, LEVELS_MAX = 64, RESENDS_MAX = 1000 };

static const char *const profile_keys[] = {
    "retryspec",      "profile",   "title",
    "source",         "layers",    "resend",
    "headers",        "tolerance", "resumes_with_range",
    "not_applicable", "follow_up", "queue_state",
    "handler_cache",  "levels",    NULL};
static const char *const resend_keys[] = {"on_stale_connection", "status",
                                          "limit", NULL};
static const char *const headers_keys[] = {"retry_count", "idempotency_key",
                                           "call_id", NULL};
static const char *const retry_count_keys[] = {"name", "from", NULL};
static const char *const idempotency_keys[] = {"name", "scope", NULL};
static const char *const call_id_keys[] = {"name", NULL};
static const char *const tolerance_keys[] = {"early", "late", NULL};
static const char *const not_applicable_keys[] = {"rule", "reason", NULL};

/* In the order of enum key_scope. */
static const char *const scope_words[] = {"call", "attempt", NULL};

static void read_id(const struct jsonc_value *root, struct profile *profile)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789-._";
    struct jsonc_value value;
    if (fields_need_line(root, "profile", &profile->arena, &profile->id) &&
        profile->id[strspn(profile->id, letters)] &&
        jsonc_get(root, "profile", &value)) {
        fields_expected(&value, "an id of a-z, 0-9, -, . and _");
    }
}

/* Reports and rules name layers, so names are unique. */
static void check_layer_name(const struct fields_list *list,
                             const struct layer *layers, size_t index)
{
    struct jsonc_value at = jsonc_at(&list->at, (int)index), name;
    for (size_t i = 0; layers[index].name && i < index; i++) {
        if (layers[i].name && strcmp(layers[i].name, layers[index].name) == 0 &&
            jsonc_get(&at, "name", &name)) {
            fields_expected(&name, "another name than that of layers[%zu]", i);
        }
    }
}

static void read_layers(const struct jsonc_value *root, struct profile *profile)
{
    struct fields_list list;
    if (!fields_need(root, "layers") ||
        !fields_list(root, "layers",
                     (struct fields_range){1, PROFILE_LAYERS_MAX}, &list)) {
        return;
    }
    struct layer *layers =
        fields_array(root, &profile->arena, list.count, sizeof *layers);
    if (!layers) {
        return;
    }
    for (size_t i = 0; i < list.count; i++) {
        struct jsonc_value layer = jsonc_at(&list.at, (int)i);
        profile_read_layer(&layer, &profile->arena, &layers[i]);
        check_layer_name(&list, layers, i);
    }
    profile->layers = layers;
    profile->layer_count = list.count;
    profile_read_windows(&list.at, profile);
}

static void read_resend(const struct jsonc_value *root, struct resend *resend)
{
    struct jsonc_value at, statuses;
    if (!jsonc_get(root, "resend", &at) || !fields_open(&at, resend_keys)) {
        return;
    }
    resend->is_used = true;
    resend->limit = 1;
    fields_bool(&at, "on_stale_connection", &resend->on_stale_connection);
    if (jsonc_get(&at, "status", &statuses)) {
        profile_read_statuses(&statuses, &resend->statuses);
    } else if (!resend->on_stale_connection) {
        jsonc_problem(&at, "re-sends nothing: expected \"status\" or "
                           "\"on_stale_connection\": true");
    }
    fields_int(&at, "limit", (struct fields_range){1, RESENDS_MAX},
               &resend->limit);
}

static void read_idempotency_key(const struct jsonc_value *at,
                                 struct arena *arena,
                                 struct telling_headers *headers)
{
    struct jsonc_value key;
    int index = 0;
    if (!jsonc_get(at, "idempotency_key", &key) ||
        !fields_open(&key, idempotency_keys)) {
        return;
    }
    fields_need_line(&key, "name", arena, &headers->idempotency_key);
    if (fields_choice(&key, "scope", scope_words, &index)) {
        headers->idempotency_scope = (enum key_scope)index;
    }
}

static void read_headers(const struct jsonc_value *root,
                         struct profile *profile)
{
    struct telling_headers *headers = &profile->headers;
    struct jsonc_value at, header;
    if (!jsonc_get(root, "headers", &at) || !fields_open(&at, headers_keys)) {
        return;
    }
    if (jsonc_get(&at, "retry_count", &header) &&
        fields_open(&header, retry_count_keys)) {
        fields_need_line(&header, "name", &profile->arena,
                         &headers->retry_count);
        fields_int(&header, "from", (struct fields_range){0, 1},
                   &headers->retry_count_from);
    }
    read_idempotency_key(&at, &profile->arena, headers);
    if (jsonc_get(&at, "call_id", &header) &&
        fields_open(&header, call_id_keys)) {
        fields_need_line(&header, "name", &profile->arena, &headers->call_id);
    }
}

static void read_tolerance(const struct jsonc_value *root,
                           struct tolerance *tolerance)
{
    struct jsonc_value at;
    *tolerance = (struct tolerance){.early_ns = 10 * NS_PER_MS,
                                    .late_ns = 250 * NS_PER_MS};
    if (jsonc_get(root, "tolerance", &at) && fields_open(&at, tolerance_keys)) {
        fields_duration(&at, "early", &tolerance->early_ns);
        fields_duration(&at, "late", &tolerance->late_ns);
    }
}

static void read_not_applicable(const struct jsonc_value *root,
                                struct profile *profile)
{
    struct fields_list list;
    if (!fields_list(root, "not_applicable",
                     (struct fields_range){1, NOT_APPLICABLE_MAX}, &list)) {
        return;
    }
    struct not_applicable *items =
        fields_array(root, &profile->arena, list.count, sizeof *items);
    if (!items) {
        return;
    }
    for (size_t i = 0; i < list.count; i++) {
        struct jsonc_value at = jsonc_at(&list.at, (int)i);
        if (fields_open(&at, not_applicable_keys)) {
            fields_need_line(&at, "rule", &profile->arena, &items[i].rule);
            fields_need_line(&at, "reason", &profile->arena, &items[i].reason);
        }
    }
    profile->not_applicable = items;
    profile->not_applicable_count = list.count;
}

static void read_levels(const struct jsonc_value *root, struct profile *profile)
{
    struct jsonc_value at;
    int count =
        jsonc_get(root, "levels", &at) ? jsonc_expect_map(&at, LEVELS_MAX) : -1;
    if (count < 0) {
        return;
    }
    if (count == 0) {
        fields_expected(&at, "the level of at least one rule");
        return;
    }
    struct rule_level *levels =
        fields_array(root, &profile->arena, (size_t)count, sizeof *levels);
    for (int i = 0; levels && i < count; i++) {
        struct jsonc_value member = jsonc_member(&at, i);
        levels[i].rule = arena_strdup(&profile->arena, member.item->string);
        level_read(&member, &levels[i].level);
        if (!levels[i].rule) {
            fields_out_of_memory(&member);
            return;
        }
    }
    profile->levels = levels;
    profile->level_count = (size_t)count;
}

static void read_root(const struct jsonc_value *root, struct profile *profile)
{
    if (!fields_open(root, profile_keys)) {
        return;
    }
    fields_version(root);
    read_id(root, profile);
    fields_need_line(root, "title", &profile->arena, &profile->title);
    fields_need_line(root, "source", &profile->arena, &profile->source);
    read_layers(root, profile);
    profile_read_calls(root, profile);
    read_resend(root, &profile->resend);
    fields_bool(root, "resumes_with_range", &profile->resumes_with_range);
    read_headers(root, profile);
    read_tolerance(root, &profile->tolerance);
    read_not_applicable(root, profile);
    read_levels(root, profile);
}

/* Reads the opened document and closes it. */
static struct profile *read_document(struct jsonc *doc, int problems_before)
{
    struct error *error = doc->error;
    struct profile *profile = calloc(1, sizeof *profile);
    if (profile) {
        struct jsonc_value root = jsonc_root(doc);
        profile->file = arena_strdup(&profile->arena, doc->file);
        read_root(&root, profile);
    }
    if (!profile || !profile->file) {
        error_add(error, PROBLEM_MEMORY, "out of memory");
    }
    jsonc_close(doc);
    if (error->count + error->dropped == problems_before) {
        return profile;
    }
    profile_free(profile);
    return NULL;
}

struct profile *profile_read(const char *file, const char *bytes, size_t size,
                             struct error *error)
{
    struct jsonc doc;
    int problems_before = error->count + error->dropped;
    if (!jsonc_open(&doc, file, bytes, size, error)) {
        return NULL;
    }
    return read_document(&doc, problems_before);
}

struct profile *profile_read_file(const char *file, struct error *error)
{
    struct jsonc doc;
    int problems_before = error->count + error->dropped;
    if (!jsonc_open_file(&doc, file, error)) {
        return NULL;
    }
    return read_document(&doc, problems_before);
}
