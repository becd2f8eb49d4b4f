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
    const struct retry_request *request;
    int64_t now_ns;
};

static const struct retry_request requests[] = {
    {.method = "POST", .path = "/api/v1/asample", .body_bytes = 1000},
    {.method = "POST", .path = "/api/v1/retrieve_future", .body_bytes = 10},
    {.method = "GET", .path = "/v1/echo"},
};

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

/* What calls share goes on from call to call: limiters are met closed. */
static void begin(struct twins *twins)
{
    twins->request = &requests[rng_next(&twins->rng) % COUNT(requests)];
    retry_call_init(&twins->whole, &twins->shared[0], twins->request);
    retry_call_init(&twins->small, &twins->shared[1], twins->request);
}

static struct retry_action step_small(struct twins *twins,
                                      const struct retry_event *event)
{
    if (event->kind != RETRY_START) {
        retry_call_init(&twins->small, &twins->shared[1], twins->request);
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
        bool is_early = rng_next(&twins->rng) % 4 == 0;
        double part = is_early ? rng_uniform(&twins->rng) : 1;
        twins->now_ns += (int64_t)((double)(next_ns - twins->now_ns) * part);
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
        if (a.kind != RETRY_WAIT) { /* of a wait only the times are told */
            assert_int_equal(a.step, b.step);
            assert_int_equal(a.reason, b.reason);
            assert_int_equal(a.is_ok, b.is_ok);
        }
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
        for (int i = 0; i < 2; i++) {
            retry_shared_init(&twins.shared[i], profile, 0);
        }
        twins.packed = malloc(retry_pack_size((int)profile->layer_count));
        assert_non_null(twins.packed);
        for (int i = 0; i < CALLS; i++) {
            begin(&twins);
            play(&twins);
        }
        free(twins.packed);
        profile_free(profile);
    }
    assert_true(profiles > 60);
}

static void test_every_field_comes_back(void **state)
{
    (void)state;
    struct retry_call before = {.phase = RETRY_PHASE_WAITING}, after = {0};
    union {
        struct retry_packed packed;
        char room[2000];
    } small;
    before.step = 1;
    before.attempt_started_ns = 3;
    before.wait_from_ns = 4;
    before.wait_until_ns = 5;
    before.attempts = 6;
    before.waiting_layer = 7;
    before.wait_kind = WAIT_LIMITER;
    before.fresh = 9;
    before.gate_layer = -1;
    before.is_past_window = before.has_reserved = before.is_watching = true;
    before.probes = 10;
    before.retrying = 3;
    before.look_ns = 11;
    before.wait.kind = RETRY_WAIT; /* all that is told of it */
    before.layer_count = after.layer_count = PROFILE_LAYERS_MAX;
    for (int i = 0; i < PROFILE_LAYERS_MAX; i++) {
        before.state[i].retries = before.state[i].within_since_ns = 12 + i;
    }
    assert_true(retry_pack_size(PROFILE_LAYERS_MAX) <= sizeof small);
    retry_pack(&before, &small.packed);
    retry_unpack(&small.packed, &after);
    assert_memory_equal(&before, &after, sizeof before);
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
        cmocka_unit_test(test_every_field_comes_back),
        cmocka_unit_test(test_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
