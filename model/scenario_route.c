/* "server": routes, each with steps by count or windows by time. */
#include <string.h>

#include "model/scenario_parts.h"
#include "model/units.h"

/* -- whose call a request belongs to --------------------------------------- */

/* RFC 6901 section 3, but for the empty pointer: a whole body is no key. */
static bool is_pointer(const char *text)
{
    if (*text != '/')
        return false;
    for (; *text; text++) {
        if (*text == '~' && text[1] != '0' && text[1] != '1')
            return false;
    }
    return true;
}

static void read_key_name(const struct jsonc_value *at, struct arena *arena,
                          struct route *route)
{
    struct jsonc_value value;
    if (!jsonc_need(at, "name", &value) ||
        !scenario_text(&value, arena, &route->key_name))
        return;
    if (route->key == KEY_HEADER && !scenario_is_token(route->key_name))
        jsonc_problem(&value, "\"%.60s\" is no header name", route->key_name);
}

static void read_key_pointer(const struct jsonc_value *at, struct arena *arena,
                             struct route *route)
{
    struct jsonc_value value;
    if (!jsonc_need(at, "pointer", &value) ||
        !jsonc_string(&value, arena, &route->key_name))
        return;
    if (!is_pointer(route->key_name))
        jsonc_hint(jsonc_problem(&value,
                                 "\"%.60s\" is no JSON pointer (RFC "
                                 "6901)",
                                 route->key_name),
                   "write it like \"/seq_id\"");
}

static void refuse_key(const struct jsonc_value *at, const char *key,
                       const char *by)
{
    struct jsonc_value value;
    if (jsonc_get(at, key, &value))
        jsonc_hint(jsonc_problem(&value,
                                 "\"%s\" has no meaning with \"by\": "
                                 "\"%s\"",
                                 key, by),
                   "remove \"%s\"", key);
}

static void read_call(const struct jsonc_value *at, struct arena *arena,
                      struct route *route)
{
    static const char *const keys[] = {"by", "name", "pointer", NULL};
    static const char *const words[] = {"token", "header", "query", "json",
                                        NULL};
    struct jsonc_value value;
    int index;
    if (!fields_open(at, keys) || !jsonc_need(at, "by", &value) ||
        !jsonc_choice(&value, words, &index))
        return;
    route->key = (enum call_key)index;
    bool has_name = route->key == KEY_HEADER || route->key == KEY_QUERY;
    if (has_name)
        read_key_name(at, arena, route);
    else
        refuse_key(at, "name", words[index]);
    if (route->key == KEY_JSON)
        read_key_pointer(at, arena, route);
    else
        refuse_key(at, "pointer", words[index]);
}

/* -- steps ----------------------------------------------------------------- */

static void read_step(const struct jsonc_value *at, struct arena *arena,
                      const struct scenario_place *place, struct step *step)
{
    static const char *const keys[] = {SCENARIO_REPLY_KEYS, "times", NULL};
    struct jsonc_value value;
    step->times = 1;
    if (!fields_open(at, keys))
        return;
    if (jsonc_get(at, "times", &value))
        jsonc_int(&value, 1, INT64_MAX, &step->times);
    scenario_reply_read(at, arena, place, &step->reply);
}

static void need_word(const struct jsonc_value *at, const char *key,
                      const char *const *words, int *index)
{
    struct jsonc_value value;
    if (jsonc_get(at, key, &value)) {
        jsonc_choice(&value, words, index);
        return;
    }
    struct problem *problem = jsonc_problem(at, "steps need \"%s\"", key);
    if (words[3])
        jsonc_hint(problem, "one of \"%s\", \"%s\", \"%s\", \"%s\"", words[0],
                   words[1], words[2], words[3]);
    else
        jsonc_hint(problem, "one of \"%s\", \"%s\", \"%s\"", words[0], words[1],
                   words[2]);
}

static void read_steps(const struct jsonc_value *at,
                       const struct jsonc_value *list, struct arena *arena,
                       struct route *route)
{
    static const char *const per_words[] = {"call", "client", "connection",
                                            "run", NULL};
    static const char *const after_words[] = {"repeat", "loop", "fail", NULL};
    int per = PER_CALL, after = AFTER_REPEAT;
    need_word(at, "per", per_words, &per);
    need_word(at, "after_last", after_words, &after);
    route->per = (enum per)per;
    route->after_last = (enum after_last)after;
    int count = scenario_length(list, SCENARIO_STEPS_MAX);
    struct step *steps =
        fields_array(list, arena, (size_t)count, sizeof *steps);
    const struct scenario_place place = {.method = route->method,
                                         .per = route->per};
    for (int i = 0; steps && i < count; i++) {
        struct jsonc_value element = jsonc_at(list, i);
        read_step(&element, arena, &place, &steps[i]);
    }
    route->steps = steps;
    route->step_count = steps ? (size_t)count : 0;
}

/* -- windows --------------------------------------------------------------- */

static void read_window(const struct jsonc_value *at, struct arena *arena,
                        const struct scenario_place *place,
                        struct window *window)
{
    static const char *const keys[] = {SCENARIO_REPLY_KEYS, "from", "to", NULL};
    struct jsonc_value value;
    window->to_ns = NS_FOREVER;
    if (!fields_open(at, keys))
        return;
    if (jsonc_need(at, "from", &value))
        jsonc_duration(&value, &window->from_ns);
    if (jsonc_get(at, "to", &value) && jsonc_duration(&value, &window->to_ns) &&
        window->to_ns <= window->from_ns)
        jsonc_hint(jsonc_problem(at, "this window is empty: \"to\" is not "
                                     "after \"from\""),
                   "times count from the first request");
    scenario_reply_read(at, arena, place, &window->reply);
}

static void check_order(const struct jsonc_value *at,
                        const struct window *before,
                        const struct window *window)
{
    char text[UNITS_TEXT_MAX];
    if (window->from_ns >= before->to_ns)
        return;
    if (before->to_ns == NS_FOREVER) {
        jsonc_hint(jsonc_problem(at, "the window before this one has no "
                                     "end"),
                   "only the last window can do without \"to\"");
    } else if (window->from_ns < before->from_ns) {
        jsonc_hint(jsonc_problem(at, "this window begins before the one "
                                     "above it"),
                   "list windows in the order of time");
    } else {
        units_format_duration(before->to_ns, text, sizeof text);
        jsonc_hint(jsonc_problem(at,
                                 "this window overlaps the one above, "
                                 "which lasts to %s",
                                 text),
                   "write \"from\": \"%s\" or later", text);
    }
}

static void read_clock(const struct jsonc_value *at)
{
    static const char *const words[] = {"first-request", NULL};
    struct jsonc_value value;
    int index;
    if (jsonc_get(at, "clock", &value))
        jsonc_choice(&value, words, &index);
}

static void read_windows(const struct jsonc_value *at,
                         const struct jsonc_value *list, struct arena *arena,
                         struct route *route)
{
    route->is_windowed = true;
    read_clock(at);
    int count = scenario_length(list, SCENARIO_STEPS_MAX);
    struct window *windows =
        fields_array(list, arena, (size_t)count, sizeof *windows);
    const struct scenario_place place = {.method = route->method,
                                         .is_windowed = true};
    for (int i = 0; windows && i < count; i++) {
        struct jsonc_value element = jsonc_at(list, i);
        int problems = scenario_problems(at);
        read_window(&element, arena, &place, &windows[i]);
        if (i > 0 && scenario_problems(at) == problems)
            check_order(&element, &windows[i - 1], &windows[i]);
    }
    route->windows = windows;
    route->window_count = windows ? (size_t)count : 0;
}

/* -- the route ------------------------------------------------------------- */

static void read_match(const struct jsonc_value *at, struct arena *arena,
                       struct route *route)
{
    struct jsonc_value value;
    struct scenario_target target;
    if (!jsonc_need(at, "match", &value) ||
        !scenario_target_read(&value, arena, &target))
        return;
    if (strchr(target.path, '?'))
        jsonc_hint(jsonc_problem(&value, "routes match the path alone, "
                                         "without a query"),
                   "end it before the '?'");
    route->method = strcmp(target.method, "ANY") == 0 ? NULL : target.method;
    route->path = target.path;
}

static void refuse_with(const struct jsonc_value *at, const char *key,
                        const char *owner, const char *other)
{
    struct jsonc_value value;
    if (jsonc_get(at, key, &value))
        jsonc_hint(jsonc_problem(&value,
                                 "\"%s\" belongs to \"%s\"; this route has "
                                 "\"%s\"",
                                 key, owner, other),
                   "remove \"%s\"", key);
}

static void read_answers(const struct jsonc_value *at, struct arena *arena,
                         struct route *route)
{
    struct jsonc_value steps, windows;
    bool has_steps = jsonc_get(at, "steps", &steps);
    bool has_windows = jsonc_get(at, "windows", &windows);
    if (has_steps && has_windows) {
        jsonc_hint(jsonc_problem(&windows, "a route has steps or windows, "
                                           "not both"),
                   "write two routes");
    } else if (has_steps) {
        refuse_with(at, "clock", "windows", "steps");
        read_steps(at, &steps, arena, route);
    } else if (has_windows) {
        refuse_with(at, "per", "steps", "windows");
        refuse_with(at, "after_last", "steps", "windows");
        read_windows(at, &windows, arena, route);
    } else {
        jsonc_problem(at, "a route needs \"steps\" or \"windows\"");
    }
}

void scenario_route_read(const struct jsonc_value *at, struct arena *arena,
                         struct route *route)
{
    static const char *const keys[] = {"match",   "call",  "judged",
                                       "steps",   "per",   "after_last",
                                       "windows", "clock", NULL};
    struct jsonc_value value;
    route->judged = true;
    route->where = fields_where(at, arena);
    if (!fields_open(at, keys))
        return;
    read_match(at, arena, route);
    if (jsonc_get(at, "call", &value))
        read_call(&value, arena, route);
    fields_bool(at, "judged", &route->judged);
    read_answers(at, arena, route);
}
