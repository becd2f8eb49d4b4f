/* What the profile reader makes of a good file: each key in its field, the
 * defaults of those left out, and every shipped profile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "client/retry.h"
#include "model/embedded.h"
#include "model/profile.h"
#include "model/units.h"

static struct profile *read_good(const char *file, const char *json,
                                 size_t size)
{
    struct error error = {0};
    struct profile *profile = profile_read(file, json, size, &error);
    if (!profile) {
        error_print(&error, stderr);
    }
    assert_non_null(profile);
    assert_false(error_is_set(&error));
    return profile;
}

static const char smallest[] =
    "{\"retryspec\":1,\"profile\":\"p\",\"title\":\"t\",\"source\":\"s\","
    "\"layers\":[{\"name\":\"a\",\"rules\":[{\"on\":{\"status\":[\"503\"]},"
    "\"do\":\"retry\",\"backoff\":{\"schedule\":\"exponential\","
    "\"base\":\"1s\"}}]}]}";

/* Goal: a key left out means what docs/profile.md says. */
static void test_defaults(void **state)
{
    (void)state;
    struct profile *profile =
        read_good("p.jsonc", smallest, sizeof smallest - 1);
    assert_string_equal(profile->file, "p.jsonc");
    assert_string_equal(profile->id, "p");
    assert_int_equal(profile->tolerance.early_ns, 10 * NS_PER_MS);
    assert_int_equal(profile->tolerance.late_ns, 250 * NS_PER_MS);
    assert_null(profile->headers.retry_count);
    assert_false(profile->resend.is_used);
    assert_int_equal(profile->not_applicable_count, 0);
    assert_null(profile->follow_up.path);
    assert_null(profile->queue_state.state);
    assert_int_equal(profile->handler_cache, 0);

    const struct layer *layer = &profile->layers[0];
    assert_false(layer->is_disabled);
    assert_int_equal(layer->route_count, 0);
    assert_true(layer->budget.attempts == ATTEMPTS_UNLIMITED);
    assert_true(layer->budget.status_attempts == ATTEMPTS_UNLIMITED);
    assert_true(layer->budget.elapsed_ns == NS_FOREVER);
    assert_false(layer->budget.tokens.is_used);
    assert_int_equal(layer->slots.limit, 0);
    assert_true(layer->progress.timeout_ns == NS_FOREVER);
    assert_true(layer->attempt_timeout.limit_ns == NS_FOREVER);
    assert_true(layer->call_timeout_ns == NS_FOREVER);
    assert_false(layer->rate_limiter.is_used);
    assert_false(layer->breaker.is_used);

    const struct profile_rule *rule = &layer->rules[0];
    assert_string_equal(rule->where, "layers[0].rules[0]");
    assert_true(status_set_has(&rule->on.statuses, 503));
    assert_false(status_set_has(&rule->on.statuses, 502));
    assert_int_equal(rule->on.ends, 0);
    assert_true(rule->backoff.factor == 2.0);
    assert_true(rule->backoff.cap_ns == NS_FOREVER);
    assert_int_equal(rule->backoff.jitter, JITTER_NONE);
    assert_int_equal(rule->backoff.order, JITTER_AFTER_CAP);
    assert_int_equal(rule->backoff.negative, NEGATIVE_ZERO);
    assert_int_equal(rule->backoff.rounding, ROUND_NONE);
    assert_int_equal(rule->backoff.overflow, OVERFLOW_CAP);
    assert_false(rule->retry_after.is_used);
    assert_int_equal(rule->count, COUNT_RUN);
    assert_int_equal(rule->limit, 0);
    assert_int_equal(rule->within_ns, 0);
    assert_false(rule->closes_limiter);
    profile_free(profile);
}

/* Every key of the format, each with a value that is not its default. */
static const char every_key[] =
    "{\"retryspec\":1,\"profile\":\"p\",\"title\":\"t\",\"source\":\"s\","
    "\"follow_up\":\"PUT /v1/x\",\"handler_cache\":100,"
    "\"queue_state\":{\"state\":\"/q\",\"reason\":\"/r\","
    "\"debounce\":\"60s\"},"
    "\"resend\":{\"on_stale_connection\":true,\"status\":[\"421\"],"
    "\"limit\":3},"
    "\"resumes_with_range\":true,"
    "\"headers\":{\"retry_count\":{\"name\":\"x-n\",\"from\":1},"
    "\"idempotency_key\":{\"name\":\"x-k\",\"scope\":\"attempt\"},"
    "\"call_id\":{\"name\":\"x-i\"}},"
    "\"tolerance\":{\"early\":\"1ms\",\"late\":\"2ms\"},"
    "\"not_applicable\":[{\"rule\":\"RA-1\",\"reason\":\"not read\"}],"
    "\"levels\":{\"RA-2\":\"must\",\"BO-2\":\"should\"},"
    "\"layers\":[{\"name\":\"a\",\"enabled\":false,"
    "\"routes\":[\"POST */x\",\"ANY /y\",\"PUT /v1/x\"],"
    "\"budget\":{\"attempts\":4,\"connect_attempts\":3,\"read_attempts\":2,"
    "\"status_attempts\":\"unlimited\",\"elapsed\":\"300s\","
    "\"elapsed_test\":\"before-sleep\",\"tokens\":{\"capacity\":500,"
    "\"cost\":5,\"timeout_cost\":10,\"refund\":0.5,\"per_call\":0.25,"
    "\"threshold\":250,\"failures_cost\":true}},"
    "\"slots\":{\"limit\":7,\"scope\":\"url-and-key\","
    "\"held\":\"attempt\",\"throttled\":{\"limit\":3,"
    "\"window\":\"10s\"},\"bytes\":{\"limit\":5242880,"
    "\"penalty\":20},\"ask_again\":{\"schedule\":\"constant\","
    "\"base\":\"2ms\"}},"
    "\"progress\":{\"timeout\":\"30min\",\"clock\":\"call\","
    "\"aborts_attempt\":true,\"tested_at_first\":true,"
    "\"resets_when_idle\":true},"
    "\"attempt_timeout\":{\"limit\":\"60s\",\"kind\":\"inactivity\"},"
    "\"call_timeout\":\"10min\","
    "\"rate_limiter\":{\"scope\":\"url-and-key\",\"poll\":\"100ms\","
    "\"clears_on_success\":true,\"per_second\":0.5,\"burst\":2.5},"
    "\"breaker\":{\"failures\":5,\"reset\":\"30s\",\"half_open_calls\":2,"
    "\"checked\":\"call\",\"retryable\":true},"
    "\"rules\":[{\"on\":{\"status\":[\"!501\",\"500-599\",\"429\"],"
    "\"transport\":[\"reset\",\"timeout\"],\"methods\":[\"GET\",\"PUT\"]},"
    "\"do\":\"retry\",\"source\":\"x.py\",\"count\":\"streak\","
    "\"limit\":3,\"within\":\"1h\",\"closes_limiter\":true,"
    "\"backoff\":{\"schedule\":\"exponential\",\"base\":\"500ms\","
    "\"factor\":3,\"first_exponent\":-1,\"first_immediate\":true,"
    "\"cap\":\"10s\",\"cap_unjittered\":true,\"jitter\":{\"up\":0.1},"
    "\"order\":\"before-cap\",\"clip\":true,\"floor\":\"100ms\","
    "\"negative\":\"base\",\"rounding\":\"ms-down\","
    "\"overflow\":\"raise\"},"
    "\"retry_after\":{\"read\":[{\"header\":\"x-ms\",\"as\":[\"ms\"]},"
    "{\"header\":\"Retry-After\",\"as\":[\"seconds\",\"http-date\"]},"
    "{\"body\":\"/retry_after_ms\",\"as\":[\"ms\"]}],"
    "\"status\":[\"429\"],\"use\":\"between\",\"at_least\":\"1s\","
    "\"at_most\":\"60s\",\"limit\":\"120s\",\"above_limit\":\"give-up\","
    "\"zero\":\"own-delay\",\"negative\":\"raise\",\"past\":\"never\","
    "\"unparseable\":\"give-up\",\"default\":\"2s\",\"jittered\":true,"
    "\"duplicates\":\"last\"}},"
    "{\"on\":{\"header\":{\"name\":\"x-s\",\"value\":\"true\","
    "\"ignores_case\":true}},\"do\":\"start-over\"},"
    "{\"on\":{\"status\":[\"503\"],\"body\":{\"pointer\":\"/c\","
    "\"value\":\"user\",\"ignores_case\":true},\"request_bytes\":{"
    "\"at_least\":2,\"at_most\":131072}},\"do\":\"fail\"},"
    "{\"on\":{\"status\":[\"504\"]},\"do\":\"poll\","
    "\"count\":\"iterations\"},"
    "{\"on\":{\"status\":[\"402\"]},\"do\":\"pass\","
    "\"closes_limiter\":true,\"backoff\":{\"schedule\":\"constant\","
    "\"base\":\"5s\"}}]}]}";

static void check_slots(const struct slots *slots)
{
    assert_int_equal(slots->limit, 7);
    assert_int_equal(slots->scope, SLOTS_URL_AND_KEY);
    assert_int_equal(slots->held, SLOT_HELD_ATTEMPT);
    assert_int_equal(slots->throttled_limit, 3);
    assert_int_equal(slots->throttled_window_ns, 10 * NS_PER_S);
    assert_int_equal(slots->byte_limit, 5242880);
    assert_true(slots->byte_penalty == 20.0);
    assert_int_equal(slots->ask_again.schedule, SCHEDULE_CONSTANT);
    assert_int_equal(slots->ask_again.base_ns, 2 * NS_PER_MS);
}

static void check_limits(const struct layer *layer)
{
    assert_true(layer->is_disabled);
    assert_int_equal(layer->budget.attempts, 4);
    assert_int_equal(layer->budget.connect_attempts, 3);
    assert_int_equal(layer->budget.read_attempts, 2);
    assert_true(layer->budget.status_attempts == ATTEMPTS_UNLIMITED);
    assert_int_equal(layer->budget.elapsed_ns, 300 * NS_PER_S);
    assert_int_equal(layer->budget.elapsed_test, ELAPSED_BEFORE_SLEEP);
    assert_true(layer->budget.tokens.is_used);
    assert_true(layer->budget.tokens.capacity == 500.0);
    assert_true(layer->budget.tokens.cost == 5.0);
    assert_true(layer->budget.tokens.timeout_cost == 10.0);
    assert_true(layer->budget.tokens.refund == 0.5);
    assert_true(layer->budget.tokens.per_call == 0.25);
    assert_true(layer->budget.tokens.threshold == 250.0);
    assert_true(layer->budget.tokens.failures_cost);
    check_slots(&layer->slots);
    assert_int_equal(layer->progress.timeout_ns, 1800 * NS_PER_S);
    assert_int_equal(layer->progress.clock, PROGRESS_PER_CALL);
    assert_true(layer->progress.aborts_attempt);
    assert_true(layer->progress.is_tested_at_first);
    assert_true(layer->progress.resets_when_idle);
    assert_int_equal(layer->attempt_timeout.limit_ns, 60 * NS_PER_S);
    assert_int_equal(layer->attempt_timeout.kind, TIMEOUT_INACTIVITY);
    assert_int_equal(layer->call_timeout_ns, 600 * NS_PER_S);
    assert_true(layer->rate_limiter.is_used);
    assert_int_equal(layer->rate_limiter.scope, LIMITER_URL_AND_KEY);
    assert_int_equal(layer->rate_limiter.poll_ns, 100 * NS_PER_MS);
    assert_true(layer->rate_limiter.clears_on_success);
    assert_true(layer->rate_limiter.per_second == 0.5);
    assert_true(layer->rate_limiter.burst == 2.5);
    assert_true(layer->breaker.is_used);
    assert_int_equal(layer->breaker.failures, 5);
    assert_int_equal(layer->breaker.reset_ns, 30 * NS_PER_S);
    assert_int_equal(layer->breaker.half_open_calls, 2);
    assert_int_equal(layer->breaker.checked, BREAKER_PER_CALL);
    assert_true(layer->breaker.is_retryable);
}

static void check_outcomes(const struct profile_rule *rules)
{
    const struct outcome_set *on = &rules[0].on;
    assert_true(status_set_has(&on->statuses, 500));
    assert_false(status_set_has(&on->statuses, 501));
    assert_true(status_set_has(&on->statuses, 429));
    assert_int_equal(on->ends, 1 << END_RESET | 1 << END_TIMEOUT);
    assert_int_equal(on->method_count, 2);
    assert_string_equal(on->methods[1], "PUT");
    assert_string_equal(rules[0].source, "x.py");

    assert_int_equal(rules[1].action, RULE_START_OVER);
    assert_true(status_set_has(&rules[1].on.statuses, 100));
    assert_true(status_set_has(&rules[1].on.statuses, 999));
    assert_string_equal(rules[1].on.header.name, "x-s");
    assert_string_equal(rules[1].on.header.value, "true");
    assert_true(rules[1].on.header.ignores_case);

    assert_string_equal(rules[2].on.body.pointer, "/c");
    assert_string_equal(rules[2].on.body.value, "user");
    assert_true(rules[2].on.body.ignores_case);
    assert_int_equal(rules[2].on.request_at_least, 2);
    assert_int_equal(rules[2].on.request_at_most, 131072);
}

static void check_counting(const struct profile_rule *rules)
{
    assert_int_equal(rules[0].count, COUNT_STREAK);
    assert_int_equal(rules[0].limit, 3);
    assert_int_equal(rules[0].within_ns, 3600 * NS_PER_S);
    assert_true(rules[0].closes_limiter);
    assert_int_equal(rules[1].within_ns, 0);
    assert_int_equal(rules[3].action, RULE_POLL);
    assert_int_equal(rules[3].count, COUNT_ITERATIONS);
    assert_int_equal(rules[3].backoff.schedule, SCHEDULE_NONE);
    assert_int_equal(rules[4].action, RULE_PASS);
    assert_true(rules[4].closes_limiter);
    assert_int_equal(rules[4].backoff.base_ns, 5 * NS_PER_S);
}

/* What is said of whole calls. */
static void check_calls(const struct profile *profile)
{
    assert_string_equal(profile->follow_up.method, "PUT");
    assert_string_equal(profile->follow_up.path, "/v1/x");
    assert_string_equal(profile->queue_state.state, "/q");
    assert_string_equal(profile->queue_state.reason, "/r");
    assert_int_equal(profile->queue_state.debounce_ns, 60 * NS_PER_S);
    assert_int_equal(profile->handler_cache, 100);
}

static void check_backoff(const struct backoff *backoff)
{
    assert_int_equal(backoff->schedule, SCHEDULE_EXPONENTIAL);
    assert_int_equal(backoff->base_ns, 500 * NS_PER_MS);
    assert_true(backoff->factor == 3.0);
    assert_int_equal(backoff->first_exponent, -1);
    assert_true(backoff->first_immediate);
    assert_int_equal(backoff->cap_ns, 10 * NS_PER_S);
    assert_true(backoff->cap_unjittered);
    assert_int_equal(backoff->jitter, JITTER_UP);
    assert_true(backoff->ratio == 0.1);
    assert_int_equal(backoff->order, JITTER_BEFORE_CAP);
    assert_true(backoff->clip);
    assert_int_equal(backoff->floor_ns, 100 * NS_PER_MS);
    assert_int_equal(backoff->negative, NEGATIVE_BASE);
    assert_int_equal(backoff->rounding, ROUND_MS_DOWN);
    assert_int_equal(backoff->overflow, OVERFLOW_RAISE);
}

static void check_retry_after(const struct retry_after *policy)
{
    assert_true(policy->is_used);
    assert_int_equal(policy->source_count, 3);
    assert_null(policy->sources[0].pointer);
    assert_null(policy->sources[2].header);
    assert_string_equal(policy->sources[2].pointer, "/retry_after_ms");
    assert_string_equal(policy->sources[0].header, "x-ms");
    assert_int_equal(policy->sources[0].forms[0], RA_MS);
    assert_int_equal(policy->sources[1].form_count, 2);
    assert_int_equal(policy->sources[1].forms[1], RA_HTTP_DATE);
    assert_true(status_set_has(&policy->statuses, 429));
    assert_false(status_set_has(&policy->statuses, 503));
    assert_int_equal(policy->use, RA_BETWEEN);
    assert_int_equal(policy->at_least_ns, NS_PER_S);
    assert_int_equal(policy->at_most_ns, 60 * NS_PER_S);
    assert_int_equal(policy->limit_ns, 120 * NS_PER_S);
    assert_int_equal(policy->above_limit, RA_GIVE_UP);
    assert_int_equal(policy->zero, RA_OWN_DELAY);
    assert_int_equal(policy->negative, RA_RAISE);
    assert_int_equal(policy->past, RA_NEVER);
    assert_int_equal(policy->unparseable, RA_GIVE_UP);
    assert_int_equal(policy->default_ns, 2 * NS_PER_S);
    assert_true(policy->is_jittered);
    assert_int_equal(policy->duplicates, RA_LAST);
}

/* Goal: no key is read into the wrong field, or not at all. */
static void test_every_key_has_its_field(void **state)
{
    (void)state;
    struct profile *profile =
        read_good("p.jsonc", every_key, sizeof every_key - 1);
    assert_true(profile->resend.is_used);
    assert_true(profile->resend.on_stale_connection);
    assert_true(status_set_has(&profile->resend.statuses, 421));
    assert_int_equal(profile->resend.limit, 3);
    assert_true(profile->resumes_with_range);
    assert_string_equal(profile->headers.retry_count, "x-n");
    assert_int_equal(profile->headers.retry_count_from, 1);
    assert_string_equal(profile->headers.idempotency_key, "x-k");
    assert_int_equal(profile->headers.idempotency_scope, KEY_PER_ATTEMPT);
    assert_string_equal(profile->headers.call_id, "x-i");
    assert_int_equal(profile->tolerance.early_ns, NS_PER_MS);
    assert_int_equal(profile->tolerance.late_ns, 2 * NS_PER_MS);
    assert_string_equal(profile->not_applicable[0].rule, "RA-1");
    assert_string_equal(profile->not_applicable[0].reason, "not read");
    assert_int_equal(profile->level_count, 2);
    assert_int_equal(profile_level(profile, "RA-2"), LEVEL_MUST);
    assert_int_equal(profile_level(profile, "BO-2"), LEVEL_SHOULD);
    assert_int_equal(profile_level(profile, "RA-1"), LEVEL_PROFILE);
    check_calls(profile);
    check_limits(&profile->layers[0]);
    check_counting(profile->layers[0].rules);
    check_outcomes(profile->layers[0].rules);
    check_backoff(&profile->layers[0].rules[0].backoff);
    check_retry_after(&profile->layers[0].rules[0].retry_after);
    profile_free(profile);
}

static void test_words_of_jitter(void **state)
{
    (void)state;
    static const struct {
        const char *json;
        struct backoff expected;
    } cases[] = {
        {"\"none\"", {.jitter = JITTER_NONE, .ratio = 1.0}},
        {"\"full\"", {.jitter = JITTER_FULL, .ratio = 1.0}},
        {"\"equal\"", {.jitter = JITTER_EQUAL, .ratio = 1.0}},
        {"{\"symmetric\":0.25}", {.jitter = JITTER_SYMMETRIC, .ratio = 0.25}},
        {"{\"full\":0.5}", {.jitter = JITTER_FULL, .ratio = 0.5}},
        {"{\"down\":0.25}", {.jitter = JITTER_DOWN, .ratio = 0.25}},
        {"{\"proportional\":[0.8,1.2]}",
         {.jitter = JITTER_PROPORTIONAL, .lo = 0.8, .hi = 1.2}},
        {"{\"full_from\":\"1s\"}",
         {.jitter = JITTER_FULL_FROM, .jitter_a_ns = NS_PER_S}},
        {"{\"add\":[\"0s\",\"100ms\"]}",
         {.jitter = JITTER_ADD, .jitter_b_ns = 100 * NS_PER_MS}},
        {"{\"decorrelated\":3}", {.jitter = JITTER_DECORRELATED, .ratio = 3.0}},
        {"{\"up_steps\":0.1}", {.jitter = JITTER_UP_STEPS, .ratio = 0.1}},
        {"{\"symmetric_inclusive\":0.5}",
         {.jitter = JITTER_SYMMETRIC_INCLUSIVE, .ratio = 0.5}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char json[512];
        int size = snprintf(
            json, sizeof json,
            "{\"retryspec\":1,\"profile\":\"p\",\"title\":\"t\","
            "\"source\":\"s\",\"layers\":[{\"name\":\"a\",\"rules\":[{"
            "\"on\":{\"transport\":[\"any\"]},\"do\":\"retry\",\"backoff\":{"
            "\"schedule\":\"constant\",\"base\":\"1s\",\"jitter\":%s}}]}]}",
            cases[i].json);
        struct profile *profile = read_good("p.jsonc", json, (size_t)size);
        const struct backoff *backoff = &profile->layers[0].rules[0].backoff;
        const struct backoff *expected = &cases[i].expected;
        assert_int_equal(backoff->jitter, expected->jitter);
        assert_true(backoff->ratio == expected->ratio);
        assert_true(backoff->lo == expected->lo);
        assert_true(backoff->hi == expected->hi);
        assert_int_equal(backoff->jitter_a_ns, expected->jitter_a_ns);
        assert_int_equal(backoff->jitter_b_ns, expected->jitter_b_ns);
        profile_free(profile);
    }
}

static void test_any_transport_is_every_fault_and_the_timeout(void **state)
{
    (void)state;
    static const char json[] =
        "{\"retryspec\":1,\"profile\":\"p\",\"title\":\"t\",\"source\":\"s\","
        "\"layers\":[{\"name\":\"a\",\"rules\":[{\"on\":{\"transport\":["
        "\"any\"]},\"do\":\"pass\"}]}]}";
    struct profile *profile = read_good("p.jsonc", json, sizeof json - 1);
    uint32_t all = 0;
    for (int end = END_REFUSED; end <= END_TIMEOUT; end++) {
        all |= UINT32_C(1) << end;
    }
    assert_int_equal(profile->layers[0].rules[0].on.ends, all);
    profile_free(profile);
}

static void test_a_layer_covers_what_its_routes_say(void **state)
{
    (void)state;
    struct profile *profile =
        read_good("p.jsonc", every_key, sizeof every_key - 1);
    const struct layer *layer = &profile->layers[0];
    assert_true(layer_covers(layer, "POST", "/api/v1/x"));
    assert_true(layer_covers(layer, "POST", "/x"));
    assert_false(layer_covers(layer, "GET", "/api/v1/x"));
    assert_false(layer_covers(layer, "POST", "/api/v1/xx"));
    assert_false(layer_covers(layer, "POS", "/x"));
    assert_true(layer_covers(layer, "DELETE", "/y"));
    assert_false(layer_covers(layer, "DELETE", "/y/z"));
    assert_true(layer_covers(layer, "PUT", "/v1/x"));
    const struct layer any = {.name = "without routes"};
    assert_true(layer_covers(&any, "PATCH", "/whatever"));
    profile_free(profile);
}

/* S1-108: what travels in the binary reads, bears the name of its file, and can
 * be executed. */
static void test_every_shipped_profile_reads_and_runs(void **state)
{
    (void)state;
    size_t count = 0;
    for (const struct embedded_file *file = embedded_files; file->name;
         file++) {
        if (strncmp(file->name, "profiles/", 9) != 0) {
            continue;
        }
        struct profile *profile =
            read_good(file->name, file->bytes, file->size);
        char expected[128];
        snprintf(expected, sizeof expected, "profiles/%s.jsonc", profile->id);
        assert_string_equal(file->name, expected);
        profile_free(profile);
        count++;
    }
    assert_true(count >= 63);
}

static void test_a_file_that_is_not_there(void **state)
{
    (void)state;
    struct error error = {0};
    assert_null(profile_read_file("/nonexistent/p.jsonc", &error));
    assert_true(error_is_set(&error));
    profile_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_every_key_has_its_field),
        cmocka_unit_test(test_words_of_jitter),
        cmocka_unit_test(test_any_transport_is_every_fault_and_the_timeout),
        cmocka_unit_test(test_a_layer_covers_what_its_routes_say),
        cmocka_unit_test(test_every_shipped_profile_reads_and_runs),
        cmocka_unit_test(test_a_file_that_is_not_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
