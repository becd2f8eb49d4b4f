/* Any bytes are a rule catalogue or problems, never both and never neither;
 * each rule that reads is found by its id. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "model/verdict.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct error error = {0};
    struct rule_catalogue *rules =
        rules_read("fuzz.jsonc", (const char *)data, size, &error);
    if (error_is_set(&error) == (rules != NULL)) {
        abort();
    }
    for (size_t i = 0; rules && i < rules->count; i++) {
        if (rules_find(rules, rules->rules[i].id) != &rules->rules[i]) {
            abort();
        }
    }
    rules_free(rules);
    return 0;
}
