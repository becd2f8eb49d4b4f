#include "model/scenario_matrix.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/fields.h"
#include "model/scenario_parts.h"

static const char method_mark[] = "{method}", path_mark[] = "{path}";

/* -- reading --------------------------------------------------------------- */

/* Both kinds go into the file's texts and into ids as they are. */
static bool is_method(const char *text)
{
    size_t length = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
    return length > 0 && text[length] == '\0' && strcmp(text, "ANY") != 0;
}

static bool is_path(const char *text)
{
    size_t length = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789/.-");
    return text[0] == '/' && length > 1 && text[length] == '\0';
}

struct axis {
    const char *name, *mark, *wanted;
    bool (*is_fine)(const char *text);
    const char **values;
    int *count;
};

static void read_value(const struct jsonc_value *at, struct arena *arena,
                       const struct axis *axis, int index)
{
    if (!jsonc_string(at, arena, &axis->values[index])) {
        return;
    }
    if (!axis->is_fine(axis->values[index])) {
        jsonc_hint(jsonc_problem(at, "\"%.60s\" can't stand in a matrix",
                                 axis->values[index]),
                   "%s", axis->wanted);
    }
    for (int i = 0; i < index; i++) {
        if (axis->values[i] &&
            strcmp(axis->values[i], axis->values[index]) == 0) {
            jsonc_problem(at, "\"%.60s\" is listed twice", axis->values[i]);
        }
    }
}

static void read_axis(const struct jsonc_value *matrix, struct arena *arena,
                      const struct axis *axis)
{
    struct jsonc_value list;
    if (!jsonc_get(matrix, axis->name, &list)) {
        return;
    }
    int count = scenario_length(&list, SCENARIO_MATRIX_MAX);
    for (int i = 0; i < count; i++) {
        struct jsonc_value element = jsonc_at(&list, i);
        read_value(&element, arena, axis, i);
    }
    *axis->count = count;
    if (!strstr(matrix->doc->text, axis->mark)) {
        jsonc_hint(
            jsonc_problem(&list, "nothing in the file says \"%s\"", axis->mark),
            "write it where the %s goes, such as in \"request\"", axis->name);
    }
}

bool scenario_matrix_read(const struct jsonc_value *root, struct arena *arena,
                          struct scenario_matrix *matrix)
{
    static const char *const keys[] = {"method", "path", NULL};
    int problems = scenario_problems(root);
    struct jsonc_value at;
    if (!jsonc_get(root, "matrix", &at) || !fields_open(&at, keys)) {
        return false;
    }
    read_axis(&at, arena,
              &(struct axis){"method", method_mark,
                             "a method in capitals, such as \"POST\"",
                             is_method, matrix->methods,
                             &matrix->method_count});
    read_axis(&at, arena,
              &(struct axis){"path", path_mark,
                             "'/' and a-z, 0-9, '.', '-', such as \"/v1/echo\"",
                             is_path, matrix->paths, &matrix->path_count});
    if (scenario_problems(root) == problems &&
        scenario_matrix_count(matrix) < 2) {
        jsonc_hint(jsonc_problem(&at, "a matrix of one scenario"),
                   "name at least two methods or paths");
    }
    return scenario_problems(root) == problems;
}

/* -- its scenarios --------------------------------------------------------- */

static size_t length_of(int count)
{
    return count > 0 ? (size_t)count : 1;
}

size_t scenario_matrix_count(const struct scenario_matrix *matrix)
{
    return length_of(matrix->method_count) * length_of(matrix->path_count);
}

/* NULL: that axis is not there. */
static const char *method_of(const struct scenario_matrix *matrix, size_t index)
{
    return matrix->method_count > 0
               ? matrix->methods[index / length_of(matrix->path_count)]
               : NULL;
}

static const char *path_of(const struct scenario_matrix *matrix, size_t index)
{
    return matrix->path_count > 0
               ? matrix->paths[index % length_of(matrix->path_count)]
               : NULL;
}

void scenario_matrix_suffix(const struct scenario_matrix *matrix, size_t index,
                            char *suffix, size_t size)
{
    const char *method = method_of(matrix, index);
    const char *path = path_of(matrix, index);
    snprintf(suffix, size, "/%s%s%s", method ? method : "",
             method && path ? "-" : "", path ? path + 1 : "");
    for (char *c = suffix + (suffix[0] == '/'); *c; c++) {
        if (*c >= 'A' && *c <= 'Z') {
            *c = (char)(*c - 'A' + 'a');
        } else if (*c == '/') {
            *c = '-';
        }
    }
}

/* What stands in the place of the text at `at`, and how long that is; NULL:
 * itself. */
static const char *replaced(const char *at, const char *method,
                            const char *path, size_t *length)
{
    if (method && strncmp(at, method_mark, strlen(method_mark)) == 0) {
        *length = strlen(method_mark);
        return method;
    }
    if (path && strncmp(at, path_mark, strlen(path_mark)) == 0) {
        *length = strlen(path_mark);
        return path;
    }
    return NULL;
}

char *scenario_matrix_text(const struct scenario_matrix *matrix, size_t index,
                           const char *bytes, size_t size)
{
    char *text = NULL;
    size_t room = 0;
    FILE *stream = open_memstream(&text, &room);
    char *copy = strndup(bytes, size);
    if (!stream || !copy) {
        free(copy);
        if (stream) {
            fclose(stream);
        }
        free(text);
        return NULL;
    }
    const char *method = method_of(matrix, index);
    const char *path = path_of(matrix, index);
    for (const char *at = copy; *at;) {
        size_t length = 1;
        const char *value = replaced(at, method, path, &length);
        if (value) {
            fputs(value, stream);
        } else {
            fputc(*at, stream);
        }
        at += length;
    }
    free(copy);
    if (fclose(stream) != 0) {
        free(text);
        return NULL;
    }
    return text;
}
