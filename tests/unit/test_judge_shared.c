/* The judge agrees with the engine where calls share something: several calls
 * of several clients run side by side, under profiles drawn at random, on one
 * engine; whatever they do is accepted. Calls that keep what they should share
 * to themselves are refused. */
#include "judge_story.h"

#include "model/rng.h"

enum { RUNS = 800, CALLS_MAX = 24, TEXT_MAX = 3000 };

/* One call of the plan. */
struct member {
    struct retry_call call;
    struct retry_shared own; /* of a client that shares nothing */
    struct retry_action action;
    struct attempt_outcome outcome;
    char token[40];
    size_t client, attempt;
    bool has_begun, is_over, is_in_flight;
    int64_t at_ns; /* when something happens to it next */
};

struct sim {
    struct story story;
    struct rng rng;
    struct retry_shared shared[4]; /* of each client */
    struct retry_limiter wider[PROFILE_LAYERS_MAX];
    struct member members[CALLS_MAX];
    int clients, calls, concurrency;
    int64_t failures;
    bool shares_nothing;
    char layers[TEXT_MAX];
};

static int64_t up_to(struct sim *sim, int64_t most)
{
    return (int64_t)(rng_uniform(&sim->rng) * (double)(most + 1));
}

static bool one_in(struct sim *sim, int64_t n)
{
    return up_to(sim, n - 1) == 0;
}

/* -- profiles ---------------------------------------------------------------
 */

static void put(struct sim *sim, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void put(struct sim *sim, const char *format, ...)
{
    size_t used = strlen(sim->layers);
    va_list arguments;
    va_start(arguments, format);
    int length =
        vsnprintf(sim->layers + used, TEXT_MAX - used, format, arguments);
    va_end(arguments);
    assert_true(length >= 0 && used + (size_t)length < TEXT_MAX);
}

static void put_backoff(struct sim *sim)
{
    static const char *const jitters[] = {
        "", ",\"jitter\":{\"symmetric\":0.5}", ",\"jitter\":\"equal\"",
        ",\"jitter\":{\"up_steps\":0.1}",
        ",\"jitter\":{\"symmetric_inclusive\":0.5}"};
    put(sim,
        "\"backoff\":{\"schedule\":\"exponential\",\"base\":\"%lldms\","
        "\"factor\":2,\"cap\":\"2s\"%s}",
        (long long)(20 + up_to(sim, 600)), jitters[up_to(sim, 4)]);
}

static void put_limiter(struct sim *sim, bool is_wide)
{
    put(sim,
        ",\"rate_limiter\":{\"scope\":\"%s\",\"poll\":\"%s\","
        "\"clears_on_success\":%s%s}",
        is_wide ? "url-and-key" : "holder", one_in(sim, 2) ? "0s" : "40ms",
        one_in(sim, 2) ? "true" : "false",
        one_in(sim, 3) ? ",\"per_second\":8,\"burst\":2" : "");
}

static void put_breaker(struct sim *sim)
{
    put(sim,
        ",\"breaker\":{\"failures\":%lld,\"reset\":\"%lldms\","
        "\"half_open_calls\":%lld,\"checked\":\"%s\",\"retryable\":%s}",
        (long long)(1 + up_to(sim, 3)), (long long)(200 + up_to(sim, 2000)),
        (long long)(1 + up_to(sim, 1)), one_in(sim, 3) ? "call" : "attempt",
        one_in(sim, 2) ? "true" : "false");
}

static void put_budget(struct sim *sim, bool has_tokens)
{
    put(sim, ",\"budget\":{\"attempts\":%lld", (long long)(2 + up_to(sim, 4)));
    if (has_tokens) {
        put(sim,
            ",\"tokens\":{\"capacity\":%lld,\"cost\":%lld,\"refund\":%s,"
            "\"per_call\":%s,\"threshold\":%s,\"failures_cost\":%s}",
            (long long)(2 + up_to(sim, 8)), (long long)(1 + up_to(sim, 1)),
            one_in(sim, 2) ? "1" : "0.5", one_in(sim, 2) ? "0" : "0.25",
            one_in(sim, 2) ? "0" : "1", one_in(sim, 2) ? "true" : "false");
    }
    put(sim, "}");
}

static void put_rules(struct sim *sim, bool closes)
{
    static const char *const counts[] = {"run", "streak", "iterations"};
    put(sim, ",\"rules\":[{\"on\":{\"status\":[\"429\"]},\"do\":\"%s\",",
        closes && one_in(sim, 4) ? "fail" : "retry");
    put_backoff(sim);
    put(sim,
        ",\"retry_after\":{\"read\":[{\"header\":\"Retry-After\","
        "\"as\":[\"seconds\"]}]}%s}",
        closes ? ",\"closes_limiter\":true" : "");
    put(sim, ",{\"on\":{\"status\":[\"408\"]},\"do\":\"poll\",\"count\":"
             "\"iterations\",");
    put_backoff(sim);
    put(sim,
        "},{\"on\":{\"status\":[\"503\"],\"transport\":[\"any\"]},"
        "\"do\":\"retry\",\"count\":\"%s\"%s%s,",
        counts[up_to(sim, 2)], one_in(sim, 3) ? ",\"limit\":2" : "",
        one_in(sim, 4) ? ",\"within\":\"1500ms\"" : "");
    put_backoff(sim);
    put(sim, "}]");
}

static void put_layer(struct sim *sim, const char *name, const char *routes)
{
    bool has_limiter = one_in(sim, 2);
    put(sim, "{\"name\":\"%s\"%s", name, routes);
    if (has_limiter) {
        put_limiter(sim, one_in(sim, 3));
    }
    if (one_in(sim, 3)) {
        put_breaker(sim);
    }
    if (one_in(sim, 8)) {
        put(sim, ",\"call_timeout\":\"1700ms\"");
    }
    put_budget(sim, one_in(sim, 3));
    put_rules(sim, has_limiter);
    put(sim, "}");
}

static void draw_profile(struct sim *sim)
{
    bool has_follow_up = one_in(sim, 3);
    sim->layers[0] = '\0';
    put(sim, "[");
    if (has_follow_up || one_in(sim, 2)) {
        put_layer(sim, "outer", "");
        put(sim, ",");
    }
    put_layer(sim, "http", has_follow_up ? ",\"routes\":[\"POST /v1/x\"]" : "");
    if (has_follow_up) {
        put(sim, ",{\"name\":\"future\",\"routes\":[\"POST /v1/y\"],"
                 "\"rules\":[{\"on\":{\"status\":[\"408\"]},\"do\":\"poll\"},"
                 "{\"on\":{\"status\":[\"410\"]},\"do\":\"start-over\"}]}");
    }
    put(sim, "]%s", has_follow_up ? ",\"follow_up\":\"POST /v1/y\"" : "");
    sim->story.profile = story_profile(sim->layers);
}

/* -- the server -------------------------------------------------------------
 */

static void draw_end(struct sim *sim, struct trace_attempt *attempt)
{
    static const int statuses[] = {429, 429, 503, 503, 503, 408, 410, 400};
    static const enum attempt_end faults[] = {END_RESET, END_CLOSE, END_CUT};
    attempt->last_byte_ns = attempt->head_ns + up_to(sim, 60) * MS;
    attempt->status = 200;
    if (sim->failures-- <= 0 || one_in(sim, 4)) {
        return;
    }
    if (one_in(sim, 6)) {
        attempt->end = faults[up_to(sim, 2)];
        return;
    }
    attempt->status = statuses[up_to(sim, 7)];
    if (attempt->status == 429 && one_in(sim, 2)) {
        add_header(&sim->story, &attempt->reply_headers, "Retry-After",
                   one_in(sim, 3) ? "2" : "1");
    }
}

/* -- the clients ------------------------------------------------------------
 */

static struct retry_shared *shared_of(struct sim *sim, struct member *member)
{
    return sim->shares_nothing ? &member->own : &sim->shared[member->client];
}

static void share(struct sim *sim, struct retry_shared *shared, bool is_own)
{
    const struct profile *profile = sim->story.profile;
    retry_shared_init(shared, profile, 0);
    for (size_t i = 0; i < profile->layer_count && !is_own; i++) {
        if (profile->layers[i].rate_limiter.scope == LIMITER_URL_AND_KEY) {
            shared->layers[i].wider_limiter = &sim->wider[i];
        }
    }
}

static void send_attempt(struct sim *sim, struct member *member, int64_t now_ns)
{
    add_attempt(&sim->story, "0 200");
    size_t index = sim->story.trace.attempt_count - 1;
    struct trace_attempt *attempt = &sim->story.attempts[index];
    attempt->head_ns = now_ns + up_to(sim, 4) * MS;
    attempt->accepted_ns = attempt->request_end_ns = attempt->head_ns;
    attempt->conn = attempt->id;
    attempt->call = member->token;
    if (member->action.step == 1) {
        attempt->target = "/v1/y";
        attempt->route = "server[1]";
    }
    draw_end(sim, attempt);
    member->attempt = index;
    member->is_in_flight = true;
    member->at_ns =
        attempt->last_byte_ns + up_to(sim, one_in(sim, 5) ? 40 : 3) * MS;
}

static void take(struct sim *sim, struct member *member, int64_t now_ns)
{
    const struct retry_action *action = &member->action;
    member->is_in_flight = false;
    switch (action->kind) {
    case RETRY_SEND:
        send_attempt(sim, member, now_ns);
        return;
    case RETRY_WAIT:
        member->at_ns = action->until_ns < action->wake_ns ? action->until_ns
                                                           : action->wake_ns;
        member->at_ns += one_in(sim, 3) ? up_to(sim, 30) * MS : 0;
        return;
    case RETRY_ABORT:
    case RETRY_DONE:
        member->is_over = true;
        return;
    }
}

static struct retry_event next_event(struct sim *sim, struct member *member)
{
    struct retry_event event = {
        .kind = RETRY_TIMER,
        .now_ns = member->at_ns,
        .wall_ns = sim->story.trace.wall_ns + member->at_ns,
        .u = rng_uniform(&sim->rng),
    };
    if (!member->has_begun) {
        event.kind = RETRY_START;
    } else if (member->is_in_flight) {
        const struct trace_attempt *attempt =
            &sim->story.attempts[member->attempt];
        event.kind = RETRY_ENDED;
        member->outcome = (struct attempt_outcome){
            .end = attempt->end,
            .status = attempt->end == END_STATUS ? (int)attempt->status : 0,
            .headers = &attempt->reply_headers,
        };
        event.outcome = &member->outcome;
    }
    return event;
}

static struct member *find_next(struct sim *sim)
{
    struct member *next = NULL;
    for (int i = 0; i < sim->calls; i++) {
        struct member *member = &sim->members[i];
        if (!member->is_over && member->at_ns != NS_FOREVER &&
            (!next || member->at_ns < next->at_ns)) {
            next = member;
        }
    }
    return next;
}

/* The next call of the client begins as this one has ended. */
static void begin_next(struct sim *sim, const struct member *ended)
{
    for (int i = 0; i < sim->calls; i++) {
        struct member *member = &sim->members[i];
        if (member->client == ended->client && member->at_ns == NS_FOREVER &&
            !member->has_begun) {
            member->at_ns = ended->at_ns + up_to(sim, 2) * MS;
            return;
        }
    }
}

static void run(struct sim *sim)
{
    struct member *member;
    int64_t now_ns = 0;
    while ((member = find_next(sim))) {
        struct retry_event event = next_event(sim, member);
        now_ns = event.now_ns;
        member->has_begun = true;
        member->action = retry_step(&member->call, &event);
        take(sim, member, now_ns);
        if (member->is_over) {
            begin_next(sim, member);
        }
        if (sim->story.trace.attempt_count == ATTEMPTS_MAX) {
            sim->failures = 0;
            break;
        }
    }
    sim->story.trace.ended_ns = now_ns + NS_PER_S;
}

/* -- the run as a trace -----------------------------------------------------
 */

static int by_head(const void *a, const void *b)
{
    const struct trace_attempt *x = a, *y = b;
    return (x->head_ns > y->head_ns) - (x->head_ns < y->head_ns);
}

static void note_results(struct sim *sim)
{
    struct trace *trace = &sim->story.trace;
    qsort(sim->story.attempts, trace->attempt_count,
          sizeof sim->story.attempts[0], by_head);
    for (size_t i = 0; i < trace->attempt_count; i++) {
        sim->story.attempts[i].id = (int64_t)i + 1;
    }
    trace->has_results = true;
    for (int i = 0; i < sim->calls; i++) {
        const struct member *member = &sim->members[i];
        sim->story.results[trace->result_count++] = (struct trace_result){
            member->token, member->action.is_ok, 0, "", ""};
    }
}

static void set_up(struct sim *sim, bool shares_nothing, uint64_t seed)
{
    char workload[200];
    memset(sim, 0, sizeof *sim);
    sim->rng = rng_stream(seed, 2, 0);
    sim->shares_nothing = shares_nothing;
    draw_profile(sim);
    sim->clients = 1 + (int)up_to(sim, 2);
    int each = 1 + (int)up_to(sim, CALLS_MAX / sim->clients / 2 - 1);
    sim->calls = sim->clients * each;
    sim->concurrency = one_in(sim, 2) ? 1 : 1 + (int)up_to(sim, 3);
    snprintf(workload, sizeof workload,
             "{\"request\":\"POST /v1/x\",\"clients\":%d,\"calls\":%d,"
             "\"concurrency\":%d}",
             sim->clients, each, sim->concurrency);
    sim->story.scenario = story_scenario(workload, "");
    story_tell(&sim->story, "lag=5");
    sim->failures = up_to(sim, 24);
    for (int i = 0; i < sim->clients; i++) {
        share(sim, &sim->shared[i], false);
    }
    for (int i = 0; i < sim->calls; i++) {
        struct member *member = &sim->members[i];
        int call = i / sim->clients;
        member->client = (size_t)(i % sim->clients);
        member->at_ns =
            call < sim->concurrency ? up_to(sim, 300) * MS : NS_FOREVER;
        snprintf(member->token, sizeof member->token, "rs-%zu-%d",
                 member->client, call);
        share(sim, &member->own, true);
        retry_call_init(&member->call, shared_of(sim, member),
                        &(struct retry_request){.method = "POST",
                                                .path = "/v1/x",
                                                .body_bytes = 2});
    }
}

static void simulate(struct sim *sim, bool shares_nothing, uint64_t seed)
{
    set_up(sim, shares_nothing, seed);
    run(sim);
    note_results(sim);
}

static int count_bad(const struct story *story)
{
    int bad = 0;
    for (size_t i = 0; i < story->report->verdict_count; i++) {
        enum verdict_word word = story->report->verdicts[i].word;
        bad += word != VERDICT_PASS && word != VERDICT_NA;
    }
    return bad;
}

static void print_sim(const struct sim *sim, uint64_t seed)
{
    fprintf(stderr, "seed %llu, %d clients, %d calls, concurrency %d\n%s\n",
            (unsigned long long)seed, sim->clients, sim->calls,
            sim->concurrency, sim->layers);
    for (size_t i = 0; i < sim->story.trace.attempt_count; i++) {
        const struct trace_attempt *a = &sim->story.attempts[i];
        fprintf(stderr, "  #%lld %.3f .. %.3f  %s %s  %s %lld  %s\n",
                (long long)a->id, (double)a->head_ns / 1e9,
                (double)a->last_byte_ns / 1e9, a->call, a->target,
                attempt_end_words[a->end], (long long)a->status,
                a->reply_headers.count ? a->reply_headers.items[0].value : "");
    }
    print_verdicts(&sim->story);
}

/* -- tests ------------------------------------------------------------------
 */

static bool is_whole(const struct sim *sim)
{
    return sim->story.trace.attempt_count > 0 &&
           sim->story.trace.attempt_count < ATTEMPTS_MAX;
}

static int64_t exercised(const struct sim *sim, const char *rule)
{
    const struct verdict *verdict = verdict_of(&sim->story, rule);
    return verdict ? verdict->exercised : 0;
}

static void test_calls_that_share_are_accepted(void **state)
{
    (void)state;
    static struct sim sim;
    static const char *const rules[] = {"RL-1", "RL-2", "RL-3",
                                        "CB-1", "TB-1", "FU-1"};
    int64_t seen[6] = {0}, judged = 0;
    static const uint64_t found[] = {12616, 38009}; /* by long runs */
    for (size_t k = 0; k < RUNS + sizeof found / sizeof *found; k++) {
        uint64_t seed = k < RUNS ? k : found[k - RUNS];
        simulate(&sim, false, seed);
        if (is_whole(&sim)) {
            story_judge(&sim.story);
            if (count_bad(&sim.story) > 0 ||
                sim.story.report->client_fault != CLIENT_OK) {
                print_sim(&sim, seed);
                fail_msg("obedient clients were refused");
            }
            for (size_t i = 0; i < 6; i++) {
                seen[i] += exercised(&sim, rules[i]);
            }
            judged++;
        }
        story_free(&sim.story);
    }
    assert_true(judged > RUNS / 2);
    for (size_t i = 0; i < 6; i++) {
        if (seen[i] < RUNS / 50) {
            fail_msg("%s was exercised %lld times only", rules[i],
                     (long long)seen[i]);
        }
    }
}

static int64_t violations(const struct sim *sim, const char *rule)
{
    const struct verdict *verdict = verdict_of(&sim->story, rule);
    return verdict ? verdict->violations : 0;
}

static void test_calls_that_keep_to_themselves_are_refused(void **state)
{
    (void)state;
    static struct sim sim;
    static const char *const rules[] = {"RL-1", "CB-1", "TB-1"};
    int refused[3] = {0};
    for (uint64_t seed = 0; seed < RUNS; seed++) {
        simulate(&sim, true, seed);
        if (is_whole(&sim)) {
            story_judge(&sim.story);
            for (size_t i = 0; i < 3; i++) {
                refused[i] += violations(&sim, rules[i]) > 0;
            }
        }
        story_free(&sim.story);
    }
    for (size_t i = 0; i < 3; i++) {
        if (refused[i] < RUNS / 100) {
            fail_msg("%s was broken in %d runs only", rules[i], refused[i]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_calls_that_share_are_accepted),
        cmocka_unit_test(test_calls_that_keep_to_themselves_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
