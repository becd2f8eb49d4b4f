/* The part of the profile reader for what holds the retries, and the requests,
 * of all calls of a client back: allowances and throttles. */
#include "model/fields.h"
#include "model/profile_read.h"
#include "model/units.h"

enum { LEAST_MAX = 1000000000 };

static const struct fields_range leasts = {0, LEAST_MAX};
static const double RATIO_MAX = 1000; /* Finagle: percentCanRetry */
static const double K_MAX = 1e6;

static const char *const ratio_keys[] = {"share", "per_second", "window", NULL};
static const char *const concurrent_keys[] = {"share", "least", NULL};
static const char *const failure_keys[] = {"most", "window", NULL};
static const char *const throttle_keys[] = {"k", "window", "rejected",
                                            "retryable", NULL};

/* In the order of enum allowance_kind. */
static const char *const kinds[] = {NULL, "ratio", "concurrent",
                                    "failure_rate"};

static void check_any(const struct jsonc_value *at,
                      const struct allowance *allowance, const char *least)
{
    if (allowance->share > 0 || allowance->least > 0)
        return;
    jsonc_hint(jsonc_problem(at, "allows no retry ever"),
               "give a \"share\" or \"%s\" above 0", least);
}

static void read_ratio(const struct jsonc_value *at,
                       struct allowance *allowance)
{
    bool is_whole =
        fields_need(at, "share") &&
        fields_number(at, "share", (struct fields_span){0, RATIO_MAX},
                      &allowance->share);
    is_whole &= !fields_has(at, "per_second") ||
                fields_int(at, "per_second", leasts, &allowance->least);
    if (fields_need(at, "window"))
        fields_positive(at, "window", &allowance->window_ns);
    if (is_whole)
        check_any(at, allowance, "per_second");
}

static void read_concurrent(const struct jsonc_value *at,
                            struct allowance *allowance)
{
    bool is_whole = fields_need(at, "share") &&
                    fields_number(at, "share", (struct fields_span){0, 1},
                                  &allowance->share);
    is_whole &= fields_need(at, "least") &&
                fields_int(at, "least", leasts, &allowance->least);
    if (is_whole)
        check_any(at, allowance, "least");
}

static void read_failure_rate(const struct jsonc_value *at,
                              struct allowance *allowance)
{
    if (fields_need(at, "most"))
        fields_number(at, "most", (struct fields_span){0, RATIO_MAX},
                      &allowance->share);
    fields_positive(at, "window", &allowance->window_ns);
}

static void read_kind(const struct jsonc_value *at, enum allowance_kind kind,
                      struct allowance *allowance)
{
    static const char *const *const keys[] = {NULL, ratio_keys, concurrent_keys,
                                              failure_keys};
    *allowance = (struct allowance){.kind = kind, .window_ns = NS_FOREVER};
    if (!fields_open(at, keys[kind]))
        return;
    switch (kind) {
    case ALLOWANCE_NONE:
        return;
    case ALLOWANCE_RATIO:
        read_ratio(at, allowance);
        return;
    case ALLOWANCE_CONCURRENT:
        read_concurrent(at, allowance);
        return;
    case ALLOWANCE_FAILURES:
        read_failure_rate(at, allowance);
        return;
    }
}

void profile_read_allowance(const struct jsonc_value *budget,
                            struct allowance *allowance)
{
    for (int kind = ALLOWANCE_RATIO; kind <= ALLOWANCE_FAILURES; kind++) {
        struct jsonc_value at;
        if (!jsonc_get(budget, kinds[kind], &at))
            continue;
        if (allowance->kind != ALLOWANCE_NONE)
            jsonc_hint(jsonc_problem(&at, "a layer has either \"%s\" or \"%s\"",
                                     kinds[allowance->kind], kinds[kind]),
                       "put one of them into a layer of its own");
        else
            read_kind(&at, (enum allowance_kind)kind, allowance);
    }
}

/* One window a layer is kept. */
static void check_window(const struct jsonc_value *at,
                         const struct allowance *allowance)
{
    if (allowance->kind == ALLOWANCE_RATIO ||
        allowance->kind == ALLOWANCE_FAILURES)
        jsonc_hint(jsonc_problem(at,
                                 "a layer has either a \"throttle\" or a "
                                 "\"%s\"",
                                 kinds[allowance->kind]),
                   "put one of them into a layer of its own");
}

void profile_read_throttle(const struct jsonc_value *layer,
                           const struct allowance *allowance,
                           struct throttle *throttle)
{
    struct jsonc_value at, rejected;
    if (!jsonc_get(layer, "throttle", &at) || !fields_open(&at, throttle_keys))
        return;
    throttle->is_used = true;
    if (fields_need(&at, "k"))
        fields_number(&at, "k", (struct fields_span){0, K_MAX}, &throttle->k);
    if (fields_need(&at, "window"))
        fields_positive(&at, "window", &throttle->window_ns);
    if (jsonc_need(&at, "rejected", &rejected))
        profile_read_statuses(&rejected, &throttle->rejected);
    fields_bool(&at, "retryable", &throttle->is_retryable);
    check_window(&at, allowance);
}
