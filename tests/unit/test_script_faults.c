/* The script: time, faults at accept, chance and bookkeeping. */
#include "script_stage.h"

/* -- time ------------------------------------------------------------------ */

#define WINDOWS(windows) "{\"match\":\"POST /a\",\"windows\":[" windows "]}"

/* Goal: windows count from the first request; gaps answer nothing. */
static void windows_follow_the_clock(void **state)
{
    (void)state;
    struct stage stage = open_stage(
        "", WINDOWS("{\"from\":\"0s\",\"to\":\"4s\",\"reply\":503},"
                    "{\"from\":\"5s\",\"to\":\"6s\",\"reply\":200}"));
    const int64_t start = SECONDS(100);
    assert_int_equal(status_of(&stage, (struct ask){.now_ns = start}), 503);
    assert_int_equal(
        status_of(&stage, (struct ask){.now_ns = start + SECONDS(4) - 1}), 503);
    struct script_answer gap =
        decide(&stage, (struct ask){.now_ns = start + SECONDS(4)});
    assert_null(gap.reply);
    assert_string_equal(
        gap.reason,
        "no window of server[0] is open 4.000 s after the first request");
    assert_int_equal(
        status_of(&stage, (struct ask){.now_ns = start + SECONDS(5)}), 200);
    assert_int_equal(
        status_of(&stage, (struct ask){.now_ns = start + SECONDS(6)}), 0);
    close_stage(&stage);
}

/* Goal: the listener's state and its next change, before, in and after. */
static void tells_the_listener(void **state)
{
    (void)state;
    int64_t next = 0;
    const char *window = NULL;
    struct stage stage = open_stage(
        "", WINDOWS("{\"from\":\"0s\",\"to\":\"1s\",\"reply\":503},"
                    "{\"from\":\"1s\",\"to\":\"2s\",\"fault\":{\"do\":"
                    "\"refuse\"}},"
                    "{\"from\":\"2s\",\"fault\":{\"do\":\"stall\"}}"));
    const struct script *script = stage.script;
    assert_int_equal(script_listener(script, SECONDS(50), &next, &window),
                     LISTENER_OPEN);
    assert_int_equal(next, NS_FOREVER);
    decide(&stage, (struct ask){.now_ns = SECONDS(100)});
    assert_int_equal(script_listener(script, SECONDS(100), &next, &window),
                     LISTENER_OPEN);
    assert_int_equal(next, SECONDS(101));
    assert_string_equal(window, "");
    assert_int_equal(script_listener(script, SECONDS(101), &next, &window),
                     LISTENER_REFUSING);
    assert_int_equal(next, SECONDS(102));
    assert_string_equal(window, "server[0].windows[1]");
    assert_int_equal(script_listener(script, SECONDS(102), &next, &window),
                     LISTENER_STALLED);
    assert_int_equal(next, NS_FOREVER);
    close_stage(&stage);
}

/* Goal: on a connection that is open a refusal still strikes. */
static void an_open_connection_meets_the_refusal(void **state)
{
    (void)state;
    struct stage stage = open_stage(
        "", WINDOWS("{\"from\":\"0s\",\"to\":\"1s\",\"reply\":503},"
                    "{\"from\":\"1s\",\"fault\":{\"do\":\"refuse\"}}"));
    decide(&stage, (struct ask){.now_ns = 0});
    struct script_answer answer =
        decide(&stage, (struct ask){.now_ns = SECONDS(1)});
    assert_true(answer.has_fault);
    assert_int_equal(answer.reply->fault.kind, FAULT_REFUSE);
    assert_null(script_accept(stage.script, SECONDS(1), 2));
    close_stage(&stage);
}

/* -- faults at accept ------------------------------------------------------ */

#define ACCEPT_RESET "{\"fault\":{\"at\":\"accept\",\"do\":\"reset\"}}"

/* Goal: each connection uses one step up, until a step is for requests. */
static void accept_faults_are_used_up(void **state)
{
    (void)state;
    struct stage stage =
        open_stage("", STEPS("run", "repeat",
                             "{\"fault\":{\"at\":\"accept\",\"do\":\"reset\"},"
                             "\"times\":2},{\"reply\":200}"));
    const struct reply *first = script_accept(stage.script, 0, 1);
    assert_non_null(first);
    assert_int_equal(first->fault.kind, FAULT_RESET);
    assert_string_equal(first->where, "server[0].steps[0]");
    assert_ptr_equal(script_accept(stage.script, 1, 2), first);
    assert_null(script_accept(stage.script, 2, 3));
    assert_null(script_accept(stage.script, 3, 4));
    assert_int_equal(status_of(&stage, (struct ask){.conn = 3}), 200);
    close_stage(&stage);
}

/* Goal: a fault at accept that a kept connection slipped past strikes at its
 * next request; with a chance it was drawn at accept and is over. */
static void accept_faults_on_open_connections(void **state)
{
    (void)state;
    struct stage sure = open_stage("", STEPS("run", "repeat",
                                             "{\"reply\":503}," ACCEPT_RESET
                                             ",{\"reply\":200}"));
    assert_null(script_accept(sure.script, 0, 1));
    assert_int_equal(status_of(&sure, (struct ask){.conn = 1}), 503);
    struct script_answer answer = decide(&sure, (struct ask){.conn = 1});
    assert_true(answer.has_fault);
    assert_int_equal(answer.reply->fault.at, FAULT_AT_ACCEPT);
    assert_int_equal(status_of(&sure, (struct ask){.conn = 1}), 200);
    close_stage(&sure);

    struct stage chance = open_stage(
        "", STEPS("run", "repeat",
                  "{\"reply\":200,\"fault\":{\"at\":\"accept\",\"do\":"
                  "\"reset\",\"chance\":0.5}}"));
    int met = 0;
    for (int64_t conn = 1; conn <= 1000; conn++)
        met += script_accept(chance.script, conn, conn) != NULL;
    assert_in_range(met, 400, 600);
    for (int i = 0; i < 100; i++)
        assert_false(decide(&chance, (struct ask){0}).has_fault);
    close_stage(&chance);
}

/* Goal: windows with a fault at accept begin with the connection, since no
 * request could. */
static void accept_windows_begin_the_clock(void **state)
{
    (void)state;
    struct stage stage = open_stage(
        "", WINDOWS("{\"from\":\"0s\",\"to\":\"2s\",\"fault\":{\"at\":"
                    "\"accept\",\"do\":\"close\"}},"
                    "{\"from\":\"2s\",\"reply\":200}"));
    assert_non_null(script_accept(stage.script, SECONDS(10), 1));
    assert_non_null(script_accept(stage.script, SECONDS(12) - 1, 2));
    assert_null(script_accept(stage.script, SECONDS(12), 3));
    assert_int_equal(status_of(&stage, (struct ask){.now_ns = SECONDS(12)}),
                     200);
    close_stage(&stage);
}

/* -- chance ---------------------------------------------------------------- */

#define RANDOM_STEP                                               \
    "{\"reply\":200,\"delay\":{\"uniform\":[\"10ms\",\"30ms\"]}," \
    "\"fault\":{\"at\":\"request\",\"do\":\"reset\",\"chance\":0.3}}"

/* Draws of three calls, ten requests each, in the order of `turns`. */
static void draw_all(uint64_t seed, const int turns[30],
                     struct script_answer answers[3][10])
{
    struct stage stage =
        open_at_level(1, seed, MANY, STEPS("run", "loop", RANDOM_STEP));
    for (int i = 0; i < 30; i++) {
        char token[16];
        snprintf(token, sizeof token, "rs-%d-0", turns[i]);
        struct script_answer answer =
            decide(&stage, (struct ask){.header = token});
        answers[turns[i]][answer.count] = answer;
    }
    close_stage(&stage);
}

static bool are_same_draws(struct script_answer a[3][10],
                           struct script_answer b[3][10])
{
    for (int i = 0; i < 30; i++) {
        const struct script_answer *x = &a[i / 10][i % 10];
        const struct script_answer *y = &b[i / 10][i % 10];
        if (x->delay_ns != y->delay_ns || x->has_fault != y->has_fault)
            return false;
    }
    return true;
}

/* Goal: what a call meets depends on the seed and its own count, not on the
 * order in which calls arrive. */
static void draws_do_not_depend_on_order(void **state)
{
    (void)state;
    static struct script_answer rounds[3][10], blocks[3][10], other[3][10];
    int in_rounds[30], in_blocks[30];
    for (int i = 0; i < 30; i++) {
        in_rounds[i] = i % 3;
        in_blocks[i] = 2 - i / 10;
    }
    draw_all(7, in_rounds, rounds);
    draw_all(7, in_blocks, blocks);
    draw_all(8, in_rounds, other);
    assert_true(are_same_draws(rounds, blocks));
    assert_false(are_same_draws(rounds, other));
}

/* Goal: a chance of 0.3 is one. The bound is six standard deviations. */
static void chances_are_as_said(void **state)
{
    (void)state;
    struct stage stage = open_stage("", STEPS("call", "loop", RANDOM_STEP));
    int faults = 0;
    for (int i = 0; i < 10000; i++) {
        struct script_answer answer = decide(&stage, (struct ask){0});
        faults += answer.has_fault;
        assert_in_range(answer.delay_ns, 10 * NS_PER_MS, 30 * NS_PER_MS);
    }
    assert_in_range(faults, 3000 - 275, 3000 + 275);
    close_stage(&stage);
}

/* Smallest, largest and mean delay of many requests. */
struct delays {
    int64_t min_ns, max_ns;
    double mean_ns;
};

static struct delays draw_delays(const char *delay)
{
    char server[512];
    struct delays delays = {.min_ns = INT64_MAX};
    snprintf(server, sizeof server,
             STEPS("call", "loop", "{\"reply\":200,\"delay\":%s}"), delay);
    struct stage stage = open_stage("", server);
    for (int i = 0; i < 10000; i++) {
        int64_t ns = decide(&stage, (struct ask){0}).delay_ns;
        delays.min_ns = ns < delays.min_ns ? ns : delays.min_ns;
        delays.max_ns = ns > delays.max_ns ? ns : delays.max_ns;
        delays.mean_ns += (double)ns / 10000;
    }
    close_stage(&stage);
    return delays;
}

/* Goal: each kind of delay has its mean and its limits. */
static void delays_are_as_said(void **state)
{
    (void)state;
    struct delays fixed = draw_delays("\"20ms\"");
    assert_int_equal(fixed.min_ns, 20 * NS_PER_MS);
    assert_int_equal(fixed.max_ns, 20 * NS_PER_MS);
    struct delays normal =
        draw_delays("{\"normal\":{\"mean\":\"1ms\",\"sd\":\"5ms\"}}");
    assert_in_range(normal.min_ns, 0, NS_PER_MS / 10);
    assert_in_range(normal.max_ns, 12 * NS_PER_MS, 30 * NS_PER_MS);
    assert_true(normal.mean_ns > 3.9e6 && normal.mean_ns < 4.2e6);
    struct delays lognormal =
        draw_delays("{\"lognormal\":{\"median\":\"20ms\",\"sigma\":0.5}}");
    assert_true(lognormal.min_ns > 0);
    assert_true(lognormal.mean_ns > 22.0e6 && lognormal.mean_ns < 23.4e6);
    struct delays exponential = draw_delays("{\"exponential\":\"20ms\"}");
    assert_true(exponential.mean_ns > 19.2e6 && exponential.mean_ns < 20.8e6);
    assert_in_range(exponential.min_ns, 0, NS_PER_MS / 10);
    assert_in_range(exponential.max_ns, 120 * NS_PER_MS, 400 * NS_PER_MS);
}

/* -- bookkeeping ----------------------------------------------------------- */

/* Goal: what was reached and due is counted, what was not stays at 0. */
static void counts_uses(void **state)
{
    (void)state;
    struct script_use uses[4];
    struct stage stage = open_stage(
        "", STEPS("run", "fail",
                  ACCEPT_RESET ",{\"reply\":503,\"times\":2},"
                               "{\"reply\":200,\"fault\":{\"do\":\"close\"}},"
                               "{\"reply\":200}"));
    script_accept(stage.script, 0, 1);
    for (int i = 0; i < 3; i++)
        decide(&stage, (struct ask){0});
    assert_int_equal(script_uses(stage.script, uses, 4), 4);
    const int64_t reached[] = {1, 2, 1, 0}, due[] = {1, 0, 1, 0};
    for (int i = 0; i < 4; i++) {
        assert_int_equal(uses[i].reached, reached[i]);
        assert_int_equal(uses[i].faults_due, due[i]);
    }
    assert_int_equal(script_uses(stage.script, uses, 1), 4);
    close_stage(&stage);
}

/* Goal: more calls than can be kept get a clear answer, and those that are
 * kept go on as before. */
static void bounds_its_keys(void **state)
{
    (void)state;
    struct stage stage =
        open_stage(MANY, STEPS("call", "repeat", TWO_429_THEN_200));
    char token[32];
    for (int i = 0; i < SCRIPT_KEYS_MAX; i++) {
        snprintf(token, sizeof token, "rs-0-%d", i);
        decide(&stage, (struct ask){.header = token});
    }
    struct script_answer answer =
        decide(&stage, (struct ask){.header = "rs-1-1"});
    assert_int_equal(answer.reply->status, 503);
    assert_string_equal(
        answer.reason,
        "more than 1048576 calls, clients and connections in one run");
    answer = decide(&stage, (struct ask){.header = "rs-0-1000000"});
    assert_int_equal(answer.reply->status, 429);
    assert_int_equal(answer.count, 1);
    close_stage(&stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(windows_follow_the_clock),
        cmocka_unit_test(tells_the_listener),
        cmocka_unit_test(an_open_connection_meets_the_refusal),
        cmocka_unit_test(accept_faults_are_used_up),
        cmocka_unit_test(accept_faults_on_open_connections),
        cmocka_unit_test(accept_windows_begin_the_clock),
        cmocka_unit_test(draws_do_not_depend_on_order),
        cmocka_unit_test(chances_are_as_said),
        cmocka_unit_test(delays_are_as_said),
        cmocka_unit_test(counts_uses),
        cmocka_unit_test(bounds_its_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
