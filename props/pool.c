#include "props/pool.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "client/pools.h"

struct client {
    struct profile *profile;
    struct retry_shared shared;
    struct pool owner[PROFILE_LAYERS_MAX];
    int64_t bytes[PROPS_POOL_CALLS];
    struct retry_call engines[PROPS_POOL_CALLS];
    struct pooled_call calls[PROPS_POOL_CALLS];
};

/* A call that is over begins anew as another one. */
static void renew(struct client *client, int i)
{
    struct pool *const owners[POOL_SCOPES] = {client->owner, client->owner,
                                              client->owner, client->owner,
                                              client->owner};
    struct retry_request request = {"POST", "/x", client->bytes[i]};
    retry_call_init(&client->engines[i], &client->shared, &request);
    pools_call_init(&client->calls[i], &client->engines[i], owners);
}

void *props_pool_open(const char *json, const int64_t *bytes)
{
    struct error error = {0};
    struct profile *profile = profile_read("pool", json, strlen(json), &error);
    if (!profile)
        return NULL;
    struct client *client = calloc(1, sizeof *client);
    assert(client);
    client->profile = profile;
    retry_shared_init(&client->shared, profile, 0);
    pools_init(client->owner, profile);
    memcpy(client->bytes, bytes, sizeof client->bytes);
    for (int i = 0; i < PROPS_POOL_CALLS; i++)
        renew(client, i);
    return client;
}

void props_pool_close(void *opened)
{
    struct client *client = opened;
    profile_free(client->profile);
    free(client);
}

int props_pool_ask(void *opened, int i, int64_t now_ns)
{
    struct client *client = opened;
    return pools_acquire(&client->calls[i], now_ns);
}

int64_t props_pool_again_ns(const void *opened, int i, int64_t now_ns, double u)
{
    const struct client *client = opened;
    return pools_ask_again_ns(&client->calls[i], now_ns, u);
}

uint32_t props_pool_leave(void *opened, int i)
{
    struct client *client = opened;
    uint32_t served = 0;
    const struct pooled_call *next = pools_release(&client->calls[i]);
    for (; next; next = next->also)
        served |= UINT32_C(1) << (next - client->calls);
    renew(client, i);
    return served;
}

void props_pool_throttle(void *opened, int64_t until_ns)
{
    struct client *client = opened;
    struct retry_limiter *limiter = &client->shared.layers[0].limiter;
    limiter->is_closed = limiter->was_closed = true;
    limiter->until_ns = until_ns;
}

struct props_pool_state props_pool_state(const void *opened)
{
    const struct client *client = opened;
    const struct slot_pool *parts = client->owner[0].parts;
    return (struct props_pool_state){
        parts[POOL_SLOTS].held,
        parts[POOL_THROTTLED].held,
        parts[POOL_BYTES].held,
    };
}
