/* Where each value stands. cJSON keeps no places, but its tree has the shape of
 * the text: both are walked side by side once, and the spans are sorted by the
 * address of their cJSON item. */
#include "model/jsonc_parts.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct place {
    const cJSON *item;
    struct jsonc_span span;
};

struct jsonc_places {
    size_t count;
    struct place items[];
};

static size_t count_values(const cJSON *item)
{
    size_t count = 1;
    for (const cJSON *child = item->child; child; child = child->next)
        count += count_values(child);
    return count;
}

struct walk {
    struct jsonc_places *places;
    const char *text;
    size_t at;
};

static void skip_space(struct walk *w)
{
    w->at += strspn(w->text + w->at, " \t\r\n");
}

static void skip_string(struct walk *w)
{
    for (w->at++; w->text[w->at] != '"'; w->at++)
        w->at += w->text[w->at] == '\\';
    w->at++;
}

static void skip_scalar(struct walk *w)
{
    if (w->text[w->at] == '"')
        skip_string(w);
    else
        w->at += strcspn(w->text + w->at, " \t\r\n,]}");
}

static void walk_value(struct walk *w, const cJSON *item, size_t key);

/* From after the opening bracket to after the closing one. */
static void walk_children(struct walk *w, const cJSON *item)
{
    w->at++;
    for (const cJSON *child = item->child; child; child = child->next) {
        skip_space(w);
        size_t key = w->at;
        if (cJSON_IsObject(item)) {
            skip_string(w);
            skip_space(w);
            w->at++; /* the colon */
            skip_space(w);
        }
        walk_value(w, child, key);
        skip_space(w);
        w->at += w->text[w->at] == ',';
    }
    skip_space(w);
    w->at++;
}

static void walk_value(struct walk *w, const cJSON *item, size_t key)
{
    struct place *place = &w->places->items[w->places->count++];
    place->item = item;
    place->span = (struct jsonc_span){.key = key, .start = w->at};
    if (cJSON_IsObject(item) || cJSON_IsArray(item))
        walk_children(w, item);
    else
        skip_scalar(w);
    place->span.end = w->at;
}

static int by_item(const void *a, const void *b)
{
    uintptr_t left = (uintptr_t)((const struct place *)a)->item;
    uintptr_t right = (uintptr_t)((const struct place *)b)->item;
    return (left > right) - (left < right);
}

bool jsonc_places_build(struct jsonc *doc)
{
    size_t count = count_values(doc->root);
    struct jsonc_places *places =
        malloc(sizeof *places + count * sizeof places->items[0]);
    if (!places)
        return false;
    places->count = 0;
    struct walk walk = {.places = places, .text = doc->text};
    skip_space(&walk);
    walk_value(&walk, doc->root, walk.at);
    assert(places->count == count);
    qsort(places->items, count, sizeof places->items[0], by_item);
    doc->places = places;
    return true;
}

struct jsonc_span jsonc_places_find(const struct jsonc *doc, const cJSON *item)
{
    const struct place wanted = {.item = item};
    const struct place *place =
        bsearch(&wanted, doc->places->items, doc->places->count, sizeof wanted,
                by_item);
    assert(place && "an item of another document");
    return place->span;
}
