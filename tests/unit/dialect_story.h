/* Scripted events without a driver, and what a dialect prints of them. */
#ifndef RETRYSPEC_TESTS_DIALECT_STORY_H
#define RETRYSPEC_TESTS_DIALECT_STORY_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dialects/dialect.h"
#include "model/units.h"

#define S  NS_PER_S
#define MS NS_PER_MS

/* 2025-11-22 01:03:11.633348 UTC */
#define WALL_NS INT64_C(1763773391633348000)

static const struct retry_request request = {
    .method = "POST", .path = "/v1/x", .body_bytes = 2};

/* One call of one client, and its clock. */
struct story {
    struct dialect *dialect;
    struct profile *profile;
    FILE *stream;
    char *text;
    size_t size;
    struct call_event event; /* what each event starts from */
    int64_t entered_ns;
    bool has_entered;
};

static inline struct profile *story_profile(const char *layers)
{
    char text[4096];
    int length = snprintf(text, sizeof text,
                          "{\"retryspec\":1,\"profile\":\"t\",\"title\":\"t\","
                          "\"source\":\"test\",\"layers\":[%s]}",
                          layers);
    struct error error = {0};
    struct profile *profile =
        profile_read("test.jsonc", text, (size_t)length, &error);
    if (!profile) {
        error_print(&error, stderr);
        fail();
    }
    return profile;
}

static inline void story_begin(struct story *story, enum dialect_kind kind,
                               const char *layers)
{
    *story = (struct story){.profile = story_profile(layers)};
    story->stream = open_memstream(&story->text, &story->size);
    story->dialect = dialect_create(&(struct dialect_options){
        .kind = kind, .out = story->stream, .process = 5609});
    assert_non_null(story->dialect);
    story->event = (struct call_event){
        .wall_ns = WALL_NS,
        .token = "rs-0-0",
        .session = "session-0",
        .profile = story->profile,
        .request = &request,
        .attempt_limit = ATTEMPTS_UNLIMITED,
    };
}

static inline void story_deinit(struct story *story)
{
    dialect_free(story->dialect);
    fclose(story->stream);
    free(story->text);
    profile_free(story->profile);
}

/* What was printed so far. */
static inline const char *story_text(struct story *story)
{
    assert_false(dialect_is_lost(story->dialect));
    fflush(story->stream);
    return story->text;
}

/* Compares the whole with tests/unit/golden/dialects/<name>.txt. */
static inline void story_end(struct story *story, const char *name)
{
    char file[512];
    static char expected[1 << 16];
    snprintf(file, sizeof file, SOURCE_DIR "/tests/unit/golden/dialects/%s",
             name);
    FILE *golden = fopen(file, "r");
    if (!golden) {
        fail_msg("there is no %s; the text is\n%s", file, story_text(story));
    }
    size_t size = fread(expected, 1, sizeof expected - 1, golden);
    expected[size] = '\0';
    fclose(golden);
    assert_string_equal(story_text(story), expected);
    story_deinit(story);
}

static inline void story_pass(struct story *story, int64_t ns)
{
    story->event.at_ns += ns;
    story->event.wall_ns += ns;
}

static inline void story_call(struct story *story, int64_t call,
                              const char *token)
{
    story->event.call = call;
    story->event.token = token;
}

static inline void story_tell(struct story *story,
                              const struct call_event *event)
{
    dialect_event(story->dialect, event);
}

static inline struct call_event story_event(const struct story *story,
                                            enum call_event_kind kind)
{
    struct call_event event = story->event;
    event.kind = kind;
    event.elapsed_ns = event.at_ns - story->entered_ns;
    return event;
}

static inline void story_plain(struct story *story, enum call_event_kind kind)
{
    struct call_event event = story_event(story, kind);
    if (kind == EVENT_ENTERED) {
        story->entered_ns = event.at_ns;
        story->has_entered = true;
    }
    event.attempt = story->event.attempt;
    story_tell(story, &event);
}

static inline void story_enter(struct story *story)
{
    story_plain(story, EVENT_ENTERED);
}

/* How an attempt ends, after how long, and what is made of it. */
struct story_attempt {
    int64_t took_ns;
    int status;
    enum attempt_end end;
    const char *body;
    int64_t delay_ns;          /* RETRY */
    int layer;                 /* that decided; -1: none */
    enum retry_wait_kind wait; /* RETRY */
    enum retry_reason reason;  /* FAILED, ABORTED */
    const struct http_headers *headers;
};

/* START, then `kind`; after RETRY the delay passes. */
static inline void story_attempt(struct story *story, enum call_event_kind kind,
                                 struct story_attempt attempt)
{
    struct attempt_outcome outcome = {
        .end = attempt.end,
        .status = attempt.status,
        .headers = attempt.headers,
        .body = attempt.body,
        .body_size = attempt.body ? strlen(attempt.body) : 0,
    };
    story_plain(story, EVENT_START);
    story_pass(story, attempt.took_ns);
    struct call_event event = story_event(story, kind);
    event.duration_ns = attempt.took_ns;
    event.outcome = &outcome;
    event.delay_ns = attempt.delay_ns;
    event.wait_kind = attempt.wait;
    event.reason = attempt.reason;
    if (attempt.layer >= 0 && kind != EVENT_STOP) {
        event.layer = &story->profile->layers[attempt.layer];
        event.attempt_limit = event.layer->budget.attempts;
        event.layer_attempt = event.attempt;
    }
    story_tell(story, &event);
    story->event.attempt++;
    story_pass(story, attempt.delay_ns);
}

#define ATTEMPT(story, kind, ...) \
    story_attempt((story), (kind), (struct story_attempt){__VA_ARGS__})

static inline void story_done(struct story *story, enum retry_reason reason)
{
    struct call_event event = story_event(story, EVENT_DONE);
    event.reason = reason;
    event.is_ok = reason == REASON_SUCCESS;
    event.has_entered = story->has_entered;
    story_tell(story, &event);
    story->event.attempt = 0;
    story->has_entered = false;
}

#define BACKOFF(base, cap)                                       \
    "\"backoff\":{\"schedule\":\"exponential\",\"base\":\"" base \
    "\",\"factor\":2,\"cap\":\"" cap "\"},\"retry_after\":\"ignored\""

/* RetryHandler alone */
#define HANDLER                                                         \
    "{\"name\":\"retry-handler\",\"progress\":{\"timeout\":\"120min\"," \
    "\"aborts_attempt\":true},\"rules\":[{\"on\":{\"status\":["         \
    "\"408\",\"409\",\"429\",\"500-599\"],\"transport\":[\"any\"]},"    \
    "\"do\":\"retry\"," BACKOFF("500ms", "10s") "}]}"

#endif
