/* A scenario and its script, for tests that put requests to it. */
#ifndef RETRYSPEC_TESTS_SCRIPT_STAGE_H
#define RETRYSPEC_TESTS_SCRIPT_STAGE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mock_server/script.h"
#include "model/units.h"

#define SECONDS(n) ((n)*NS_PER_S)

/* A scenario and its script in one run. */
struct stage {
    struct scenario *scenario;
    struct script *script;
};

static inline struct scenario *read_scenario(const char *workload,
                                             const char *server)
{
    struct error error = {0};
    char text[8192];
    int size = snprintf(text, sizeof text,
                        "{\"retryspec\":1,\"id\":\"a\",\"title\":\"t\","
                        "\"workload\":{\"request\":\"POST /a\"%s},"
                        "\"server\":[%s]}",
                        workload, server);
    struct scenario *scenario =
        scenario_read("a.jsonc", text, (size_t)size, &error);
    if (!scenario)
        error_print(&error, stderr);
    assert_non_null(scenario);
    return scenario;
}

static inline struct stage open_at_level(int level, uint64_t seed,
                                         const char *workload,
                                         const char *server)
{
    struct error error = {0};
    struct stage stage = {.scenario = read_scenario(workload, server)};
    stage.script = script_create(stage.scenario, seed, level, &error);
    assert_non_null(stage.script);
    return stage;
}

static inline struct stage open_stage(const char *workload, const char *server)
{
    return open_at_level(1, 7, workload, server);
}

static inline void close_stage(struct stage *stage)
{
    script_free(stage->script);
    scenario_free(stage->scenario);
}

/* What a request of these tests is made of; zero means: nothing there. */
struct ask {
    int64_t now_ns, conn;
    const char *method, *path, *query, *header, *body;
};

static inline struct script_answer decide(struct stage *stage, struct ask ask)
{
    const struct http_header header = {"X-Call", ask.header};
    const struct http_headers headers = {&header, ask.header ? 1 : 0};
    struct script_answer answer;
    struct script_request request = {
        .now_ns = ask.now_ns,
        .conn = ask.conn,
        .method = ask.method ? ask.method : "POST",
        .path = ask.path ? ask.path : "/a",
        .query = ask.query ? ask.query : "",
        .headers = &headers,
        .body = ask.body ? ask.body : "",
        .body_size = ask.body ? strlen(ask.body) : 0,
    };
    script_decide(stage->script, &request, &answer);
    return answer;
}

/* The status answered; 0 if there is no reply. */
static inline int status_of(struct stage *stage, struct ask ask)
{
    struct script_answer answer = decide(stage, ask);
    return answer.reply ? answer.reply->status : 0;
}

#define STEPS(per, after, steps)                                         \
    "{\"match\":\"POST /a\",\"per\":\"" per "\",\"after_last\":\"" after \
    "\",\"steps\":[" steps "]}"
#define TWO_429_THEN_200 "{\"reply\":429,\"times\":2},{\"reply\":200}"
#define MANY             ",\"clients\":9,\"calls\":9"

#endif
