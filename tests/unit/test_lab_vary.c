/* Axes of a sweep: what is a value, and where it goes; what repeated runs say
 * together. */
#include <math.h>

#include "lab/metrics.h"
#include "lab/vary.h"
#include "lab_kit.h"

struct read_axis {
    struct arena arena;
    struct vary_axis axis;
    struct error error;
    bool is_read;
};

static struct read_axis read_axis(const char *text)
{
    struct read_axis read = {0};
    read.is_read = vary_read(text, &read.arena, &read.axis, &read.error);
    return read;
}

/* The values as JSON, with a blank between. */
static void assert_values(const char *text, const char *expected)
{
    char found[1024] = "";
    size_t used = 0;
    struct read_axis read = read_axis(text);
    if (!read.is_read)
        fail_msg("%s is refused", text);
    for (size_t i = 0; i < read.axis.count; i++)
        used += (size_t)snprintf(found + used, sizeof found - used, "%s%s",
                                 i ? " " : "", read.axis.json[i]);
    assert_string_equal(found, expected);
    arena_deinit(&read.arena);
}

static void test_values(void **state)
{
    (void)state;
    assert_values("cap=1s,2s", "\"1s\" \"2s\"");
    assert_values("clients=10,2e2", "10 2e2");
    assert_values("clip=true", "true");
    assert_values("jitter=none,sym:0.25,down:0.5",
                  "\"none\" {\"symmetric\":0.25} {\"down\":0.5}");
    assert_values("arrivals={\"closed\":3,\"think\":\"1s\"},at once",
                  "{\"closed\":3,\"think\":\"1s\"} \"at once\"");
    assert_values("a=1..5:5", "1 2 3 4 5");
    assert_values("a=1..3", "1 2 3");
    assert_values("a=0.5..1.0:3", "0.5 0.75 1");
    assert_values("a=1..1000:log:4", "1 10 100 1000");
    assert_values("cap=1s..60s:log:3", "\"1s\" \"7.746s\" \"60s\"");
    assert_values("cap=100ms..500ms:2,1h", "\"100ms\" \"500ms\" \"1h\"");
}

static void test_no_values(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "cap",       "=1s",        "cap=",     "cap=1s,",     "cap=5s..1s",
        "cap=1s..5", "a=0..5:log", "a=1..5:1", "a=1..5:cube", "a=1..",
        "a=..5",     "a=1..5:2x",  "a=x..y",   "a=1..2:1001", "a=1,,2",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct read_axis read = read_axis(texts[i]);
        if (read.is_read)
            fail_msg("%s is taken", texts[i]);
        assert_int_equal(read.error.count, 1);
        arena_deinit(&read.arena);
    }
}

/* -- where it goes --------------------------------------------------------- */

static const char profile_text[] =
    "{'layers':[{'budget':{'attempts':3},'rules':[{'backoff':{'cap':'1s'}},{"
    "'backoff':{}}]},{'rules':[{'backoff':{'cap':'2s'}}]}]}";
static const char world_text[] = "{'clients':5,'server':{'cap':1}}";

static cJSON *parsed(const char *text)
{
    char json[1024];
    quoted(text, json, sizeof json);
    cJSON *root = cJSON_Parse(json);
    assert_non_null(root);
    return root;
}

/* Both files after the change, or the message. */
static void assert_set(const char *vary, const char *profile_after,
                       const char *world_after)
{
    char json[1024];
    struct read_axis read = read_axis(vary);
    const struct vary_files files = {parsed(profile_text), parsed(world_text)};
    bool is_set = vary_set(&read.axis, 0, &files, &read.error);
    if (!profile_after) {
        assert_false(is_set);
        assert_non_null(strstr(read.error.problems[0].message, world_after));
    } else {
        char *profile = cJSON_PrintUnformatted(files.profile);
        char *world = cJSON_PrintUnformatted(files.world);
        assert_true(is_set);
        quoted(profile_after, json, sizeof json);
        assert_string_equal(profile, json);
        quoted(world_after, json, sizeof json);
        assert_string_equal(world, json);
        cJSON_free(profile);
        cJSON_free(world);
    }
    cJSON_Delete(files.profile);
    cJSON_Delete(files.world);
    arena_deinit(&read.arena);
}

#define WITH(attempts, first, second, third)                           \
    "{'layers':[{'budget':{'attempts':" attempts                       \
    "},'rules':[{'backoff':{" first "}},{'backoff':{" second "}}]},{'" \
    "rules':[{'backoff':{" third "}}]}]}"

static void test_places(void **state)
{
    (void)state;
    assert_set("backoff.cap=9s", WITH("3", "'cap':'9s'", "", "'cap':'9s'"),
               world_text);
    assert_set("layers[1].rules[0].backoff.cap=9s",
               WITH("3", "'cap':'1s'", "", "'cap':'9s'"), world_text);
    assert_set("budget.attempts=9", WITH("9", "'cap':'1s'", "", "'cap':'2s'"),
               world_text);
    assert_set("jitter=full",
               WITH("3", "'cap':'1s','jitter':'full'", "'jitter':'full'",
                    "'cap':'2s','jitter':'full'"),
               world_text);
    assert_set("rules[1].backoff.cap=9s",
               WITH("3", "'cap':'1s'", "'cap':'9s'", "'cap':'2s'"), world_text);
    assert_set("clients=9", profile_text, "{'clients':9,'server':{'cap':1}}");
    assert_set("world.cap=9", profile_text, "{'clients':5,'server':{'cap':9}}");
    assert_set("server.fails=0.5", profile_text,
               "{'clients':5,'server':{'cap':1,'fails':0.5}}");
}

static void test_no_place(void **state)
{
    (void)state;
    assert_set("cap=9", NULL, "both have it");
    assert_set("nowhere.cap=9", NULL, "neither");
    assert_set("world.jitter=full", NULL, "neither");
    assert_set("a..b=9", NULL, "no path");
    assert_set("layers[x].cap=9", NULL, "no path");
}

/* -- repeated runs --------------------------------------------------------- */

/* 1, 2, 3, 4: deviation 1.291, t of three degrees of freedom 3.182. */
static void test_margin(void **state)
{
    (void)state;
    struct summary summary = {0};
    summary_add(&summary, 1);
    assert_true(isnan(summary_margin(&summary)));
    summary_add(&summary, NAN);
    for (int i = 2; i <= 4; i++)
        summary_add(&summary, i);
    assert_int_equal(summary.count, 4);
    assert_true(fabs(summary.mean - 2.5) < 1e-12);
    assert_true(fabs(summary_margin(&summary) - 2.0539) < 1e-3);
}

/* An outage of 10 s, then 20 attempts a second for 2 s, then one. */
static void test_herd_after_recovery(void **state)
{
    (void)state;
    double values[METRIC_COUNT];
    struct tally tally = {.recovery_ns = 10 * NS_PER_S, .calls = 1};
    for (int i = 0; i < 200; i++)
        tally_bin(&tally, i * TALLY_BIN_NS)->arrivals = i < 10 ? 100
                                                        : i >= 100 && i < 120
                                                            ? 2
                                                            : i == 199;
    metrics_of(&tally, values);
    assert_true(values[METRIC_PEAK_BEFORE] == 1000);
    assert_true(values[METRIC_PEAK_AFTER] == 20);
    assert_true(fabs(values[METRIC_MEAN_RATE] - 1041 / 20.0) < 1e-9);
    assert_true(fabs(values[METRIC_HERD] - 20 / 4.1) < 1e-9);
    assert_true(isnan(values[METRIC_AMPLIFICATION]));
    assert_true(isnan(values[METRIC_RECOVERY]));
    tally_deinit(&tally);
}

/* The reported quantile is never below the true one, and within 1.6 % of it. */
static void test_quantiles(void **state)
{
    (void)state;
    struct histogram *histogram = calloc(1, sizeof *histogram);
    assert_non_null(histogram);
    for (int64_t i = 1; i <= 1000; i++)
        histogram_add(histogram, i * i * NS_PER_MS);
    for (int p = 1; p <= 1000; p++) {
        int64_t exact = (int64_t)p * p * NS_PER_MS;
        int64_t found = histogram_quantile(histogram, p / 1000.0);
        assert_true(found >= exact);
        assert_true((double)found <= (double)exact * 1.016 + 2000);
    }
    assert_int_equal(histogram_quantile(histogram, 1), 1000000 * NS_PER_MS);
    free(histogram);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_no_values),
        cmocka_unit_test(test_places),
        cmocka_unit_test(test_no_place),
        cmocka_unit_test(test_margin),
        cmocka_unit_test(test_herd_after_recovery),
        cmocka_unit_test(test_quantiles),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
