/* Shipped profiles by id, and calls of them in virtual time. */
#ifndef RETRYSPEC_TESTS_SHIPPED_PROFILES_H
#define RETRYSPEC_TESTS_SHIPPED_PROFILES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "client/retry.h"
#include "model/embedded.h"
#include "model/units.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define S            NS_PER_S
#define MS           NS_PER_MS

/* The caller frees it. */
static inline struct profile *shipped_profile(const char *id)
{
    char name[128];
    snprintf(name, sizeof name, "profiles/%s.jsonc", id);
    const struct embedded_file *file = embedded_files;
    while (file->name && strcmp(file->name, name) != 0) {
        file++;
    }
    if (!file->name) {
        fail_msg("there is no profile %s", id);
    }
    struct error error = {0};
    struct profile *profile =
        profile_read(name, file->bytes, file->size, &error);
    if (!profile) {
        error_print(&error, stderr);
        fail();
    }
    return profile;
}

/* How an attempt ends. `status` 0: by `end`. */
struct ending {
    int status;
    enum attempt_end end;
    const struct http_header *headers;
    size_t header_count;
};

/* A call whose attempts take no time. */
struct played_call {
    struct retry_shared *shared;
    struct retry_call call;
    struct retry_action action; /* the last one */
    int64_t now_ns;
    double u;
};

static inline void call_step(struct played_call *played,
                             enum retry_event_kind kind)
{
    played->action = retry_step(&played->call, &(struct retry_event){
                                                   .kind = kind,
                                                   .now_ns = played->now_ns,
                                                   .u = played->u,
                                               });
}

static inline void call_begin(struct played_call *played,
                              struct retry_shared *shared, int64_t now_ns)
{
    *played =
        (struct played_call){.shared = shared, .now_ns = now_ns, .u = 0.5};
    retry_call_init(&played->call, shared,
                    &(struct retry_request){.method = "POST",
                                            .path = "/api/v1/asample",
                                            .body_bytes = 1000});
    call_step(played, RETRY_START);
}

static inline void call_end(struct played_call *played,
                            const struct ending *ending)
{
    const struct http_headers headers = {ending->headers, ending->header_count};
    const struct attempt_outcome outcome = {
        .end = ending->status ? END_STATUS : ending->end,
        .status = ending->status,
        .headers = &headers,
    };
    assert_int_equal(played->action.kind, RETRY_SEND);
    played->action = retry_step(&played->call, &(struct retry_event){
                                                   .kind = RETRY_ENDED,
                                                   .now_ns = played->now_ns,
                                                   .u = played->u,
                                                   .outcome = &outcome,
                                               });
}

/* Waits until the next attempt is sent, or the call is over. */
static inline void call_wait(struct played_call *played)
{
    while (played->action.kind == RETRY_WAIT) {
        int64_t until_ns = played->action.until_ns;
        int64_t wake_ns = played->action.wake_ns;
        played->now_ns = wake_ns < until_ns ? wake_ns : until_ns;
        call_step(played, RETRY_TIMER);
    }
}

/* What one such answer to the first attempt of a call leads to. */
static inline struct retry_action after_first(const char *id,
                                              const struct ending *ending)
{
    struct profile *profile = shipped_profile(id);
    struct retry_shared shared;
    struct played_call played;
    retry_shared_init(&shared, profile, 0);
    call_begin(&played, &shared, 0);
    call_end(&played, ending);
    struct retry_action action = played.action;
    profile_free(profile);
    return action;
}

#endif
