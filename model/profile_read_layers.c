/* The part of the profile reader for layers: routes, and rules as a list. */
#include <string.h>

#include "model/fields.h"
#include "model/profile_read.h"

enum { ROUTES_MAX = 32 };

static const char *const layer_keys[] = {"name",
                                         "routes",
                                         "rules",
                                         "budget",
                                         "slots",
                                         "progress",
                                         "attempt_timeout",
                                         "call_timeout",
                                         "rate_limiter",
                                         "breaker",
                                         "enabled",
                                         "throttle",
                                         NULL};

/* "POST /v1/x" or "ANY *x": a method and the pattern of a path. */
static bool is_pattern(const char *text)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    size_t method = strspn(text, letters);
    const char *path = text + method + 1;
    return method > 0 && text[method] == ' ' &&
           (*path == '/' || *path == '*') && !strpbrk(path, " ?#");
}

static void read_route(const struct jsonc_value *at, struct arena *arena,
                       const char **out)
{
    const char *text = NULL;
    if (!jsonc_string(at, arena, &text)) {
        return;
    }
    if (!is_pattern(text)) {
        fields_expected(at, "a method and a path pattern without query, such "
                            "as \"POST /v1/*\" or \"ANY */x\"");
        return;
    }
    *out = text;
}

static void read_routes(const struct jsonc_value *at, struct arena *arena,
                        struct layer *layer)
{
    struct fields_list list;
    if (!fields_list(at, "routes", (struct fields_range){1, ROUTES_MAX},
                     &list)) {
        return;
    }
    const char **routes = fields_array(at, arena, list.count, sizeof *routes);
    if (!routes) {
        return;
    }
    for (size_t i = 0; i < list.count; i++) {
        struct jsonc_value route = jsonc_at(&list.at, (int)i);
        read_route(&route, arena, &routes[i]);
    }
    layer->routes = routes;
    layer->route_count = list.count;
}

/* Does the rule take each of its outcomes, whatever else is the case? */
static bool is_unconditional(const struct profile_rule *rule)
{
    const struct outcome_set *on = &rule->on;
    return on->method_count == 0 && !on->header.name && !on->body.pointer &&
           on->request_at_least == 0 && on->request_at_most == 0 &&
           rule->within_ns == 0;
}

static bool is_empty(const struct outcome_set *on)
{
    uint64_t bits = on->ends;
    for (size_t i = 0; i < sizeof on->statuses.bits / sizeof(uint64_t); i++) {
        bits |= on->statuses.bits[i];
    }
    return bits == 0;
}

/* Is every outcome of `on` one of `covered`? */
static bool is_covered(const struct outcome_set *on,
                       const struct outcome_set *covered)
{
    uint64_t left = on->ends & ~covered->ends;
    for (size_t i = 0; i < sizeof on->statuses.bits / sizeof(uint64_t); i++) {
        left |= on->statuses.bits[i] & ~covered->statuses.bits[i];
    }
    return left == 0;
}

static void cover(struct outcome_set *covered, const struct outcome_set *on)
{
    covered->ends |= on->ends;
    for (size_t i = 0; i < sizeof on->statuses.bits / sizeof(uint64_t); i++) {
        covered->statuses.bits[i] |= on->statuses.bits[i];
    }
}

/* First match wins, so a rule whose outcomes earlier rules all take, whatever
 * the request and response hold, never decides. */
static void check_reachable(const struct fields_list *list,
                            const struct profile_rule *rules)
{
    struct outcome_set covered = {.ends = 0};
    for (size_t i = 0; i < list->count; i++) {
        const struct outcome_set *on = &rules[i].on;
        if (!is_empty(on) && is_covered(on, &covered)) {
            struct jsonc_value at = jsonc_at(&list->at, (int)i);
            jsonc_hint(jsonc_problem(&at, "is never reached: earlier rules "
                                          "cover each of its outcomes"),
                       "first match wins; put the narrower rule first");
        }
        if (is_unconditional(&rules[i])) {
            cover(&covered, on);
        }
    }
}

/* One clock a layer is kept for it. */
static void check_within(const struct fields_list *list,
                         const struct profile_rule *rules)
{
    bool has_one = false;
    for (size_t i = 0; i < list->count; i++) {
        struct jsonc_value at = jsonc_at(&list->at, (int)i), within;
        if (has_one && rules[i].within_ns > 0 &&
            jsonc_get(&at, "within", &within)) {
            jsonc_hint(jsonc_problem(&within, "a second rule with \"within\": "
                                              "at most one of a layer has it"),
                       "put one of them into a layer of its own");
        }
        has_one = has_one || rules[i].within_ns > 0;
    }
}

static void read_rules(const struct jsonc_value *at, struct arena *arena,
                       struct layer *layer)
{
    struct fields_list list;
    if (!fields_list(at, "rules", (struct fields_range){1, PROFILE_RULES_MAX},
                     &list)) {
        return;
    }
    struct profile_rule *rules =
        fields_array(at, arena, list.count, sizeof *rules);
    if (!rules) {
        return;
    }
    for (size_t i = 0; i < list.count; i++) {
        struct jsonc_value rule = jsonc_at(&list.at, (int)i);
        profile_read_rule(&rule, arena, &rules[i]);
    }
    layer->rules = rules;
    layer->rule_count = list.count;
    check_reachable(&list, rules);
    check_within(&list, rules);
}

void profile_read_layer(const struct jsonc_value *at, struct arena *arena,
                        struct layer *layer)
{
    layer->where = fields_where(at, arena);
    if (!fields_open(at, layer_keys)) {
        return;
    }
    bool is_enabled = true;
    fields_need_line(at, "name", arena, &layer->name);
    fields_bool(at, "enabled", &is_enabled);
    layer->is_disabled = !is_enabled;
    read_routes(at, arena, layer);
    read_rules(at, arena, layer);
    profile_read_limits(at, layer);
    profile_read_slots(at, layer);
}
