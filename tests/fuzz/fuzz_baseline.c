/* Any bytes are a list of known failures or problems with their lines. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "model/baseline.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const rules[] = {"BO-1", "OUT-1", NULL};
static const char *const scenarios[] = {"limits/tokens", "body/cut", NULL};

static void require(bool is_true)
{
    if (!is_true)
        abort();
}

static void check(const struct baseline *baseline)
{
    for (size_t i = 0; i < baseline->count; i++) {
        const struct baseline_line *line = &baseline->lines[i];
        require(line->text && !line->pattern == !line->rule);
        require(!line->pattern == !line->reason);
    }
    require(baseline_size(baseline) <= baseline->count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct baseline_names names = {rules, scenarios};
    struct error error = {0};
    struct baseline *baseline =
        baseline_read("known", (const char *)data, size, &names, &error);
    require(!baseline == error_is_set(&error));
    for (int i = 0; i < error.count; i++)
        require(error.problems[i].message[0]);
    if (baseline)
        check(baseline);
    baseline_free(baseline);
    return 0;
}
