/* Goal: the counters of a handler and its progress log, which notices of the
 * queue are told, and that none of it grows with the number of sessions. */
#include "dialect_story.h"

#include "dialects/gauges.h"
#include "dialects/notices.h"
#include "dialects/watch.h"

/* -- gauges -----------------------------------------------------------------
 */

static void check_text(void (*add)(struct text *, const struct gauges *,
                                   const char *),
                       const struct gauges *gauges, const char *expected)
{
    struct text text;
    text_begin(&text);
    add(&text, gauges, "ss-1");
    assert_string_equal(text.bytes, expected);
}

/* S1-15, S1-25, S1-66, S1-115 */
static void test_texts_of_the_progress_log(void **state)
{
    (void)state;
    struct gauges gauges;
    gauges_init(&gauges, 0);
    gauges.waiting = 3;
    gauges.in_loop = 2;
    gauges.processed = 41;
    gauges.retries = 7;
    check_text(gauges_add_progress, &gauges,
               "[ss-1]: 3 waiting, 2 in progress, 41 completed");
    const char *const errors[] = {"A: once",  "B: often", "C: twice",
                                  "B: often", "C: twice", "B: often",
                                  "D: it's"};
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
        assert_true(gauges_add_error(&gauges, errors[i]));
    }
    check_text(gauges_add_errors, &gauges,
               "[ss-1]: 7 total retries, errors since last log: [('B: often', "
               "3), ('C: twice', 2), ('A: once', 1), (\"D: it's\", 1)]");
    gauges_logged(&gauges, 5);
    assert_int_equal(gauges.error_count, 0);
    assert_int_equal(gauges.logged_ns, 5);
    gauges_deinit(&gauges);
}

/* S1-66: strictly more than 2 s, or idle. */
static void test_when_the_log_is_due(void **state)
{
    (void)state;
    struct gauges gauges;
    gauges_init(&gauges, 10 * S);
    assert_true(gauges_is_due(&gauges, 10 * S)); /* idle */
    gauges.in_loop = 1;
    assert_false(gauges_is_due(&gauges, 10 * S));
    assert_false(gauges_is_due(&gauges, 12 * S));
    assert_true(gauges_is_due(&gauges, 12 * S + 1));
    gauges.in_loop = 0;
    gauges.waiting = 1;
    assert_false(gauges_is_due(&gauges, 12 * S));
}

static void test_errors_have_a_limit(void **state)
{
    (void)state;
    struct gauges gauges;
    gauges_init(&gauges, 0);
    for (int i = 0; i < GAUGES_ERRORS_MAX + 9; i++) {
        char text[32];
        snprintf(text, sizeof text, "E: %d", i);
        assert_true(gauges_add_error(&gauges, text));
    }
    assert_int_equal(gauges.error_count, GAUGES_ERRORS_MAX);
    assert_int_equal(gauges.other_errors, 9);
    struct text text;
    text_begin(&text);
    gauges_add_errors(&text, &gauges, "n");
    assert_non_null(strstr(text.bytes, ", ('E: 63', 1), ('other errors', 9)]"));
    gauges_deinit(&gauges);
}

/* -- gauges from events -----------------------------------------------------
 */

static void tell(struct watch *watch, const struct call_event *event,
                 struct gauges *gauges)
{
    struct seen seen;
    assert_true(watch_before(watch, event, &seen));
    *gauges = *seen.gauges;
    watch_after(watch, &seen);
}

static struct call_event event_of(const struct profile *profile, int64_t call,
                                  enum call_event_kind kind)
{
    return (struct call_event){
        .kind = kind,
        .call = call,
        .token = "rs-0-0",
        .session = "session-0",
        .profile = profile,
        .request = &request,
    };
}

/* S1-38, S1-39, S1-40: and a waiter that is cancelled leaves the gauge. */
static void test_a_cancelled_waiter_leaves(void **state)
{
    (void)state;
    struct profile *profile = story_profile(HANDLER);
    struct watch watch = {0};
    struct gauges gauges;
    struct call_event first = event_of(profile, 0, EVENT_ENTERED);
    tell(&watch, &first, &gauges);
    assert_int_equal(gauges.in_loop, 1);
    for (int64_t call = 1; call <= 2; call++) {
        struct call_event queued = event_of(profile, call, EVENT_QUEUED);
        tell(&watch, &queued, &gauges);
        assert_int_equal(gauges.waiting, call);
    }
    struct call_event cancelled = event_of(profile, 1, EVENT_DONE);
    cancelled.reason = REASON_CANCELLED;
    tell(&watch, &cancelled, &gauges);
    assert_int_equal(gauges.waiting, 1);
    assert_int_equal(gauges.in_loop, 1);
    struct call_event entered = event_of(profile, 2, EVENT_ENTERED);
    tell(&watch, &entered, &gauges);
    assert_int_equal(gauges.waiting, 0);
    assert_int_equal(gauges.in_loop, 2);
    for (int64_t call = 0; call <= 2; call += 2) {
        struct call_event done = event_of(profile, call, EVENT_DONE);
        done.is_ok = call == 0;
        tell(&watch, &done, &gauges);
    }
    assert_int_equal(gauges.waiting, 0);
    assert_int_equal(gauges.in_loop, 0);
    assert_int_equal(gauges.processed, 1);
    assert_int_equal(watch.calls.count, 0);
    watch_deinit(&watch);
    profile_free(profile);
}

/* S0-15, S1-40: with retry disabled a success is not counted, whatever a layer
 * inside does. */
#define HANDLER_INSIDE                                                     \
    "{\"name\":\"http\",\"rules\":[{\"on\":{\"status\":[\"503\"]},\"do\":" \
    "\"retry\"," BACKOFF("1s", "1s") "}]}"
static void test_the_fast_path_counts_no_success(void **state)
{
    (void)state;
    struct profile *profile = story_profile(
        "{\"name\":\"retry-handler\",\"enabled\":false,\"progress\":{"
        "\"timeout\":\"1s\"}}," HANDLER_INSIDE);
    struct watch watch = {0};
    struct gauges gauges;
    struct call_event event = event_of(profile, 0, EVENT_ENTERED);
    tell(&watch, &event, &gauges);
    assert_int_equal(gauges.in_loop, 1);
    event.kind = EVENT_DONE;
    event.is_ok = true;
    tell(&watch, &event, &gauges);
    assert_int_equal(gauges.in_loop, 0);
    assert_int_equal(gauges.processed, 0);
    watch_deinit(&watch);
    profile_free(profile);
}

/* S3-18 */
static void test_handlers_do_not_pile_up(void **state)
{
    (void)state;
    struct profile *profile = story_profile(HANDLER);
    struct watch watch = {0};
    struct gauges gauges;
    struct call_event long_one = event_of(profile, 1 << 20, EVENT_ENTERED);
    tell(&watch, &long_one, &gauges);
    for (int64_t i = 1; i < INT64_C(3) * WATCH_IDLE_MAX; i++) {
        struct call_event event = event_of(profile, i, EVENT_ENTERED);
        event.handler = i;
        tell(&watch, &event, &gauges);
        event.kind = EVENT_DONE;
        event.is_ok = true;
        tell(&watch, &event, &gauges);
        assert_int_equal(gauges.processed, 1);
    }
    assert_int_equal(watch.handlers.count, WATCH_IDLE_MAX + 1);
    /* The one that is busy was kept, and so was the last one. */
    struct call_event done = event_of(profile, 1 << 20, EVENT_DONE);
    tell(&watch, &done, &gauges);
    assert_int_equal(gauges.in_loop, 0);
    struct call_event again = event_of(profile, 7, EVENT_ENTERED);
    again.handler = INT64_C(3) * WATCH_IDLE_MAX - 1;
    tell(&watch, &again, &gauges);
    assert_int_equal(gauges.processed, 1);
    watch_deinit(&watch);
    profile_free(profile);
}

/* -- notices ----------------------------------------------------------------
 */

/* S3-03, S3-10 */
static void test_notices_are_debounced_by_sampler(void **state)
{
    (void)state;
    struct notices *notices = calloc(1, sizeof *notices);
    assert_non_null(notices);
    const struct {
        const char *sampler, *state;
        int64_t at_s;
        bool is_told;
    } steps[] = {
        {"a", "active", 0, false},
        {"a", "paused_rate_limit", 0, true},
        {"a", "paused_rate_limit", 1, false},
        {"b", "paused_capacity", 1, true},
        {"a", "paused_capacity", 59, false},
        {"a", "active", 60, false},
        {"a", "paused_capacity", 60, true},
        {"b", "paused_capacity", 60, false},
        {"b", "paused_capacity", 61, true},
        {"a", "paused_capacity", 119, false},
    };
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        bool is_told = notices_admit(notices, steps[i].sampler, steps[i].state,
                                     steps[i].at_s * S);
        assert_int_equal(is_told, steps[i].is_told);
    }
    free(notices);
}

/* S3-10 */
static void test_another_debounce(void **state)
{
    (void)state;
    struct notices *notices = calloc(1, sizeof *notices);
    assert_non_null(notices);
    notices->debounce_ns = 2 * S;
    assert_true(notices_admit(notices, "a", "unknown", 0));
    assert_false(notices_admit(notices, "a", "unknown", 2 * S - 1));
    assert_true(notices_admit(notices, "a", "unknown", 2 * S));
    free(notices);
}

/* S3-18, S3-20 */
static void test_notices_do_not_pile_up(void **state)
{
    (void)state;
    struct notices *notices = calloc(1, sizeof *notices);
    assert_non_null(notices);
    for (int i = 0; i < 3 * NOTICES_MAX; i++) {
        char sampler[32];
        snprintf(sampler, sizeof sampler, "session-%d", i);
        assert_true(notices_admit(notices, sampler, "paused_capacity", i));
    }
    assert_int_equal(notices->count, NOTICES_MAX);
    assert_true(
        notices_admit(notices, "last", "paused_capacity", 61 * S + 10000));
    assert_int_equal(notices->count, 1);
    free(notices);
}

/* S3-10, S3-14 */
static void test_reasons_of_notices(void **state)
{
    (void)state;
    assert_string_equal(notices_reason("paused_rate_limit", NULL),
                        "concurrent sampler weights limit hit");
    assert_string_equal(
        notices_reason("paused_capacity", ""),
        "Tinker backend is running short on capacity, please wait");
    assert_string_equal(notices_reason("paused_for_tea", NULL), "unknown");
    assert_string_equal(notices_reason("paused_rate_limit", "server says"),
                        "server says");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_texts_of_the_progress_log),
        cmocka_unit_test(test_when_the_log_is_due),
        cmocka_unit_test(test_errors_have_a_limit),
        cmocka_unit_test(test_a_cancelled_waiter_leaves),
        cmocka_unit_test(test_the_fast_path_counts_no_success),
        cmocka_unit_test(test_handlers_do_not_pile_up),
        cmocka_unit_test(test_notices_are_debounced_by_sampler),
        cmocka_unit_test(test_another_debounce),
        cmocka_unit_test(test_notices_do_not_pile_up),
        cmocka_unit_test(test_reasons_of_notices),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
