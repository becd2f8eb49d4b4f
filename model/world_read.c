/* A world file as a whole. */
#include <stdlib.h>
#include <string.h>

#include "model/scenario_parts.h"
#include "model/units.h"
#include "model/world_parts.h"

enum { CALLS_MAX = 1000000 };

#define RATE_MAX 1e7

static const char *const world_keys[] = {
    "retryspec", "world",   "title",  "request", "clients",
    "arrivals",  "network", "server", "ends",    NULL};

/* -- spans of time --------------------------------------------------------- */

bool world_span_read(const struct jsonc_value *at, int64_t last_ns,
                     int64_t *from_ns, int64_t *to_ns)
{
    struct jsonc_value from;
    *from_ns = 0;
    *to_ns = NS_FOREVER;
    if (!fields_need(at, "from") || !fields_duration(at, "from", from_ns)) {
        return false;
    }
    if (fields_has(at, "to") && !fields_duration(at, "to", to_ns)) {
        return false;
    }
    jsonc_get(at, "from", &from);
    if (*from_ns >= *to_ns) {
        fields_expected(&from, "an instant before \"to\"");
    } else if (*from_ns < last_ns) {
        fields_expected(&from, "an instant after the end of the one before");
    } else {
        return true;
    }
    return false;
}

/* -- arrivals -------------------------------------------------------------- */

static const char *const uniform_keys[] = {"uniform", NULL};
static const char *const poisson_keys[] = {"poisson", "for", "changes", NULL};
static const char *const change_keys[] = {"from", "to", "per_second",
                                          "ramps_to", NULL};
static const char *const closed_keys[] = {"closed", "think", NULL};

static const struct fields_span rates = {1e-6, RATE_MAX};
static const struct fields_span ends = {0, RATE_MAX};

/* A ramp needs an end. */
static void read_rate(const struct jsonc_value *at, struct rate_change *change)
{
    fields_number(at, "per_second", rates, &change->per_second);
    change->ramps_to = change->per_second;
    fields_number(at, "ramps_to", ends, &change->ramps_to);
    if (!fields_has(at, "to"))
        fields_refuse(at, "ramps_to", "\"to\"");
}

static void read_changes(const struct jsonc_value *at, struct arena *arena,
                         struct arrivals *arrivals)
{
    struct fields_list list;
    if (!fields_list(at, "changes", (struct fields_range){1, WORLD_SPANS_MAX},
                     &list)) {
        return;
    }
    struct rate_change *changes =
        fields_array(at, arena, list.count, sizeof *changes);
    int64_t last_ns = 0;
    for (size_t i = 0; changes && i < list.count; i++) {
        struct jsonc_value item = jsonc_at(&list.at, (int)i);
        if (fields_open(&item, change_keys) &&
            fields_need(&item, "per_second")) {
            read_rate(&item, &changes[i]);
            world_span_read(&item, last_ns, &changes[i].from_ns,
                            &changes[i].to_ns);
            last_ns = changes[i].to_ns;
        }
    }
    arrivals->changes = changes;
    arrivals->change_count = changes ? list.count : 0;
}

static void read_poisson(const struct jsonc_value *at, struct arena *arena,
                         struct arrivals *arrivals)
{
    arrivals->kind = ARRIVE_POISSON;
    fields_open(at, poisson_keys);
    fields_number(at, "poisson", rates, &arrivals->per_second);
    if (fields_need(at, "for")) {
        fields_positive(at, "for", &arrivals->for_ns);
    }
    read_changes(at, arena, arrivals);
}

static void read_closed(const struct jsonc_value *at, struct arrivals *arrivals)
{
    arrivals->kind = ARRIVE_CLOSED;
    fields_open(at, closed_keys);
    fields_int(at, "closed", (struct fields_range){1, CALLS_MAX},
               &arrivals->calls);
    fields_duration(at, "think", &arrivals->think_ns);
}

static void read_arrivals(const struct jsonc_value *root, struct world *world)
{
    struct arrivals *arrivals = &world->arrivals;
    struct jsonc_value at;
    if (!jsonc_need(root, "arrivals", &at)) {
        return;
    }
    if (cJSON_IsString(at.item) &&
        strcmp(at.item->valuestring, "at once") == 0) {
        arrivals->kind = ARRIVE_AT_ONCE;
    } else if (!cJSON_IsObject(at.item)) {
        fields_expected(&at, "\"at once\" or an object with \"uniform\", "
                             "\"poisson\" or \"closed\"");
    } else if (fields_has(&at, "poisson")) {
        read_poisson(&at, &world->arena, arrivals);
    } else if (fields_has(&at, "closed")) {
        read_closed(&at, arrivals);
    } else if (fields_open(&at, uniform_keys) && fields_need(&at, "uniform")) {
        arrivals->kind = ARRIVE_UNIFORM;
        fields_positive(&at, "uniform", &arrivals->spread_ns);
    }
}

/* -- the whole ------------------------------------------------------------- */

static void read_id(const struct jsonc_value *root, struct world *world)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789-.";
    struct jsonc_value value;
    if (fields_need_line(root, "world", &world->arena, &world->id) &&
        world->id[strspn(world->id, letters)] &&
        jsonc_get(root, "world", &value)) {
        fields_expected(&value, "an id of a-z, 0-9, - and .");
    }
}

static void read_request(const struct jsonc_value *root, struct world *world)
{
    struct scenario_target target = {"POST", "/"};
    struct jsonc_value at;
    if (jsonc_get(root, "request", &at)) {
        scenario_target_read(&at, &world->arena, &target);
    }
    world->method = target.method;
    world->path = target.path;
}

static void read_root(const struct jsonc_value *root, struct world *world)
{
    struct jsonc_value at;
    if (!fields_open(root, world_keys)) {
        return;
    }
    fields_version(root);
    read_id(root, world);
    fields_need_line(root, "title", &world->arena, &world->title);
    read_request(root, world);
    if (fields_need(root, "clients")) {
        fields_int(root, "clients", (struct fields_range){1, WORLD_CLIENTS_MAX},
                   &world->clients);
    }
    read_arrivals(root, world);
    if (jsonc_get(root, "network", &at)) {
        scenario_delay_read(&at, &world->network);
    }
    if (jsonc_need(root, "server", &at)) {
        world_capacity_read(&at, &world->arena, &world->server);
    }
    if (fields_need(root, "ends")) {
        fields_positive(root, "ends", &world->ends_ns);
    }
}

static struct world *read_opened(struct jsonc *doc, struct error *error)
{
    int before = error->count;
    struct world *world = calloc(1, sizeof *world);
    if (!world) {
        error_add(error, PROBLEM_MEMORY, "out of memory");
        return NULL;
    }
    world->file = arena_strdup(&world->arena, doc->file);
    struct jsonc_value root = jsonc_root(doc);
    if (!world->file) {
        error_add(error, PROBLEM_MEMORY, "out of memory");
    } else {
        read_root(&root, world);
    }
    if (error->count > before) {
        world_free(world);
        return NULL;
    }
    return world;
}

struct world *world_read(const char *file, const char *bytes, size_t size,
                         struct error *error)
{
    struct jsonc doc;
    if (!jsonc_open(&doc, file, bytes, size, error)) {
        return NULL;
    }
    struct world *world = read_opened(&doc, error);
    jsonc_close(&doc);
    return world;
}

struct world *world_read_file(const char *file, struct error *error)
{
    struct jsonc doc;
    if (!jsonc_open_file(&doc, file, error)) {
        return NULL;
    }
    struct world *world = read_opened(&doc, error);
    jsonc_close(&doc);
    return world;
}

void world_free(struct world *world)
{
    if (world) {
        arena_deinit(&world->arena);
        free(world);
    }
}

int64_t world_recovery_ns(const struct world *world)
{
    const struct capacity *server = &world->server;
    const struct arrivals *arrivals = &world->arrivals;
    if (server->outage_count > 0) {
        return server->outages[server->outage_count - 1].to_ns;
    }
    if (arrivals->change_count > 0) {
        return arrivals->changes[arrivals->change_count - 1].to_ns;
    }
    return 0;
}
