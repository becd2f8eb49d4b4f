/* One answer: what a step and a window have in common. */
#include <math.h>
#include <string.h>
#include <strings.h>

#include "model/scenario_parts.h"
#include "model/units.h"

bool scenario_status_has_body(int status)
{
    return status >= 200 && status != 204 && status != 304;
}

static void read_status(const struct jsonc_value *at, struct reply *reply)
{
    struct jsonc_value value;
    int64_t status = 200;
    if (jsonc_get(at, "reply", &value))
        jsonc_int(&value, 100, 999, &status);
    reply->status = (int)status;
}

static void read_framing(const struct jsonc_value *at, struct reply *reply)
{
    static const char *const words[] = {"length", "chunked", "close", NULL};
    struct jsonc_value value;
    int index;
    if (!jsonc_get(at, "framing", &value) ||
        !jsonc_choice(&value, words, &index))
        return;
    reply->framing = (enum framing)index;
    if (!scenario_status_has_body(reply->status))
        jsonc_hint(jsonc_problem(&value,
                                 "a %d has no body (RFC 9110 6.4.1), so "
                                 "there is nothing to frame",
                                 reply->status),
                   "remove \"framing\"");
}

static void read_headers(const struct jsonc_value *at, struct arena *arena,
                         struct reply *reply)
{
    struct jsonc_value value;
    struct scenario_headers headers = {0}, hints = {0};
    if (jsonc_get(at, "headers", &value))
        scenario_headers_read(&value, arena, &headers);
    if (jsonc_get(at, "early_hints", &value))
        scenario_headers_read(&value, arena, &hints);
    reply->headers = headers.items;
    reply->header_count = headers.count;
    reply->early_hints = hints.items;
    reply->early_hint_count = hints.count;
}

static bool has_content_type(const struct reply *reply)
{
    for (size_t i = 0; i < reply->header_count; i++) {
        if (strcasecmp(reply->headers[i].name, "Content-Type") == 0)
            return true;
    }
    return false;
}

/* After headers and body: a Content-Type header stands for the body's own. */
static void read_content_type(const struct jsonc_value *at, struct arena *arena,
                              struct reply *reply)
{
    struct jsonc_value value;
    bool is_in_headers = has_content_type(reply);
    if (is_in_headers)
        reply->content_type = NULL;
    if (!jsonc_get(at, "content_type", &value))
        return;
    if (is_in_headers)
        jsonc_hint(jsonc_problem(&value, "\"headers\" say Content-Type as "
                                         "well"),
                   "remove one of them");
    const char *type;
    if (scenario_text(&value, arena, &type))
        reply->content_type = type;
}

/* -- delay ----------------------------------------------------------------- */

static void read_uniform(const struct jsonc_value *at, struct delay *delay)
{
    int count = jsonc_length(at);
    if (count >= 0 && count != 2) {
        jsonc_problem(at,
                      "expected two durations such as [\"10ms\", "
                      "\"30ms\"], found %d elements",
                      count);
        return;
    }
    if (count < 0)
        return;
    struct jsonc_value from = jsonc_at(at, 0), to = jsonc_at(at, 1);
    if (jsonc_duration(&from, &delay->a_ns) &&
        jsonc_duration(&to, &delay->b_ns) && delay->b_ns < delay->a_ns)
        jsonc_hint(jsonc_problem(at, "the second duration is shorter than "
                                     "the first"),
                   "swap them");
}

static void need_duration(const struct jsonc_value *at, const char *key,
                          int64_t *ns)
{
    struct jsonc_value value;
    if (jsonc_need(at, key, &value))
        jsonc_duration(&value, ns);
}

static void read_normal(const struct jsonc_value *at, struct delay *delay)
{
    static const char *const keys[] = {"mean", "sd", NULL};
    if (!fields_open(at, keys))
        return;
    need_duration(at, "mean", &delay->a_ns);
    need_duration(at, "sd", &delay->b_ns);
}

static void read_lognormal(const struct jsonc_value *at, struct delay *delay)
{
    static const char *const keys[] = {"median", "sigma", NULL};
    struct jsonc_value value;
    if (!fields_open(at, keys))
        return;
    need_duration(at, "median", &delay->a_ns);
    if (jsonc_need(at, "sigma", &value))
        jsonc_number(&value, 0, 10, &delay->sigma);
}

void scenario_delay_read(const struct jsonc_value *at, struct delay *delay)
{
    static const char *const keys[] = {"uniform", "normal", "lognormal",
                                       "exponential", NULL};
    *delay = (struct delay){.kind = DELAY_FIXED};
    if (!cJSON_IsObject(at->item)) {
        jsonc_duration(at, &delay->a_ns);
        return;
    }
    if (!jsonc_expect_object(at, keys))
        return;
    struct jsonc_value value;
    if (cJSON_GetArraySize(at->item) != 1) {
        jsonc_problem(at,
                      "expected one of \"uniform\", \"normal\", "
                      "\"lognormal\", \"exponential\", found %d keys",
                      cJSON_GetArraySize(at->item));
    } else if (jsonc_get(at, "uniform", &value)) {
        delay->kind = DELAY_UNIFORM;
        read_uniform(&value, delay);
    } else if (jsonc_get(at, "normal", &value)) {
        delay->kind = DELAY_NORMAL;
        read_normal(&value, delay);
    } else if (jsonc_get(at, "lognormal", &value)) {
        delay->kind = DELAY_LOGNORMAL;
        read_lognormal(&value, delay);
    } else if (jsonc_get(at, "exponential", &value)) {
        delay->kind = DELAY_EXPONENTIAL;
        jsonc_duration(&value, &delay->a_ns);
    }
}

/* -- all together ---------------------------------------------------------- */

void scenario_reply_read(const struct jsonc_value *at, struct arena *arena,
                         const struct scenario_place *place,
                         struct reply *reply)
{
    struct jsonc_value value;
    int problems = scenario_problems(at);
    *reply = (struct reply){.fault.for_ns = NS_FOREVER, .fault.chance = 1};
    reply->where = fields_where(at, arena);
    read_status(at, reply);
    read_framing(at, reply);
    read_headers(at, arena, reply);
    scenario_body_read(at, arena, reply);
    read_content_type(at, arena, reply);
    if (jsonc_get(at, "delay", &value))
        scenario_delay_read(&value, &reply->delay);
    if (jsonc_get(at, "fault", &value) &&
        scenario_fault_read(&value, &reply->fault) &&
        scenario_problems(at) == problems)
        scenario_fault_check(&value, place, reply);
}
