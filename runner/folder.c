#include "runner/folder.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

static bool make_one(const char *path, struct error *error)
{
    struct stat stat_now;
    if (mkdir(path, 0777) == 0) {
        return true;
    }
    int failure = errno;
    if (failure == EEXIST && stat(path, &stat_now) == 0) {
        failure = S_ISDIR(stat_now.st_mode) ? 0 : ENOTDIR;
    }
    if (failure) {
        error_add_errno(error, failure, "can't make the folder %s", path);
    }
    return !failure;
}

bool folder_make(const char *path, struct error *error)
{
    char part[PATH_MAX];
    size_t length = strlen(path);
    if (length >= sizeof part) {
        error_add_errno(error, ENAMETOOLONG, "can't make the folder %.60s...",
                        path);
        return false;
    }
    memcpy(part, path, length + 1);
    for (size_t i = 1; i < length; i++) {
        if (part[i] != '/') {
            continue;
        }
        part[i] = '\0';
        if (!make_one(part, error)) {
            return false;
        }
        part[i] = '/';
    }
    return make_one(path, error);
}

char *folder_join(struct arena *arena, const char *folder, const char *name,
                  struct error *error)
{
    size_t size = strlen(folder) + strlen(name) + 2;
    char *path = arena_alloc(arena, size);
    if (!path) {
        error_add(error, PROBLEM_MEMORY, "out of memory");
        return NULL;
    }
    snprintf(path, size, "%s/%s", folder, name);
    return path;
}
