/* The server of a world. */
#include <string.h>

#include "model/scenario_parts.h"
#include "model/units.h"
#include "model/world_parts.h"

enum { MANY = 100000000, RETRY_AFTER_MAX = 1000000 };

static const char *const server_keys[] = {
    "row",         "latency", "latency_per_active",
    "concurrency", "queue",   "fails",
    "limiter",     "outages", NULL};
static const char *const row_keys[] = {"row", NULL};
static const char *const limiter_keys[] = {"per_second", "burst", "status",
                                           "retry_after", NULL};
static const char *const outage_keys[] = {"from",  "to",          "as",
                                          "share", "retry_after", NULL};

static const struct fields_span rates = {1e-6, 1e7};
static const struct fields_range statuses = {100, 999};

/* Whole seconds, as Retry-After has them (RFC 9110 10.2.3). */
static void read_retry_after(const struct jsonc_value *at, int64_t *seconds)
{
    int64_t ns;
    struct jsonc_value value;
    if (fields_duration(at, "retry_after", &ns) &&
        jsonc_get(at, "retry_after", &value)) {
        *seconds = ns / NS_PER_S;
        if (ns % NS_PER_S != 0 || *seconds > RETRY_AFTER_MAX) {
            fields_expected(&value, "whole seconds, at most %d",
                            RETRY_AFTER_MAX);
        }
    }
}

static void read_limiter(const struct jsonc_value *root,
                         struct capacity_limiter *limiter)
{
    struct jsonc_value at;
    int64_t status = 503;
    limiter->retry_after_s = -1;
    if (!jsonc_get(root, "limiter", &at) || !fields_open(&at, limiter_keys) ||
        !fields_need(&at, "per_second")) {
        return;
    }
    limiter->is_used = true;
    fields_number(&at, "per_second", rates, &limiter->per_second);
    limiter->burst = limiter->per_second < 1 ? 1 : limiter->per_second;
    fields_number(&at, "burst", (struct fields_span){1, MANY}, &limiter->burst);
    fields_int(&at, "status", statuses, &status);
    limiter->status = (int)status;
    read_retry_after(&at, &limiter->retry_after_s);
}

static bool is_word(const struct jsonc_value *at, const char *word)
{
    return cJSON_IsString(at->item) && strcmp(at->item->valuestring, word) == 0;
}

static void read_kind(const struct jsonc_value *root, struct outage *outage)
{
    struct jsonc_value at;
    int64_t status;
    outage->status = 503;
    if (!jsonc_get(root, "as", &at)) {
        return;
    }
    if (cJSON_IsNumber(at.item)) {
        if (fields_int(root, "as", statuses, &status))
            outage->status = (int)status;
    } else if (is_word(&at, "refused")) {
        outage->kind = OUTAGE_REFUSED;
    } else if (is_word(&at, "hang")) {
        outage->kind = OUTAGE_HANG;
    } else {
        fields_expected(&at, "a status, \"refused\" or \"hang\"");
    }
}

static void read_outage(const struct jsonc_value *at, int64_t last_ns,
                        struct outage *outage)
{
    struct jsonc_value tells;
    *outage = (struct outage){.share = 1, .retry_after_s = -1};
    if (!fields_open(at, outage_keys)) {
        return;
    }
    world_span_read(at, last_ns, &outage->from_ns, &outage->to_ns);
    read_kind(at, outage);
    fields_number(at, "share", (struct fields_span){0, 1}, &outage->share);
    if (!jsonc_get(at, "retry_after", &tells)) {
        return;
    }
    outage->tells_end = is_word(&tells, "end");
    if (outage->kind != OUTAGE_STATUS) {
        fields_refuse(at, "retry_after", "a status as answer");
    } else if (!outage->tells_end) {
        read_retry_after(at, &outage->retry_after_s);
    } else if (outage->to_ns == NS_FOREVER) {
        fields_expected(&tells, "a duration, for an outage without end");
    }
}

static void read_outages(const struct jsonc_value *at, struct arena *arena,
                         struct capacity *server)
{
    struct fields_list list;
    if (!fields_list(at, "outages", (struct fields_range){1, WORLD_SPANS_MAX},
                     &list)) {
        return;
    }
    struct outage *outages =
        fields_array(at, arena, list.count, sizeof *outages);
    int64_t last_ns = 0;
    for (size_t i = 0; outages && i < list.count; i++) {
        struct jsonc_value item = jsonc_at(&list.at, (int)i);
        read_outage(&item, last_ns, &outages[i]);
        last_ns = outages[i].to_ns;
    }
    server->outages = outages;
    server->outage_count = outages ? list.count : 0;
}

void world_capacity_read(const struct jsonc_value *at, struct arena *arena,
                         struct capacity *server)
{
    struct jsonc_value latency;
    if (!fields_open(at, server_keys)) {
        return;
    }
    fields_bool(at, "row", &server->is_row);
    if (server->is_row) {
        jsonc_expect_object(at, row_keys);
        return;
    }
    if (jsonc_get(at, "latency", &latency)) {
        scenario_delay_read(&latency, &server->latency);
    }
    fields_duration(at, "latency_per_active", &server->latency_per_active_ns);
    fields_int(at, "concurrency", (struct fields_range){1, MANY},
               &server->concurrency);
    fields_int(at, "queue", (struct fields_range){0, MANY}, &server->queue);
    if (server->concurrency == 0) {
        fields_refuse(at, "queue", "\"concurrency\"");
    }
    fields_number(at, "fails", (struct fields_span){0, 1}, &server->fails);
    read_limiter(at, &server->limiter);
    read_outages(at, arena, server);
}
