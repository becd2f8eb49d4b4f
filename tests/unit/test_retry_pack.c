/* A call that is packed and unpacked between any two events goes on as one
 * that never was: all shipped profiles, random outcomes. */
#include "client/retry_pack.h"
#include "model/rng.h"
#include "shipped_profiles.h"

enum { CALLS = 200, EVENTS_MAX = 300 };

/* The same story, with one call kept whole and one packed. */
struct twins {
    struct retry_shared shared[2];
    struct retry_call whole, small;
    struct retry_packed *packed;
    struct rng rng;
    int64_t now_ns;
};

static const struct retry_request request = {
    .method = "POST", .path = "/api/v1/asample", .body_bytes = 1000};

static const struct attempt_outcome *draw_outcome(struct rng *rng)
{
    static const struct http_header after = {"Retry-After", "2"};
    static const struct http_headers headers = {&after, 1};
    static const struct attempt_outcome outcomes[] = {
        {.end = END_STATUS, .status = 503},
        {.end = END_STATUS, .status = 429, .headers = &headers},
        {.end = END_STATUS, .status = 408},
        {.end = END_TIMEOUT},
        {.end = END_RESET},
        {.end = END_REFUSED},
        {.end = END_STATUS, .status = 500},
        {.end = END_STATUS, .status = 200},
    };
    return &outcomes[rng_next(rng) % COUNT(outcomes)];
}

static void begin(struct twins *twins, const struct profile *profile)
{
    for (int i = 0; i < 2; i++) {
        retry_shared_init(&twins->shared[i], profile, twins->now_ns);
    }
    retry_call_init(&twins->whole, &twins->shared[0], &request);
    retry_call_init(&twins->small, &twins->shared[1], &request);
    twins->packed = malloc(retry_pack_size((int)profile->layer_count));
    assert_non_null(twins->packed);
}

static struct retry_action step_small(struct twins *twins,
                                      const struct retry_event *event)
{
    if (event->kind != RETRY_START) {
        memset(twins->small.state, 0xa5, sizeof twins->small.state);
        retry_unpack(twins->packed, &twins->small);
    }
    struct retry_action action = retry_step(&twins->small, event);
    if (action.kind == RETRY_SEND || action.kind == RETRY_WAIT) {
        retry_pack(&twins->small, twins->packed);
    }
    return action;
}

/* Returns the next event; kind RETRY_CANCEL if the call is over. */
static struct retry_event next_event(struct twins *twins,
                                     const struct retry_action *action)
{
    struct retry_event event = {.kind = RETRY_CANCEL};
    if (action->kind == RETRY_SEND) {
        twins->now_ns += (int64_t)(rng_next(&twins->rng) % (3 * S));
        event.kind = RETRY_ENDED;
        event.outcome = draw_outcome(&twins->rng);
    } else if (action->kind == RETRY_WAIT && !action->is_never) {
        int64_t next_ns = action->until_ns < action->wake_ns ? action->until_ns
                                                             : action->wake_ns;
        twins->now_ns = next_ns;
        event.kind = RETRY_TIMER;
    }
    event.now_ns = twins->now_ns;
    event.u = rng_uniform(&twins->rng);
    return event;
}

static void play(struct twins *twins)
{
    struct retry_event event = {.kind = RETRY_START, .now_ns = twins->now_ns};
    for (int i = 0; i < EVENTS_MAX && event.kind != RETRY_CANCEL; i++) {
        struct retry_action a = retry_step(&twins->whole, &event);
        struct retry_action b = step_small(twins, &event);
        assert_int_equal(a.kind, b.kind);
        assert_int_equal(a.until_ns, b.until_ns);
        assert_int_equal(a.wake_ns, b.wake_ns);
        assert_int_equal(a.step, b.step);
        assert_int_equal(a.reason, b.reason);
        assert_int_equal(a.is_ok, b.is_ok);
        event = next_event(twins, &a);
    }
}

static void test_packed_goes_on_alike(void **state)
{
    (void)state;
    int profiles = 0;
    for (const struct embedded_file *file = embedded_files; file->name;
         file++) {
        char id[128];
        if (sscanf(file->name, "profiles/%127[^/]", id) != 1) {
            continue;
        }
        id[strlen(id) - strlen(".jsonc")] = '\0';
        struct profile *profile = shipped_profile(id);
        struct twins twins = {.rng = rng_stream(1, 2, (uint64_t)profiles++)};
        for (int i = 0; i < CALLS; i++) {
            begin(&twins, profile);
            play(&twins);
            free(twins.packed);
        }
        profile_free(profile);
    }
    assert_true(profiles > 60);
}

/* A fleet has under 200 bytes for a client. */
static void test_size(void **state)
{
    (void)state;
    assert_true(retry_pack_size(1) <= 128);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_packed_goes_on_alike),
        cmocka_unit_test(test_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
