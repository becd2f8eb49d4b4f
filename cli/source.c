#include "cli/source.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "model/jsonc.h"

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text), end_length = strlen(end);
    return length > end_length && strcmp(text + length - end_length, end) == 0;
}

static bool looks_like_path(const char *name)
{
    return name[0] == '.' || name[0] == '/' || ends_with(name, ".json") ||
           ends_with(name, ".jsonc");
}

static const char *kind_word(enum shipped_kind kind)
{
    static const char *const words[] = {
        [SHIPPED_SCENARIO] = "scenario", [SHIPPED_PROFILE] = "profile",
        [SHIPPED_SCHEMA] = "schema",     [SHIPPED_ADAPTER] = "adapter",
        [SHIPPED_WORLD] = "world",       [SHIPPED_RULES] = "file",
    };
    return words[kind];
}

static const char *kind_lister(enum shipped_kind kind)
{
    static const char *const commands[] = {
        [SHIPPED_SCENARIO] = "list",
        [SHIPPED_PROFILE] = "list --profiles",
        [SHIPPED_SCHEMA] = "schema",
        [SHIPPED_ADAPTER] = "init --help",
        [SHIPPED_WORLD] = "explore --help",
        [SHIPPED_RULES] = "explain",
    };
    return commands[kind];
}

static void add_unknown(enum shipped_kind kind, const char *name,
                        struct error *error)
{
    if (looks_like_path(name)) {
        error_add(error, PROBLEM_INPUT, "there is no file \"%s\"", name);
        return;
    }
    struct problem *problem = error_add(
        error, PROBLEM_INPUT, "there is no %s \"%s\"", kind_word(kind), name);
    struct arena arena = {0};
    const char *nearest = shipped_nearest(kind, name, &arena);
    if (nearest) {
        snprintf(problem->hint, sizeof problem->hint, "did you mean \"%s\"?",
                 nearest);
    } else {
        snprintf(problem->hint, sizeof problem->hint,
                 "\"retryspec %s\" names them all", kind_lister(kind));
    }
    arena_deinit(&arena);
}

bool source_open(enum shipped_kind kind, const char *name,
                 struct source *source, struct error *error)
{
    const struct embedded_file *file = shipped_find(kind, name);
    if (file) {
        source_open_shipped(file, source);
        return true;
    }
    if (access(name, F_OK) == 0) {
        return source_open_file(name, source, error);
    }
    add_unknown(kind, name, error);
    return false;
}

void source_open_shipped(const struct embedded_file *file,
                         struct source *source)
{
    *source = (struct source){
        .bytes = file->bytes, .size = file->size, .is_shipped = true};
    shipped_path(file, source->path);
}

/* Reads at most one byte more than a reader accepts, so that a file that is too
 * large is still refused with the reader's own message. */
static bool read_whole(FILE *file, struct source *source)
{
    enum { SIZE_MAX_READ = JSONC_BYTES_MAX + 1, FIRST = 1 << 14 };
    size_t room = 0;
    while (source->size == room && room < SIZE_MAX_READ) {
        room = room ? 2 * room : FIRST;
        room = room < SIZE_MAX_READ ? room : SIZE_MAX_READ;
        char *grown = realloc(source->owned, room);
        if (!grown) {
            return false;
        }
        source->owned = grown;
        source->size +=
            fread(grown + source->size, 1, room - source->size, file);
    }
    source->bytes = source->owned;
    return !ferror(file);
}

/* Whoever reads one without a writer waits for ever. What a shell makes of
 * <(command) is a link to a pipe, and is read. */
static bool is_named_pipe(const char *path)
{
    struct stat status;
    return lstat(path, &status) == 0 && S_ISFIFO(status.st_mode);
}

bool source_open_file(const char *path, struct source *source,
                      struct error *error)
{
    *source = (struct source){0};
    snprintf(source->path, sizeof source->path, "%s", path);
    if (is_named_pipe(path)) {
        struct problem *problem =
            error_add(error, PROBLEM_INPUT, "\"%s\" is a named pipe", path);
        snprintf(problem->hint, sizeof problem->hint, "a file is wanted");
        return false;
    }
    FILE *file = fopen(path, "re");
    bool is_read = file && read_whole(file, source);
    if (!is_read) {
        error_add_errno(error, errno, "can't read \"%s\"", path)->kind =
            PROBLEM_INPUT;
        free(source->owned);
        source->owned = NULL;
        source->bytes = NULL;
    }
    if (file) {
        fclose(file);
    }
    return is_read;
}

void source_close(struct source *source)
{
    free(source->owned);
    *source = (struct source){0};
}
