/* The part of the profile reader for rules: which outcomes, and what then. */
#include <string.h>

#include "model/fields.h"
#include "model/profile_read.h"

enum { METHODS_MAX = 16, STATUS_OK = 200 };

/* In the order of enum rule_do. */
static const char *const do_words[] = {"retry", "fail",       "pass",
                                       "poll",  "start-over", NULL};

static const char *const rule_keys[] = {"on",          "do",     "backoff",
                                        "retry_after", "source", NULL};
static const char *const on_keys[] = {"status", "transport", "methods",
                                      "header", "body",      NULL};
static const char *const header_keys[] = {"name", "value", "absent",
                                          "ignores_case", NULL};
static const char *const body_keys[] = {"pointer", "value", NULL};

/* Ends that a rule can name, and "any", all of them. */
static const char *const transport_words[] = {
    "refused",    "unreachable", "reset",   "close", "cut",
    "reset-body", "garbage",     "timeout", "any",   NULL};
static const enum attempt_end transport_ends[] = {
    END_REFUSED, END_UNREACHABLE, END_RESET,   END_CLOSE,
    END_CUT,     END_RESET_BODY,  END_GARBAGE, END_TIMEOUT};
enum { TRANSPORT_COUNT = sizeof transport_ends / sizeof *transport_ends };

static void read_transport(const struct jsonc_value *on,
                           struct outcome_set *set)
{
    struct fields_list list;
    if (!fields_list(on, "transport", (struct fields_range){1, TRANSPORT_COUNT},
                     &list)) {
        return;
    }
    for (size_t i = 0; i < list.count; i++) {
        struct jsonc_value word = jsonc_at(&list.at, (int)i);
        int index = 0;
        if (!jsonc_choice(&word, transport_words, &index)) {
            continue;
        }
        for (int end = 0; end < TRANSPORT_COUNT; end++) {
            if (index == end || index == TRANSPORT_COUNT) {
                set->ends |= UINT32_C(1) << transport_ends[end];
            }
        }
    }
}

static void read_method(const struct jsonc_value *at, struct arena *arena,
                        const char **out)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    const char *text = NULL;
    if (!jsonc_string(at, arena, &text)) {
        return;
    }
    if (!*text || text[strspn(text, letters)]) {
        fields_expected(at, "a method in capitals, such as \"GET\"");
        return;
    }
    *out = text;
}

static void read_methods(const struct jsonc_value *on, struct arena *arena,
                         struct outcome_set *set)
{
    struct fields_list list;
    if (!fields_list(on, "methods", (struct fields_range){1, METHODS_MAX},
                     &list)) {
        return;
    }
    const char **methods = fields_array(on, arena, list.count, sizeof *methods);
    if (!methods) {
        return;
    }
    for (size_t i = 0; i < list.count; i++) {
        struct jsonc_value method = jsonc_at(&list.at, (int)i);
        read_method(&method, arena, &methods[i]);
    }
    set->methods = methods;
    set->method_count = list.count;
}

static void read_header(const struct jsonc_value *on, struct arena *arena,
                        struct header_condition *header)
{
    struct jsonc_value at;
    if (!jsonc_get(on, "header", &at) || !fields_open(&at, header_keys)) {
        return;
    }
    fields_need_text(&at, "name", arena, &header->name);
    fields_text(&at, "value", arena, &header->value);
    fields_bool(&at, "absent", &header->is_absent);
    fields_bool(&at, "ignores_case", &header->ignores_case);
    if (header->is_absent) {
        fields_refuse(&at, "value", "\"absent\": false");
    }
    if (!fields_has(&at, "value")) {
        fields_refuse(&at, "ignores_case", "\"value\"");
    }
}

static void read_body(const struct jsonc_value *on, struct arena *arena,
                      struct body_condition *body)
{
    struct jsonc_value at, pointer;
    if (!jsonc_get(on, "body", &at) || !fields_open(&at, body_keys)) {
        return;
    }
    if (fields_need_text(&at, "pointer", arena, &body->pointer) &&
        *body->pointer != '/' && jsonc_get(&at, "pointer", &pointer)) {
        jsonc_hint(fields_expected(&pointer, "a JSON pointer, which begins "
                                             "with /"),
                   "write \"/%s\"", body->pointer);
    }
    fields_text(&at, "value", arena, &body->value);
}

/* A response is needed to look into one. */
static void check_conditions(const struct jsonc_value *on,
                             struct outcome_set *set)
{
    bool looks_inside = fields_has(on, "header") || fields_has(on, "body");
    if (looks_inside && fields_has(on, "transport")) {
        jsonc_hint(jsonc_problem(on, "a transport fault has no response whose "
                                     "header or body could be looked at"),
                   "write two rules");
    }
    if (looks_inside && !fields_has(on, "status")) {
        status_set_add(&set->statuses, PROFILE_STATUS_MIN, PROFILE_STATUS_MAX);
    }
    if (!looks_inside && !fields_has(on, "status") &&
        !fields_has(on, "transport")) {
        jsonc_problem(on, "matches nothing: expected \"status\", "
                          "\"transport\", \"header\" or \"body\"");
    }
}

static void read_on(const struct jsonc_value *rule, struct arena *arena,
                    struct outcome_set *set)
{
    struct jsonc_value on, statuses;
    if (!jsonc_need(rule, "on", &on) || !fields_open(&on, on_keys)) {
        return;
    }
    if (jsonc_get(&on, "status", &statuses)) {
        profile_read_statuses(&statuses, &set->statuses);
    }
    read_transport(&on, set);
    read_methods(&on, arena, set);
    read_header(&on, arena, &set->header);
    read_body(&on, arena, &set->body);
    check_conditions(&on, set);
}

/* A call that tries again after every 200 never succeeds. */
static void check_success(const struct jsonc_value *at,
                          const struct profile_rule *rule)
{
    bool goes_on = rule->action == RULE_RETRY || rule->action == RULE_POLL ||
                   rule->action == RULE_START_OVER;
    struct jsonc_value on;
    if (goes_on && status_set_has(&rule->on.statuses, STATUS_OK) &&
        !rule->on.header.name && !rule->on.body.pointer &&
        jsonc_get(at, "on", &on)) {
        jsonc_hint(jsonc_problem(&on, "covers 200 without a condition: no "
                                      "call could ever succeed"),
                   "narrow \"status\", or add \"header\" or \"body\"");
    }
}

static void read_action(const struct jsonc_value *at, struct arena *arena,
                        struct profile_rule *rule)
{
    struct jsonc_value value;
    int index = 0;
    if (!fields_need(at, "do") || !fields_choice(at, "do", do_words, &index)) {
        return;
    }
    rule->action = (enum rule_do)index;
    if (rule->action != RULE_RETRY) {
        fields_refuse(at, "backoff", "\"do\": \"retry\"");
        fields_refuse(at, "retry_after", "\"do\": \"retry\"");
        return;
    }
    if (jsonc_need(at, "backoff", &value)) {
        profile_read_backoff(&value, &rule->backoff);
    }
    if (jsonc_get(at, "retry_after", &value)) {
        profile_read_retry_after(&value, arena, &rule->retry_after);
    }
}

void profile_read_rule(const struct jsonc_value *at, struct arena *arena,
                       struct profile_rule *rule)
{
    rule->where = fields_where(at, arena);
    if (!fields_open(at, rule_keys)) {
        return;
    }
    read_on(at, arena, &rule->on);
    read_action(at, arena, rule);
    check_success(at, rule);
    fields_text(at, "source", arena, &rule->source);
}
