/* Goal: every key of a scenario arrives in the struct, with its default when
 * absent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "model/embedded.h"
#include "model/scenario.h"
#include "model/units.h"

static struct scenario *read_text(const char *text)
{
    struct error error = {0};
    struct scenario *scenario =
        scenario_read("t.jsonc", text, strlen(text), &error);
    if (!scenario)
        error_print(&error, stderr);
    assert_non_null(scenario);
    return scenario;
}

static void reads_the_worked_example(void **state)
{
    (void)state;
    struct error error = {0};
    const char *file = SOURCE_DIR "/scenarios/retry-after/429-seconds.jsonc";
    struct scenario *s = scenario_read_file(file, &error);
    assert_non_null(s);
    assert_string_equal(s->file, file);
    assert_string_equal(s->id, "retry-after/429-seconds");
    assert_string_equal(s->title, "429 with Retry-After: 2, then 200");
    assert_string_equal(s->edition, "2026.1");
    assert_int_equal(s->tag_count, 2);
    assert_string_equal(s->tags[1], "quick");
    assert_int_equal(s->takes_ns, 4 * NS_PER_S);
    assert_false(s->is_exclusive);
    assert_string_equal(s->workload.method, "POST");
    assert_string_equal(s->workload.path, "/v1/echo");
    assert_null(s->workload.payload);
    assert_int_equal(s->route_count, 1);
    const struct route *r = &s->routes[0];
    assert_true(r->judged && !r->is_windowed && r->key == KEY_TOKEN);
    assert_string_equal(r->where, "server[0]");
    assert_int_equal(r->per, PER_CALL);
    assert_int_equal(r->after_last, AFTER_REPEAT);
    assert_int_equal(r->step_count, 2);
    const struct reply *reply = &r->steps[0].reply;
    assert_int_equal(reply->status, 429);
    assert_string_equal(reply->where, "server[0].steps[0]");
    assert_int_equal(reply->header_count, 1);
    assert_string_equal(reply->headers[0].name, "Retry-After");
    assert_string_equal(reply->headers[0].value, "2");
    assert_string_equal(reply->body, "{\"error\":\"slow down\"}");
    assert_int_equal(reply->body_size, 21);
    assert_string_equal(reply->content_type, "application/json");
    assert_int_equal(reply->fault.kind, FAULT_NONE);
    assert_int_equal(r->steps[0].times, 1);
    assert_int_equal(s->check_count, 4);
    assert_string_equal(s->checks[3].rule, "OUT-1");
    assert_int_equal(s->checks[3].level, LEVEL_PROFILE);
    scenario_free(s);
}

static void shipped_scenarios_read(void **state)
{
    (void)state;
    int count = 0;
    for (const struct embedded_file *f = embedded_files; f->name; f++) {
        size_t length = strlen(f->name);
        if (strncmp(f->name, "profiles/", 9) == 0 ||
            strncmp(f->name, "worlds/", 7) == 0 || !strchr(f->name, '/') ||
            length < 6 || strcmp(f->name + length - 6, ".jsonc") != 0)
            continue;
        struct error error = {0};
        char name[256];
        snprintf(name, sizeof name, "scenarios/%s", f->name);
        struct scenario *s = scenario_read(name, f->bytes, f->size, &error);
        error_print(&error, stderr);
        assert_non_null(s);
        scenario_free(s);
        count++;
    }
    assert_true(count > 0);
}

static const char all_keys[] =
    "{\"retryspec\": 1, \"id\": \"a/b.c-1\", \"title\": \"t\", \"takes\": "
    "\"1s\", \"exclusive\": true,\n"
    "\"workload\": {\"request\": \"GET /v1/x?y=1\", \"payload\": {\"n\": "
    "1.10, \"t\": \"<token>\"}, \"clients\": 50, \"calls\": 3, "
    "\"concurrency\": 2, \"start_spread\": \"1s\", \"read_timeout\": \"3s\", "
    "\"give_up\": \"120s\"},\n"
    "\"server\": [\n"
    " {\"match\": \"GET /v1/x\", \"clock\": \"first-request\", \"call\": "
    "{\"by\": \"json\", \"pointer\": \"/seq_id\"}, \"windows\": [\n"
    "  {\"from\": \"0s\", \"to\": \"5s\", \"fault\": {\"do\": \"refuse\"}},\n"
    "  {\"from\": \"6s\", \"to\": \"7s\", \"fault\": {\"do\": \"stall\"}},\n"
    "  {\"from\": \"7s\", \"reply\": 200, \"delay\": {\"uniform\": [\"10ms\", "
    "\"30ms\"]}}]},\n"
    " {\"match\": \"ANY /v2/*\", \"judged\": false, \"call\": {\"by\": "
    "\"header\", \"name\": \"X-Id\"}, \"per\": \"run\", \"after_last\": "
    "\"loop\", \"steps\": [\n"
    "  {\"fault\": {\"at\": \"accept\", \"do\": \"reset\", \"chance\": 0.5}, "
    "\"times\": 3},\n"
    "  {\"headers\": {\"Retry-After\": {\"http_date\": \"-3s\"}, "
    "\"Set-Cookie\": [\"a\", {\"http_date\": \"+1h\"}, \"\"], "
    "\"content-type\": \"x/y\"}, \"early_hints\": {\"Link\": \"</a>\"}, "
    "\"text\": \"caf\\u00e9\", \"delay\": {\"normal\": {\"mean\": \"20ms\", "
    "\"sd\": \"5ms\"}}},\n"
    "  {\"base64\": \"AAECAw==\", \"framing\": \"close\", \"delay\": "
    "\"20ms\", \"fault\": {\"do\": \"hang\", \"for\": \"60s\"}},\n"
    "  {\"body\": {\"size\": \"64KiB\", \"seed\": 7}, \"content_type\": "
    "\"application/octet-stream\", \"framing\": \"chunked\", \"fault\": "
    "{\"do\": \"garbage\", \"at\": \"body:16KiB\"}, \"delay\": "
    "{\"lognormal\": {\"median\": \"20ms\", \"sigma\": 0.5}}},\n"
    "  {\"json\": [1, 2], \"fault\": {\"do\": \"drip\", \"rate\": "
    "\"100B/s\"}},\n"
    "  {\"reply\": 204, \"fault\": {\"do\": \"close\", \"at\": \"head\"}}]}],\n"
    "\"checks\": [{\"rule\": \"RA-1\", \"level\": \"should\", \"note\": "
    "\"n\"}, {\"rule\": \"RA-2\", \"level\": \"must\"}]}";

static void reads_workload_and_checks(void **state)
{
    (void)state;
    struct scenario *s = read_text(all_keys);
    const struct workload *w = &s->workload;
    assert_true(s->is_exclusive);
    assert_null(s->edition);
    assert_string_equal(w->path, "/v1/x?y=1");
    assert_string_equal(w->payload, "{\"n\":1.10,\"t\":\"<token>\"}");
    assert_int_equal(w->clients, 50);
    assert_int_equal(w->calls, 3);
    assert_int_equal(w->concurrency, 2);
    assert_int_equal(w->start_spread_ns, NS_PER_S);
    assert_int_equal(w->read_timeout_ns, 3 * NS_PER_S);
    assert_int_equal(w->give_up_ns, 120 * NS_PER_S);
    assert_int_equal(s->checks[0].level, LEVEL_SHOULD);
    assert_string_equal(s->checks[0].note, "n");
    assert_int_equal(s->checks[1].level, LEVEL_MUST);
    assert_null(s->checks[1].note);
    scenario_free(s);
}

static void reads_windows(void **state)
{
    (void)state;
    struct scenario *s = read_text(all_keys);
    const struct route *r = &s->routes[0];
    assert_true(r->is_windowed && r->window_count == 3);
    assert_int_equal(r->key, KEY_JSON);
    assert_string_equal(r->key_name, "/seq_id");
    assert_int_equal(r->windows[0].reply.fault.kind, FAULT_REFUSE);
    assert_int_equal(r->windows[0].reply.fault.at, FAULT_AT_ACCEPT);
    assert_int_equal(r->windows[0].reply.status, 200);
    assert_int_equal(r->windows[0].to_ns, 5 * NS_PER_S);
    assert_int_equal(r->windows[1].reply.fault.kind, FAULT_STALL);
    assert_int_equal(r->windows[2].from_ns, 7 * NS_PER_S);
    assert_int_equal(r->windows[2].to_ns, NS_FOREVER);
    assert_string_equal(r->windows[2].reply.where, "server[0].windows[2]");
    assert_int_equal(r->windows[2].reply.delay.kind, DELAY_UNIFORM);
    assert_int_equal(r->windows[2].reply.delay.a_ns, 10 * NS_PER_MS);
    assert_int_equal(r->windows[2].reply.delay.b_ns, 30 * NS_PER_MS);
    scenario_free(s);
}

static void reads_headers_and_bodies(void **state)
{
    (void)state;
    struct scenario *s = read_text(all_keys);
    const struct reply *reply = &s->routes[1].steps[1].reply;
    assert_int_equal(reply->header_count, 5);
    assert_true(reply->headers[0].is_date && !reply->headers[0].value);
    assert_int_equal(reply->headers[0].date_offset_ns, -3 * NS_PER_S);
    assert_string_equal(reply->headers[1].name, "Set-Cookie");
    assert_string_equal(reply->headers[1].value, "a");
    assert_int_equal(reply->headers[2].date_offset_ns, 3600 * NS_PER_S);
    assert_string_equal(reply->headers[3].value, "");
    assert_int_equal(reply->early_hint_count, 1);
    assert_string_equal(reply->early_hints[0].name, "Link");
    assert_string_equal(reply->body, "caf\xc3\xa9");
    assert_int_equal(reply->body_size, 5);
    assert_null(reply->content_type);
    assert_int_equal(reply->delay.kind, DELAY_NORMAL);
    assert_int_equal(reply->delay.b_ns, 5 * NS_PER_MS);
    reply = &s->routes[1].steps[2].reply;
    assert_int_equal(reply->body_size, 4);
    assert_memory_equal(reply->body, "\0\1\2\3", 4);
    assert_int_equal(reply->framing, FRAMING_CLOSE);
    assert_int_equal(reply->delay.a_ns, 20 * NS_PER_MS);
    reply = &s->routes[1].steps[3].reply;
    assert_true(reply->body_is_seeded && !reply->body);
    assert_int_equal(reply->body_size, 65536);
    assert_int_equal(reply->body_seed, 7);
    assert_string_equal(reply->content_type, "application/octet-stream");
    assert_int_equal(reply->framing, FRAMING_CHUNKED);
    assert_true(reply->delay.kind == DELAY_LOGNORMAL &&
                reply->delay.sigma == 0.5);
    scenario_free(s);
}

static void reads_faults(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "reset at accept",
        "none",
        "hang at request for 60s",
        "garbage at body:16KiB",
        "drip at body:0B with 100B/s",
        "close at head",
    };
    struct scenario *s = read_text(all_keys);
    const struct route *r = &s->routes[1];
    assert_null(r->method);
    assert_false(r->judged);
    assert_int_equal(r->key, KEY_HEADER);
    assert_int_equal(r->per, PER_RUN);
    assert_int_equal(r->after_last, AFTER_LOOP);
    assert_int_equal(r->step_count, 6);
    for (size_t i = 0; i < r->step_count; i++) {
        char text[64];
        fault_format(&r->steps[i].reply.fault, text, sizeof text);
        assert_string_equal(text, texts[i]);
    }
    assert_int_equal(r->steps[0].times, 3);
    assert_true(r->steps[0].reply.fault.chance == 0.5);
    assert_true(r->steps[1].reply.fault.chance == 1.0);
    assert_int_equal(r->steps[0].reply.fault.for_ns, NS_FOREVER);
    assert_int_equal(r->steps[4].reply.fault.rate, 100);
    char small[8];
    fault_format(&r->steps[4].reply.fault, small, sizeof small);
    assert_string_equal(small, "drip at");
    scenario_free(s);
    scenario_free(NULL);
}

static void routes_match_method_and_pattern(void **state)
{
    (void)state;
    static const struct {
        const char *method, *pattern, *sent_method, *path;
        bool matches;
    } cases[] = {
        {"GET", "/a", "GET", "/a", true},
        {"GET", "/a", "POST", "/a", false},
        {"GET", "/a", "get", "/a", false},
        {NULL, "/a", "PATCH", "/a", true},
        {NULL, "/a", "GET", "/a/", false},
        {NULL, "/a/*", "GET", "/a/", true},
        {NULL, "/a/*", "GET", "/a/b/c", true},
        {NULL, "/a/*", "GET", "/a", false},
        {NULL, "/*/c", "GET", "/a/b/c", true},
        {NULL, "/*/c", "GET", "/a/b/d", false},
        {NULL, "/*a*b", "GET", "/aab-ab", true},
        {NULL, "/*a*b", "GET", "/aab-abc", false},
        {NULL, "/**", "GET", "/", true},
        {NULL, "/a", "GET", "", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct route route = {.method = cases[i].method,
                                    .path = cases[i].pattern};
        bool matches =
            route_matches(&route, cases[i].sent_method, cases[i].path);
        if (matches != cases[i].matches)
            fail_msg("%s against %s", cases[i].path, cases[i].pattern);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_the_worked_example),
        cmocka_unit_test(shipped_scenarios_read),
        cmocka_unit_test(reads_workload_and_checks),
        cmocka_unit_test(reads_windows),
        cmocka_unit_test(reads_headers_and_bodies),
        cmocka_unit_test(reads_faults),
        cmocka_unit_test(routes_match_method_and_pattern),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
