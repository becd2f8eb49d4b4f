/* The cache of handlers: S0-22, S1-14, S1-67. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "client/handler_cache.h"
#include "model/rng.h"

enum { SESSIONS = 150 };

static const struct profile profile, other_profile;

static struct handler_key key(int64_t session)
{
    return (struct handler_key){session, &profile};
}

static void fill(struct handler_cache *cache, struct handler_entry *entries,
                 int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        assert_null(handler_cache_use(cache, key(i)));
        assert_null(handler_cache_put(cache, &entries[i], key(i)));
        assert_false(handler_cache_leave(&entries[i]));
    }
}

/* S0-21, S1-10, S1-13, S1-14, S1-68, S1-70, S1-71, S1-112, S1-120: session and
 * profile are the key. */
static void test_same_key_same_handler(void **state)
{
    (void)state;
    struct handler_cache cache;
    struct handler_entry one = {0}, two = {0};
    handler_cache_init(&cache, 100);
    assert_null(handler_cache_put(&cache, &one, key(7)));
    assert_ptr_equal(handler_cache_use(&cache, key(7)), &one);
    assert_int_equal(one.users, 2);
    assert_null(handler_cache_use(&cache, key(8)));
    struct handler_key other = {7, &other_profile};
    assert_null(handler_cache_use(&cache, other));
    assert_null(handler_cache_put(&cache, &two, other));
    assert_ptr_equal(handler_cache_use(&cache, other), &two);
    assert_ptr_equal(handler_cache_use(&cache, key(7)), &one);
}

/* S0-22, S1-67: the 101st key pushes out the least recently used one. */
static void test_the_101st_key(void **state)
{
    (void)state;
    struct handler_cache cache;
    struct handler_entry entries[SESSIONS] = {0};
    handler_cache_init(&cache, 100);
    fill(&cache, entries, 100);
    assert_ptr_equal(handler_cache_use(&cache, key(0)), &entries[0]);
    assert_false(handler_cache_leave(&entries[0]));
    assert_ptr_equal(handler_cache_put(&cache, &entries[100], key(100)),
                     &entries[1]);
    assert_null(handler_cache_use(&cache, key(1)));
    assert_ptr_equal(handler_cache_use(&cache, key(0)), &entries[0]);
    assert_int_equal(cache.count, 100);
}

/* Pushed out while in use: it goes on, and its last user frees it. */
static void test_pushed_out_in_use(void **state)
{
    (void)state;
    struct handler_cache cache;
    struct handler_entry first = {0}, second = {0}, newcomer = {0};
    handler_cache_init(&cache, 1);
    handler_cache_put(&cache, &first, key(0));
    handler_cache_use(&cache, key(0));
    assert_null(handler_cache_put(&cache, &second, key(1)));
    assert_null(handler_cache_use(&cache, key(0))); /* newcomers lose it */
    assert_false(handler_cache_leave(&second));
    assert_ptr_equal(handler_cache_put(&cache, &newcomer, key(0)), &second);
    assert_false(handler_cache_leave(&first));
    assert_true(handler_cache_leave(&first));
}

static void test_without_a_cache_each_has_his_own(void **state)
{
    (void)state;
    struct handler_cache cache;
    struct handler_entry one = {0};
    handler_cache_init(&cache, 0);
    assert_null(handler_cache_put(&cache, &one, key(0)));
    assert_null(handler_cache_use(&cache, key(0)));
    assert_null(handler_cache_pop(&cache));
    assert_true(handler_cache_leave(&one));
}

/* Against a plain list of sessions, newest first. */
static void test_random_use(void **state)
{
    (void)state;
    enum { CAPACITY = 5, KEYS = 12 };
    struct handler_cache cache;
    struct handler_entry entries[KEYS] = {0};
    int64_t list[CAPACITY + 1];
    int count = 0;
    struct rng rng = rng_stream(3, 0, 0);
    handler_cache_init(&cache, CAPACITY);
    for (int step = 0; step < 5000; step++) {
        int64_t session = (int64_t)(rng_next(&rng) % KEYS);
        int place = 0;
        while (place < count && list[place] != session) {
            place++;
        }
        struct handler_entry *found = handler_cache_use(&cache, key(session));
        assert_true((found != NULL) == (place < count));
        if (!found) {
            struct handler_entry *out =
                handler_cache_put(&cache, &entries[session], key(session));
            assert_ptr_equal(
                out, count == CAPACITY ? &entries[list[CAPACITY - 1]] : NULL);
            count += count < CAPACITY;
            place = count - 1;
        }
        assert_false(handler_cache_leave(&entries[session]));
        for (; place > 0; place--) {
            list[place] = list[place - 1];
        }
        list[0] = session;
        assert_int_equal(cache.count, count);
    }
    for (int i = count - 1; i >= 0; i--) {
        assert_ptr_equal(handler_cache_pop(&cache), &entries[list[i]]);
    }
    assert_null(handler_cache_pop(&cache));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_key_same_handler),
        cmocka_unit_test(test_the_101st_key),
        cmocka_unit_test(test_pushed_out_in_use),
        cmocka_unit_test(test_without_a_cache_each_has_his_own),
        cmocka_unit_test(test_random_use),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
