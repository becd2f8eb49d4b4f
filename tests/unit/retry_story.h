/* A client without sockets, for golden traces of the retry engine: a profile, a
 * script of outcomes, and the story that comes of it. */
#ifndef RETRYSPEC_TESTS_RETRY_STORY_H
#define RETRYSPEC_TESTS_RETRY_STORY_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "client/retry.h"
#include "model/units.h"

#define S  NS_PER_S
#define MS NS_PER_MS

/* How one attempt ends, and after how long. */
struct ended {
    int status;
    enum attempt_end end;
    const char *retry_after;
    int64_t took_ns;
    const char *marker; /* value of the header x-marker */
    const char *body;
};

enum { STORY_MAX = 8192, STEPS_MAX = 200 };

struct client {
    struct profile *profile;
    struct retry_shared shared;
    struct retry_call call;
    int64_t now_ns, stop_ns;
    double u;
    char story[STORY_MAX];
    size_t length;
};

static inline void tell(struct client *client, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static inline void tell(struct client *client, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length =
        snprintf(client->story + client->length, STORY_MAX - client->length,
                 "[%8.3f] ", (double)client->now_ns / (double)S);
    client->length += (size_t)length;
    length = vsnprintf(client->story + client->length,
                       STORY_MAX - client->length, format, arguments);
    client->length += (size_t)length;
    assert_true(client->length < STORY_MAX);
    va_end(arguments);
}

/* `keys`: members of the profile beside its layers, each with a comma before
 * it. */
static inline struct profile *read_profile_with(const char *keys,
                                                const char *layers)
{
    char text[8192];
    int length = snprintf(text, sizeof text,
                          "{\"retryspec\":1,\"profile\":\"t\",\"title\":\"t\","
                          "\"source\":\"test\"%s,\"layers\":[%s]}",
                          keys, layers);
    struct error error = {0};
    struct profile *profile =
        profile_read("test.jsonc", text, (size_t)length, &error);
    if (!profile) {
        error_print(&error, stderr);
        fail();
    }
    return profile;
}

static inline struct profile *read_profile(const char *layers)
{
    return read_profile_with("", layers);
}

static inline void client_init(struct client *client, struct profile *profile)
{
    *client =
        (struct client){.profile = profile, .u = .5, .stop_ns = NS_FOREVER};
    retry_shared_init(&client->shared, profile, 0);
    retry_call_init(&client->call, &client->shared,
                    &(struct retry_request){.method = "POST", .path = "/v1/x"});
}

static inline struct retry_action client_step(struct client *client,
                                              enum retry_event_kind kind)
{
    return retry_step(&client->call, &(struct retry_event){
                                         .kind = kind,
                                         .now_ns = client->now_ns,
                                         .u = client->u,
                                     });
}

static inline struct retry_action client_end(struct client *client,
                                             const struct ended *ended)
{
    struct http_header items[2];
    struct http_headers headers = {items, 0};
    if (ended->retry_after) {
        items[headers.count++] =
            (struct http_header){"retry-after", ended->retry_after};
    }
    if (ended->marker) {
        items[headers.count++] =
            (struct http_header){"x-marker", ended->marker};
    }
    struct attempt_outcome outcome = {
        .end = ended->end,
        .status = ended->status,
        .headers = &headers,
        .body = ended->body,
        .body_size = ended->body ? strlen(ended->body) : 0,
    };
    return retry_step(&client->call, &(struct retry_event){
                                         .kind = RETRY_ENDED,
                                         .now_ns = client->now_ns,
                                         .wall_ns = 0,
                                         .u = client->u,
                                         .outcome = &outcome,
                                     });
}

static inline void tell_outcome(struct client *client,
                                const struct ended *ended)
{
    if (ended->end == END_STATUS) {
        tell(client, "%d\n", ended->status);
    } else {
        tell(client, "%s\n", attempt_end_words[ended->end]);
    }
}

static inline void tell_end(struct client *client,
                            const struct retry_action *action)
{
    tell(client, "%s %s: %s\n",
         action->kind == RETRY_ABORT ? "aborted," : "done,",
         action->is_ok ? "ok" : "failed", retry_reason_words[action->reason]);
}

static inline int64_t first_of(int64_t a_ns, int64_t b_ns)
{
    return a_ns < b_ns ? a_ns : b_ns;
}

/* Lets time pass until the attempt ends by itself, by a limit or by an abort.
 */
static inline struct retry_action client_attempt(
    struct client *client, const struct retry_action *sent,
    const struct ended *scripted)
{
    struct ended ended = *scripted;
    int64_t end_ns = units_add(client->now_ns, ended.took_ns);
    if (sent->until_ns < end_ns) {
        end_ns = sent->until_ns;
        ended = (struct ended){.end = END_TIMEOUT};
    }
    int64_t wake_ns = sent->wake_ns;
    while (wake_ns < end_ns) {
        client->now_ns = wake_ns;
        struct retry_action action = client_step(client, RETRY_TIMER);
        if (action.kind == RETRY_ABORT) {
            return action;
        }
        assert_int_equal(action.kind, RETRY_WAIT);
        wake_ns = action.wake_ns;
    }
    client->now_ns = end_ns;
    tell_outcome(client, &ended);
    return client_end(client, &ended);
}

/* Plays the script, whose last outcome repeats, to the end of the call. */
static inline struct retry_action client_play(struct client *client,
                                              const struct ended *script,
                                              size_t count)
{
    struct retry_action action = client_step(client, RETRY_START);
    size_t next = 0;
    for (int i = 0; i < STEPS_MAX && client->now_ns < client->stop_ns; i++) {
        if (action.kind == RETRY_SEND) {
            tell(client, action.step ? "send %lld, follow-up\n" : "send %lld\n",
                 (long long)client->call.attempts);
            action = client_attempt(client, &action, &script[next]);
            next += next + 1 < count;
        } else if (action.kind == RETRY_WAIT) {
            tell(client,
                 action.wait_kind == WAIT_LIMITER ? "held %.3f by %s\n"
                                                  : "wait %.3f by %s\n",
                 (double)action.delay_ns / (double)S, action.layer->name);
            client->now_ns = first_of(action.until_ns, action.wake_ns);
            action = client_step(client, RETRY_TIMER);
        } else {
            tell_end(client, &action);
            break;
        }
    }
    return action;
}

#define PLAY(client, ...)                                     \
    client_play(client, (const struct ended[]){__VA_ARGS__},  \
                sizeof((const struct ended[]){__VA_ARGS__}) / \
                    sizeof(struct ended))

static inline void check_story(struct client *client, const char *expected)
{
    if (strcmp(client->story, expected) != 0) {
        fail_msg("the story was\n%sand should have been\n%s", client->story,
                 expected);
    }
    if (client->call.phase == RETRY_PHASE_DONE) {
        assert_int_equal(client->shared.active_calls, 0);
    }
    profile_free(client->profile);
}

#define RETRY_5XX(backoff)                                               \
    "\"rules\":[{\"on\":{\"status\":[\"429\",\"500-599\"],"              \
    "\"transport\":[\"any\"]},\"do\":\"retry\",\"backoff\":" backoff "," \
    "\"retry_after\":\"ignored\"}]"
#define DOUBLING                                                  \
    "{\"schedule\":\"exponential\",\"base\":\"1s\",\"factor\":2," \
    "\"cap\":\"10s\"}"
#define CONSTANT "{\"schedule\":\"constant\",\"base\":\"1s\"}"

#endif
