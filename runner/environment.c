#include "runner/environment.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

/* Variables by which curl, requests, Go, Node and others find a proxy: one of
 * them would catch the loopback as well. */
static const char *const proxies[] = {"http_proxy", "https_proxy", "ftp_proxy",
                                      "all_proxy",  "no_proxy",    NULL};

static const struct environment_pair no_proxy[] = {
    {"NO_PROXY", "127.0.0.1,localhost"},
    {"no_proxy", "127.0.0.1,localhost"},
};
enum { NO_PROXY_COUNT = 2 };

static bool is_left_out(const char *variable)
{
    if (strncmp(variable, "RETRYSPEC_", strlen("RETRYSPEC_")) == 0) {
        return true;
    }
    size_t length = strcspn(variable, "=");
    for (const char *const *name = proxies; *name; name++) {
        if (strlen(*name) == length &&
            strncasecmp(*name, variable, length) == 0) {
            return true;
        }
    }
    return false;
}

static char *pair_format(struct arena *arena,
                         const struct environment_pair *pair)
{
    size_t size = strlen(pair->name) + strlen(pair->value) + 2;
    char *text = arena_alloc(arena, size);
    if (text) {
        snprintf(text, size, "%s=%s", pair->name, pair->value);
    }
    return text;
}

static bool add_pairs(struct arena *arena, char **end,
                      const struct environment_pair *pairs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        end[i] = pair_format(arena, &pairs[i]);
        if (!end[i]) {
            return false;
        }
    }
    return true;
}

char **environment_create(struct arena *arena,
                          const struct environment_pair *pairs, size_t count)
{
    size_t ours = 0;
    while (environ[ours]) {
        ours++;
    }
    char **items =
        arena_array(arena, ours + count + NO_PROXY_COUNT + 1, sizeof *items);
    if (!items) {
        return NULL;
    }
    size_t kept = 0;
    for (size_t i = 0; i < ours; i++) {
        if (!is_left_out(environ[i])) {
            items[kept++] = environ[i];
        }
    }
    bool is_done =
        add_pairs(arena, items + kept, no_proxy, NO_PROXY_COUNT) &&
        add_pairs(arena, items + kept + NO_PROXY_COUNT, pairs, count);
    return is_done ? items : NULL;
}
