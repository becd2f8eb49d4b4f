/* Who makes the calls: clients, the sessions and handlers that they share, and
 * where they connect to. */
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "client/curl_api.h"
#include "client/driver_parts.h"
#include "model/units.h"

static const struct workload *workload_of(const struct driver *driver)
{
    return &driver->options->plan->workload;
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

/* -- handlers ---------------------------------------------------------------
 */

static struct driver_handler *make_handler(struct driver *driver,
                                           int64_t now_ns)
{
    const struct profile *profile = &driver->profile;
    struct driver_handler *handler =
        calloc(1, sizeof *handler + profile->layer_count * sizeof(struct pool));
    if (!handler) {
        return NULL;
    }
    handler->number = driver->handler_count++;
    retry_shared_init(&handler->shared, profile, now_ns);
    for (size_t i = 0; i < profile->layer_count; i++) {
        if (profile->layers[i].rate_limiter.scope == LIMITER_URL_AND_KEY) {
            handler->shared.layers[i].wider_limiter = &driver->limiters[i];
        }
    }
    pools_init(handler->pools, profile);
    return handler;
}

/* As the factory of tinker's handlers is asked by each client that is made
 * (S1-14): the client keeps what it got, even if the cache drops it. */
static bool enter_handler(struct driver_client *client, int64_t now_ns)
{
    struct driver *driver = client->driver;
    struct handler_key key = {client->session, &driver->profile};
    struct handler_entry *entry = handler_cache_use(&driver->handlers, key);
    if (!entry) {
        struct driver_handler *handler = make_handler(driver, now_ns);
        if (!handler) {
            return false;
        }
        entry = &handler->entry;
        free(handler_cache_put(&driver->handlers, entry, key));
    }
    client->handler = (struct driver_handler *)(void *)entry;
    return true;
}

static void leave_handler(struct driver_client *client)
{
    if (client->handler && handler_cache_leave(&client->handler->entry)) {
        free(client->handler);
    }
    client->handler = NULL;
}

/* -- clients ----------------------------------------------------------------
 */

static int64_t count_sessions(const struct driver *driver)
{
    int64_t clients = workload_of(driver)->clients,
            sessions = driver->options->sessions;
    return sessions > 0 && sessions < clients ? sessions : clients;
}

static bool init_client(struct driver *driver, int64_t index,
                        const struct server *server)
{
    struct driver_client *client = &driver->clients[index];
    client->driver = driver;
    client->index = index;
    client->session = index % count_sessions(driver);
    snprintf(client->session_name, sizeof client->session_name, "session-%lld",
             (long long)client->session);
    client->pools =
        &driver->client_pools[(size_t)index * driver->profile.layer_count];
    pools_init(client->pools, &driver->profile);
    client->timer = (struct timer){.owner = client, .kind = TIMER_CLIENT};
    int64_t start_ns =
        driver->origin_ns + caller_start_ns(workload_of(driver), index);
    driver_arm(driver, &client->timer, start_ns);
    return enter_handler(client, start_ns) &&
           init_origin(&client->origin, index, server);
}

/* calloc(0) may give NULL, which is no want of memory. */
static struct pool *make_pools(const struct driver *driver, int64_t owners)
{
    return calloc((size_t)owners * driver->profile.layer_count + 1,
                  sizeof(struct pool));
}

static bool init_pools(struct driver *driver)
{
    int64_t sessions = count_sessions(driver);
    driver->session_pools = make_pools(driver, sessions);
    driver->client_pools = make_pools(driver, workload_of(driver)->clients);
    pools_init(driver->process_pools, &driver->profile);
    pools_init(driver->url_pools, &driver->profile);
    size_t layers = driver->profile.layer_count;
    for (int64_t i = 0; driver->session_pools && i < sessions; i++) {
        pools_init(&driver->session_pools[(size_t)i * layers],
                   &driver->profile);
    }
    return driver->session_pools && driver->client_pools;
}

static bool init_all(struct driver *driver, const struct server *server)
{
    int64_t count = workload_of(driver)->clients;
    handler_cache_init(&driver->handlers, driver->profile.handler_cache);
    driver->clients = calloc((size_t)count, sizeof(struct driver_client));
    driver->clients_left = count;
    bool is_ready = driver->clients && init_pools(driver);
    for (int64_t i = 0; is_ready && i < count; i++) {
        is_ready = init_client(driver, i, server);
    }
    return is_ready;
}

bool driver_clients_init(struct driver *driver)
{
    struct server server = {0};
    bool is_ready = find_server(driver, &server);
    if (is_ready && !init_all(driver, &server)) {
        driver_fail_memory(driver);
        is_ready = false;
    }
    server_deinit(&server);
    return is_ready;
}

void driver_clients_deinit(struct driver *driver)
{
    int64_t count = driver->clients ? workload_of(driver)->clients : 0;
    for (int64_t i = 0; i < count; i++) {
        curl_api.slist_free_all(driver->clients[i].origin.connect_to_list);
        curl_api.slist_free_all(driver->clients[i].origin.resolve_list);
        leave_handler(&driver->clients[i]);
    }
    struct handler_entry *entry;
    while ((entry = handler_cache_pop(&driver->handlers))) {
        free(entry);
    }
    free(driver->session_pools);
    free(driver->client_pools);
    free(driver->clients);
}

void driver_client_on_timer(struct driver_client *client)
{
    struct driver *driver = client->driver;
    const struct workload *workload = workload_of(driver);
    driver_arm(driver, &client->timer, NS_FOREVER);
    while (client->active < workload->concurrency &&
           client->next_call < workload->calls && !driver->has_failed) {
        driver_call_begin(client);
    }
    if (client->active == 0 && client->next_call == workload->calls) {
        driver_arm(driver, &client->timer, NS_FOREVER);
        leave_handler(client);
        driver->clients_left--;
    }
}
