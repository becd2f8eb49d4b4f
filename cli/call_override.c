#include "cli/call_override.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "model/units.h"

enum { CALL_MAX = 999999, ATTEMPTS_MAX = 1000000 };

struct setting {
    const char *key, *expected;
    bool (*read)(const char *text, struct retry_override *what);
};

static bool read_number(const char *text, char after, int64_t *number)
{
    char *end;
    *number = strtoll(text, &end, 10);
    return end != text && *end == after && *text >= '0' && *text <= '9';
}

static bool read_attempts(const char *text, struct retry_override *what)
{
    int64_t attempts;
    if (!read_number(text, '\0', &attempts) || attempts < 1 ||
        attempts > ATTEMPTS_MAX) {
        return false;
    }
    what->attempts = attempts;
    return true;
}

static bool read_time(const char *text, int64_t *out)
{
    int64_t time_ns;
    if (!units_parse_duration(text, &time_ns) || time_ns == 0) {
        return false;
    }
    *out = time_ns;
    return true;
}

static bool read_elapsed(const char *text, struct retry_override *what)
{
    return read_time(text, &what->elapsed_ns);
}

static bool read_attempt_timeout(const char *text, struct retry_override *what)
{
    return read_time(text, &what->attempt_timeout_ns);
}

static const struct setting settings[] = {
    {"attempts", "a number from 1 to 1000000", read_attempts},
    {"elapsed", "a duration such as 500ms or 10s", read_elapsed},
    {"attempt_timeout", "a duration such as 500ms or 10s",
     read_attempt_timeout},
};

static const struct setting *find_setting(const char *key, size_t length)
{
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
        if (strlen(settings[i].key) == length &&
            strncmp(settings[i].key, key, length) == 0) {
            return &settings[i];
        }
    }
    return NULL;
}

/* The call's entry, made if there is none; NULL: there are too many. */
static struct retry_override *entry(struct call_overrides *overrides,
                                    int64_t call)
{
    int i = 0;
    while (i < overrides->count && overrides->items[i].call != call) {
        i++;
    }
    if (i == CALL_OVERRIDES_MAX) {
        return NULL;
    }
    if (i == overrides->count) {
        overrides->count++;
        overrides->items[i].call = call;
    }
    return &overrides->items[i].what;
}

int call_override_add(struct call_overrides *overrides, const char *text)
{
    int64_t call;
    const char *colon = strchr(text, ':');
    const char *equals = colon ? strchr(colon, '=') : NULL;
    if (!equals || !read_number(text, ':', &call) || call > CALL_MAX) {
        return cli_usage_error("call",
                               "--override %s: it is CALL:KEY=VALUE, such as "
                               "0:attempts=1 for the first call of each client",
                               text);
    }
    const struct setting *setting =
        find_setting(colon + 1, (size_t)(equals - colon) - 1);
    if (!setting) {
        return cli_usage_error("call",
                               "--override %s: a call can have its own "
                               "attempts, elapsed and attempt_timeout",
                               text);
    }
    struct retry_override *what = entry(overrides, call);
    if (!what) {
        return cli_usage_error("call", "--override: at most %d calls",
                               CALL_OVERRIDES_MAX);
    }
    if (!setting->read(equals + 1, what)) {
        return cli_usage_error("call", "--override %s: %s is %s", text,
                               setting->key, setting->expected);
    }
    return 0;
}

int call_override_check(const struct call_overrides *overrides, int64_t calls)
{
    for (int i = 0; i < overrides->count; i++) {
        if (overrides->items[i].call >= calls) {
            return cli_usage_error("call",
                                   "--override %" PRId64 ":...: the last call "
                                   "of a client is %" PRId64 "; see --calls",
                                   overrides->items[i].call, calls - 1);
        }
    }
    return 0;
}

const struct retry_override *call_override_find(
    const struct call_overrides *overrides, int64_t call)
{
    for (int i = 0; i < overrides->count; i++) {
        if (overrides->items[i].call == call) {
            return &overrides->items[i].what;
        }
    }
    return NULL;
}
