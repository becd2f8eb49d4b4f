/* The part of the profile reader for the outcomes that a rule covers. */
#include <string.h>

#include "model/fields.h"
#include "model/profile_read.h"

enum { METHODS_MAX = 16 };

static const char *const on_keys[] = {
    "status", "transport", "methods", "header", "body", "request_bytes", NULL};
static const char *const header_keys[] = {"name", "value", "absent",
                                          "ignores_case", NULL};
static const char *const body_keys[] = {"pointer", "value", "ignores_case",
                                        NULL};
static const char *const request_bytes_keys[] = {"at_least", "at_most", NULL};

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
    fields_need_line(&at, "name", arena, &header->name);
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

/* RFC 6901 3: ~0 is a tilde and ~1 a slash; there is no other escape. */
static bool has_good_escapes(const char *pointer)
{
    for (const char *c = strchr(pointer, '~'); c; c = strchr(c + 1, '~')) {
        if (c[1] != '0' && c[1] != '1') {
            return false;
        }
    }
    return true;
}

bool profile_read_pointer(const struct jsonc_value *at, const char *key,
                          struct arena *arena, const char **out)
{
    struct jsonc_value value;
    if (!jsonc_get(at, key, &value) || !jsonc_string(&value, arena, out)) {
        return false;
    }
    if (**out && **out != '/') {
        jsonc_hint(fields_expected(&value, "a JSON pointer, which begins "
                                           "with /"),
                   "write \"/%s\"", *out);
        return false;
    }
    if (!has_good_escapes(*out)) {
        jsonc_hint(fields_expected(&value, "a JSON pointer"),
                   "a ~ in a name is written ~0, a slash ~1");
        return false;
    }
    return true;
}

static void read_body(const struct jsonc_value *on, struct arena *arena,
                      struct body_condition *body)
{
    struct jsonc_value at;
    if (!jsonc_get(on, "body", &at) || !fields_open(&at, body_keys)) {
        return;
    }
    if (fields_need(&at, "pointer")) {
        profile_read_pointer(&at, "pointer", arena, &body->pointer);
    }
    fields_text(&at, "value", arena, &body->value);
    if (!fields_has(&at, "value")) {
        fields_refuse(&at, "ignores_case", "\"value\"");
    }
    fields_bool(&at, "ignores_case", &body->ignores_case);
}

static void read_request_bytes(const struct jsonc_value *on,
                               struct outcome_set *set)
{
    static const struct fields_range sizes = {1, INT64_C(1000000000000000)};
    struct jsonc_value at, at_most;
    if (!jsonc_get(on, "request_bytes", &at) ||
        !fields_open(&at, request_bytes_keys)) {
        return;
    }
    fields_int(&at, "at_least", sizes, &set->request_at_least);
    bool has_most = fields_int(&at, "at_most", sizes, &set->request_at_most);
    if (has_most && set->request_at_most < set->request_at_least &&
        jsonc_get(&at, "at_most", &at_most)) {
        fields_expected(&at_most, "at least \"at_least\", %lld",
                        (long long)set->request_at_least);
    }
    if (!fields_has(&at, "at_least") && !fields_has(&at, "at_most")) {
        jsonc_problem(&at, "is no condition: expected \"at_least\" or "
                           "\"at_most\"");
    }
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

void profile_read_outcomes(const struct jsonc_value *rule, struct arena *arena,
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
    read_request_bytes(&on, set);
    check_conditions(&on, set);
}
