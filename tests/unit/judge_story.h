/* Traces told in short, for tests of the judge. A story is a list of events
 * parted by ';':
 *
 *   0 429 ra=2        an attempt whose head came at 0 ms, ended with 429 and
 *                     Retry-After: 2 after 1 ms
 *   412 200 took=5    one that lasted 5 ms
 *   90 reset conn=2   ended by RST; also close, cut, timeout (the client
 *                     left), unfinished, ...
 *   exit@500  stop@500  crash@500      how the client ended, in ms; also
 *   givenup@500  notrun@0  nostart@0
 *   giveup@500                         its caller gave up on rs-0-0
 *   code=3  left=2  lost=9  stderr=x  reason=x   of its end
 *   results  problem=line_3:_what      the results file
 *   refused@100-900  stalled@100-900   outages
 *   ok:rs-0-0  error:rs-0-0            lines of results
 *   lag=300                            of the run, in ms
 *   starved@900-950=40                 waits for a CPU that ended in a span
 *   level=0
 *
 * Words of an attempt, with _ for a blank: took=, conn=, use=, call=, ra=, ms=
 * (retry-after-ms), should= (x-should-retry), sha= and size= (of the request
 * body), key=,
 * count=, reply= (sha256 of the answer), status= (sent), method=, target=,
 * first= (ms of the first response byte), fault=fired or fault=unfired. */
#ifndef RETRYSPEC_TESTS_JUDGE_STORY_H
#define RETRYSPEC_TESTS_JUDGE_STORY_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "client/retry.h"
#include "judge/judge.h"
#include "model/embedded.h"
#include "model/units.h"

#define MS NS_PER_MS

enum { ATTEMPTS_MAX = 64, HEADERS_EACH = 4 };

struct story {
    struct arena arena;
    struct profile *profile;
    struct scenario *scenario;
    struct rule_catalogue *rules;
    struct trace trace;
    struct trace_attempt attempts[ATTEMPTS_MAX];
    struct trace_outage outages[4];
    struct trace_result results[ATTEMPTS_MAX];
    struct trace_starved starved[4];
    struct trace_give_up give_up;
    struct scenario_report *report;
};

static inline const struct embedded_file *embedded(const char *name)
{
    for (const struct embedded_file *f = embedded_files; f->name; f++) {
        if (strcmp(f->name, name) == 0) {
            return f;
        }
    }
    fail_msg("%s is not embedded", name);
    return NULL;
}

static inline void must_read(const void *read, const struct error *error)
{
    if (!read) {
        error_print(error, stderr);
        fail();
    }
}

/* Layers, and after them further members of the profile. */
static inline struct profile *story_profile(const char *layers)
{
    char text[4096];
    struct error error = {0};
    int length = snprintf(text, sizeof text,
                          "{\"retryspec\":1,\"profile\":\"t\",\"title\":\"t\","
                          "\"source\":\"test\",\"layers\":%s}",
                          layers);
    struct profile *profile =
        profile_read("profile.jsonc", text, (size_t)length, &error);
    must_read(profile, &error);
    return profile;
}

/* `workload` and `checks` are JSON; "" asks for no rule in particular. */
static inline struct scenario *story_scenario(const char *workload,
                                              const char *checks)
{
    char text[2048];
    struct error error = {0};
    int length = snprintf(
        text, sizeof text,
        "{\"retryspec\":1,\"id\":\"t/t\",\"title\":\"t\",\"takes\":\"1s\","
        "\"workload\":%s,\"server\":[{\"match\":\"POST /v1/x\","
        "\"steps\":[{\"reply\":200,\"json\":{}}],\"per\":\"call\","
        "\"after_last\":\"repeat\"},{\"match\":\"POST /v1/y\",\"steps\":[{}],"
        "\"per\":\"call\",\"after_last\":\"repeat\"}],\"checks\":[%s]}",
        workload, checks[0] ? checks : "\"OUT-1\"");
    struct scenario *scenario =
        scenario_read("t/t.jsonc", text, (size_t)length, &error);
    must_read(scenario, &error);
    scenario->check_count = checks[0] ? scenario->check_count : 0;
    return scenario;
}

/* -- events ---------------------------------------------------------------- */

static inline void add_header(struct story *story, struct http_headers *headers,
                              const char *name, const char *value)
{
    struct http_header *items =
        arena_array(&story->arena, HEADERS_EACH, sizeof *items);
    assert_true(headers->count < HEADERS_EACH);
    for (size_t i = 0; i < headers->count; i++) {
        items[i] = headers->items[i];
    }
    items[headers->count] = (struct http_header){
        arena_strdup(&story->arena, name), arena_strdup(&story->arena, value)};
    headers->items = items;
    headers->count++;
}

/* The text with _ for each blank. */
static inline char *with_blanks(struct story *story, const char *value)
{
    char *text = arena_strdup(&story->arena, value);
    for (char *blank = strchr(text, '_'); blank; blank = strchr(blank, '_')) {
        *blank = ' ';
    }
    return text;
}

static inline void set_word(struct story *story, struct trace_attempt *attempt,
                            const char *word, const char *value)
{
    int64_t number = atoll(value);
    char *text = with_blanks(story, value);
    if (strcmp(word, "took") == 0) {
        attempt->last_byte_ns = attempt->head_ns + number * MS;
    } else if (strcmp(word, "conn") == 0) {
        attempt->conn = number;
    } else if (strcmp(word, "use") == 0) {
        attempt->conn_use = number;
    } else if (strcmp(word, "size") == 0) {
        attempt->body_size = number;
    } else if (strcmp(word, "status") == 0) {
        attempt->status = number;
    } else if (strcmp(word, "first") == 0) {
        attempt->first_byte_ns = number * MS;
    } else if (strcmp(word, "call") == 0) {
        attempt->call = text;
    } else if (strcmp(word, "ra") == 0) {
        add_header(story, &attempt->reply_headers, "Retry-After", text);
    } else if (strcmp(word, "ms") == 0) {
        add_header(story, &attempt->reply_headers, "retry-after-ms", value);
    } else if (strcmp(word, "should") == 0) {
        add_header(story, &attempt->reply_headers, "x-should-retry", value);
    } else if (strcmp(word, "key") == 0) {
        add_header(story, &attempt->headers, "x-key", value);
    } else if (strcmp(word, "count") == 0) {
        add_header(story, &attempt->headers, "x-count", value);
    } else if (strcmp(word, "sha") == 0) {
        attempt->body_sha256 = text;
    } else if (strcmp(word, "reply") == 0) {
        attempt->reply_sha256 = text;
    } else if (strcmp(word, "method") == 0) {
        attempt->method = text;
    } else if (strcmp(word, "target") == 0) {
        attempt->target = text;
    } else if (strcmp(word, "fault") == 0) {
        attempt->fault =
            (struct fault){.kind = FAULT_RESET, .at = FAULT_AT_HEAD};
        attempt->fault_fired = strcmp(value, "fired") == 0;
        attempt->proof = attempt->fault_fired ? "RST sent" : "";
    } else {
        fail_msg("unknown word %s", word);
    }
}

static inline enum attempt_end end_of(const char *word)
{
    for (int i = 0; attempt_end_words[i]; i++) {
        if (strcmp(attempt_end_words[i], word) == 0) {
            return (enum attempt_end)i;
        }
    }
    return END_STATUS;
}

static inline void add_attempt(struct story *story, const char *text)
{
    size_t index = story->trace.attempt_count++;
    struct trace_attempt *attempt = &story->attempts[index];
    char copy[256], *rest;
    assert_true(index < ATTEMPTS_MAX);
    snprintf(copy, sizeof copy, "%s", text);
    char *word = strtok_r(copy, " ", &rest);
    int64_t head_ns = atoll(word) * MS;
    const char *end = strtok_r(NULL, " ", &rest);
    assert_non_null(end);
    *attempt = (struct trace_attempt){
        .id = (int64_t)index + 1,
        .conn = 0, /* not told */
        .conn_use = 1,
        .accepted_ns = head_ns,
        .head_ns = head_ns,
        .request_end_ns = head_ns,
        .first_byte_ns = TRACE_NEVER,
        .last_byte_ns = head_ns + MS,
        .gone_ns = TRACE_NEVER,
        .call = "rs-0-0",
        .method = "POST",
        .target = "/v1/x",
        .body_size = 2,
        .body_sha256 = "aa",
        .route = "server[0]",
        .step = "server[0].steps[0]",
        .judged = true,
        .status = atoll(end),
        .reply_sha256 = "",
        .end = end_of(end),
        .proof = "",
        .reason = "",
    };
    while ((word = strtok_r(NULL, " ", &rest))) {
        char *value = strchr(word, '=');
        assert_non_null(value);
        *value++ = '\0';
        set_word(story, attempt, word, value);
    }
    if (attempt->end == END_TIMEOUT) {
        attempt->gone_ns = attempt->last_byte_ns;
        attempt->last_byte_ns = TRACE_NEVER;
    }
}

static inline void add_outage(struct story *story, enum fault_do kind,
                              const char *times)
{
    long long from, to;
    assert_int_equal(sscanf(times, "%lld-%lld", &from, &to), 2);
    story->outages[story->trace.outage_count++] =
        (struct trace_outage){kind, from * MS, to * MS, "server[0].windows[0]"};
}

static inline void add_starved(struct story *story, const char *times)
{
    long long from, to, wait;
    assert_int_equal(sscanf(times, "%lld-%lld=%lld", &from, &to, &wait), 3);
    story->starved[story->trace.starved_count++] =
        (struct trace_starved){from * MS, to * MS, wait * MS};
}

static inline void add_result(struct story *story, const char *text, bool is_ok)
{
    char *call = arena_strdup(&story->arena, text);
    char *sha256 = strchr(call, '/');
    if (sha256) {
        *sha256++ = '\0';
    }
    story->results[story->trace.result_count++] = (struct trace_result){
        .call = call,
        .is_ok = is_ok,
        .status = is_ok ? 200 : 0,
        .error = "E",
        .sha256 = sha256 ? sha256 : "",
    };
    story->trace.has_results = true;
}

static inline void end_client(struct story *story, enum client_end end,
                              const char *at, int64_t code)
{
    story->trace.client.end = end;
    story->trace.ended_ns = atoll(at) * MS;
    story->trace.client.code = code;
}

static inline bool add_end_word(struct story *story, const char *text)
{
    struct trace_client *client = &story->trace.client;
    const char *value = strchr(text, '=');
    value = value ? value + 1 : "";
    if (strncmp(text, "code=", 5) == 0) {
        client->code = atoll(value);
    } else if (strncmp(text, "left=", 5) == 0) {
        client->leftovers = atoll(value);
    } else if (strncmp(text, "lost=", 5) == 0) {
        client->output_lost = atoll(value);
        client->output_bytes = client->output_lost + 100;
    } else if (strncmp(text, "stderr=", 7) == 0) {
        client->last_line = with_blanks(story, value);
    } else if (strncmp(text, "reason=", 7) == 0) {
        client->reason = with_blanks(story, value);
    } else if (strncmp(text, "problem=", 8) == 0) {
        story->trace.results_problem = with_blanks(story, value);
    } else if (strcmp(text, "results") == 0) {
        story->trace.has_results = true;
    } else {
        return false;
    }
    return true;
}

static inline void add_event(struct story *story, const char *text)
{
    struct trace *trace = &story->trace;
    const char *at = strchr(text, '@');
    const char *colon = strchr(text, ':');
    if (strncmp(text, "exit@", 5) == 0) {
        end_client(story, CLIENT_EXITED, at + 1, 0);
    } else if (strncmp(text, "stop@", 5) == 0) {
        end_client(story, CLIENT_STOPPED, at + 1, 0);
    } else if (strncmp(text, "crash@", 6) == 0) {
        end_client(story, CLIENT_SIGNALED, at + 1, 11);
    } else if (strncmp(text, "givenup@", 8) == 0) {
        end_client(story, CLIENT_GIVEN_UP, at + 1, 0);
    } else if (strncmp(text, "notrun@", 7) == 0) {
        end_client(story, CLIENT_NOT_RUN, at + 1, 0);
    } else if (strncmp(text, "nostart@", 8) == 0) {
        end_client(story, CLIENT_NOT_STARTED, at + 1, 2);
    } else if (strncmp(text, "giveup@", 7) == 0) {
        story->give_up = (struct trace_give_up){atoll(at + 1) * MS, "rs-0-0"};
        trace->give_ups = &story->give_up;
        trace->give_up_count = 1;
    } else if (strncmp(text, "refused@", 8) == 0) {
        add_outage(story, FAULT_REFUSE, at + 1);
    } else if (strncmp(text, "starved@", 8) == 0) {
        add_starved(story, at + 1);
    } else if (strncmp(text, "stalled@", 8) == 0) {
        add_outage(story, FAULT_STALL, at + 1);
    } else if (strncmp(text, "ok:", 3) == 0) {
        add_result(story, colon + 1, true);
    } else if (strncmp(text, "error:", 6) == 0) {
        add_result(story, colon + 1, false);
    } else if (strncmp(text, "lag=", 4) == 0) {
        trace->lag_p99_ns = trace->lag_max_ns = atoll(text + 4) * MS;
    } else if (strncmp(text, "level=", 6) == 0) {
        trace->level = atoi(text + 6);
    } else if (strcmp(text, "killed") == 0) {
        trace->complete = false;
    } else if (!add_end_word(story, text)) {
        add_attempt(story, text);
    }
}

static inline void story_tell(struct story *story, const char *text)
{
    char copy[4096], *rest;
    story->trace = (struct trace){
        .scenario = "t/t",
        .profile = "t",
        .version = "1",
        .wall_ns = INT64_C(1000000000) * NS_PER_S,
        .level = 1,
        .attempts = story->attempts,
        .outages = story->outages,
        .starved = story->starved,
        .results = story->results,
        .spawned_ns = 0,
        .client = {.end = CLIENT_EXITED, .limit_ns = 30 * NS_PER_S},
        .lag_p99_ns = MS,
        .lag_max_ns = MS,
        .complete = true,
    };
    end_client(story, CLIENT_EXITED, "3600000", 0);
    snprintf(copy, sizeof copy, "%s", text);
    for (char *event = strtok_r(copy, ";", &rest); event;
         event = strtok_r(NULL, ";", &rest)) {
        event += strspn(event, " \n");
        if (*event) {
            add_event(story, event);
        }
    }
}

/* -- judging --------------------------------------------------------------- */

static inline void story_judge(struct story *story)
{
    struct error error = {0};
    const struct embedded_file *file = embedded("rules.jsonc");
    story->rules = rules_read("rules.jsonc", file->bytes, file->size, &error);
    must_read(story->rules, &error);
    story->report = judge_run(&(struct judge_input){
        .profile = story->profile,
        .scenario = story->scenario,
        .trace = &story->trace,
        .rules = story->rules,
    });
    assert_non_null(story->report);
}

static inline void story_free(struct story *story)
{
    scenario_report_free(story->report);
    rules_free(story->rules);
    scenario_free(story->scenario);
    profile_free(story->profile);
    arena_deinit(&story->arena);
}

static inline const struct verdict *verdict_of(const struct story *story,
                                               const char *rule)
{
    for (size_t i = 0; i < story->report->verdict_count; i++) {
        if (strcmp(story->report->verdicts[i].rule->id, rule) == 0) {
            return &story->report->verdicts[i];
        }
    }
    return NULL;
}

/* The first verdict that holds something against the client, other than `but`;
 * NULL: none. */
static inline const struct verdict *bad_verdict(const struct story *story,
                                                const struct verdict *but)
{
    for (size_t i = 0; i < story->report->verdict_count; i++) {
        const struct verdict *verdict = &story->report->verdicts[i];
        if (verdict != but && verdict->word != VERDICT_PASS &&
            verdict->word != VERDICT_NA) {
            return verdict;
        }
    }
    return NULL;
}

static inline void print_verdicts(const struct story *story)
{
    for (size_t i = 0; i < story->report->verdict_count; i++) {
        const struct verdict *v = &story->report->verdicts[i];
        fprintf(stderr, "  %s %s exercised %lld, violations %lld\n",
                v->rule->id, verdict_people_words[v->word],
                (long long)v->exercised, (long long)v->violations);
        if (v->expected) {
            fprintf(stderr, "    expected %s\n    observed %s\n    source %s\n",
                    v->expected, v->observed, v->source);
        }
        fprintf(stderr, "    likely %s\n    reason %s\n",
                v->likely ? v->likely : "-", v->reason ? v->reason : "-");
    }
}

#endif
