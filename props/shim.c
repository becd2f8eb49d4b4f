#include "props/shim.h"

#include <stdio.h>
#include <string.h>

#include "client/backoff.h"
#include "client/retry_after.h"
#include "model/profile.h"
#include "model/units.h"

void *props_profile_open(const char *json, char *message, size_t size)
{
    struct error error = {0};
    struct profile *profile =
        profile_read("property", json, strlen(json), &error);
    if (!profile)
        snprintf(message, size, "%s: %s", error.problems[0].path,
                 error.problems[0].message);
    return profile;
}

void props_profile_close(void *profile)
{
    profile_free(profile);
}

static struct delay_law law_of(const void *opened, int64_t n,
                               int64_t previous_ns)
{
    const struct profile *profile = opened;
    return (struct delay_law){.backoff = &profile->layers[0].rules[0].backoff,
                              .n = n,
                              .previous_ns = previous_ns,
                              .cut_ns = NS_FOREVER};
}

int64_t props_draw(const void *profile, int64_t n, int64_t previous_ns,
                   double u)
{
    struct delay_law law = law_of(profile, n, previous_ns);
    return backoff_draw(&law, u);
}

int64_t props_range_min(const void *profile, int64_t n, int64_t previous_ns)
{
    struct delay_law law = law_of(profile, n, previous_ns);
    return backoff_range(&law).min_ns;
}

int64_t props_range_max(const void *profile, int64_t n, int64_t previous_ns)
{
    struct delay_law law = law_of(profile, n, previous_ns);
    return backoff_range(&law).max_ns;
}

double props_cdf(const void *profile, int64_t n, int64_t t_ns)
{
    struct delay_law law = law_of(profile, n, 0);
    return backoff_cdf(&law, t_ns);
}

double props_cdf_below(const void *profile, int64_t n, int64_t t_ns)
{
    struct delay_law law = law_of(profile, n, 0);
    return backoff_cdf_below(&law, t_ns);
}

int64_t props_retry_after(int form, const char *text, int64_t wall_ns)
{
    int64_t ns;
    if (!retry_after_parse((enum retry_after_form)form, text, wall_ns, &ns))
        return INT64_MIN;
    return ns;
}

void props_format_duration(int64_t ns, char *text, size_t size)
{
    units_format_duration(ns, text, size);
}

int64_t props_parse_duration(const char *text)
{
    int64_t ns;
    return units_parse_duration(text, &ns) ? ns : INT64_MIN;
}
