#include "client/driver.h"

#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>

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

void driver_arm(struct driver *driver, struct driver_timer *timer,
                int64_t at_ns)
{
    if (!driver_timers_set(&driver->timers, timer, at_ns)) {
        driver_fail_memory(driver);
    }
}

/* -- where to connect to ----------------------------------------------------
 */

struct server {
    char *host, *port;
    char addresses[200]; /* numeric, separated by commas */
};

static void server_deinit(struct server *server)
{
    curl_api.free(server->host);
    curl_api.free(server->port);
}

static bool split_url(const char *url, struct server *server)
{
    CURLU *parts = curl_api.url();
    bool is_split =
        parts && curl_api.url_set(parts, CURLUPART_URL, url, 0) == CURLUE_OK &&
        curl_api.url_get(parts, CURLUPART_HOST, &server->host, 0) ==
            CURLUE_OK &&
        curl_api.url_get(parts, CURLUPART_PORT, &server->port,
                         CURLU_DEFAULT_PORT) == CURLUE_OK;
    curl_api.url_cleanup(parts);
    return is_split;
}

static void add_address(struct server *server, const struct addrinfo *info)
{
    char address[100];
    if (getnameinfo(info->ai_addr, info->ai_addrlen, address, sizeof address,
                    NULL, 0, NI_NUMERICHOST) != 0) {
        return;
    }
    size_t used = strlen(server->addresses);
    if (used + strlen(address) + 2 < sizeof server->addresses) {
        snprintf(server->addresses + used, sizeof server->addresses - used,
                 "%s%s", used ? "," : "", address);
    }
}

static void resolve(struct server *server)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found = NULL;
    char host[256];
    const char *start = server->host + (server->host[0] == '[');
    snprintf(host, sizeof host, "%.*s", (int)strcspn(start, "]"), start);
    if (getaddrinfo(host, server->port, &hints, &found) == 0) {
        for (const struct addrinfo *i = found; i; i = i->ai_next) {
            add_address(server, i);
        }
        freeaddrinfo(found);
    }
}

static bool find_server(const struct driver *driver, struct server *server)
{
    const char *url = driver->options->base_url;
    if (!split_url(url, server)) {
        error_add(driver->error, PROBLEM_INPUT,
                  "\"%s\" is no URL, expected e.g. http://127.0.0.1:8080", url);
        return false;
    }
    resolve(server);
    if (!server->addresses[0]) {
        error_add(driver->error, PROBLEM_INPUT,
                  "the host \"%s\" has no known address", server->host);
        return false;
    }
    return true;
}

/* -- clients ----------------------------------------------------------------
 */

static bool init_origin(struct transfer_origin *origin, int64_t client,
                        const struct server *server)
{
    char name[48];
    snprintf(name, sizeof name, "client-%lld.retryspec.invalid",
             (long long)client);
    snprintf(origin->connect_to, sizeof origin->connect_to, "::%s:", name);
    snprintf(origin->resolve, sizeof origin->resolve, "%s:%s:%s", name,
             server->port, server->addresses);
    origin->connect_to_list = curl_api.slist_append(NULL, origin->connect_to);
    origin->resolve_list = curl_api.slist_append(NULL, origin->resolve);
    return origin->connect_to_list && origin->resolve_list;
}

/* Evenly, as docs/adapters.md asks of every adapter. */
static int64_t start_time(const struct driver *driver, int64_t client)
{
    const struct workload *workload = &driver->options->plan->workload;
    double share = (double)client / (double)workload->clients;
    return driver->origin_ns +
           (int64_t)((double)workload->start_spread_ns * share);
}

static bool init_client(struct driver *driver, int64_t index,
                        const struct server *server)
{
    struct driver_client *client = &driver->clients[index];
    client->driver = driver;
    client->index = index;
    client->timer = (struct driver_timer){client, TIMER_CLIENT, 0, 0};
    retry_shared_init(&client->shared, &driver->profile, driver->origin_ns);
    for (size_t i = 0; i < driver->profile.layer_count; i++) {
        slot_pool_init(&client->pools[i], driver->layers[i].slots.limit);
    }
    driver_arm(driver, &client->timer, start_time(driver, index));
    return init_origin(&client->origin, index, server);
}

static bool init_clients(struct driver *driver)
{
    struct server server = {0};
    int64_t count = driver->options->plan->workload.clients;
    bool is_ready = find_server(driver, &server);
    if (is_ready) {
        driver->clients = calloc((size_t)count, sizeof(struct driver_client));
        driver->clients_left = count;
        is_ready = driver->clients != NULL;
        for (int64_t i = 0; is_ready && i < count; i++) {
            is_ready = init_client(driver, i, &server);
        }
        if (!is_ready) {
            driver_fail_memory(driver);
        }
    }
    server_deinit(&server);
    return is_ready;
}

static void on_client_timer(struct driver_client *client)
{
    struct driver *driver = client->driver;
    const struct workload *workload = &driver->options->plan->workload;
    driver_arm(driver, &client->timer, NS_FOREVER);
    while (client->active < workload->concurrency &&
           client->next_call < workload->calls && !driver->has_failed) {
        driver_call_begin(client);
    }
    if (client->active == 0 && client->next_call == workload->calls) {
        driver_arm(driver, &client->timer, NS_FOREVER);
        driver->clients_left--;
    }
}

/* -- the loop ---------------------------------------------------------------
 */

static void fire(struct driver *driver, const struct driver_timer *timer)
{
    switch ((enum driver_timer_kind)timer->kind) {
    case TIMER_MULTI:
        driver_wire_on_timer(driver);
        return;
    case TIMER_CLIENT:
        on_client_timer(timer->owner);
        return;
    case TIMER_CALL:
        driver_call_on_timer(timer->owner);
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
    struct driver_timer *timer = driver_timers_first(&driver->timers);
    while (timer && timer->at_ns <= now_ns && !driver->has_failed &&
           !is_stopped(driver)) {
        fire(driver, timer);
        timer = driver_timers_first(&driver->timers);
    }
}

static void loop(struct driver *driver)
{
    while (driver->clients_left > 0 && !driver->has_failed &&
           !is_stopped(driver)) {
        int64_t until_ns = driver_clock_ns() + NAP_MAX_MS * NS_PER_MS;
        const struct driver_timer *timer = driver_timers_first(&driver->timers);
        if (timer && timer->at_ns < until_ns) {
            until_ns = timer->at_ns;
        }
        driver_wire_wait(driver, until_ns);
        fire_due(driver);
    }
    while (driver->calls && !driver->has_failed) {
        driver_call_cancel(driver->calls);
    }
}

/* -- running ----------------------------------------------------------------
 */

/* The plan may ask for another timeout of an attempt than the profile's. It
 * replaces the limit, not what the limit is a limit of. */
static void copy_profile(struct driver *driver)
{
    int64_t asked_ns = driver->options->plan->workload.read_timeout_ns;
    driver->profile = *driver->options->profile;
    for (size_t i = 0; i < driver->profile.layer_count; i++) {
        driver->layers[i] = driver->profile.layers[i];
        int64_t *limit_ns = &driver->layers[i].attempt_timeout.limit_ns;
        if (asked_ns > 0 && *limit_ns != NS_FOREVER) {
            *limit_ns = asked_ns;
        }
    }
    driver->profile.layers = driver->layers;
}

static bool copy_path(struct driver *driver)
{
    const char *path = driver->options->plan->workload.path;
    driver->path = strndup(path, strcspn(path, "?"));
    if (!driver->path) {
        driver_fail_memory(driver);
    }
    return driver->path != NULL;
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
    for (int64_t i = 0;
         driver->clients && i < driver->options->plan->workload.clients; i++) {
        curl_api.slist_free_all(driver->clients[i].origin.connect_to_list);
        curl_api.slist_free_all(driver->clients[i].origin.resolve_list);
    }
    driver_timers_deinit(&driver->timers);
    free(driver->clients);
    free(driver->path);
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
    if (!retry_supports(options->profile, error)) {
        return false;
    }
    if (!start_curl(error)) {
        return false;
    }
    driver.origin_ns = driver_clock_ns();
    copy_profile(&driver);
    bool is_ready = copy_path(&driver) && raise_file_limit(&driver) &&
                    driver_wire_init(&driver) && init_clients(&driver);
    if (is_ready) {
        loop(&driver);
    }
    deinit(&driver);
    curl_api.global_cleanup();
    return is_ready && !driver.has_failed;
}
