/* Walking a document and reading its values as what they must be. */
#include <assert.h>
#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "model/jsonc_parts.h"
#include "model/units.h"

enum { PATH_SIZE = sizeof((struct jsonc_value){0}).path };

/* -- moving ---------------------------------------------------------------- */

/* `at` with "suffix" appended to its path; an end that does not fit shows as
 * dots. */
static struct jsonc_value step_to(const struct jsonc_value *at,
                                  const cJSON *item, const char *suffix)
{
    struct jsonc_value out = {.doc = at->doc, .item = item};
    size_t used = strlen(at->path);
    memcpy(out.path, at->path, used);
    if (used == 0 && suffix[0] == '.')
        suffix++;
    int wanted = snprintf(out.path + used, PATH_SIZE - used, "%s", suffix);
    if (used + (size_t)wanted >= PATH_SIZE)
        memcpy(out.path + PATH_SIZE - 4, "...", 4);
    return out;
}

static struct jsonc_value to_member(const struct jsonc_value *at,
                                    const cJSON *item)
{
    char suffix[PATH_SIZE + 2];
    snprintf(suffix, sizeof suffix, ".%s", item->string);
    return step_to(at, item, suffix);
}

bool jsonc_get(const struct jsonc_value *at, const char *key,
               struct jsonc_value *out)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(at->item, key);
    if (!item)
        return false;
    *out = to_member(at, item);
    return true;
}

bool jsonc_need(const struct jsonc_value *at, const char *key,
                struct jsonc_value *out)
{
    if (jsonc_get(at, key, out))
        return true;
    jsonc_problem(at, "missing key \"%s\"", key);
    return false;
}

struct jsonc_value jsonc_at(const struct jsonc_value *at, int index)
{
    const cJSON *item = cJSON_GetArrayItem(at->item, index);
    assert(item);
    char suffix[16];
    snprintf(suffix, sizeof suffix, "[%d]", index);
    return step_to(at, item, suffix);
}

struct jsonc_value jsonc_member(const struct jsonc_value *at, int index)
{
    const cJSON *item = cJSON_GetArrayItem(at->item, index);
    assert(item && item->string);
    return to_member(at, item);
}

/* -- words for problems ---------------------------------------------------- */

enum { FOUND_SIZE = 96 };

/* A value in words: the number 500, "abc", true, an object. */
static const char *found(const cJSON *item, char words[FOUND_SIZE])
{
    if (cJSON_IsObject(item))
        return "an object";
    if (cJSON_IsArray(item))
        return "an array";
    if (cJSON_IsNull(item))
        return "null";
    if (cJSON_IsBool(item))
        return cJSON_IsTrue(item) ? "true" : "false";
    if (cJSON_IsNumber(item))
        snprintf(words, FOUND_SIZE, "the number %.15g", item->valuedouble);
    else if (strlen(item->valuestring) > 60)
        snprintf(words, FOUND_SIZE, "\"%.57s...\"", item->valuestring);
    else
        snprintf(words, FOUND_SIZE, "\"%s\"", item->valuestring);
    return words;
}

struct problem *jsonc_refuse(const struct jsonc_value *at, const char *expected,
                             ...)
{
    char what[256], words[FOUND_SIZE];
    va_list arguments;
    va_start(arguments, expected);
    vsnprintf(what, sizeof what, expected, arguments);
    va_end(arguments);
    return jsonc_problem(at, "expected %s, found %s", what,
                         found(at->item, words));
}

/* "a", "b", "c" */
static void list_words(const char *const *words, char *text, size_t size)
{
    size_t used = 0;
    text[0] = '\0';
    for (; *words && used < size; words++) {
        int n = snprintf(text + used, size - used, "%s\"%s\"", used ? ", " : "",
                         *words);
        used += (size_t)n;
    }
    if (used >= size)
        memcpy(text + size - 4, "...", 4);
}

enum { NEAREST_LENGTH_MAX = 40 };

static int min_of(int a, int b)
{
    return a < b ? a : b;
}

/* Edits (insert, delete, change, swap neighbours) from a to b without case. */
static int edit_distance(const char *a, const char *b)
{
    int rows[3][NEAREST_LENGTH_MAX + 1];
    int n = (int)strlen(b);
    for (int j = 0; j <= n; j++)
        rows[0][j] = j;
    int i = 1;
    for (; a[i - 1]; i++) {
        int *row = rows[i % 3], *above = rows[(i + 2) % 3];
        const int *two_above = rows[(i + 1) % 3];
        row[0] = i;
        for (int j = 1; j <= n; j++) {
            int x = tolower((unsigned char)a[i - 1]);
            int y = tolower((unsigned char)b[j - 1]);
            row[j] = min_of(above[j - 1] + (x != y),
                            min_of(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && x == tolower((unsigned char)b[j - 2]) &&
                y == tolower((unsigned char)a[i - 2]))
                row[j] = min_of(row[j], two_above[j - 2] + 1);
        }
    }
    return rows[(i - 1) % 3][n];
}

const char *jsonc_nearest(const char *word, const char *const *words)
{
    size_t length = strlen(word);
    if (length > NEAREST_LENGTH_MAX)
        return NULL;
    const char *best = NULL;
    int best_distance = 0;
    for (; *words; words++) {
        size_t longer = strlen(*words);
        if (longer > NEAREST_LENGTH_MAX)
            continue;
        if (longer < length)
            longer = length;
        int distance = edit_distance(word, *words);
        if (distance <= (int)(longer + 2) / 3 && (size_t)distance < longer &&
            (!best || distance < best_distance)) {
            best = *words;
            best_distance = distance;
        }
    }
    return best;
}

/* -- objects and arrays ---------------------------------------------------- */

static int index_of(const char *word, const char *const *words)
{
    for (int i = 0; words[i]; i++) {
        if (strcmp(words[i], word) == 0)
            return i;
    }
    return -1;
}

/* At the key, not at its value. */
static struct problem *key_problem(const struct jsonc_value *object,
                                   const cJSON *item, const char *what)
{
    size_t offset = jsonc_places_find(object->doc, item).key;
    struct problem *problem = jsonc_problem_at(
        object->doc, offset, "%s key \"%.60s\"", what, item->string);
    snprintf(problem->path, sizeof problem->path, "%s", object->path);
    return problem;
}

static void refuse_unknown(const struct jsonc_value *object, const cJSON *item,
                           const char *const *known_keys)
{
    struct problem *problem = key_problem(object, item, "unknown");
    const char *near = jsonc_nearest(item->string, known_keys);
    if (near) {
        jsonc_hint(problem, "did you mean \"%s\"?", near);
    } else {
        char list[160];
        list_words(known_keys, list, sizeof list);
        jsonc_hint(problem, "known keys: %s", list);
    }
}

static void refuse_duplicate(const struct jsonc_value *object,
                             const cJSON *item)
{
    const cJSON *first =
        cJSON_GetObjectItemCaseSensitive(object->item, item->string);
    int line, column;
    jsonc_place(object->doc->text, jsonc_places_find(object->doc, first).key,
                &line, &column);
    jsonc_hint(key_problem(object, item, "duplicate"),
               "the first one is at %d:%d", line, column);
}

static bool expect_kind(const struct jsonc_value *at, cJSON_bool is_kind,
                        const char *expected)
{
    if (!is_kind)
        jsonc_refuse(at, "%s", expected);
    return is_kind;
}

bool jsonc_expect_object(const struct jsonc_value *at,
                         const char *const *known_keys)
{
    uint64_t seen = 0;
    bool is_ok = expect_kind(at, cJSON_IsObject(at->item), "an object");
    if (!is_ok)
        return false;
    for (const cJSON *item = at->item->child; item; item = item->next) {
        int index = index_of(item->string, known_keys);
        assert(index < 64);
        if (index < 0)
            refuse_unknown(at, item, known_keys);
        else if (seen >> index & 1)
            refuse_duplicate(at, item);
        else {
            seen |= UINT64_C(1) << index;
            continue;
        }
        is_ok = false;
        if (at->doc->error->count >= ERROR_PROBLEMS_MAX)
            break;
    }
    return is_ok;
}

int jsonc_expect_map(const struct jsonc_value *at, int max)
{
    if (!expect_kind(at, cJSON_IsObject(at->item), "an object"))
        return -1;
    int count = cJSON_GetArraySize(at->item);
    if (count > max) {
        jsonc_problem(at, "%d keys; at most %d are allowed", count, max);
        return -1;
    }
    bool is_ok = true;
    for (const cJSON *item = at->item->child; item; item = item->next) {
        if (cJSON_GetObjectItemCaseSensitive(at->item, item->string) != item) {
            refuse_duplicate(at, item);
            is_ok = false;
        }
    }
    return is_ok ? count : -1;
}

int jsonc_length(const struct jsonc_value *at)
{
    if (!expect_kind(at, cJSON_IsArray(at->item), "an array"))
        return -1;
    return cJSON_GetArraySize(at->item);
}

/* -- values ---------------------------------------------------------------- */

static bool out_of_memory(const struct jsonc_value *at)
{
    jsonc_problem(at, "out of memory")->kind = PROBLEM_MEMORY;
    return false;
}

/* Without blanks outside strings. */
static size_t compact(const char *from, size_t size, char *to)
{
    size_t used = 0;
    bool is_in_string = false;
    for (size_t i = 0; i < size; i++) {
        if (!is_in_string && strchr(" \t\r\n", from[i]))
            continue;
        to[used++] = from[i];
        if (is_in_string && from[i] == '\\')
            to[used++] = from[++i];
        else if (from[i] == '"')
            is_in_string = !is_in_string;
    }
    return used;
}

const char *jsonc_text(const struct jsonc_value *at, struct arena *arena)
{
    struct jsonc_span span = jsonc_places_find(at->doc, at->item);
    size_t size = span.end - span.start;
    char *text = arena_alloc(arena, size + 1);
    if (text)
        compact(at->doc->text + span.start, size, text);
    else
        out_of_memory(at);
    return text;
}

bool jsonc_string(const struct jsonc_value *at, struct arena *arena,
                  const char **out)
{
    if (!expect_kind(at, cJSON_IsString(at->item), "a string"))
        return false;
    char *copy = arena_strdup(arena, at->item->valuestring);
    if (!copy)
        return out_of_memory(at);
    *out = copy;
    return true;
}

bool jsonc_check_line(const struct jsonc_value *at, const char *text)
{
    for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
        if (*c < ' ' || *c == 0x7f) {
            jsonc_problem(at, "control byte 0x%02x in a line of text", *c);
            return false;
        }
        /* U+0080 to U+009F: a terminal may obey them as it does ESC. */
        if (*c == 0xc2 && c[1] >= 0x80 && c[1] <= 0x9f) {
            jsonc_problem(at, "control character U+%04X in a line of text",
                          (unsigned)c[1]);
            return false;
        }
    }
    return true;
}

bool jsonc_bool(const struct jsonc_value *at, bool *out)
{
    if (!expect_kind(at, cJSON_IsBool(at->item), "true or false"))
        return false;
    *out = cJSON_IsTrue(at->item);
    return true;
}

static bool refuse_int(const struct jsonc_value *at, int64_t min, int64_t max)
{
    if (min == max)
        jsonc_refuse(at, "the number %" PRId64, min);
    else if (max == INT64_MAX)
        jsonc_refuse(at, "a whole number of at least %" PRId64, min);
    else
        jsonc_refuse(at, "a whole number from %" PRId64 " to %" PRId64, min,
                     max);
    return false;
}

bool jsonc_int(const struct jsonc_value *at, int64_t min, int64_t max,
               int64_t *out)
{
    const double exact_max = 9007199254740992.0; /* 2^53 */
    double number = at->item->valuedouble;
    if (!cJSON_IsNumber(at->item) || floor(number) != number ||
        number < (double)min || number > (double)max)
        return refuse_int(at, min, max);
    if (fabs(number) > exact_max) {
        jsonc_problem(at, "whole numbers beyond 2^53 are not read exactly");
        return false;
    }
    *out = (int64_t)number;
    return true;
}

bool jsonc_number(const struct jsonc_value *at, double min, double max,
                  double *out)
{
    double number = at->item->valuedouble;
    if (cJSON_IsNumber(at->item) && isfinite(number) && number >= min &&
        number <= max) {
        *out = number;
        return true;
    }
    if (isfinite(min) && isfinite(max))
        jsonc_refuse(at, "a number from %.15g to %.15g", min, max);
    else if (isfinite(min))
        jsonc_refuse(at, "a number of at least %.15g", min);
    else
        jsonc_refuse(at, "a number");
    return false;
}

bool jsonc_duration(const struct jsonc_value *at, int64_t *ns)
{
    const char *text = cJSON_GetStringValue(at->item);
    if (text && units_parse_duration(text, ns))
        return true;
    struct problem *problem = jsonc_refuse(at, "a duration such as \"500ms\"");
    double number = at->item->valuedouble;
    if (cJSON_IsNumber(at->item) && number >= 0)
        jsonc_hint(problem, "write \"%.15gms\" or \"%.15gs\"", number, number);
    else
        jsonc_hint(problem, "a number and one of ns, us, ms, s, min, h");
    return false;
}

bool jsonc_size(const struct jsonc_value *at, int64_t *bytes)
{
    const char *text = cJSON_GetStringValue(at->item);
    if (text && units_parse_size(text, bytes))
        return true;
    struct problem *problem = jsonc_refuse(at, "a size such as \"16KiB\"");
    double number = at->item->valuedouble;
    if (cJSON_IsNumber(at->item) && number >= 0)
        jsonc_hint(problem, "write \"%.15gB\"", number);
    else
        jsonc_hint(problem, "a number and one of B, KiB, MiB, GiB, kB, MB, GB");
    return false;
}

bool jsonc_choice(const struct jsonc_value *at, const char *const *words,
                  int *index)
{
    const char *word = cJSON_GetStringValue(at->item);
    int found_index = word ? index_of(word, words) : -1;
    if (found_index >= 0) {
        *index = found_index;
        return true;
    }
    char list[200];
    list_words(words, list, sizeof list);
    struct problem *problem =
        jsonc_refuse(at, words[1] ? "one of %s" : "%s", list);
    const char *near = word ? jsonc_nearest(word, words) : NULL;
    if (near)
        jsonc_hint(problem, "did you mean \"%s\"?", near);
    return false;
}
