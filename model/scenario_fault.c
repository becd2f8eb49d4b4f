/* "fault": where it strikes and what it does, and what can't happen. */
#include <string.h>

#include "model/scenario_parts.h"
#include "model/units.h"

static bool is_listener_fault(enum fault_do kind)
{
    return kind == FAULT_REFUSE || kind == FAULT_STALL;
}

static void set_default_place(struct fault *fault)
{
    fault->at = FAULT_AT_REQUEST;
    if (is_listener_fault(fault->kind))
        fault->at = FAULT_AT_ACCEPT;
    else if (fault->kind == FAULT_DRIP)
        fault->at = FAULT_AT_BODY;
}

static bool read_body_place(const struct jsonc_value *at, const char *size,
                            struct fault *fault)
{
    fault->at = FAULT_AT_BODY;
    if (units_parse_size(size, &fault->after_bytes))
        return true;
    jsonc_hint(jsonc_problem(at,
                             "expected a size such as \"16KiB\" after "
                             "\"body:\", found \"%.60s\"",
                             size),
               "write \"body:16KiB\"");
    return false;
}

static bool read_place(const struct jsonc_value *at, struct fault *fault)
{
    static const char *const words[] = {"accept",       "request", "head",
                                        "body:<bytes>", "end",     NULL};
    const char *text = cJSON_GetStringValue(at->item);
    if (text && strncmp(text, "body:", 5) == 0)
        return read_body_place(at, text + 5, fault);
    if (text && strcmp(text, "body") == 0)
        return read_body_place(at, "", fault);
    int index; /* never that of the body's: "body:" was taken above */
    if (!jsonc_choice(at, words, &index))
        return false;
    fault->at = (enum fault_at)index;
    return true;
}

static bool read_rate(const struct jsonc_value *at, struct fault *fault)
{
    const char *text = cJSON_GetStringValue(at->item);
    if (text && units_parse_rate(text, &fault->rate))
        return true;
    struct problem *problem = jsonc_refuse(at, "a rate such as \"100B/s\"");
    if (cJSON_IsNumber(at->item) && at->item->valuedouble >= 1)
        jsonc_hint(problem, "write \"%.15gB/s\"", at->item->valuedouble);
    else
        jsonc_hint(problem, "a size, at least one byte, and /s");
    return false;
}

static bool read_chance(const struct jsonc_value *at, struct fault *fault)
{
    if (!jsonc_number(at, 0, 1, &fault->chance))
        return false;
    if (fault->chance > 0)
        return true;
    jsonc_hint(jsonc_problem(at, "a fault with chance 0 never strikes"),
               "a number above 0 and up to 1");
    return false;
}

static bool refuse_foreign(const struct jsonc_value *at, const char *key,
                           const char *owner)
{
    jsonc_hint(jsonc_problem(at, "\"%s\" belongs to \"%s\" only", key, owner),
               "remove \"%s\"", key);
    return false;
}

static bool read_drip_rate(const struct jsonc_value *at, struct fault *fault)
{
    struct jsonc_value value;
    bool has_rate = jsonc_get(at, "rate", &value);
    if (has_rate && fault->kind != FAULT_DRIP)
        return refuse_foreign(&value, "rate", "drip");
    if (has_rate)
        return read_rate(&value, fault);
    if (fault->kind != FAULT_DRIP)
        return true;
    jsonc_hint(jsonc_problem(at, "\"drip\" needs a rate"),
               "add \"rate\": \"100B/s\"");
    return false;
}

static bool read_hang_time(const struct jsonc_value *at, struct fault *fault)
{
    struct jsonc_value value;
    if (!jsonc_get(at, "for", &value))
        return true;
    if (fault->kind != FAULT_HANG)
        return refuse_foreign(&value, "for", "hang");
    return jsonc_duration(&value, &fault->for_ns);
}

bool scenario_fault_read(const struct jsonc_value *at, struct fault *fault)
{
    static const char *const keys[] = {"at",   "do",     "for",
                                       "rate", "chance", NULL};
    struct jsonc_value value;
    int index;
    if (!fields_open(at, keys) || !jsonc_need(at, "do", &value) ||
        !jsonc_choice(&value, fault_do_words + FAULT_NONE + 1, &index))
        return false;
    fault->kind = (enum fault_do)(index + FAULT_NONE + 1);
    set_default_place(fault);
    bool is_ok = !jsonc_get(at, "at", &value) || read_place(&value, fault);
    is_ok &= read_drip_rate(at, fault);
    is_ok &= read_hang_time(at, fault);
    if (jsonc_get(at, "chance", &value))
        is_ok &= read_chance(&value, fault);
    return is_ok;
}

/* -- what can't happen -----------------------------------------------------
 */

static void check_listener(const struct jsonc_value *at,
                           const struct scenario_place *place,
                           const struct fault *fault)
{
    const char *word = fault_do_words[fault->kind];
    if (!place->is_windowed)
        jsonc_hint(
            jsonc_problem(at,
                          "\"%s\" can't be a step: steps count requests, and "
                          "no request comes while connections are %s",
                          word,
                          fault->kind == FAULT_REFUSE ? "refused" : "stalled"),
            "use \"windows\" instead of \"steps\"");
    else if (fault->at != FAULT_AT_ACCEPT)
        jsonc_hint(jsonc_problem(at, "\"%s\" strikes at accept only", word),
                   "leave \"at\" out, or do \"reset\" or \"close\" there");
    else if (fault->chance < 1)
        jsonc_hint(jsonc_problem(at,
                                 "\"%s\" has no chance: the listener takes "
                                 "every connection or none",
                                 word),
                   "do \"reset\" at accept for a share of connections");
}

static void check_accept(const struct jsonc_value *at,
                         const struct scenario_place *place,
                         const struct fault *fault)
{
    static const char *const per_words[] = {"call", "client", "connection",
                                            "run"};
    if (fault->at != FAULT_AT_ACCEPT)
        return;
    if (!place->is_windowed && place->per != PER_RUN)
        jsonc_hint(
            jsonc_problem(at,
                          "a fault at accept can't follow \"per\": \"%s\": "
                          "nothing was read yet",
                          per_words[place->per]),
            "write \"per\": \"run\", or use \"windows\"");
}

/* Sending slows down or breaks only where there is a body. */
static void check_drip(const struct jsonc_value *at, const struct reply *reply)
{
    const struct fault *fault = &reply->fault;
    if (fault->kind != FAULT_DRIP)
        return;
    if (fault->at != FAULT_AT_HEAD && fault->at != FAULT_AT_BODY)
        jsonc_hint(jsonc_problem(at,
                                 "\"drip\" slows a body; it can't start "
                                 "at %s",
                                 fault_at_words[fault->at]),
                   "leave \"at\" out, or write \"body:<bytes>\"");
    else if (reply->body_size <= fault->after_bytes)
        jsonc_hint(jsonc_problem(at, "there is no body left to drip"),
                   "add a \"body\", \"json\" or \"text\"");
}

static void check_garbage(const struct jsonc_value *at,
                          const struct reply *reply)
{
    const struct fault *fault = &reply->fault;
    if (fault->kind != FAULT_GARBAGE || fault->at == FAULT_AT_REQUEST ||
        fault->at == FAULT_AT_ACCEPT)
        return;
    if (fault->at != FAULT_AT_BODY)
        jsonc_hint(jsonc_problem(at, "\"garbage\" can't strike at %s",
                                 fault_at_words[fault->at]),
                   "write \"at\": \"accept\" or \"request\", or "
                   "\"body:<bytes>\" with chunked framing");
    else if (reply->framing != FRAMING_CHUNKED)
        jsonc_hint(jsonc_problem(at, "\"garbage\" in a body needs chunk "
                                     "sizes to break"),
                   "add \"framing\": \"chunked\" to the reply");
}

static void check_body(const struct jsonc_value *at,
                       const struct scenario_place *place,
                       const struct reply *reply)
{
    char after[UNITS_TEXT_MAX], size[UNITS_TEXT_MAX];
    const struct fault *fault = &reply->fault;
    if (fault->at != FAULT_AT_BODY)
        return;
    if (!scenario_status_has_body(reply->status))
        jsonc_hint(jsonc_problem(at,
                                 "a %d has no body (RFC 9110 6.4.1) to "
                                 "strike in",
                                 reply->status),
                   "write \"at\": \"head\" or \"end\"");
    else if (place->method && strcmp(place->method, "HEAD") == 0)
        jsonc_hint(jsonc_problem(at, "the answer to HEAD has no body (RFC "
                                     "9110 9.3.2) to strike in"),
                   "write \"at\": \"head\" or \"end\"");
    else if (fault->after_bytes > reply->body_size)
        jsonc_hint(
            jsonc_problem(
                at, "body:%s is beyond the body of %s",
                units_format_size(fault->after_bytes, after, sizeof after),
                units_format_size(reply->body_size, size, sizeof size)),
            "write \"at\": \"end\", or a larger body");
    else
        check_drip(at, reply);
}

void scenario_fault_check(const struct jsonc_value *at,
                          const struct scenario_place *place,
                          const struct reply *reply)
{
    const struct fault *fault = &reply->fault;
    if (is_listener_fault(fault->kind)) {
        check_listener(at, place, fault);
        return;
    }
    check_accept(at, place, fault);
    check_garbage(at, reply);
    check_body(at, place, reply);
    if (fault->at != FAULT_AT_BODY)
        check_drip(at, reply);
}
