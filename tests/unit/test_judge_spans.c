/* The judge: spans of time in which the server let nobody in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "judge/spans.h"
#include "model/units.h"

static struct trace_conn conns[] = {
    {.accepted_ns = 60, .closed_ns = 70, .fault = FAULT_RESET},
    {.accepted_ns = 10, .closed_ns = 30, .fault = FAULT_HANG},
    {.accepted_ns = 40, .closed_ns = TRACE_NEVER, .fault = FAULT_HANG},
    {.accepted_ns = 50, .closed_ns = 80, .fault = FAULT_CLOSE},
    {.accepted_ns = 5, .closed_ns = 90, .fault = FAULT_NONE},
};

static struct trace_outage outages[] = {
    {.kind = FAULT_STALL, .from_ns = 20, .to_ns = 25},
    {.kind = FAULT_REFUSE, .from_ns = 20, .to_ns = TRACE_NEVER},
};

static const struct span expected[] = {
    {.from_ns = 10, .to_ns = 30, .end = END_TIMEOUT},
    {.from_ns = 20, .to_ns = 25, .end = END_UNREACHABLE},
    {.from_ns = 20, .to_ns = NS_FOREVER, .end = END_REFUSED},
    {.from_ns = 40, .to_ns = NS_FOREVER, .end = END_TIMEOUT},
    {.from_ns = 50, .to_ns = 50, .end = END_CLOSE},
    {.from_ns = 60, .to_ns = 60, .end = END_RESET},
};

/* Answered whole, then dead: until the client left, until our FIN, at once. */
static struct trace_conn used[] = {
    {.conn = 1, .closed_ns = 500},
    {.conn = 2, .closed_ns = 900},
    {.conn = 3, .closed_ns = 300},
    {.conn = 4, .closed_ns = 300},
};
static struct trace_attempt answered[] = {
    {.conn = 1,
     .call = "rs-1-0",
     .last_byte_ns = 100,
     .end = END_STATUS,
     .fault = {.kind = FAULT_HANG, .at = FAULT_AT_END, .for_ns = NS_FOREVER},
     .fault_fired = true},
    {.conn = 2,
     .call = "rs-0-0",
     .last_byte_ns = 200,
     .end = END_STATUS,
     .fault = {.kind = FAULT_HANG, .at = FAULT_AT_END, .for_ns = 400},
     .fault_fired = true},
    {.conn = 3,
     .call = "rs-2-0",
     .last_byte_ns = 300,
     .end = END_STATUS,
     .fault = {.kind = FAULT_RESET, .at = FAULT_AT_END},
     .fault_fired = true},
    {.conn = 4,
     .call = "rs-2-0",
     .last_byte_ns = 300,
     .end = END_STATUS,
     .fault = {.kind = FAULT_RESET, .at = FAULT_AT_END}},
};
static const struct span stale[] = {
    {.from_ns = 100,
     .to_ns = 500,
     .end = END_TIMEOUT,
     .is_stale = true,
     .client = 1},
    {.from_ns = 200, .to_ns = 600, .end = END_CLOSE, .is_stale = true},
    {.from_ns = 300,
     .to_ns = 300,
     .end = END_RESET,
     .is_stale = true,
     .client = 2},
};

static void check_spans(const struct spans *spans, const struct span *wanted,
                        size_t count)
{
    assert_non_null(spans);
    assert_int_equal(spans->count, count);
    for (size_t i = 0; i < count; i++) {
        bool is_there = false; /* those that begin together have no order */
        for (size_t k = 0; k < count; k++) {
            is_there |= spans->items[k].from_ns == wanted[i].from_ns &&
                        spans->items[k].to_ns == wanted[i].to_ns &&
                        spans->items[k].end == wanted[i].end &&
                        spans->items[k].is_stale == wanted[i].is_stale &&
                        spans->items[k].client == wanted[i].client;
        }
        assert_true(is_there);
        assert_true(i == 0 ||
                    spans->items[i - 1].from_ns <= spans->items[i].from_ns);
    }
}

static void test_spans(void **state)
{
    (void)state;
    struct trace trace = {.conns = conns,
                          .conn_count = sizeof conns / sizeof *conns,
                          .outages = outages,
                          .outage_count = sizeof outages / sizeof *outages};
    struct arena arena = {0};
    struct calls calls = {.client_count = 3};
    check_spans(spans_create(&trace, &calls, &arena), expected,
                sizeof expected / sizeof *expected);
    check_spans(spans_create(&(struct trace){0}, &calls, &arena), NULL, 0);
    calls.owns_accept_faults = true;
    check_spans(spans_create(&trace, &calls, &arena), &expected[1], 2);
    arena_deinit(&arena);
}

/* A connect that met a stall of 5 s as it began comes through within 6 more. */
static void test_what_hung_in_a_stall_began_with_it_at_the_earliest(
    void **state)
{
    (void)state;
    struct trace_outage stalls[] = {
        {.kind = FAULT_REFUSE, .from_ns = 0, .to_ns = NS_PER_S},
        {.kind = FAULT_STALL, .from_ns = 10 * NS_PER_S, .to_ns = 15 * NS_PER_S},
    };
    struct trace trace = {.outages = stalls, .outage_count = 2};
    struct arena arena = {0};
    struct calls calls = {.client_count = 1};
    struct spans *spans = spans_create(&trace, &calls, &arena);
    assert_int_equal(spans_stalled_since(spans, 9 * NS_PER_S), 9 * NS_PER_S);
    assert_int_equal(spans_stalled_since(spans, 16 * NS_PER_S), 10 * NS_PER_S);
    assert_int_equal(spans_stalled_since(spans, 21 * NS_PER_S), 10 * NS_PER_S);
    assert_int_equal(spans_stalled_since(spans, 22 * NS_PER_S), 22 * NS_PER_S);
    arena_deinit(&arena);
}

/* As it tries again it may meet the next stall; who refuses ends it. */
static void test_what_hung_in_a_stall_may_hang_in_the_next(void **state)
{
    (void)state;
    struct trace_outage stalls[] = {
        {.kind = FAULT_STALL, .from_ns = 10 * NS_PER_S, .to_ns = 15 * NS_PER_S},
        {.kind = FAULT_STALL, .from_ns = 20 * NS_PER_S, .to_ns = 24 * NS_PER_S},
        {.kind = FAULT_REFUSE,
         .from_ns = 30 * NS_PER_S,
         .to_ns = 40 * NS_PER_S},
    };
    struct trace trace = {.outages = stalls, .outage_count = 3};
    struct arena arena = {0};
    struct calls calls = {.client_count = 1};
    struct spans *spans = spans_create(&trace, &calls, &arena);
    const struct span *first = &spans->items[0];
    assert_int_equal(spans_stalled_until(spans, first, 10 * NS_PER_S),
                     39 * NS_PER_S);
    assert_int_equal(spans_stalled_until(spans, first, 13 * NS_PER_S),
                     18 * NS_PER_S);
    assert_int_equal(spans_stalled_since(spans, 39 * NS_PER_S), 10 * NS_PER_S);
    assert_int_equal(spans_stalled_since(spans, 40 * NS_PER_S), 40 * NS_PER_S);
    arena_deinit(&arena);
}

static void test_connections_that_died_after_an_answer(void **state)
{
    (void)state;
    struct trace trace = {
        .conns = used,
        .conn_count = sizeof used / sizeof *used,
        .attempts = answered,
        .attempt_count = sizeof answered / sizeof *answered,
    };
    struct arena arena = {0};
    struct calls calls = {.client_count = 3};
    check_spans(spans_create(&trace, &calls, &arena), stale,
                sizeof stale / sizeof *stale);
    arena_deinit(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_spans),
        cmocka_unit_test(
            test_what_hung_in_a_stall_began_with_it_at_the_earliest),
        cmocka_unit_test(test_what_hung_in_a_stall_may_hang_in_the_next),
        cmocka_unit_test(test_connections_that_died_after_an_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
