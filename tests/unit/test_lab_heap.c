/* Events leave the heap in their order, whatever came and went before. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "lab/heap.h"
#include "model/rng.h"

enum { EVENTS = 3000 };

static int compare(const void *a, const void *b)
{
    const struct heap_event *x = a, *y = b;
    if (x->at_ns != y->at_ns)
        return x->at_ns < y->at_ns ? -1 : 1;
    return x->of < y->of ? -1 : x->of > y->of;
}

/* Few instants, so that many events share one. */
static struct heap_event draw(struct rng *rng, int64_t from_ns)
{
    return (struct heap_event){
        .at_ns = from_ns + (int64_t)(rng_next(rng) % 50),
        .of = rng_next(rng),
    };
}

static void assert_same(struct heap_event got, struct heap_event wanted)
{
    assert_int_equal(got.at_ns, wanted.at_ns);
    assert_true(got.of == wanted.of);
}

static void test_all_in_then_all_out(void **state)
{
    (void)state;
    static struct heap_event events[EVENTS];
    struct rng rng = rng_stream(1, 2, 3);
    for (size_t count = 1; count <= EVENTS; count += count / 3 + 1) {
        struct heap heap = {0};
        for (size_t i = 0; i < count; i++) {
            events[i] = draw(&rng, -25);
            assert_true(heap_push(&heap, events[i]));
        }
        qsort(events, count, sizeof *events, compare);
        for (size_t i = 0; i < count; i++)
            assert_same(heap_pop(&heap), events[i]);
        assert_int_equal(heap.count, 0);
        heap_deinit(&heap);
    }
}

static size_t least(const struct heap_event *events, size_t count)
{
    size_t least = 0;
    for (size_t i = 1; i < count; i++) {
        if (compare(&events[i], &events[least]) < 0)
            least = i;
    }
    return least;
}

/* Between pops, of a heap that grows and shrinks. */
static void test_in_and_out(void **state)
{
    (void)state;
    static struct heap_event events[EVENTS];
    struct rng rng = rng_stream(4, 5, 6);
    struct heap heap = {0};
    size_t count = 0;
    int64_t now_ns = 0;
    assert_true(heap_reserve(&heap, 10));
    for (int i = 0; i < EVENTS; i++) {
        bool shrinks = i / 500 % 2 == 1;
        if (count > 0 && rng_next(&rng) % 4 < (shrinks ? 3 : 1)) {
            size_t first = least(events, count);
            now_ns = events[first].at_ns;
            assert_same(heap_pop(&heap), events[first]);
            events[first] = events[--count];
        } else {
            events[count] = draw(&rng, now_ns);
            assert_true(heap_push(&heap, events[count++]));
        }
        assert_int_equal(heap.count, count);
        if (count > 0)
            assert_same(heap_first(&heap), events[least(events, count)]);
    }
    heap_deinit(&heap);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_in_then_all_out),
        cmocka_unit_test(test_in_and_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
