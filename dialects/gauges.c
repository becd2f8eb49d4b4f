#include "dialects/gauges.h"

#include <stdlib.h>
#include <string.h>

#include "dialects/language.h"
#include "model/units.h"

enum { LOG_INTERVAL_S = 2 };

void gauges_init(struct gauges *gauges, int64_t now_ns)
{
    *gauges = (struct gauges){.logged_ns = now_ns};
}

static void forget_errors(struct gauges *gauges)
{
    for (size_t i = 0; i < gauges->error_count; i++) {
        free(gauges->errors[i].text);
    }
    gauges->error_count = 0;
    gauges->other_errors = 0;
}

void gauges_deinit(struct gauges *gauges)
{
    forget_errors(gauges);
}

bool gauges_add_error(struct gauges *gauges, const char *text)
{
    for (size_t i = 0; i < gauges->error_count; i++) {
        if (strcmp(gauges->errors[i].text, text) == 0) {
            gauges->errors[i].count++;
            return true;
        }
    }
    if (gauges->error_count == GAUGES_ERRORS_MAX) {
        gauges->other_errors++;
        return true;
    }
    char *copy = strdup(text);
    if (!copy) {
        return false;
    }
    gauges->errors[gauges->error_count++] = (struct gauge_error){copy, 1};
    return true;
}

bool gauges_is_due(const struct gauges *gauges, int64_t now_ns)
{
    return now_ns - gauges->logged_ns > LOG_INTERVAL_S * NS_PER_S ||
           gauges_is_idle(gauges);
}

void gauges_add_progress(struct text *text, const struct gauges *gauges,
                         const char *name)
{
    text_addf(text, "[%s]: %lld waiting, %lld in progress, %lld completed",
              name, (long long)gauges->waiting, (long long)gauges->in_loop,
              (long long)gauges->processed);
}

/* Stable, as sorted() is: equals stay in the order of their first time. */
static void sort_by_count(const struct gauge_error **sorted,
                          const struct gauges *gauges)
{
    for (size_t i = 0; i < gauges->error_count; i++) {
        const struct gauge_error *error = &gauges->errors[i];
        size_t at = i;
        for (; at > 0 && sorted[at - 1]->count < error->count; at--) {
            sorted[at] = sorted[at - 1];
        }
        sorted[at] = error;
    }
}

static void add_error(struct text *text, const char *key, int64_t count)
{
    text_add(text, "(");
    language_python_string(text, key);
    text_addf(text, ", %lld)", (long long)count);
}

void gauges_add_errors(struct text *text, const struct gauges *gauges,
                       const char *name)
{
    const struct gauge_error *sorted[GAUGES_ERRORS_MAX];
    sort_by_count(sorted, gauges);
    text_addf(text, "[%s]: %lld total retries, errors since last log: [", name,
              (long long)gauges->retries);
    for (size_t i = 0; i < gauges->error_count; i++) {
        text_add(text, i > 0 ? ", " : "");
        add_error(text, sorted[i]->text, sorted[i]->count);
    }
    if (gauges->other_errors > 0) {
        text_add(text, ", ");
        add_error(text, "other errors", gauges->other_errors);
    }
    text_add(text, "]");
}

void gauges_logged(struct gauges *gauges, int64_t now_ns)
{
    forget_errors(gauges);
    gauges->logged_ns = now_ns;
}
