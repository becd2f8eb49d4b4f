#include "model/jsonc.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/jsonc_parts.h"

void jsonc_place(const char *text, size_t offset, int *line, int *column)
{
    const char *start = text, *end = text + offset, *newline;
    *line = 1;
    while ((newline = memchr(start, '\n', (size_t)(end - start)))) {
        start = newline + 1;
        ++*line;
    }
    *column = (int)(end - start) + 1;
}

void jsonc_hint(struct problem *problem, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(problem->hint, sizeof problem->hint, format, arguments);
    va_end(arguments);
}

/* Beyond the limit of problems the place is not looked for: nobody sees it,
 * and a hostile file must not make it the bulk of the work. */
static struct problem *add_at(const struct jsonc *doc, size_t offset,
                              const char *message)
{
    bool is_kept = doc->error->count < ERROR_PROBLEMS_MAX;
    struct problem *problem =
        error_add(doc->error, PROBLEM_INPUT, "%s", message);
    if (!is_kept)
        return problem;
    snprintf(problem->file, sizeof problem->file, "%s", doc->file);
    jsonc_place(doc->text, offset, &problem->line, &problem->column);
    return problem;
}

enum { MESSAGE_SIZE = sizeof((struct problem){0}).message };

struct problem *jsonc_problem_at(struct jsonc *doc, size_t offset,
                                 const char *format, ...)
{
    char message[MESSAGE_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    return add_at(doc, offset, message);
}

struct problem *jsonc_problem(const struct jsonc_value *at, const char *format,
                              ...)
{
    char message[MESSAGE_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    size_t offset = jsonc_places_find(at->doc, at->item).start;
    struct problem *problem = add_at(at->doc, offset, message);
    snprintf(problem->path, sizeof problem->path, "%s", at->path);
    return problem;
}

static bool out_of_memory(struct jsonc *doc)
{
    struct problem *problem = error_add(doc->error, PROBLEM_MEMORY,
                                        "out of memory while reading the file");
    snprintf(problem->file, sizeof problem->file, "%s", doc->file);
    jsonc_close(doc);
    return false;
}

static bool too_large(struct jsonc *doc)
{
    struct problem *problem =
        error_add(doc->error, PROBLEM_INPUT, "the file is larger than %d MiB",
                  JSONC_BYTES_MAX >> 20);
    snprintf(problem->file, sizeof problem->file, "%s", doc->file);
    return false;
}

bool jsonc_open(struct jsonc *doc, const char *file, const char *bytes,
                size_t size, struct error *error)
{
    *doc = (struct jsonc){.file = file, .error = error, .size = size};
    if (size > JSONC_BYTES_MAX)
        return too_large(doc);
    doc->text = malloc(size + 1);
    if (!doc->text)
        return out_of_memory(doc);
    if (size > 0)
        memcpy(doc->text, bytes, size);
    doc->text[size] = '\0';
    if (!jsonc_text_check(doc) || !jsonc_text_blank(doc) ||
        !jsonc_syntax_check(doc)) {
        jsonc_close(doc);
        return false;
    }
    doc->root = cJSON_ParseWithLength(doc->text, size);
    /* The grammar was checked, so only memory can have failed cJSON. */
    if (!doc->root || !jsonc_places_build(doc))
        return out_of_memory(doc);
    return true;
}

void jsonc_close(struct jsonc *doc)
{
    cJSON_Delete(doc->root);
    free(doc->places);
    free(doc->text);
    doc->root = NULL;
    doc->places = NULL;
    doc->text = NULL;
}

/* A name that can't be read is the user's slip; an I/O error is not. */
static bool cannot_read(const char *file, int errno_value, struct error *error)
{
    struct problem *problem =
        error_add_errno(error, errno_value, "cannot read the file");
    snprintf(problem->file, sizeof problem->file, "%s", file);
    if (errno_value == ENOENT || errno_value == ENOTDIR ||
        errno_value == EISDIR || errno_value == EACCES)
        problem->kind = PROBLEM_INPUT;
    return false;
}

static bool open_stream(struct jsonc *doc, const char *file, FILE *stream,
                        struct error *error)
{
    size_t room = JSONC_BYTES_MAX + 1;
    char *bytes = malloc(room);
    if (!bytes) {
        *doc = (struct jsonc){.file = file, .error = error};
        return out_of_memory(doc);
    }
    errno = 0;
    size_t size = fread(bytes, 1, room, stream);
    bool is_ok = ferror(stream) ? cannot_read(file, errno, error)
                                : jsonc_open(doc, file, bytes, size, error);
    free(bytes);
    return is_ok;
}

bool jsonc_open_file(struct jsonc *doc, const char *file, struct error *error)
{
    *doc = (struct jsonc){.file = file, .error = error};
    FILE *stream = fopen(file, "rb");
    if (!stream)
        return cannot_read(file, errno, error);
    bool is_ok = open_stream(doc, file, stream, error);
    fclose(stream);
    return is_ok;
}

struct jsonc_value jsonc_root(struct jsonc *doc)
{
    assert(doc->root);
    return (struct jsonc_value){.doc = doc, .item = doc->root};
}
