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
    {10, 30, END_TIMEOUT},         {20, 25, END_UNREACHABLE},
    {20, NS_FOREVER, END_REFUSED}, {40, NS_FOREVER, END_TIMEOUT},
    {50, 50, END_CLOSE},           {60, 60, END_RESET},
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
                        spans->items[k].end == wanted[i].end;
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
    check_spans(spans_create(&trace, false, &arena), expected,
                sizeof expected / sizeof *expected);
    check_spans(spans_create(&trace, true, &arena), &expected[1], 2);
    check_spans(spans_create(&(struct trace){0}, false, &arena), NULL, 0);
    arena_deinit(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_spans),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
