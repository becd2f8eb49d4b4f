#include "props/story.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <cJSON.h>

#include "client/retry.h"
#include "model/units.h"

enum { HEADERS_MAX = 16, SENDS_MAX = 1000 };

struct stage {
    const struct profile *profile;
    const cJSON *script, *outcomes, *draws;
    struct retry_shared shared;
    struct retry_call call;
    int64_t now_ns, stop_ns, cancel_ns;
    int next_outcome, next_draw, sends, most;
    struct http_header headers[HEADERS_MAX];
    struct http_headers all;
    cJSON *told, *sent, *requests, *waits;
};

static int64_t number(const cJSON *object, const char *key, int64_t otherwise)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
    return cJSON_IsNumber(item) ? llround(item->valuedouble) : otherwise;
}

static const char *text(const cJSON *object, const char *key,
                        const char *otherwise)
{
    const char *value =
        cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, key));
    return value ? value : otherwise;
}

static int64_t earliest(int64_t a_ns, int64_t b_ns, int64_t c_ns)
{
    int64_t least_ns = a_ns < b_ns ? a_ns : b_ns;
    return least_ns < c_ns ? least_ns : c_ns;
}

/* The item at *next, which then moves on but for the last. */
static const cJSON *take(const cJSON *list, int *next)
{
    const cJSON *item = cJSON_GetArrayItem(list, *next);
    *next += *next + 1 < cJSON_GetArraySize(list);
    return item;
}

/* -- what happens to an attempt -------------------------------------------- */

static enum attempt_end end_of(const cJSON *outcome)
{
    const char *word = text(outcome, "end", NULL);
    for (int i = 0; word && attempt_end_words[i]; i++) {
        if (strcmp(attempt_end_words[i], word) == 0) {
            return (enum attempt_end)i;
        }
    }
    return END_STATUS;
}

static void collect_headers(struct stage *stage, const cJSON *outcome)
{
    stage->all = (struct http_headers){stage->headers, 0};
    const cJSON *header;
    cJSON_ArrayForEach(header,
                       cJSON_GetObjectItemCaseSensitive(outcome, "headers"))
    {
        if (stage->all.count < HEADERS_MAX) {
            stage->headers[stage->all.count++] =
                (struct http_header){header->string, header->valuestring};
        }
    }
}

static struct retry_action step(struct stage *stage, enum retry_event_kind kind)
{
    return retry_step(&stage->call, &(struct retry_event){
                                        .kind = kind,
                                        .now_ns = stage->now_ns,
                                    });
}

static struct retry_action end(struct stage *stage, const cJSON *outcome,
                               enum attempt_end how)
{
    const char *body = text(outcome, "body", NULL);
    const cJSON *draw = take(stage->draws, &stage->next_draw);
    collect_headers(stage, outcome);
    struct attempt_outcome ended = {
        .end = how,
        .status = how == END_STATUS ? (int)number(outcome, "status", 200) : 0,
        .headers = &stage->all,
        .body = how == END_STATUS ? body : NULL,
        .body_size = body ? strlen(body) : 0,
    };
    return retry_step(&stage->call, &(struct retry_event){
                                        .kind = RETRY_ENDED,
                                        .now_ns = stage->now_ns,
                                        .wall_ns = stage->now_ns,
                                        .u = draw ? draw->valuedouble : 0.5,
                                        .outcome = &ended,
                                    });
}

/* Lets an attempt run until it ends by itself, by a limit or by an abort. */
static struct retry_action attempt(struct stage *stage,
                                   struct retry_action action)
{
    const cJSON *outcome = take(stage->outcomes, &stage->next_outcome);
    enum attempt_end how = end_of(outcome);
    int64_t end_ns = units_add(stage->now_ns, number(outcome, "took_ns", 0));
    if (action.until_ns < end_ns) {
        end_ns = action.until_ns;
        how = END_TIMEOUT;
    }
    for (;;) {
        int64_t at_ns = earliest(end_ns, action.wake_ns, stage->cancel_ns);
        if (at_ns >= stage->stop_ns) {
            stage->now_ns = stage->stop_ns;
            return action;
        }
        stage->now_ns = at_ns;
        if (at_ns == end_ns) {
            return end(stage, outcome, how);
        }
        action =
            step(stage, at_ns == stage->cancel_ns ? RETRY_CANCEL : RETRY_TIMER);
        if (action.kind != RETRY_WAIT) {
            return action;
        }
    }
}

/* -- what is told ---------------------------------------------------------- */

static void tell_number(cJSON *list, int64_t value)
{
    cJSON_AddItemToArray(list, cJSON_CreateNumber((double)value));
}

static void tell_send(struct stage *stage, const struct retry_action *action)
{
    const struct follow_up *follow_up = &stage->profile->follow_up;
    const struct retry_request *request = &stage->call.request;
    bool is_first = action->step == 0;
    char line[256];
    snprintf(line, sizeof line, "%s %s",
             is_first ? request->method : follow_up->method,
             is_first ? request->path : follow_up->path);
    tell_number(stage->sent, stage->now_ns);
    cJSON_AddItemToArray(stage->requests, cJSON_CreateString(line));
}

static void tell_wait(struct stage *stage, const struct retry_action *action)
{
    static const char *const kinds[] = {
        [WAIT_RETRY] = "retry",
        [WAIT_POLL] = "poll",
        [WAIT_LIMITER] = "limiter",
    };
    struct delay_range range = backoff_range(&action->law);
    cJSON *wait = cJSON_CreateObject();
    cJSON_AddNumberToObject(wait, "delay_ns",
                            (double)(action->until_ns - stage->now_ns));
    cJSON_AddNumberToObject(wait, "min_ns", (double)range.min_ns);
    cJSON_AddNumberToObject(wait, "max_ns", (double)range.max_ns);
    cJSON_AddStringToObject(wait, "layer",
                            action->layer ? action->layer->name : "");
    cJSON_AddStringToObject(wait, "kind", kinds[action->wait_kind]);
    cJSON_AddItemToArray(stage->waits, wait);
}

static void tell_end(struct stage *stage, const struct retry_action *action)
{
    bool is_over = stage->call.phase == RETRY_PHASE_DONE;
    cJSON_AddBoolToObject(stage->told, "ended", is_over);
    cJSON_AddBoolToObject(stage->told, "ok", is_over && action->is_ok);
    cJSON_AddStringToObject(stage->told, "reason",
                            is_over ? retry_reason_words[action->reason] : "");
    cJSON_AddNumberToObject(stage->told, "at_ns", (double)stage->now_ns);
    cJSON_AddBoolToObject(stage->told, "aborted", action->kind == RETRY_ABORT);
}

/* -- the play -------------------------------------------------------------- */

static struct retry_action wait(struct stage *stage,
                                const struct retry_action *action)
{
    int64_t at_ns =
        earliest(action->until_ns, action->wake_ns, stage->cancel_ns);
    if (at_ns >= stage->stop_ns) {
        stage->now_ns = stage->stop_ns;
        return *action;
    }
    stage->now_ns = at_ns;
    return step(stage, at_ns == stage->cancel_ns ? RETRY_CANCEL : RETRY_TIMER);
}

static void play(struct stage *stage)
{
    struct retry_action action = step(stage, RETRY_START);
    bool is_told = false;
    while (stage->call.phase != RETRY_PHASE_DONE &&
           stage->now_ns < stage->stop_ns) {
        if (action.kind == RETRY_SEND) {
            if (stage->sends++ == stage->most) {
                break;
            }
            tell_send(stage, &action);
            action = attempt(stage, action);
            is_told = false;
        } else {
            if (!is_told) {
                tell_wait(stage, &action);
            }
            is_told = true;
            action = wait(stage, &action);
        }
    }
    tell_end(stage, &action);
}

static void open_stage(struct stage *stage)
{
    const cJSON *script = stage->script;
    const cJSON *override =
        cJSON_GetObjectItemCaseSensitive(script, "override");
    struct retry_request request = {
        .method = text(script, "method", "POST"),
        .path = text(script, "path", "/v1/x"),
        .body_bytes = number(script, "body_bytes", 0),
    };
    stage->stop_ns = number(script, "stop_ns", NS_FOREVER);
    stage->cancel_ns = number(script, "cancel_ns", NS_FOREVER);
    stage->most = (int)number(script, "most", SENDS_MAX);
    stage->draws = cJSON_GetObjectItemCaseSensitive(script, "u");
    retry_shared_init(&stage->shared, stage->profile, 0);
    retry_call_init(&stage->call, &stage->shared, &request);
    if (override) {
        retry_call_override(
            &stage->call,
            &(struct retry_override){
                .attempts = number(override, "attempts", 0),
                .elapsed_ns = number(override, "elapsed_ns", 0),
                .attempt_timeout_ns = number(override, "attempt_timeout_ns", 0),
            });
    }
}

char *props_story(const void *profile, const char *script)
{
    cJSON *parsed = cJSON_Parse(script);
    struct stage stage = {
        .profile = profile,
        .script = parsed,
        .outcomes = cJSON_GetObjectItemCaseSensitive(parsed, "outcomes"),
        .told = cJSON_CreateObject(),
    };
    char *answer = NULL;
    if (cJSON_GetArraySize(stage.outcomes) > 0) {
        stage.sent = cJSON_AddArrayToObject(stage.told, "sends");
        stage.requests = cJSON_AddArrayToObject(stage.told, "requests");
        stage.waits = cJSON_AddArrayToObject(stage.told, "waits");
        open_stage(&stage);
        play(&stage);
        answer = cJSON_PrintUnformatted(stage.told);
    }
    cJSON_Delete(stage.told);
    cJSON_Delete(parsed);
    return answer;
}

void props_story_free(char *text)
{
    cJSON_free(text);
}
