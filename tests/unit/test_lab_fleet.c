/* Fleets: what they meet, and published simulations. */
#include <math.h>

#include "lab_kit.h"

#define AT_ONCE "'clients':100,'arrivals':'at once','ends':'1h',"

static double share(int64_t part, int64_t whole)
{
    return (double)part / (double)whole;
}

static void assert_near(double found, double wanted, double tolerance)
{
    if (fabs(found - wanted) > tolerance)
        fail_msg("%.4f is not within %.4f of %.4f", found, tolerance, wanted);
}

/* -- what a fleet meets ---------------------------------------------------- */

static void test_same_seed_same_tally(void **state)
{
    (void)state;
    struct world *world = lab_world(
        "'clients':50,'arrivals':{'uniform':'2s'},'ends':'1h','network':{"
        "'lognormal':{'median':'10ms','sigma':0.5}},'server':{'fails':0.3}");
    struct profile *profile =
        lab_profile("", "{'schedule':'constant','base':'1s','jitter':'full'}");
    struct tally *a = lab_run(world, profile, 3);
    struct tally *b = lab_run(world, profile, 3);
    struct tally *c = lab_run(world, profile, 4);
    assert_int_equal(a->ended_ns, b->ended_ns);
    assert_int_equal(a->arrivals, b->arrivals);
    assert_memory_equal(&a->wait, &b->wait, sizeof a->wait);
    assert_int_not_equal(a->ended_ns, c->ended_ns);
    lab_free(a);
    lab_free(b);
    lab_free(c);
    profile_free(profile);
    world_free(world);
}

/* Attempts at 0, 1, 3, 7 s and a network of 10 ms: the one at 7 s is the first
 * that comes after the outage. */
static void test_outage_to_the_letter(void **state)
{
    (void)state;
    struct world *world = lab_world(
        AT_ONCE "'network':'10ms','server':{'latency':'100ms','outages':[{"
                "'from':'0s','to':'5s'}]}");
    struct profile *profile =
        lab_profile("", "{'schedule':'exponential','base':'1s','factor':2}");
    struct tally *tally = lab_run(world, profile, 0);
    assert_int_equal(tally->served, 100);
    assert_int_equal(tally->arrivals, 400);
    assert_int_equal(tally->wasted, 0);
    /* Each of three answers takes two legs, the last one its service too. */
    assert_int_equal(tally->ended_ns, 7 * NS_PER_S + 180 * NS_PER_MS);
    assert_int_equal(tally->bins[0].arrivals, 100);
    assert_int_equal(tally->bins[70].arrivals, 100);
    assert_int_equal(histogram_quantile(&tally->wait, 0.5), tally->ended_ns);
    lab_free(tally);
    profile_free(profile);
    world_free(world);
}

/* A hang costs the client its own timeout; nobody answers. */
static void test_hang_until_the_timeout(void **state)
{
    (void)state;
    struct world *world = lab_world(
        AT_ONCE "'server':{'outages':[{'from':'0s','to':'3s','as':'hang'}]}");
    struct profile *profile =
        lab_profile("'attempt_timeout':{'limit':'2s','kind':'total'},",
                    "{'schedule':'none'}");
    struct tally *tally = lab_run(world, profile, 0);
    assert_int_equal(tally->served, 100);
    assert_int_equal(tally->arrivals, 300);
    assert_int_equal(tally->last_served_ns, 4 * NS_PER_S);
    lab_free(tally);
    profile_free(profile);
    world_free(world);
}

/* "end": all come back in the second in which the outage ends, rounded up. */
static void test_retry_after_tells_the_end(void **state)
{
    (void)state;
    struct world *world =
        lab_world(AT_ONCE "'server':{'outages':[{'from':'0s','to':'9500ms',"
                          "'retry_after':'end'}]}");
    struct profile *obeys =
        lab_profile("", "{'schedule':'none'},'retry_after':{'read':[{'header':"
                        "'Retry-After','as':['seconds']}],'use':'replace'}");
    struct tally *tally = lab_run(world, obeys, 0);
    assert_int_equal(tally->arrivals, 200);
    assert_int_equal(tally->last_served_ns, 10 * NS_PER_S);
    lab_free(tally);
    profile_free(obeys);
    world_free(world);
}

/* Ten at a time, each a second; twenty wait, seventy are turned away. */
static void test_queue(void **state)
{
    (void)state;
    struct world *world = lab_world(
        AT_ONCE "'server':{'latency':'1s','concurrency':10,'queue':20}");
    struct profile *profile =
        lab_profile("'budget':{'attempts':1},", "{'schedule':'none'}");
    struct tally *tally = lab_run(world, profile, 0);
    assert_int_equal(tally->served, 30);
    assert_int_equal(tally->given_up, 70);
    assert_int_equal(tally->ended_ns, 3 * NS_PER_S);
    assert_int_equal(tally->queue.total, 20);
    assert_int_equal(tally->queue.most_ns, 2 * NS_PER_S);
    lab_free(tally);
    profile_free(profile);
    world_free(world);
}

/* The bucket is full at first, then lets ten a second through. */
static void test_limiter(void **state)
{
    (void)state;
    struct world *world =
        lab_world(AT_ONCE "'server':{'limiter':{'per_second':10,'burst':20}}");
    struct profile *profile =
        lab_profile("", "{'schedule':'constant','base':'1s'}");
    struct tally *tally = lab_run(world, profile, 0);
    assert_int_equal(tally->served, 100);
    assert_int_equal(tally->bins[0].served, 20);
    assert_int_equal(tally->bins[10].served, 10);
    assert_int_equal(tally->ended_ns, 8 * NS_PER_S);
    lab_free(tally);
    profile_free(profile);
    world_free(world);
}

/* One call after the other: what a closed loop offers depends on what it gets.
 */
static void test_closed_loop(void **state)
{
    (void)state;
    struct world *world = lab_world(
        "'clients':10,'arrivals':{'closed':5},'ends':'1h','server':{'latency':"
        "'2s'}");
    struct profile *profile = lab_profile("", "{'schedule':'none'}");
    struct tally *tally = lab_run(world, profile, 0);
    assert_int_equal(tally->calls, 50);
    assert_int_equal(tally->served, 50);
    assert_int_equal(tally->ended_ns, 10 * NS_PER_S);
    assert_int_equal(tally->wait.most_ns, 2 * NS_PER_S);
    lab_free(tally);
    profile_free(profile);
    world_free(world);
}

/* Each client has a breaker of its own: its second call, right after the first
 * has failed, finds it open. */
static void test_clients_share_with_themselves_only(void **state)
{
    (void)state;
    struct world *world = lab_world(
        "'clients':20,'arrivals':{'closed':2},'ends':'10min','network':{"
        "'exponential':'100ms'},'server':{'outages':[{'from':'0s'}]}");
    struct profile *profile =
        lab_profile("'budget':{'attempts':1},'breaker':{'failures':1,'reset':"
                    "'1h'},",
                    "{'schedule':'none'}");
    struct tally *tally = lab_run(world, profile, 0);
    assert_int_equal(tally->calls, 40);
    assert_int_equal(tally->given_up, 40);
    assert_int_equal(tally->arrivals, 20);
    lab_free(tally);
    profile_free(profile);
    world_free(world);
}

static void test_needs_more_than_a_fleet(void **state)
{
    (void)state;
    struct error error = {0};
    struct world *world = lab_world(
        "'clients':1,'arrivals':{'poisson':1,'for':'1s'},'ends':'1h','server':"
        "{}");
    struct profile *profile =
        lab_profile("'slots':{'limit':2},", "{'schedule':'none'}");
    const struct fleet_input input = {.world = world, .profile = profile};
    assert_false(fleet_supports(&input, &error));
    assert_non_null(strstr(error.problems[0].message, "slots"));
    profile_free(profile);
    world_free(world);
}

/* -- published: independent failures (mbrooker/simulator_example bbfe394,
 * retry_sim): 100 clients, 10 calls a second each, failures by chance -------
 */

struct failing {
    double attempts_a_call, served;
};

static struct failing run_failing(double chance, const char *layer, int calls)
{
    char members[256];
    snprintf(members, sizeof members,
             "'clients':100,'arrivals':{'closed':%d,'think':'100ms'},'ends':"
             "'1h','server':{'fails':%g}",
             calls, chance);
    struct world *world = lab_world(members);
    struct profile *profile = lab_profile(layer, "{'schedule':'none'}");
    struct tally *tally = lab_run(world, profile, 0);
    struct failing failing = {share(tally->arrivals, tally->calls),
                              share(tally->served, tally->calls)};
    assert_int_equal(tally->calls, 100 * calls);
    lab_free(tally);
    profile_free(profile);
    world_free(world);
    return failing;
}

/* (1 - p^4) / (1 - p) attempts a call, of which 1 - p^4 succeed. */
static void test_three_retries(void **state)
{
    (void)state;
    for (int i = 1; i <= 3; i++) {
        double p = 0.25 * i, fails = pow(p, 4);
        struct failing three = run_failing(p, "'budget':{'attempts':4},", 500);
        assert_near(three.served, 1 - fails, 0.008);
        assert_near(three.attempts_a_call, (1 - fails) / (1 - p), 0.03);
    }
}

/* 0.1 of a token for each call, five at most and at first. Published, for about
 * 102 calls of each client: 1.142 and 1.144. */
static void test_token_bucket(void **state)
{
    (void)state;
    const char *layer =
        "'budget':{'attempts':4,'tokens':{'capacity':5,'cost':1,'per_call':0.1"
        "}},";
    assert_near(run_failing(0.50, layer, 102).attempts_a_call, 1.142, 0.01);
    assert_near(run_failing(0.75, layer, 102).attempts_a_call, 1.144, 0.01);
    /* In the long run the bucket's first contents do not count. */
    assert_near(run_failing(0.50, layer, 5000).attempts_a_call, 1.101, 0.002);
}

/* A tenth of the calls may fail; once more have, nothing is tried again.
 * Published at p = 0.5: 1.000. At p = 0.05 it is 1.05 and a little. */
static void test_breaker_by_failure_rate(void **state)
{
    (void)state;
    const char *layer = "'budget':{'attempts':4,'failure_rate':{'most':0.1}},";
    assert_near(run_failing(0.50, layer, 500).attempts_a_call, 1, 1e-3);
    assert_near(run_failing(0.50, layer, 500).served, 0.5, 0.012);
    assert_near(run_failing(0.05, layer, 500).attempts_a_call, 1.052, 0.004);
    assert_near(run_failing(0.05, layer, 500).served, 1, 0.01);
}

/* -- published: the metastable collapse (same source, simple_collapse_sim) --
 */

#define SLOWED                                                           \
    "'clients':100,'network':{'exponential':'100ms'},'server':{"         \
    "'latency':'1s','latency_per_active':'10ms'},'ends':'200s',"         \
    "'arrivals':{'poisson':40,'for':'80s','changes':[{'from':'20s','to'" \
    ":'25s','per_second':80}]}"

enum { METASTABLE_TRIALS = 100 };

/* Served calls for each that began between 60 and 80 s. */
static double goodput_late(const struct tally *tally)
{
    int64_t begun = 0, served = 0;
    for (size_t i = 600; i < 800 && i < tally->bin_count; i++) {
        begun += tally->bins[i].begun;
        served += tally->bins[i].served;
    }
    return share(served, begun);
}

struct collapses {
    int whole, none; /* nothing is served; all is */
};

static struct collapses run_slowed(const char *members, const char *backoff)
{
    struct collapses collapses = {0};
    struct world *world = lab_world(members);
    struct profile *profile = lab_profile(
        "'budget':{'attempts':3},'attempt_timeout':{'limit':'3s','kind':"
        "'total'},",
        backoff);
    for (uint64_t trial = 0; trial < METASTABLE_TRIALS; trial++) {
        struct tally *tally = lab_run(world, profile, trial);
        collapses.whole += goodput_late(tally) < 0.1;
        collapses.none += goodput_late(tally) > 0.9;
        lab_free(tally);
    }
    profile_free(profile);
    world_free(world);
    return collapses;
}

/* Published: a goodput of 0.30, the mean of ten runs. Each run collapses whole
 * or recovers; seven of ten collapse. */
static void test_spike_without_backoff(void **state)
{
    (void)state;
    struct collapses found = run_slowed(SLOWED, "{'schedule':'none'}");
    assert_int_equal(found.whole + found.none, METASTABLE_TRIALS);
    assert_in_range(found.whole, 55, 85);
}

static void test_spike_with_backoff(void **state)
{
    (void)state;
    struct collapses found =
        run_slowed(SLOWED, "{'schedule':'exponential','base':'20s','factor':2,"
                           "'jitter':'full'}");
    assert_int_equal(found.none, METASTABLE_TRIALS);
}

/* Served for each that began, from 30 to 75 s. */
static double goodput_overloaded(const struct tally *tally)
{
    int64_t begun = 0, served = 0;
    for (size_t i = 300; i < 750 && i < tally->bin_count; i++) {
        begun += tally->bins[i].begun;
        served += tally->bins[i].served;
    }
    return share(served, begun);
}

/* Published: nothing is served from 30 to 79 s, with back-off and without it.
 */
static void test_ramp(void **state)
{
    (void)state;
    const char *const backoffs[] = {
        "{'schedule':'none'}",
        "{'schedule':'exponential','base':'20s','factor':2,'jitter':'full'}"};
    struct error error = {0};
    struct world *world = world_read_file(
        SOURCE_DIR "/scenarios/worlds/metastable-ramp.jsonc", &error);
    assert_non_null(world);
    for (size_t i = 0; i < 2; i++) {
        struct profile *profile = lab_profile(
            "'budget':{'attempts':3},'attempt_timeout':{'limit':'3s','kind':"
            "'total'},",
            backoffs[i]);
        for (uint64_t trial = 0; trial < 20; trial++) {
            struct tally *tally = lab_run(world, profile, trial);
            assert_near(goodput_overloaded(tally), 0, 0.02);
            lab_free(tally);
        }
        profile_free(profile);
    }
    world_free(world);
}

/* 40 to 80 in 25 s, 80 to 0 in 50 s: 1500 and 2000 calls, 58 % of the first
 * ones in the later half. Five standard deviations of chance. */
static void test_ramp_of_arrivals(void **state)
{
    (void)state;
    struct world *world = lab_world(
        "'clients':10,'arrivals':{'poisson':1,'for':'75s','changes':[{'from':"
        "'0s','to':'25s','per_second':40,'ramps_to':80},{'from':'25s','to':"
        "'75s','per_second':80,'ramps_to':0}]},'ends':'1h','server':{}");
    struct profile *profile = lab_profile("", "{'schedule':'none'}");
    struct tally *tally = lab_run(world, profile, 0);
    int64_t begun[3] = {0};
    for (size_t i = 0; i < tally->bin_count; i++)
        begun[i < 125 ? 0 : i < 250 ? 1 : 2] += tally->bins[i].begun;
    assert_near((double)begun[0], 625, 5 * sqrt(625));
    assert_near((double)begun[1], 875, 5 * sqrt(875));
    assert_near((double)begun[2], 2000, 5 * sqrt(2000));
    lab_free(tally);
    profile_free(profile);
    world_free(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_seed_same_tally),
        cmocka_unit_test(test_outage_to_the_letter),
        cmocka_unit_test(test_hang_until_the_timeout),
        cmocka_unit_test(test_retry_after_tells_the_end),
        cmocka_unit_test(test_queue),
        cmocka_unit_test(test_limiter),
        cmocka_unit_test(test_closed_loop),
        cmocka_unit_test(test_clients_share_with_themselves_only),
        cmocka_unit_test(test_needs_more_than_a_fleet),
        cmocka_unit_test(test_three_retries),
        cmocka_unit_test(test_token_bucket),
        cmocka_unit_test(test_spike_without_backoff),
        cmocka_unit_test(test_spike_with_backoff),
        cmocka_unit_test(test_ramp),
        cmocka_unit_test(test_ramp_of_arrivals),
        cmocka_unit_test(test_breaker_by_failure_rate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
