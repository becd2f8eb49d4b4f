/* How long the source systems go on, and what their calls share: the shipped
 * profiles played to their ends. */
#include <math.h>

#include "shipped_profiles.h"

/* -- one call -------------------------------------------------------------- */

struct told {
    int attempts;
    int64_t end_ns;
    enum retry_reason reason;
};

/* A call that meets 503 at once, for ever, with one random number. */
static struct told play_503(const char *id, double u, int most)
{
    struct profile *profile = shipped_profile(id);
    struct retry_shared shared;
    struct played_call played;
    int attempts = 0;
    retry_shared_init(&shared, profile, 0);
    call_begin(&played, &shared, 0);
    played.u = u;
    while (played.action.kind == RETRY_SEND && attempts < most) {
        attempts++;
        call_end(&played, &(struct ending){.status = 503});
        call_wait(&played);
    }
    struct told told = {attempts, played.now_ns, played.action.reason};
    profile_free(profile);
    return told;
}

static const double ALMOST_1 = 1.0 - 0x1p-53;

/* S4-74, S0-16, S0-37: sums of the waits without jitter and at both ends. */
static void test_times_to_fail(void **state)
{
    (void)state;
    static const struct {
        const char *id;
        int attempts;
        double middle, least, most;
    } rows[] = {
        {"go-llmd", 4, 7, 6.3, 7.7},
        {"go-llmd-aggressive", 6, 500, 400, 600},
        {"go-llmd-custom", 6, 242, 193.6, 290.4},
        {"tinker-http", 11, 57.3125, 49.125, 65.5},
        {"tinkex-http", 11, 57.313, 49.125, 65.5},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        /* (1 - u/4) falls, (0.75 + u/4) and the others rise with u. */
        bool falls = strcmp(rows[i].id, "tinker-http") == 0;
        const double us[] = {0.5, falls ? ALMOST_1 : 0.0,
                             falls ? 0.0 : ALMOST_1};
        const double sums[] = {rows[i].middle, rows[i].least, rows[i].most};
        for (size_t k = 0; k < COUNT(us); k++) {
            struct told told = play_503(rows[i].id, us[k], 99);
            assert_int_equal(told.attempts, rows[i].attempts);
            assert_int_equal(told.reason, REASON_ATTEMPTS);
            assert_true(fabs((double)told.end_ns / 1e9 - sums[k]) < 1e-6);
        }
    }
}

/* S0-18, S0-19: six waits of the handler. */
static void test_six_waits_of_the_handler(void **state)
{
    (void)state;
    const double us[] = {0.5, 0.0, ALMOST_1};
    const double sums[] = {25.5, 19.125, 29.375};
    for (size_t k = 0; k < COUNT(us); k++) {
        struct told told = play_503("tinker-retry-handler-0.1", us[k], 7);
        /* The seventh attempt is followed by a wait of its own. */
        assert_int_equal(told.attempts, 7);
        double seventh = us[k] == 0.0 ? 7.5 : 10.0;
        assert_true(fabs((double)told.end_ns / 1e9 - sums[k] - seventh) < 1e-6);
    }
}

/* S0-03, S0-16, C-31 */
static void test_limits_of_time(void **state)
{
    (void)state;
    struct told holder = play_503("tinker-holder", 0.5, 999);
    assert_int_equal(holder.attempts, 15);
    assert_int_equal(holder.end_ns, 300 * S);
    assert_int_equal(holder.reason, REASON_ELAPSED);
    struct told old = play_503("tinker-retry-handler-0.1", 0.5, 9999);
    assert_int_equal(old.end_ns, 1800 * S);
    assert_int_equal(old.reason, REASON_PROGRESS);
    assert_true(old.attempts > 180 && old.attempts < 190);
    struct told later = play_503("tinker-retry-handler-0.6.3", 0.5, 9999);
    assert_int_equal(later.end_ns, 7200 * S);
    assert_true(later.attempts > 715 && later.attempts < 730);
}

/* S0-15, S0-25, S4-23: exactly one request, whatever the outcome. */
static void test_those_that_do_not_retry(void **state)
{
    (void)state;
    static const char *const ids[] = {"tinker-retry-handler-disabled",
                                      "tinker-http-asample", "go-llmd-disabled",
                                      "tinkex-adr-disabled", "circuit-breaker"};
    static const struct ending endings[] = {
        {.status = 429},    {.status = 500},      {.status = 503},
        {.end = END_RESET}, {.end = END_TIMEOUT},
    };
    for (size_t i = 0; i < COUNT(ids); i++) {
        for (size_t k = 0; k < COUNT(endings); k++) {
            struct retry_action action = after_first(ids[i], &endings[k]);
            assert_int_equal(action.kind, RETRY_DONE);
            assert_false(action.is_ok);
        }
    }
}

/* -- calls that share a window --------------------------------------------- */

/* When a second call may begin, 1 ms after a 429 at 0. */
static int64_t begin_after_429(const char *id, const struct ending *ending)
{
    struct profile *profile = shipped_profile(id);
    struct retry_shared shared;
    struct played_call first, second;
    retry_shared_init(&shared, profile, 0);
    call_begin(&first, &shared, 0);
    call_end(&first, ending);
    call_begin(&second, &shared, MS);
    call_wait(&second);
    assert_int_equal(second.action.kind, RETRY_SEND);
    int64_t began_ns = second.now_ns;
    profile_free(profile);
    return began_ns;
}

/* S0-40, S1-54, S1-55, S2-44, S2-45, S2-47: the legacy one looks every 100 ms,
 * Python's every second; the others sleep once. */
static void test_windows(void **state)
{
    (void)state;
    static const struct http_header ms_250 = {"retry-after-ms", "250"};
    static const struct http_header ms_5000 = {"retry-after-ms", "5000"};
    static const struct {
        const char *id;
        int64_t none_ns, ms_250_ns, ms_5000_ns;
    } rows[] = {
        {"tinkex-ratelimiter-legacy", 1001 * MS, 301 * MS, 5001 * MS},
        {"tinkex-ratelimiter-0.1.9", S, 250 * MS, 5 * S},
        {"tinkex-ratelimiter-0.1.15", S, 250 * MS, 5 * S},
        {"tinkex-ratelimiter-current", S, S, S},
        {"tinker-sampling-429", 1001 * MS, 1001 * MS, 1001 * MS},
        {"tinker-sampling-429-0.1", 1001 * MS, 1001 * MS, 1001 * MS},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct ending ending = {.status = 429};
        assert_int_equal(begin_after_429(rows[i].id, &ending), rows[i].none_ns);
        ending.headers = &ms_250;
        ending.header_count = 1;
        assert_int_equal(begin_after_429(rows[i].id, &ending),
                         rows[i].ms_250_ns);
        ending.headers = &ms_5000;
        assert_int_equal(begin_after_429(rows[i].id, &ending),
                         rows[i].ms_5000_ns);
    }
}

/* S1-56, S2-48: tinkex opens the window for all by a success, tinker never. */
static void test_who_opens_the_window(void **state)
{
    (void)state;
    static const struct {
        const char *id;
        int64_t began_ns;
    } rows[] = {{"tinkex-ratelimiter-current", 2 * MS},
                {"tinker-sampling-429", 1002 * MS}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct profile *profile = shipped_profile(rows[i].id);
        struct retry_shared shared;
        struct played_call slow, throttled, third;
        retry_shared_init(&shared, profile, 0);
        call_begin(&slow, &shared, 0);
        call_begin(&throttled, &shared, 0);
        call_end(&throttled, &(struct ending){.status = 429});
        slow.now_ns = MS;
        call_end(&slow, &(struct ending){.status = 200});
        call_begin(&third, &shared, 2 * MS);
        call_wait(&third);
        assert_int_equal(third.now_ns, rows[i].began_ns);
        profile_free(profile);
    }
}

/* -- calls that share a circuit -------------------------------------------- */

/* One call that ends with the status; was a request sent? */
static bool is_sent(struct retry_shared *shared, int64_t now_ns, int status)
{
    struct played_call played;
    call_begin(&played, shared, now_ns);
    if (played.action.kind != RETRY_SEND) {
        assert_int_equal(played.action.kind, RETRY_DONE);
        assert_int_equal(played.action.reason, REASON_BREAKER);
        return false;
    }
    call_end(&played, &(struct ending){.status = status});
    assert_int_equal(played.action.kind, RETRY_DONE);
    return true;
}

/* S0-127 */
static void test_the_circuit(void **state)
{
    (void)state;
    struct profile *profile = shipped_profile("circuit-breaker");
    struct retry_shared shared;
    retry_shared_init(&shared, profile, 0);
    for (int i = 0; i < 4; i++) {
        assert_true(is_sent(&shared, 0, 503));
    }
    assert_true(is_sent(&shared, 0, 200)); /* a success: from the beginning */
    for (int i = 0; i < 5; i++) {
        assert_true(is_sent(&shared, 0, 503));
    }
    assert_false(is_sent(&shared, 0, 200));
    assert_false(is_sent(&shared, 29999 * MS, 200));
    struct played_call probe;
    call_begin(&probe, &shared, 30 * S);
    assert_int_equal(probe.action.kind, RETRY_SEND);
    assert_false(is_sent(&shared, 30 * S, 200)); /* one at a time */
    call_end(&probe, &(struct ending){.status = 503});
    assert_false(is_sent(&shared, 59999 * MS, 200));
    assert_true(is_sent(&shared, 60 * S, 200));
    assert_true(is_sent(&shared, 60 * S, 503));
    assert_true(is_sent(&shared, 60 * S, 200));
    profile_free(profile);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_times_to_fail),
        cmocka_unit_test(test_six_waits_of_the_handler),
        cmocka_unit_test(test_limits_of_time),
        cmocka_unit_test(test_those_that_do_not_retry),
        cmocka_unit_test(test_windows),
        cmocka_unit_test(test_who_opens_the_window),
        cmocka_unit_test(test_the_circuit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
