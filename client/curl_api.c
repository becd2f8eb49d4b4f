#include "client/curl_api.h"

#include <dlfcn.h>
#include <stddef.h>
#include <string.h>

#define LIBRARY "libcurl.so.4"

struct curl_api curl_api;

struct function {
    const char *name;
    size_t place; /* in struct curl_api */
};

#define ENTRY(name) {"curl_" #name, offsetof(struct curl_api, name)},
static const struct function functions[] = {CURL_API_FUNCTIONS(ENTRY)};
#undef ENTRY

/* POSIX keeps data and function pointers alike; ISO C has no cast for it. */
static bool find(void *library, const struct function *function)
{
    void *found = dlsym(library, function->name);
    memcpy((char *)&curl_api + function->place, &found, sizeof found);
    return found != NULL;
}

static bool fail(struct error *error)
{
    struct problem *problem =
        error_add(error, PROBLEM_SYSTEM,
                  "the reference client needs libcurl: %s", dlerror());
    snprintf(problem->hint, sizeof problem->hint,
             "install the package libcurl4 (Debian, Ubuntu)");
    return false;
}

bool curl_api_load(struct error *error)
{
    static bool is_loaded;
    if (is_loaded) {
        return true;
    }
    void *library = dlopen(LIBRARY, RTLD_LAZY | RTLD_LOCAL);
    if (!library) {
        return fail(error);
    }
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
        if (!find(library, &functions[i])) {
            return fail(error);
        }
    }
    is_loaded = true;
    return true;
}
