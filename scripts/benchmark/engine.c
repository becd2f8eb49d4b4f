/* How many steps a second the retry engine takes on one core, and what a call
 * costs in memory: calls of a shipped profile that fail and succeed, the
 * answers chosen by a random stream, time virtual.
 *
 *     engine [SECONDS] [PROFILE...]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "client/retry.h"
#include "model/rng.h"
#include "model/units.h"

enum { CALLS = 256, DRAWS = 4096 };

struct bench {
    struct profile *profile;
    struct retry_request request;
    struct retry_shared shared;
    struct retry_call calls[CALLS];
    /* Drawn beforehand: the engine is measured, not the generator. */
    const struct attempt_outcome *outcomes[DRAWS];
    double us[DRAWS];
    int64_t now_ns;
    uint64_t steps, calls_done;
};

/* Of this process: what else the machine does is not counted. */
static double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* A path that all layers cover, if there is one. */
static void choose_request(struct bench *bench)
{
    static const char *const paths[] = {"/api/v1/asample",
                                        "/api/v1/retrieve_future",
                                        "/v1/chat/completions", "/"};
    size_t best = 0;
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        size_t covered = 0;
        for (size_t k = 0; k < bench->profile->layer_count; k++) {
            covered +=
                layer_covers(&bench->profile->layers[k], "POST", paths[i]);
        }
        if (i == 0 || covered > best) {
            best = covered;
            bench->request =
                (struct retry_request){.method = "POST", .path = paths[i]};
        }
    }
}

static void draw_all(struct bench *bench)
{
    static const struct http_header items[] = {
        {"content-type", "application/json"}, {"retry-after", "1"}};
    static const struct http_headers plain = {items, 1}, telling = {items, 2};
    static const struct attempt_outcome outcomes[] = {
        {.end = END_STATUS, .status = 500, .headers = &plain},
        {.end = END_STATUS, .status = 503, .headers = &plain},
        {.end = END_STATUS, .status = 429, .headers = &telling},
        {.end = END_RESET},
        {.end = END_TIMEOUT},
        {.end = END_STATUS, .status = 200, .headers = &plain},
    };
    struct rng rng = rng_stream(1, 1, 1);
    for (int i = 0; i < DRAWS; i++) {
        bench->us[i] = rng_uniform(&rng);
        bench->outcomes[i] =
            &outcomes[rng_next(&rng) % (sizeof outcomes / sizeof *outcomes)];
    }
}

/* One call to its end. */
static void run_call(struct bench *bench, struct retry_call *call)
{
    struct retry_event event = {.kind = RETRY_START, .now_ns = bench->now_ns};
    retry_call_init(call, &bench->shared, &bench->request);
    for (;;) {
        uint64_t draw = bench->steps++ % DRAWS;
        event.u = bench->us[draw];
        event.outcome = bench->outcomes[draw];
        struct retry_action action = retry_step(call, &event);
        if (action.kind == RETRY_SEND) {
            event.kind = RETRY_ENDED;
        } else if (action.kind == RETRY_WAIT) {
            event.kind = RETRY_TIMER;
            event.now_ns = action.until_ns < action.wake_ns ? action.until_ns
                                                            : action.wake_ns;
        } else {
            break;
        }
    }
    bench->now_ns = event.now_ns;
    bench->calls_done++;
}

static void run(struct bench *bench, int calls)
{
    for (int i = 0; i < calls; i++) {
        run_call(bench, &bench->calls[i % CALLS]);
    }
}

static bool measure(struct profile *profile, double seconds)
{
    struct bench *bench = calloc(1, sizeof *bench);
    if (!bench) {
        return false;
    }
    bench->profile = profile;
    choose_request(bench);
    draw_all(bench);
    retry_shared_init(&bench->shared, profile, 0);
    run(bench, 1000);
    bench->steps = bench->calls_done = 0;
    double begin = seconds_now(), end = begin;
    while (end - begin < seconds) {
        run(bench, 1000);
        end = seconds_now();
    }
    double rate = (double)bench->steps / (end - begin);
    printf("%-24s %zu layers  %8.2f million steps/s  %6.1f ns a step  "
           "%5.1f steps a call\n",
           profile->id, profile->layer_count, rate / 1e6, 1e9 / rate,
           (double)bench->steps / (double)bench->calls_done);
    free(bench);
    return true;
}

int main(int argc, char **argv)
{
    double seconds = argc > 1 ? strtod(argv[1], NULL) : 1;
    printf("struct retry_call: %zu bytes, retry_action: %zu, retry_shared: "
           "%zu\n",
           sizeof(struct retry_call), sizeof(struct retry_action),
           sizeof(struct retry_shared));
    for (int i = 2; i < argc; i++) {
        struct error error = {0};
        struct profile *profile = profile_read_file(argv[i], &error);
        if (!profile) {
            error_print(&error, stderr);
            return EXIT_FAILURE;
        }
        bool is_measured = measure(profile, seconds);
        profile_free(profile);
        if (!is_measured) {
            return EXIT_FAILURE;
        }
    }
    return EXIT_SUCCESS;
}
