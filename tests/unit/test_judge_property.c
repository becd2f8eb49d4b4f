/* The judge agrees with the engine: whatever a client that obeys the engine
 * does, late by a little now and then, is accepted; the same trace with one gap
 * too short, the last attempt missing or one too many is refused. */
#include "judge_profiles.h"

#include "model/rng.h"

enum { RUNS = 2000, FAILURES_MAX = 24 };

/* What the client did, for the mutations. */
struct gap {
    int64_t min_ns;
    bool is_sure; /* no budget of time is near */
};

struct sim {
    struct story story;
    struct rng rng;
    struct retry_shared shared;
    struct retry_call call;
    struct gap gaps[ATTEMPTS_MAX]; /* after attempt i */
    struct retry_action last;
    struct trace_outage outage;
    const char *path, *first_path;
    int64_t failures;
};

static int64_t up_to(struct sim *sim, int64_t most)
{
    return (int64_t)(rng_uniform(&sim->rng) * (double)(most + 1));
}

static bool one_in(struct sim *sim, int64_t n)
{
    return up_to(sim, n - 1) == 0;
}

/* -- outcomes -------------------------------------------------------------- */

static const int statuses[] = {408, 409, 429, 500, 503, 503, 503, 400, 404};
static const enum attempt_end faults[] = {END_RESET, END_CLOSE, END_CUT,
                                          END_GARBAGE, END_RESET_BODY};

static void add_retry_after(struct sim *sim, struct trace_attempt *attempt)
{
    static const char *const values[] = {"0",  "1",    "2",    "1.5",
                                         "-1", "soon", "3600", ""};
    static const char *const dates[] = {"Sun, 09 Sep 2001 01:47:00 GMT",
                                        "Sun, 09 Sep 2001 01:46:45 GMT"};
    if (one_in(sim, 3)) {
        add_header(&sim->story, &attempt->reply_headers, "Retry-After",
                   values[up_to(sim, 7)]);
    } else if (one_in(sim, 4)) {
        add_header(&sim->story, &attempt->reply_headers, "Retry-After",
                   dates[up_to(sim, 1)]);
    }
    if (one_in(sim, 6)) {
        add_header(&sim->story, &attempt->reply_headers, "retry-after-ms",
                   one_in(sim, 2) ? "250" : "1500");
    }
    if (one_in(sim, 12)) {
        add_header(&sim->story, &attempt->reply_headers, "x-should-retry",
                   one_in(sim, 2) ? "true" : "false");
    }
}

/* Draws how the attempt ends; `send` bounds how long it hangs. */
static void draw_end(struct sim *sim, struct trace_attempt *attempt,
                     const struct retry_action *send, int64_t sent_ns)
{
    int64_t limit_ns = send->attempt_timeout.limit_ns;
    int64_t due_ns = send->until_ns;
    if (send->attempt_timeout.kind != TIMEOUT_TOTAL) {
        due_ns = units_add(sent_ns, limit_ns);
    }
    attempt->last_byte_ns = attempt->head_ns + up_to(sim, 40) * MS;
    attempt->end = END_STATUS;
    if (sim->failures-- <= 0) {
        attempt->status = 200;
    } else if (due_ns != NS_FOREVER && one_in(sim, 6)) {
        attempt->end = END_TIMEOUT;
        attempt->last_byte_ns = TRACE_NEVER;
        attempt->gone_ns = due_ns + up_to(sim, 30) * MS;
    } else if (one_in(sim, 3)) {
        attempt->end = faults[up_to(sim, 4)];
    } else {
        attempt->status = statuses[up_to(sim, 8)];
        add_retry_after(sim, attempt);
    }
    if (attempt->end == END_STATUS) { /* as the server frames it */
        add_header(&sim->story, &attempt->reply_headers, "Content-Length", "0");
    }
}

/* -- the client ------------------------------------------------------------ */

static void add_telling_headers(struct sim *sim, struct trace_attempt *attempt)
{
    const struct telling_headers *headers = &sim->story.profile->headers;
    char text[32];
    int innermost = retry_innermost(&sim->call);
    if (headers->retry_count && innermost >= 0) {
        snprintf(text, sizeof text, "%lld",
                 (long long)(headers->retry_count_from +
                             sim->call.state[innermost].retries));
        add_header(&sim->story, &attempt->headers, headers->retry_count, text);
    }
    if (headers->idempotency_key) {
        bool is_constant = headers->idempotency_scope == KEY_PER_CALL;
        snprintf(text, sizeof text, "key-%lld",
                 is_constant ? 0 : (long long)attempt->id);
        add_header(&sim->story, &attempt->headers, headers->idempotency_key,
                   text);
    }
}

static struct trace_attempt *record(struct sim *sim, int64_t head_ns)
{
    add_attempt(&sim->story, "0 200");
    struct trace_attempt *attempt =
        &sim->story.attempts[sim->story.trace.attempt_count - 1];
    attempt->head_ns = attempt->accepted_ns = attempt->request_end_ns = head_ns;
    attempt->conn = attempt->id;
    attempt->target = sim->path;
    attempt->status = 0;
    add_telling_headers(sim, attempt);
    return attempt;
}

/* One attempt; returns when the client knows how it ended. */
static int64_t attempt_once(struct sim *sim, const struct retry_action *send,
                            int64_t now_ns, struct attempt_outcome *outcome)
{
    int64_t head_ns = now_ns + up_to(sim, 5) * MS;
    if (now_ns >= sim->outage.from_ns && head_ns <= sim->outage.to_ns) {
        *outcome = (struct attempt_outcome){.end = END_REFUSED};
        return now_ns + up_to(sim, 2) * MS;
    }
    struct trace_attempt *attempt = record(sim, head_ns);
    draw_end(sim, attempt, send, now_ns);
    *outcome = (struct attempt_outcome){
        .end = attempt->end,
        .status = (int)attempt->status,
        .headers = &attempt->reply_headers,
    };
    return (attempt->end == END_TIMEOUT ? attempt->gone_ns
                                        : attempt->last_byte_ns) +
           up_to(sim, 3) * MS;
}

static bool is_near(int64_t limit_ns, int64_t elapsed_ns)
{
    return limit_ns != NS_FOREVER && elapsed_ns > limit_ns - 40 * NS_PER_S;
}

static bool is_near_budget(const struct sim *sim, int64_t now_ns)
{
    for (int i = 0; i < sim->call.layer_count; i++) {
        const struct layer *layer = retry_layer(&sim->call, i);
        if (retry_call_has(&sim->call, i) &&
            (is_near(layer->budget.elapsed_ns,
                     now_ns - sim->call.state[i].started_ns) ||
             is_near(layer->progress.timeout_ns, now_ns))) {
            return true;
        }
    }
    return false;
}

/* Where the coming attempt goes: to the follow-up after the first request. */
static void set_path(struct sim *sim, const struct retry_action *action)
{
    sim->path = action->step == 0 ? sim->first_path
                                  : sim->story.profile->follow_up.path;
}

static struct retry_action end_attempt(struct sim *sim, int64_t now_ns,
                                       const struct attempt_outcome *outcome)
{
    return retry_step(&sim->call,
                      &(struct retry_event){
                          .kind = RETRY_ENDED,
                          .now_ns = now_ns,
                          .wall_ns = sim->story.trace.wall_ns + now_ns,
                          .u = rng_uniform(&sim->rng),
                          .outcome = outcome,
                      });
}

/* The delay, and then the windows of limiters, if they are closed. */
static struct retry_action wait_for_it(struct sim *sim,
                                       struct retry_action action,
                                       int64_t *now_ns)
{
    if (action.kind == RETRY_WAIT && sim->story.trace.attempt_count > 0) {
        sim->gaps[sim->story.trace.attempt_count - 1] = (struct gap){
            backoff_range(&action.law).min_ns, !is_near_budget(sim, *now_ns)};
    }
    while (action.kind == RETRY_WAIT && !action.is_never) {
        *now_ns = action.until_ns + up_to(sim, 30) * MS;
        action = retry_step(&sim->call,
                            &(struct retry_event){.kind = RETRY_TIMER,
                                                  .now_ns = *now_ns,
                                                  .u = rng_uniform(&sim->rng)});
    }
    return action;
}

static void run_call(struct sim *sim, int64_t now_ns)
{
    struct attempt_outcome outcome;
    retry_shared_init(&sim->shared, sim->story.profile, now_ns);
    retry_call_init(
        &sim->call, &sim->shared,
        &(struct retry_request){.method = "POST", .path = sim->path});
    struct retry_event event = {.kind = RETRY_START, .now_ns = now_ns};
    struct retry_action action = retry_step(&sim->call, &event);
    while (action.kind == RETRY_SEND) {
        set_path(sim, &action);
        now_ns = attempt_once(sim, &action, now_ns, &outcome);
        action = end_attempt(sim, now_ns, &outcome);
        action = wait_for_it(sim, action, &now_ns);
    }
    sim->last = action;
    sim->story.trace.ended_ns = now_ns + NS_PER_S;
}

static bool is_covered(const struct sim *sim)
{
    const struct profile *profile = sim->story.profile;
    bool is_any = false;
    for (size_t i = 0; i < profile->layer_count; i++) {
        is_any |= layer_covers(&profile->layers[i], "POST", sim->path);
    }
    return is_any;
}

static void simulate(struct sim *sim, uint64_t seed, int profile)
{
    static const char *const paths[] = {"/v1/x", "/api/v1/asample",
                                        "/api/v1/retrieve_future"};
    *sim = (struct sim){.rng = rng_stream(seed, 1, 0)};
    sim->story.profile = profiles[profile];
    sim->story.scenario = story_scenario("{\"request\":\"POST /v1/x\"}", "");
    do {
        sim->path = paths[up_to(sim, 2)];
    } while (!is_covered(sim)); /* elsewhere there is nothing to judge */
    sim->first_path = sim->path;
    sim->failures = up_to(sim, FAILURES_MAX);
    if (one_in(sim, 3)) {
        sim->outage.from_ns = up_to(sim, 4000) * MS;
        sim->outage.to_ns = sim->outage.from_ns + up_to(sim, 8000) * MS;
        sim->outage.kind = FAULT_REFUSE;
    }
    story_tell(&sim->story, "lag=5");
    run_call(sim, 10 * MS);
    if (sim->outage.to_ns > 0) {
        sim->story.outages[0] = sim->outage;
        sim->story.trace.outage_count = 1;
    }
    sim->story.trace.has_results = true;
    sim->story.results[0] = (struct trace_result){
        "rs-0-0", sim->last.kind == RETRY_DONE && sim->last.is_ok, 0, "", ""};
    sim->story.trace.result_count = 1;
}

/* -- judging --------------------------------------------------------------- */

static int count_bad(const struct story *story)
{
    int bad = 0;
    for (size_t i = 0; i < story->report->verdict_count; i++) {
        enum verdict_word word = story->report->verdicts[i].word;
        bad += word != VERDICT_PASS && word != VERDICT_NA;
    }
    return bad;
}

static void drop(struct sim *sim)
{
    scenario_report_free(sim->story.report);
    rules_free(sim->story.rules);
    sim->story.report = NULL;
    sim->story.rules = NULL;
}

static void print_sim(const struct sim *sim, uint64_t seed)
{
    fprintf(stderr, "seed %llu, profile %s, %s\n", (unsigned long long)seed,
            sim->story.profile->id, sim->path);
    for (size_t i = 0; i < sim->story.trace.attempt_count; i++) {
        const struct trace_attempt *a = &sim->story.attempts[i];
        fprintf(stderr, "  %.3f .. %.3f  %s %lld  %s\n",
                (double)a->head_ns / 1e9,
                (double)(a->end == END_TIMEOUT ? a->gone_ns : a->last_byte_ns) /
                    1e9,
                attempt_end_words[a->end], (long long)a->status,
                a->reply_headers.count ? a->reply_headers.items[0].value : "");
    }
    if (sim->outage.to_ns > 0) {
        fprintf(stderr, "  refused %.3f .. %.3f\n",
                (double)sim->outage.from_ns / 1e9,
                (double)sim->outage.to_ns / 1e9);
    }
    print_verdicts(&sim->story);
}

static void end_sim(struct sim *sim)
{
    scenario_free(sim->story.scenario);
    arena_deinit(&sim->story.arena);
}

static void test_the_engine_is_accepted(void **state)
{
    (void)state;
    static struct sim sim;
    int judged = 0, retries = 0;
    for (uint64_t seed = 0; seed < RUNS; seed++) {
        simulate(&sim, seed, (int)(seed % (uint64_t)profile_count));
        if (sim.story.trace.attempt_count > 0) {
            story_judge(&sim.story);
            if (count_bad(&sim.story) > 0 ||
                sim.story.report->client_fault != CLIENT_OK) {
                print_sim(&sim, seed);
                fail_msg("an obedient client was refused");
            }
            judged++;
            retries += (int)sim.story.trace.attempt_count - 1;
            drop(&sim);
        }
        end_sim(&sim);
    }
    assert_true(judged > RUNS * 9 / 10 && retries > RUNS);
}

/* -- mutations ------------------------------------------------------------- */

/* A program without adapter: only the wire speaks. */
static void judge_mutant(struct sim *sim)
{
    sim->story.trace.level = 0;
    sim->story.trace.result_count = 0;
    story_judge(&sim->story);
}

static void must_be_refused(struct sim *sim, uint64_t seed, const char *what)
{
    judge_mutant(sim);
    if (count_bad(&sim->story) == 0) {
        print_sim(sim, seed);
        fail_msg("%s was accepted", what);
    }
    drop(sim);
}

static bool is_waived(const struct profile *profile, const char *rule)
{
    for (size_t i = 0; i < profile->not_applicable_count; i++) {
        if (strcmp(profile->not_applicable[i].rule, rule) == 0) {
            return true;
        }
    }
    return false;
}

/* By what other calls did, of which a trace of one knows nothing. */
static bool may_stop_any_time(const struct profile *profile)
{
    bool may_stop = false;
    for (size_t i = 0; i < profile->layer_count; i++) {
        const struct layer *layer = &profile->layers[i];
        may_stop |= layer->throttle.is_used ||
                    layer->budget.allowance.kind != ALLOWANCE_NONE;
    }
    return may_stop;
}

static void shift(struct trace_attempt *attempt, int64_t by_ns)
{
    attempt->head_ns -= by_ns;
    attempt->accepted_ns -= by_ns;
    attempt->request_end_ns -= by_ns;
    attempt->last_byte_ns -= attempt->last_byte_ns == TRACE_NEVER ? 0 : by_ns;
    attempt->gone_ns -= attempt->gone_ns == TRACE_NEVER ? 0 : by_ns;
}

static bool shorten_gap(struct sim *sim)
{
    size_t count = sim->story.trace.attempt_count;
    for (size_t i = 0; i + 1 < count; i++) {
        struct trace_attempt *a = &sim->story.attempts[i];
        if (sim->gaps[i].min_ns < 300 * MS || !sim->gaps[i].is_sure) {
            continue;
        }
        int64_t end_ns = a->end == END_TIMEOUT ? a->gone_ns : a->last_byte_ns;
        int64_t by_ns = sim->story.attempts[i + 1].head_ns -
                        (end_ns + sim->gaps[i].min_ns - 100 * MS);
        for (size_t k = i + 1; k < count; k++) {
            shift(&sim->story.attempts[k], by_ns);
        }
        return true;
    }
    return false;
}

static bool drop_last(struct sim *sim)
{
    size_t count = sim->story.trace.attempt_count;
    if (count < 2 || !sim->gaps[count - 2].is_sure ||
        may_stop_any_time(sim->story.profile) ||
        is_waived(sim->story.profile, "AT-1")) {
        return false;
    }
    sim->story.trace.attempt_count--;
    sim->story.trace.ended_ns += 3600 * NS_PER_S;
    return true;
}

static bool add_one(struct sim *sim)
{
    size_t count = sim->story.trace.attempt_count;
    if (count == 0 || count == ATTEMPTS_MAX || sim->last.kind != RETRY_DONE ||
        (sim->last.reason != REASON_SUCCESS &&
         sim->last.reason != REASON_FINAL &&
         sim->last.reason != REASON_ATTEMPTS)) {
        return false;
    }
    struct trace_attempt *last = &sim->story.attempts[count - 1];
    int64_t end_ns =
        last->end == END_TIMEOUT ? last->gone_ns : last->last_byte_ns;
    struct trace_attempt *more = record(sim, end_ns + 2 * NS_PER_S);
    more->last_byte_ns = more->head_ns + MS;
    more->status = 200;
    return true;
}

static void check_mutation(bool (*mutate)(struct sim *sim), const char *what)
{
    static struct sim sim;
    int mutants = 0;
    for (uint64_t seed = 0; seed < RUNS / 2; seed++) {
        simulate(&sim, seed, (int)(seed % (uint64_t)profile_count));
        if (sim.outage.to_ns == 0 && mutate(&sim)) {
            must_be_refused(&sim, seed, what);
            mutants++;
        }
        end_sim(&sim);
    }
    assert_true(mutants > RUNS / 20);
}

static void test_a_gap_too_short_is_refused(void **state)
{
    (void)state;
    check_mutation(shorten_gap, "a gap too short");
}

static void test_a_missing_attempt_is_refused(void **state)
{
    (void)state;
    check_mutation(drop_last, "a missing attempt");
}

static void test_an_attempt_too_many_is_refused(void **state)
{
    (void)state;
    check_mutation(add_one, "an attempt too many");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_engine_is_accepted),
        cmocka_unit_test(test_a_gap_too_short_is_refused),
        cmocka_unit_test(test_a_missing_attempt_is_refused),
        cmocka_unit_test(test_an_attempt_too_many_is_refused),
    };
    return cmocka_run_group_tests(tests, read_profiles, free_profiles);
}
