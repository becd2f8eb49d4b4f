/* Worlds are read strictly: each slip is told at its place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "model/units.h"
#include "model/world.h"

#define HEAD            "{\"retryspec\":1,\"world\":\"w\",\"title\":\"t\",\"clients\":3,"
#define REST            "\"server\":{},\"ends\":\"9s\"}"
#define COMES(arrivals) HEAD "\"arrivals\":" arrivals "," REST
#define WITH(server) \
    HEAD "\"arrivals\":\"at once\",\"server\":" server ",\"ends\":\"9s\"}"
#define CHANGES(changes) \
    COMES("{\"poisson\":1,\"for\":\"9s\",\"changes\":[" changes "]}")
#define OUTAGES(outages) WITH("{\"outages\":[" outages "]}")

static struct world *read(const char *text, struct error *error)
{
    *error = (struct error){0};
    return world_read("w.jsonc", text, strlen(text), error);
}

static struct world *must_read(const char *text)
{
    struct error error;
    struct world *world = read(text, &error);
    if (!world)
        fail_msg("%s: %s", text, error.problems[0].message);
    return world;
}

static void test_arrivals(void **state)
{
    (void)state;
    struct world *world = must_read(COMES("\"at once\""));
    assert_int_equal(world->arrivals.kind, ARRIVE_AT_ONCE);
    assert_string_equal(world->method, "POST");
    assert_string_equal(world->path, "/");
    assert_int_equal(world->clients, 3);
    assert_int_equal(world->ends_ns, 9 * NS_PER_S);
    world_free(world);
    world = must_read(COMES("{\"uniform\":\"2s\"}"));
    assert_int_equal(world->arrivals.kind, ARRIVE_UNIFORM);
    assert_int_equal(world->arrivals.spread_ns, 2 * NS_PER_S);
    world_free(world);
    world = must_read(COMES("{\"closed\":5,\"think\":\"1s\"}"));
    assert_int_equal(world->arrivals.kind, ARRIVE_CLOSED);
    assert_int_equal(world->arrivals.calls, 5);
    assert_int_equal(world->arrivals.think_ns, NS_PER_S);
    world_free(world);
    world = must_read(CHANGES("{\"from\":\"1s\",\"to\":\"2s\",\"per_second\":7}"
                              ",{\"from\":\"2s\",\"per_second\":8}"));
    assert_int_equal(world->arrivals.kind, ARRIVE_POISSON);
    assert_int_equal(world->arrivals.change_count, 2);
    assert_int_equal(world->arrivals.changes[1].from_ns, 2 * NS_PER_S);
    assert_int_equal(world->arrivals.changes[1].to_ns, NS_FOREVER);
    assert_true(world->arrivals.changes[1].per_second == 8);
    assert_true(world->arrivals.changes[1].ramps_to == 8);
    world_free(world);
    world = must_read(CHANGES("{\"from\":\"1s\",\"to\":\"2s\",\"per_second\":7,"
                              "\"ramps_to\":0}"));
    assert_true(world->arrivals.changes[0].per_second == 7);
    assert_true(world->arrivals.changes[0].ramps_to == 0);
    world_free(world);
}

static void test_servers(void **state)
{
    (void)state;
    struct world *world =
        must_read(OUTAGES("{\"from\":\"1s\",\"to\":\"2s\",\"as\":\"refused\","
                          "\"share\":0.5},{\"from\":\"2s\",\"to\":\"3s\","
                          "\"as\":429,\"retry_after\":\"5s\"},{\"from\":"
                          "\"3s\",\"to\":\"4s\",\"retry_after\":\"end\"},{"
                          "\"from\":\"4s\",\"as\":\"hang\"}"));
    const struct outage *outages = world->server.outages;
    assert_int_equal(world->server.outage_count, 4);
    assert_int_equal(outages[0].kind, OUTAGE_REFUSED);
    assert_true(outages[0].share == 0.5);
    assert_int_equal(outages[1].status, 429);
    assert_int_equal(outages[1].retry_after_s, 5);
    assert_int_equal(outages[2].status, 503);
    assert_true(outages[2].tells_end);
    assert_int_equal(outages[3].kind, OUTAGE_HANG);
    world_free(world);
    world = must_read(WITH("{\"limiter\":{\"per_second\":0.5,\"status\":429,"
                           "\"retry_after\":\"2s\"}}"));
    const struct capacity_limiter *limiter = &world->server.limiter;
    assert_true(limiter->is_used && limiter->burst == 1);
    assert_int_equal(limiter->status, 429);
    assert_int_equal(limiter->retry_after_s, 2);
    world_free(world);
}

static const struct {
    const char *text, *message;
} slips[] = {
    {"[]", ""},
    {"{", ""},
    {HEAD "\"arrivals\":\"at once\",\"server\":{}}", "ends"},
    {HEAD "\"server\":{},\"ends\":\"9s\"}", "arrivals"},
    {HEAD "\"arrivals\":\"at once\",\"ends\":\"9s\"}", "server"},
    {COMES("\"soon\""), "\"at once\" or an object"},
    {COMES("7"), "\"at once\" or an object"},
    {COMES("{}"), "uniform"},
    {COMES("{\"uniform\":\"1s\",\"think\":\"1s\"}"), "think"},
    {COMES("{\"poisson\":1}"), "for"},
    {COMES("{\"poisson\":0,\"for\":\"1s\"}"), "expected"},
    {COMES("{\"closed\":0}"), "expected"},
    {CHANGES(""), "expected"},
    {CHANGES("7"), "expected"},
    {CHANGES("{\"from\":\"1s\"}"), "per_second"},
    {CHANGES("{\"per_second\":1}"), "from"},
    {CHANGES("{\"from\":7,\"per_second\":1}"), "expected"},
    {CHANGES("{\"from\":\"1s\",\"to\":7,\"per_second\":1}"), "expected"},
    {CHANGES("{\"from\":\"2s\",\"to\":\"2s\",\"per_second\":1}"),
     "an instant before \"to\""},
    {CHANGES("{\"from\":\"1s\",\"to\":\"3s\",\"per_second\":1},{\"from\":"
             "\"2s\",\"per_second\":1}"),
     "after the end of the one before"},
    {WITH("7"), "expected"},
    {WITH("{\"limiter\":{}}"), "per_second"},
    {WITH("{\"limiter\":7}"), "expected"},
    {WITH("{\"limiter\":{\"per_second\":1,\"retry_after\":\"1500ms\"}}"),
     "whole seconds"},
    {WITH("{\"limiter\":{\"per_second\":1,\"retry_after\":\"1000001s\"}}"),
     "whole seconds"},
    {OUTAGES(""), "expected"},
    {OUTAGES("7"), "expected"},
    {OUTAGES("{\"from\":\"1s\",\"as\":\"slow\"}"), "a status, \"refused\""},
    {OUTAGES("{\"from\":\"1s\",\"as\":7}"), "expected"},
    {OUTAGES("{\"from\":\"1s\",\"as\":{}}"), "expected"},
    {OUTAGES("{\"from\":\"1s\",\"share\":2}"), "expected"},
    {OUTAGES("{\"from\":\"1s\",\"as\":\"hang\",\"retry_after\":\"1s\"}"), ""},
    {OUTAGES("{\"from\":\"1s\",\"retry_after\":\"end\"}"), "without end"},
    {OUTAGES("{\"from\":\"1s\",\"retry_after\":7}"), "expected"},
    {"{\"retryspec\":1,\"world\":\"W\",\"title\":\"t\",\"clients\":3,"
     "\"arrivals\":\"at once\"," REST,
     "an id of a-z"},
    {"{\"retryspec\":1,\"world\":\"w\",\"title\":\"t\",\"arrivals\":"
     "\"at once\"," REST,
     "clients"},
};

static void test_slips(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof slips / sizeof *slips; i++) {
        struct error error;
        struct world *world = read(slips[i].text, &error);
        const struct problem *problem = &error.problems[0];
        if (world || problem->kind != PROBLEM_INPUT || problem->line != 1 ||
            !strstr(problem->message, slips[i].message))
            fail_msg("%s: %d:%d %s", slips[i].text, problem->line,
                     problem->column, world ? "is read" : problem->message);
    }
}

static void test_files(void **state)
{
    (void)state;
    struct error error = {0};
    assert_null(world_read_file("/nowhere/w.jsonc", &error));
    assert_int_equal(error.problems[0].kind, PROBLEM_INPUT);
    error = (struct error){0};
    struct world *world = world_read_file(
        SOURCE_DIR "/scenarios/worlds/metastable.jsonc", &error);
    assert_non_null(world);
    assert_string_equal(world->id, "metastable");
    world_free(world);
    world_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_arrivals),
        cmocka_unit_test(test_servers),
        cmocka_unit_test(test_slips),
        cmocka_unit_test(test_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
