/* "checks": the rules that a scenario is there to exercise. */
#include <string.h>

#include "model/scenario_parts.h"

enum { CHECKS_MAX = 256 };

static bool is_rule_id(const char *text)
{
    size_t letters = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
    if (letters == 0 || text[letters] != '-')
        return false;
    const char *number = text + letters + 1;
    size_t digits = strspn(number, "0123456789");
    return digits > 0 && number[digits] == '\0';
}

static void read_rule(const struct jsonc_value *at, struct arena *arena,
                      struct check *check)
{
    if (!jsonc_string(at, arena, &check->rule) || is_rule_id(check->rule))
        return;
    jsonc_refuse(at, "the id of a rule such as \"RA-1\"");
    check->rule = NULL;
}

static void read_check(const struct jsonc_value *at, struct arena *arena,
                       struct check *check)
{
    static const char *const keys[] = {"rule", "level", "note", NULL};
    struct jsonc_value value;
    if (cJSON_IsString(at->item)) {
        read_rule(at, arena, check);
        return;
    }
    if (!fields_open(at, keys))
        return;
    if (jsonc_need(at, "rule", &value))
        read_rule(&value, arena, check);
    if (jsonc_get(at, "note", &value))
        scenario_text(&value, arena, &check->note);
    if (jsonc_get(at, "level", &value))
        level_read(&value, &check->level);
}

static void refuse_duplicate(const struct jsonc_value *at,
                             const struct check *checks, int index)
{
    const char *rule = checks[index].rule;
    for (int i = 0; rule && i < index; i++) {
        if (checks[i].rule && strcmp(checks[i].rule, rule) == 0) {
            jsonc_hint(
                jsonc_problem(at, "the rule \"%s\" is listed twice", rule),
                "remove one of them; the first is checks[%d]", i);
            return;
        }
    }
}

void scenario_checks_read(const struct jsonc_value *at, struct arena *arena,
                          struct scenario *scenario)
{
    int count = scenario_length(at, CHECKS_MAX);
    struct check *checks =
        fields_array(at, arena, (size_t)count, sizeof *checks);
    if (!checks)
        return;
    for (int i = 0; i < count; i++) {
        struct jsonc_value element = jsonc_at(at, i);
        read_check(&element, arena, &checks[i]);
        refuse_duplicate(&element, checks, i);
    }
    scenario->checks = checks;
    scenario->check_count = (size_t)count;
}
