#include "client/driver.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "client/curl_api.h"
#include "client/driver_clock.h"
#include "client/driver_parts.h"
#include "model/units.h"

/* The stop flag is looked at this often when nothing happens. */
enum { NAP_MAX_MS = 100 };

/* Descriptors beside one a connection. */
enum { SPARE_FILES = 64 };

void driver_fail_memory(struct driver *driver)
{
    if (!driver->has_failed) {
        driver->has_failed = true;
        error_add(driver->error, PROBLEM_MEMORY,
                  "out of memory in the reference client");
    }
}

void driver_arm(struct driver *driver, struct timer *timer, int64_t at_ns)
{
    if (!timers_set(&driver->timers, timer, at_ns)) {
        driver_fail_memory(driver);
    }
}

/* -- the loop ---------------------------------------------------------------
 */

static void fire(struct driver *driver, const struct timer *timer)
{
    switch ((enum driver_timer_kind)timer->kind) {
    case TIMER_MULTI:
        driver_wire_on_timer(driver);
        return;
    case TIMER_CLIENT:
        driver_client_on_timer(timer->owner);
        return;
    case TIMER_CALL:
        course_on_timer(&((struct driver_call *)timer->owner)->course);
        return;
    }
}

static bool is_stopped(const struct driver *driver)
{
    return driver->options->stop && *driver->options->stop;
}

/* All that is due at one look at the clock: timers armed meanwhile have their
 * turn after the sockets had theirs. */
static void fire_due(struct driver *driver)
{
    int64_t now_ns = driver_clock_ns();
    struct timer *timer = timers_first(&driver->timers);
    while (timer && timer->at_ns <= now_ns && !driver->has_failed &&
           !is_stopped(driver)) {
        fire(driver, timer);
        timer = timers_first(&driver->timers);
    }
}

static void loop(struct driver *driver)
{
    while (driver->clients_left > 0 && !driver->has_failed &&
           !is_stopped(driver)) {
        int64_t until_ns = driver_clock_ns() + NAP_MAX_MS * NS_PER_MS;
        const struct timer *timer = timers_first(&driver->timers);
        if (timer && timer->at_ns < until_ns) {
            until_ns = timer->at_ns;
        }
        driver_wire_wait(driver, until_ns);
        fire_due(driver);
    }
    while (driver->calls && !driver->has_failed) {
        course_cancel(&driver->calls->course);
    }
}

/* -- running ----------------------------------------------------------------
 */

static bool make_url(struct driver *driver, int step, const char *target)
{
    if (asprintf(&driver->urls[step], "%s%s", driver->options->base_url,
                 target) < 0) {
        driver->urls[step] = NULL;
    }
    return driver->urls[step] != NULL;
}

static bool make_requests(struct driver *driver)
{
    const struct workload *workload = &driver->options->plan->workload;
    const struct follow_up *follow_up = &driver->profile.follow_up;
    driver->path = strndup(workload->path, strcspn(workload->path, "?"));
    driver->requests[0].method = workload->method;
    driver->requests[0].path = driver->path;
    driver->requests[1].method = follow_up->method;
    driver->requests[1].path = follow_up->path;
    bool is_ready = driver->path && make_url(driver, 0, workload->path) &&
                    (!follow_up->path || make_url(driver, 1, follow_up->path));
    if (!is_ready) {
        driver_fail_memory(driver);
    }
    return is_ready;
}

static bool reads_bodies(const struct retry_after *policy)
{
    for (size_t i = 0; policy->is_used && i < policy->source_count; i++) {
        if (policy->sources[i].pointer) {
            return true;
        }
    }
    return false;
}

static bool layer_reads_bodies(const struct layer *layer)
{
    for (size_t i = 0; i < layer->rule_count; i++) {
        if (layer->rules[i].on.body.pointer ||
            reads_bodies(&layer->rules[i].retry_after)) {
            return true;
        }
    }
    return false;
}

/* Bodies are kept only for who looks into them. */
static size_t kept_bytes(const struct driver *driver)
{
    bool are_read =
        driver->options->on_event && driver->profile.queue_state.state != NULL;
    for (size_t i = 0; i < driver->profile.layer_count; i++) {
        are_read |= layer_reads_bodies(&driver->layers[i]);
    }
    if (are_read) {
        return DRIVER_BODY_MAX;
    }
    return driver->options->on_event ? EVENT_BODY_MIN : 0;
}

static int64_t calls_at_once(const struct workload *workload)
{
    return workload->clients * (workload->concurrency < workload->calls
                                    ? workload->concurrency
                                    : workload->calls);
}

static bool raise_file_limit(const struct driver *driver)
{
    struct rlimit limit;
    int64_t needed =
        calls_at_once(&driver->options->plan->workload) + SPARE_FILES;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return true;
    }
    if (limit.rlim_max < (rlim_t)needed) {
        error_add(driver->error, PROBLEM_SYSTEM,
                  "the plan needs %lld open files, the limit is %llu "
                  "(ulimit -Hn)",
                  (long long)needed, (unsigned long long)limit.rlim_max);
        return false;
    }
    if (limit.rlim_cur < (rlim_t)needed) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
    return true;
}

static void deinit(struct driver *driver)
{
    while (driver->calls) {
        driver_call_free(driver->calls);
    }
    driver_wire_deinit(driver);
    timers_deinit(&driver->timers);
    driver_clients_deinit(driver);
    free(driver->path);
    free(driver->urls[0]);
    free(driver->urls[1]);
}

static bool start_curl(struct error *error)
{
    if (!curl_api_load(error)) {
        return false;
    }
    if (curl_api.global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        error_add(error, PROBLEM_SYSTEM, "libcurl could not be started");
        return false;
    }
    return true;
}

bool driver_run(const struct driver_options *options,
                struct driver_stats *stats, struct error *error)
{
    struct driver driver = {
        .options = options,
        .error = error,
        .stats = stats,
        .epoll = -1,
    };
    *stats = (struct driver_stats){0};
    if (!start_curl(error)) {
        return false;
    }
    driver.origin_ns = driver_clock_ns();
    driver.profile =
        caller_profile(options->profile,
                       options->plan->workload.read_timeout_ns, driver.layers);
    driver.keeps_bytes = kept_bytes(&driver);
    bool is_ready = make_requests(&driver) && raise_file_limit(&driver) &&
                    driver_wire_init(&driver) && driver_clients_init(&driver);
    if (is_ready) {
        loop(&driver);
    }
    deinit(&driver);
    curl_api.global_cleanup();
    return is_ready && !driver.has_failed;
}
