#include "dialects/notices.h"

#include <stdio.h>
#include <string.h>

#include "model/units.h"

enum { DEBOUNCE_DEFAULT_S = 60 };

static void forget(struct notices *notices, size_t from, size_t count)
{
    memmove(&notices->told[from], &notices->told[from + count],
            (notices->count - from - count) * sizeof *notices->told);
    notices->count -= count;
}

/* They are in the order of their times. */
static void forget_old(struct notices *notices, int64_t now_ns)
{
    int64_t debounce_ns = notices->debounce_ns > 0
                              ? notices->debounce_ns
                              : DEBOUNCE_DEFAULT_S * NS_PER_S;
    size_t old = 0;
    while (old < notices->count &&
           now_ns - notices->told[old].told_ns >= debounce_ns) {
        old++;
    }
    forget(notices, 0, old);
}

static bool was_told(const struct notices *notices, const char *sampler)
{
    for (size_t i = 0; i < notices->count; i++) {
        if (strcmp(notices->told[i].sampler, sampler) == 0) {
            return true;
        }
    }
    return false;
}

bool notices_admit(struct notices *notices, const char *sampler,
                   const char *state, int64_t now_ns)
{
    if (strcmp(state, "active") == 0) {
        return false;
    }
    char name[NOTICES_NAME_MAX];
    snprintf(name, sizeof name, "%s", sampler);
    forget_old(notices, now_ns);
    if (was_told(notices, name)) {
        return false;
    }
    if (notices->count == NOTICES_MAX) {
        forget(notices, 0, 1);
    }
    struct notice *notice = &notices->told[notices->count++];
    memcpy(notice->sampler, name, sizeof name);
    notice->told_ns = now_ns;
    return true;
}

const char *notices_reason(const char *state, const char *reason)
{
    if (reason && *reason) {
        return reason;
    }
    if (strcmp(state, "paused_rate_limit") == 0) {
        return "concurrent sampler weights limit hit";
    }
    if (strcmp(state, "paused_capacity") == 0) {
        return "Tinker backend is running short on capacity, please wait";
    }
    return "unknown";
}
