/* Back-off laws against exact values, which were compared with the source
 * systems' own code. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <cjson/cJSON.h>

#include "backoff_laws.h"

/* By the first word of the golden's name. `slack_ns`: the formula draws from a
 * closed range of whole nanoseconds, one wider than ours, and truncates. */
static const struct golden_law {
    const char *name;
    struct backoff law;
    int64_t slack_ns;
} laws[] = {
    {"P01", {EXPONENTIAL(500 * MS, 2, 10 * S), SYMMETRIC(.25)}, 0},
    {"P02", {EXPONENTIAL(500 * MS, 2, 10 * S), SYMMETRIC(.25)}, 0},
    {"P03", {EXPONENTIAL(500 * MS, 2, 10 * S), SYMMETRIC(.25)}, 0},
    {"P04", {EXPONENTIAL(1 * S, 2, 20 * S), SYMMETRIC(.5)}, 0},
    {"P06",
     {EXPONENTIAL(500 * MS, 2, 10 * S), .jitter = JITTER_DOWN, .ratio = .25},
     0},
    {"P08", {EXPONENTIAL(1 * S, 2, 30 * S)}, 0},
    {"P09",
     {.schedule = SCHEDULE_CONSTANT, .base_ns = S, .cap_ns = NS_FOREVER},
     0},
    {"P11/P12", {EXPONENTIAL(1 * S, 2, 30 * S)}, 0},
    {"P13",
     {EXPONENTIAL(500 * MS, 2, 8 * S), FULL, TO_MS, .order = JITTER_BEFORE_CAP},
     0},
    {"P14/P15",
     {EXPONENTIAL(500 * MS, 2, 10 * S), TO_MS, .jitter = JITTER_PROPORTIONAL,
      .lo = .75, .hi = 1},
     0},
    {"P16", {EXPONENTIAL(500 * MS, 2, 8 * S), FULL, TO_MS}, 0},
    {"P17", {EXPONENTIAL(500 * MS, 2, 10 * S), SYMMETRIC(.25), TO_MS}, 0},
    {"P18", {EXPONENTIAL(500 * MS, 2, 10 * S), SYMMETRIC(.25), TO_MS}, 0},
    {"P19", {EXPONENTIAL(500 * MS, 2, 10 * S), SYMMETRIC(.25), TO_MS}, 0},
    {"P20", {EXPONENTIAL(500 * MS, 2, 10 * S), SYMMETRIC(.25), TO_MS}, 0},
    {"P21", {EXPONENTIAL(750 * MS, 2, 15 * S), SYMMETRIC(.25), TO_MS}, 0},
    {"P22", {EXPONENTIAL(1 * S, 2, 30 * S), SYMMETRIC(1), TO_MS}, 0},
    {"P23", {EXPONENTIAL(500 * MS, 2, 8 * S), FULL, TO_MS}, 0},
    {"P24", {EXPONENTIAL(500 * MS, 2, 8 * S), SYMMETRIC(.25), TO_MS}, 0},
    {"P25", {EXPONENTIAL(2 * S, 2, 60 * S), SYMMETRIC(.25), TO_MS}, 0},
    {"P26", {EXPONENTIAL(500 * MS, 2, 10 * S), SYMMETRIC(.25), TO_MS}, 0},
    {"P27", {EXPONENTIAL(500 * MS, 2, 10 * S), SYMMETRIC(.25), TO_MS}, 0},
    {"P28", {EXPONENTIAL(500 * MS, 2, 10 * S), SYMMETRIC(.25), TO_MS}, 0},
    {"P29", {EXPONENTIAL(200 * MS, 2, 10 * S), TO_MS}, 0},
    {"P30", {EXPONENTIAL(1 * S, 2, 20 * S), SYMMETRIC(.5), TO_MS}, 0},
    {"P31", {EXPONENTIAL(1 * S, 2, 30 * S), TO_MS}, 0},
    {"P33",
     {EXPONENTIAL(2 * MS, 2, 50 * MS), .jitter = JITTER_PROPORTIONAL, .lo = .75,
      .hi = 1, .rounding = ROUND_MS_DOWN},
     0},
    {"P36", {EXPONENTIAL(1 * S, 2, 60 * S), GO(.1)}, 0},
    {"P36x", {EXPONENTIAL(1 * S, 2, 60 * S), GO(.1)}, 0},
    {"P37", {EXPONENTIAL(2 * S, 3, 300 * S), GO(.2)}, 0},
    {"P38", {EXPONENTIAL(5 * S, 3, 300 * S), GO(.2)}, 0},
    {"P39", {EXPONENTIAL(50 * MS, 2, 60 * S), GO(.1)}, 0},
    {"P40",
     {EXPONENTIAL(1 * S, 2, 60 * S), .jitter = JITTER_EQUAL, .floor_ns = S,
      .rounding = ROUND_NS_DOWN},
     0},
    {"P41 go-llmd-current status 429",
     {EXPONENTIAL(3 * S, 2, 60 * S), .jitter = JITTER_PROPORTIONAL, .lo = .5,
      .hi = 1.5, .clip = true, .floor_ns = S, .rounding = ROUND_NS_DOWN},
     2},
    {"P41 go-llmd-current status 503",
     {EXPONENTIAL(1 * S, 2, 30 * S), .jitter = JITTER_PROPORTIONAL, .lo = .5,
      .hi = 1.5, .floor_ns = S, .rounding = ROUND_NS_DOWN},
     2},
    {"P41 go-llmd-current status 500",
     {EXPONENTIAL(1 * S, 2, 60 * S), .jitter = JITTER_PROPORTIONAL, .lo = .5,
      .hi = 1.5, .clip = true, .floor_ns = S, .rounding = ROUND_NS_DOWN},
     2},
};

/* Goldens that are no function of (n, u) in model/profile.h, and why. */
static const struct {
    const char *name, *why;
} not_expressible[] = {
    {"P10", "the delay depends on the size of the request"},
    {"P34", "the jitter is a whole number of milliseconds from 1, not from 0"},
    {"P41 go-llmd-current 429 Retry-After",
     "n is the header's value: see test_clamped_header"},
};

static bool name_fits(const char *golden, const char *name)
{
    size_t length = strlen(name);
    return strncmp(golden, name, length) == 0 &&
           (golden[length] == ' ' || golden[length] == '\0');
}

static const struct golden_law *find_law(const char *golden)
{
    for (size_t i = 0; i < COUNT(laws); i++) {
        if (name_fits(golden, laws[i].name)) {
            return &laws[i];
        }
    }
    return NULL;
}

static bool is_not_expressible(const char *golden)
{
    for (size_t i = 0; i < COUNT(not_expressible); i++) {
        if (name_fits(golden, not_expressible[i].name)) {
            return true;
        }
    }
    return false;
}

static cJSON *read_goldens(void)
{
    static char text[1 << 16];
    FILE *file = fopen(SOURCE_DIR "/tests/data/goldens.json", "rb");
    assert_non_null(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    cJSON *goldens = cJSON_Parse(text);
    assert_non_null(goldens);
    return goldens;
}

static double number(const cJSON *object, const char *key)
{
    return cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(object, key));
}

static void check_golden_case(const struct golden_law *law, const cJSON *item,
                              double unit_ns)
{
    struct delay_law delay = {
        .backoff = &law->law,
        .n = (int64_t)number(item, "n"),
        .cut_ns = NS_FOREVER,
    };
    double u = number(item, "u");
    int64_t expected = llround(number(item, "delay") * unit_ns);
    int64_t got = backoff_draw(&delay, u);
    if (llabs(got - expected) > law->slack_ns) {
        fail_msg("%s: n=%lld u=%g: %lld ns, expected %lld ns", law->name,
                 (long long)delay.n, u, (long long)got, (long long)expected);
    }
}

static void test_goldens(void **state)
{
    (void)state;
    cJSON *goldens = read_goldens();
    int cases = 0;
    const cJSON *golden, *item;
    cJSON_ArrayForEach(golden, goldens)
    {
        const char *name = cJSON_GetStringValue(
            cJSON_GetObjectItemCaseSensitive(golden, "profile"));
        const char *unit = cJSON_GetStringValue(
            cJSON_GetObjectItemCaseSensitive(golden, "unit"));
        const struct golden_law *law = find_law(name);
        if (!law && !is_not_expressible(name)) {
            fail_msg("golden \"%s\" is neither tested nor excused", name);
        }
        const cJSON *list = cJSON_GetObjectItemCaseSensitive(golden, "cases");
        cJSON_ArrayForEach(item, list)
        {
            if (!law) {
                break;
            }
            check_golden_case(law, item, strcmp(unit, "ms") == 0 ? 1e6 : 1e9);
            cases++;
        }
    }
    cJSON_Delete(goldens);
    assert_int_equal(cases, 5 * (int)COUNT(laws));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_goldens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
