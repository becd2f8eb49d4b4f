/* A scenario file as a whole, and what only shows when all of it is read. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/scenario_matrix.h"
#include "model/scenario_parts.h"
#include "model/units.h"

enum { TAGS_MAX = 64, ID_LENGTH_MAX = 128 };

/* -- id -------------------------------------------------------------------- */

/* Names joined by '/', each beginning with a letter or digit: ids become
 * folders of the output, so "." and ".." must not be among them. */
static bool is_id(const char *id)
{
    bool is_start = true;
    if (strlen(id) > ID_LENGTH_MAX)
        return false;
    for (; *id; id++) {
        bool is_name = (*id >= 'a' && *id <= 'z') || (*id >= '0' && *id <= '9');
        if (is_start ? !is_name : !is_name && !strchr("/.-", *id))
            return false;
        is_start = *id == '/';
    }
    return !is_start;
}

/* What follows the next folder called scenarios, NULL if none does. */
static const char *below_scenarios(const char *file)
{
    static const char folder[] = "scenarios/";
    for (const char *at = file; (at = strstr(at, folder)); at++) {
        if (at == file || at[-1] == '/')
            return at + strlen(folder);
    }
    return NULL;
}

static bool is_id_of(const char *id, const char *path)
{
    size_t length = strlen(id);
    return strncmp(path, id, length) == 0 &&
           strcmp(path + length, ".jsonc") == 0;
}

/* A checkout may itself lie below a folder called scenarios: any will do. */
static void check_place(const struct jsonc_value *at, const char *id,
                        const char *file)
{
    const char *last = NULL;
    for (const char *path = file; (path = below_scenarios(path));) {
        if (is_id_of(id, path))
            return;
        last = path;
    }
    if (!last)
        return;
    size_t length = strlen(last);
    if (length > 6 && strcmp(last + length - 6, ".jsonc") == 0)
        length -= 6;
    jsonc_hint(jsonc_problem(at,
                             "the id \"%s\" is not the file's path "
                             "below scenarios/",
                             id),
               "write \"%.*s\", or move the file to scenarios/%.80s.jsonc",
               (int)(length < 80 ? length : 80), last, id);
}

static void read_id(const struct jsonc_value *root, struct scenario *scenario)
{
    struct jsonc_value value;
    if (!jsonc_need(root, "id", &value) ||
        !jsonc_string(&value, &scenario->arena, &scenario->id))
        return;
    if (is_id(scenario->id))
        check_place(&value, scenario->id, scenario->file);
    else
        jsonc_hint(jsonc_problem(&value, "\"%.60s\" is no id", scenario->id),
                   "names of a-z, 0-9, '.' and '-' joined by '/', such as "
                   "\"retry-after/429-seconds\"");
}

/* -- the plain members ----------------------------------------------------- */

static void read_version(const struct jsonc_value *root)
{
    struct jsonc_value value;
    int64_t version;
    if (jsonc_need(root, "retryspec", &value))
        jsonc_int(&value, 1, 1, &version);
}

/* "2026.1": a year and a number. */
static bool is_edition(const char *text)
{
    size_t year = strspn(text, "0123456789");
    if (year != 4 || text[year] != '.')
        return false;
    const char *number = text + year + 1;
    size_t digits = strspn(number, "0123456789");
    return digits > 0 && number[digits] == '\0';
}

static void read_edition(const struct jsonc_value *root,
                         struct scenario *scenario)
{
    struct jsonc_value value;
    if (!jsonc_get(root, "edition", &value) ||
        !jsonc_string(&value, &scenario->arena, &scenario->edition))
        return;
    if (!is_edition(scenario->edition))
        jsonc_hint(
            jsonc_problem(&value, "\"%.60s\" is no edition", scenario->edition),
            "a year and a number such as \"2026.1\"");
}

static bool is_tag(const char *text)
{
    size_t length = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-");
    return length > 0 && text[length] == '\0';
}

static void read_tag(const struct jsonc_value *at, struct arena *arena,
                     const char **tags, int index)
{
    if (!jsonc_string(at, arena, &tags[index]))
        return;
    if (!is_tag(tags[index]))
        jsonc_hint(jsonc_problem(at, "\"%.60s\" is no tag", tags[index]),
                   "a-z, 0-9 and '-' only");
    for (int i = 0; i < index; i++) {
        if (tags[i] && strcmp(tags[i], tags[index]) == 0)
            jsonc_problem(at, "the tag \"%.60s\" is listed twice", tags[i]);
    }
}

static void read_tags(const struct jsonc_value *root, struct scenario *scenario)
{
    struct jsonc_value list;
    if (!jsonc_get(root, "tags", &list))
        return;
    int count = scenario_length(&list, TAGS_MAX);
    const char **tags =
        fields_array(&list, &scenario->arena, (size_t)count, sizeof *tags);
    for (int i = 0; tags && i < count; i++) {
        struct jsonc_value element = jsonc_at(&list, i);
        read_tag(&element, &scenario->arena, tags, i);
    }
    scenario->tags = tags;
    scenario->tag_count = tags ? (size_t)count : 0;
}

/* -- routes ---------------------------------------------------------------- */

static void refuse_unreachable(const struct jsonc_value *at,
                               const struct route *routes, int index)
{
    const struct route *later = &routes[index];
    struct jsonc_value match;
    for (int i = 0; later->path && i < index; i++) {
        if (!routes[i].path || !scenario_route_covers(&routes[i], later))
            continue;
        jsonc_need(at, "match", &match);
        jsonc_hint(jsonc_problem(&match,
                                 "no request reaches this route: "
                                 "server[%d] takes them all",
                                 i),
                   "put it above that one, or make that one narrower");
        return;
    }
}

static void read_routes(const struct jsonc_value *root,
                        struct scenario *scenario)
{
    struct jsonc_value list;
    if (!jsonc_need(root, "server", &list))
        return;
    int count = scenario_length(&list, SCENARIO_ROUTES_MAX);
    struct route *routes =
        fields_array(&list, &scenario->arena, (size_t)count, sizeof *routes);
    for (int i = 0; routes && i < count; i++) {
        struct jsonc_value element = jsonc_at(&list, i);
        scenario_route_read(&element, &scenario->arena, &routes[i]);
        refuse_unreachable(&element, routes, i);
    }
    scenario->routes = routes;
    scenario->route_count = routes ? (size_t)count : 0;
}

/* The path of "request" without its query, which routes do not look at. */
static char *request_path(const struct jsonc_value *at,
                          struct scenario *scenario)
{
    const char *path = scenario->workload.path;
    size_t length = strcspn(path, "?");
    char *copy = fields_array(at, &scenario->arena, length + 1, 1);
    if (copy)
        memcpy(copy, path, length);
    return copy;
}

static void check_request(const struct jsonc_value *workload,
                          struct scenario *scenario)
{
    struct jsonc_value at;
    const char *method = scenario->workload.method;
    if (!method || !jsonc_get(workload, "request", &at))
        return;
    const char *path = request_path(&at, scenario);
    if (!path)
        return;
    for (size_t i = 0; i < scenario->route_count; i++) {
        if (route_matches(&scenario->routes[i], method, path))
            return;
    }
    jsonc_hint(jsonc_problem(&at, "no route of \"server\" matches this "
                                  "request"),
               "add a route with \"match\": \"%s %.80s\"", method, path);
}

static void read_story(const struct jsonc_value *root,
                       struct scenario *scenario)
{
    struct jsonc_value value;
    int problems = scenario_problems(root);
    bool is_there = jsonc_need(root, "workload", &value);
    if (is_there)
        scenario_workload_read(&value, &scenario->arena, &scenario->workload);
    read_routes(root, scenario);
    if (is_there && scenario_problems(root) == problems)
        check_request(&value, scenario);
}

/* -- all together ---------------------------------------------------------- */

static void read_root(const struct jsonc_value *root, struct scenario *scenario)
{
    static const char *const keys[] = {
        "retryspec", "id",     "title",    "edition", "tags",   "takes",
        "exclusive", "matrix", "workload", "server",  "checks", NULL};
    struct jsonc_value value;
    if (!fields_open(root, keys))
        return;
    read_version(root);
    read_id(root, scenario);
    if (jsonc_need(root, "title", &value))
        scenario_text(&value, &scenario->arena, &scenario->title);
    read_edition(root, scenario);
    read_tags(root, scenario);
    scenario->takes_ns = 10 * NS_PER_S;
    fields_duration(root, "takes", &scenario->takes_ns);
    fields_bool(root, "exclusive", &scenario->is_exclusive);
    read_story(root, scenario);
    if (jsonc_get(root, "checks", &value))
        scenario_checks_read(&value, &scenario->arena, scenario);
}

static struct scenario *out_of_memory(const char *file, struct error *error)
{
    struct problem *problem = error_add(error, PROBLEM_MEMORY,
                                        "out of memory while reading the file");
    snprintf(problem->file, sizeof problem->file, "%s", file);
    return NULL;
}

/* Puts the text of one scenario of a matrix in the place of the file's. */
static bool open_variant(struct jsonc *doc,
                         const struct scenario_matrix *matrix, size_t index)
{
    struct jsonc inner;
    struct error *error = doc->error;
    char *text = scenario_matrix_text(matrix, index, doc->text, doc->size);
    if (!text) {
        out_of_memory(doc->file, error);
        return false;
    }
    bool is_open = jsonc_open(&inner, doc->file, text, strlen(text), error);
    free(text);
    if (!is_open)
        return false;
    jsonc_close(doc);
    *doc = inner;
    return true;
}

static void add_suffix(const struct jsonc_value *root,
                       struct scenario *scenario,
                       const struct scenario_matrix *matrix, size_t index)
{
    char suffix[ID_LENGTH_MAX], id[2 * ID_LENGTH_MAX];
    scenario_matrix_suffix(matrix, index, suffix, sizeof suffix);
    snprintf(id, sizeof id, "%s%s", scenario->id, suffix);
    if (!is_id(id))
        jsonc_problem(root, "\"%.160s\" is no id", id);
    scenario->id = arena_strdup(&scenario->arena, id);
    if (!scenario->id)
        error_add(root->doc->error, PROBLEM_MEMORY, "out of memory");
}

/* Closes the document. */
static struct scenario *read_document(struct jsonc *doc, size_t index,
                                      size_t *count)
{
    struct error *error = doc->error;
    int problems = error->count + error->dropped;
    struct scenario_matrix matrix = {0};
    struct scenario *scenario = calloc(1, sizeof *scenario);
    if (scenario)
        scenario->file = arena_strdup(&scenario->arena, doc->file);
    if (!scenario || !scenario->file) {
        out_of_memory(doc->file, error);
        goto done;
    }
    struct jsonc_value root = jsonc_root(doc), at;
    bool has_matrix =
        cJSON_IsObject(root.item) && jsonc_get(&root, "matrix", &at);
    if (has_matrix) {
        if (!scenario_matrix_read(&root, &scenario->arena, &matrix))
            goto done;
        *count = scenario_matrix_count(&matrix);
        if (!open_variant(doc, &matrix, index))
            goto done;
        root = jsonc_root(doc);
    }
    read_root(&root, scenario);
    if (has_matrix && error->count + error->dropped == problems)
        add_suffix(&root, scenario, &matrix, index);
done:
    jsonc_close(doc);
    if (error->count + error->dropped == problems)
        return scenario;
    scenario_free(scenario);
    return NULL;
}

struct scenario *scenario_read_variant(const struct scenario_text *text,
                                       size_t index, size_t *count,
                                       struct error *error)
{
    struct jsonc doc;
    *count = 1;
    if (!jsonc_open(&doc, text->file, text->bytes, text->size, error))
        return NULL;
    return read_document(&doc, index, count);
}

struct scenario *scenario_read(const char *file, const char *bytes, size_t size,
                               struct error *error)
{
    size_t count;
    return scenario_read_variant(&(struct scenario_text){file, bytes, size}, 0,
                                 &count, error);
}

struct scenario *scenario_read_file(const char *file, struct error *error)
{
    struct jsonc doc;
    size_t count;
    if (!jsonc_open_file(&doc, file, error))
        return NULL;
    return read_document(&doc, 0, &count);
}
