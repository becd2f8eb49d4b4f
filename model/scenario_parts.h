/* Between the files of the scenario reader; nobody else includes this.
 *
 * Each scenario_*_read fills its part from a value and adds a problem for
 * whatever is wrong; the reader goes on, and scenario_read looks at the end
 * whether there was any. */
#ifndef RETRYSPEC_MODEL_SCENARIO_PARTS_H
#define RETRYSPEC_MODEL_SCENARIO_PARTS_H

#include "model/fields.h"
#include "model/jsonc.h"
#include "model/scenario.h"

/* -- scenario_values.c ----------------------------------------------------- */

/* The length of an array that must have 1 to `max` elements, else 0. */
int scenario_length(const struct jsonc_value *at, int max);

/* A string that is not empty and has no control bytes. */
bool scenario_text(const struct jsonc_value *at, struct arena *arena,
                   const char **out);

/* Problems so far, to see whether a part added any. */
int scenario_problems(const struct jsonc_value *at);

/* A token of RFC 9110 5.6.2: what methods and header names are made of. */
bool scenario_is_token(const char *text);

/* "POST /v1/echo" as method and path. */
struct scenario_target {
    const char *method, *path;
};
bool scenario_target_read(const struct jsonc_value *at, struct arena *arena,
                          struct scenario_target *target);

/* Do all requests that match `later` match `earlier` as well? */
bool scenario_route_covers(const struct route *earlier,
                           const struct route *later);

/* -- one file each --------------------------------------------------------- */

void scenario_workload_read(const struct jsonc_value *at, struct arena *arena,
                            struct workload *workload);

void scenario_route_read(const struct jsonc_value *at, struct arena *arena,
                         struct route *route);

void scenario_checks_read(const struct jsonc_value *at, struct arena *arena,
                          struct scenario *scenario);

/* What a reply stands in; known before the reply is read. */
struct scenario_place {
    const char *method; /* NULL: any */
    bool is_windowed;
    enum per per;
};

/* The keys of a reply; step and window have some of their own beside them. */
#define SCENARIO_REPLY_KEYS                                              \
    "reply", "headers", "early_hints", "json", "text", "base64", "body", \
        "content_type", "framing", "delay", "fault"

void scenario_reply_read(const struct jsonc_value *at, struct arena *arena,
                         const struct scenario_place *place,
                         struct reply *reply);

void scenario_body_read(const struct jsonc_value *at, struct arena *arena,
                        struct reply *reply);

struct scenario_headers {
    struct reply_header *items;
    size_t count;
};
void scenario_headers_read(const struct jsonc_value *at, struct arena *arena,
                           struct scenario_headers *headers);

void scenario_delay_read(const struct jsonc_value *at, struct delay *delay);

/* False after a problem: then there is nothing to check. */
bool scenario_fault_read(const struct jsonc_value *at, struct fault *fault);

/* Refuses what can't happen: where the fault stands against what is answered
 * there. `at` is the fault. */
void scenario_fault_check(const struct jsonc_value *at,
                          const struct scenario_place *place,
                          const struct reply *reply);

/* Has a response of this status a body? Not 1xx, 204, 304 (RFC 9110 6.4.1). */
bool scenario_status_has_body(int status);

#endif
