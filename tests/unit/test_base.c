/* Goal: the base every folder stands on: arena, problems, headers, statuses and
 * random streams behave as their headers say. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "model/arena.h"
#include "model/error.h"
#include "model/http.h"
#include "model/rng.h"

static void arena_gives_zeroed_aligned_memory(void **state)
{
    (void)state;
    struct arena arena = {0};
    for (size_t size = 0; size < 9000; size += 37) {
        unsigned char *bytes = arena_alloc(&arena, size);
        assert_non_null(bytes);
        assert_int_equal((uintptr_t)bytes % 16, 0);
        for (size_t i = 0; i < size; i++)
            assert_int_equal(bytes[i], 0);
        memset(bytes, 0xff, size);
    }
    assert_true(arena.used > 0);
    arena_deinit(&arena);
    assert_null(arena.blocks);
    assert_int_equal(arena.used, 0);
    assert_string_equal(arena_strdup(&arena, "again"), "again");
    assert_string_equal(arena_strndup(&arena, "again", 2), "ag");
    assert_string_equal(arena_strndup(&arena, NULL, 0), "");
    arena_deinit(&arena);
}

static void arena_refuses_overflow(void **state)
{
    (void)state;
    struct arena arena = {0};
    assert_null(arena_array(&arena, SIZE_MAX / 2, 3));
    assert_null(arena_alloc(&arena, SIZE_MAX));
    assert_null(arena_strndup(&arena, "", SIZE_MAX));
    assert_non_null(arena_array(&arena, 0, 8));
    assert_non_null(arena_array(&arena, 8, 0));
    arena_deinit(&arena);
}

static char *printed(const struct error *error)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    error_print(error, out);
    fclose(out);
    return text;
}

static void problems_print_with_place_path_and_hint(void **state)
{
    (void)state;
    struct error error = {0};
    assert_false(error_is_set(&error));
    struct problem *p = error_add(&error, PROBLEM_INPUT, "unknown key \"%s\"",
                                  "ti\x1b"
                                  "mes");
    strcpy(p->file, "a.jsonc");
    p->line = 3;
    p->column = 9;
    strcpy(p->path, "server[0]");
    strcpy(p->hint, "did you mean \"times\"?");
    p = error_add_errno(&error, 2, "cannot open %s", "b.jsonc");
    assert_int_equal(p->kind, PROBLEM_SYSTEM);
    p = error_add(&error, PROBLEM_MEMORY, "out of memory");
    strcpy(p->file, "c.jsonc");
    assert_true(error_is_set(&error));
    char *text = printed(&error);
    assert_string_equal(text,
                        "a.jsonc:3:9: unknown key \"ti\\x1bmes\" (server[0])\n"
                        "    did you mean \"times\"?\n"
                        "cannot open b.jsonc: No such file or directory\n"
                        "c.jsonc: out of memory\n");
    free(text);
}

static void problems_beyond_the_limit_are_counted(void **state)
{
    (void)state;
    struct error error = {0};
    for (int i = 0; i < ERROR_PROBLEMS_MAX + 3; i++) {
        struct problem *p = error_add(&error, PROBLEM_INPUT, "%d", i);
        assert_non_null(p);
        strcpy(p->hint, "hint");
    }
    assert_int_equal(error.count, ERROR_PROBLEMS_MAX);
    assert_int_equal(error.dropped, 3);
    char *text = printed(&error);
    assert_non_null(strstr(text, "and 3 more problems\n"));
    free(text);
}

static void headers_are_found_without_case(void **state)
{
    (void)state;
    const struct http_header items[] = {
        {"Retry-After", "2"}, {"retry-after", "3"}, {"X", ""}, {"^", "4"}};
    const struct http_headers headers = {items, 4};
    assert_string_equal(http_header_get(&headers, "RETRY-AFTER"), "2");
    assert_string_equal(http_header_get(&headers, "x"), "");
    assert_null(http_header_get(&headers, "Retry"));
    assert_null(http_header_get(&headers, "~")); /* no other case of "^" */
    assert_null(http_header_get(&(struct http_headers){0}, "x"));
    assert_string_equal(attempt_end_words[END_RESET_BODY], "reset-body");
    assert_null(attempt_end_words[END_UNFINISHED + 1]);
}

static void status_sets_hold_ranges(void **state)
{
    (void)state;
    struct status_set set = {0};
    status_set_add(&set, 500, 599);
    status_set_add(&set, 429, 429);
    status_set_remove(&set, 501, 501);
    assert_true(status_set_has(&set, 500) && status_set_has(&set, 599));
    assert_true(status_set_has(&set, 429));
    assert_false(status_set_has(&set, 501) || status_set_has(&set, 600));
    assert_false(status_set_has(&set, 428) || status_set_has(&set, 430));
    status_set_add(&set, -5, 5000);
    assert_true(status_set_has(&set, 0) && status_set_has(&set, 1023));
    assert_false(status_set_has(&set, -1) || status_set_has(&set, 1024));
    status_set_remove(&set, -5, 5000);
    for (int status = 0; status < 1024; status++)
        assert_false(status_set_has(&set, status));
}

/* The state 1, 2, 3, 4 and its first outputs, computed by hand from the
 * published definition of xoshiro256++. */
static void rng_is_xoshiro256plusplus(void **state)
{
    (void)state;
    struct rng rng = {{1, 2, 3, 4}};
    assert_int_equal(rng_next(&rng), UINT64_C(41943041));
    assert_int_equal(rng_next(&rng), UINT64_C(58720359));
    assert_int_equal(rng_next(&rng), UINT64_C(3588806011781223));
}

static void rng_streams_stand_on_their_own(void **state)
{
    (void)state;
    struct rng a = rng_stream(7, 1, 0), again = rng_stream(7, 1, 0);
    struct rng other[] = {rng_stream(8, 1, 0), rng_stream(7, 2, 0),
                          rng_stream(7, 1, 1), rng_stream(1, 7, 0)};
    uint64_t first = rng_next(&a);
    assert_int_equal(first, rng_next(&again));
    for (size_t i = 0; i < sizeof other / sizeof *other; i++)
        assert_int_not_equal(first, rng_next(&other[i]));
}

static void rng_draws_have_their_moments(void **state)
{
    (void)state;
    enum { DRAWS = 100000 };
    struct rng rng = rng_stream(7, 0, 0);
    double sum = 0, normal = 0, square = 0;
    for (int i = 0; i < DRAWS; i++) {
        double u = rng_uniform(&rng), z = rng_normal(&rng);
        assert_true(u >= 0 && u < 1);
        sum += u;
        normal += z;
        square += z * z;
    }
    /* Five standard errors; the seed is fixed, so this can't flake. */
    assert_true(fabs(sum / DRAWS - 0.5) < 5 * 0.2887 / sqrt(DRAWS));
    assert_true(fabs(normal / DRAWS) < 5 / sqrt(DRAWS));
    assert_true(fabs(square / DRAWS - 1) < 5 * sqrt(2.0 / DRAWS));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arena_gives_zeroed_aligned_memory),
        cmocka_unit_test(arena_refuses_overflow),
        cmocka_unit_test(problems_print_with_place_path_and_hint),
        cmocka_unit_test(problems_beyond_the_limit_are_counted),
        cmocka_unit_test(headers_are_found_without_case),
        cmocka_unit_test(status_sets_hold_ranges),
        cmocka_unit_test(rng_is_xoshiro256plusplus),
        cmocka_unit_test(rng_streams_stand_on_their_own),
        cmocka_unit_test(rng_draws_have_their_moments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
