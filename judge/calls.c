#include "judge/calls.h"

#include <stdlib.h>
#include <string.h>

#include "client/retry.h"
#include "judge/judging.h"
#include "judge/names.h"
#include "judge/seen.h"
#include "model/plan.h"
#include "model/units.h"

static bool is_grouped(const struct trace_attempt *attempt)
{
    return attempt->judged && attempt->route[0] != '\0';
}

/* <client> of rs-<client>-<call>; 0 for any other key or an unknown client. */
size_t calls_client(const struct calls *calls, const char *key)
{
    if (strncmp(key, "rs-", 3) != 0) {
        return 0;
    }
    char *end;
    unsigned long client = strtoul(key + 3, &end, 10);
    return *end == '-' && client < calls->client_count ? client : 0;
}

int calls_step(const struct profile *profile,
               const struct trace_attempt *attempt)
{
    const struct follow_up *second = &profile->follow_up;
    size_t length = second->path ? strlen(second->path) : 0;
    return second->path && strcmp(second->method, attempt->method) == 0 &&
           strncmp(second->path, attempt->target, length) == 0 &&
           (!attempt->target[length] || strchr("?#", attempt->target[length]));
}

/* Does an attempt belong to the call? It has the key. */
static bool is_of_call(const struct call *call,
                       const struct trace_attempt *attempt, int step)
{
    return step > 0 || call->is_follow_up ||
           strcmp(call->route, attempt->route) == 0;
}

static struct call *call_of(struct calls *calls,
                            const struct trace_attempt *attempt, int step)
{
    size_t key = names_add(calls->by_key, attempt->call);
    struct call **place = &calls->first_of_key[key];
    while (*place && !is_of_call(*place, attempt, step)) {
        place = &(*place)->next;
    }
    if (!*place) {
        *place = &calls->items[calls->count++];
        **place = (struct call){
            .key = attempt->call,
            .route = attempt->route,
            .client = calls_client(calls, attempt->call),
            .is_follow_up = step > 0,
        };
    }
    if (step == 0 && (*place)->is_follow_up) {
        (*place)->is_follow_up = false;
        (*place)->route = attempt->route;
    }
    return *place;
}

static int by_head(const void *a, const void *b)
{
    const struct trace_attempt *const *x = a, *const *y = b;
    if ((*x)->head_ns != (*y)->head_ns) {
        return (*x)->head_ns < (*y)->head_ns ? -1 : 1;
    }
    return ((*x)->id > (*y)->id) - ((*x)->id < (*y)->id);
}

static void sort_attempts(struct call *call)
{
    for (size_t i = 1; i < call->count; i++) {
        if (by_head(&call->attempts[i - 1], &call->attempts[i]) > 0) {
            qsort(call->attempts, call->count, sizeof(struct trace_attempt *),
                  by_head);
            return;
        }
    }
}

/* Counts the attempts of each call. `of` has the call of each attempt; NULL:
 * none. */
static void count_attempts(struct calls *calls, const struct judging *judging,
                           struct call **of)
{
    const struct trace *trace = judging->trace;
    for (size_t i = 0; i < trace->attempt_count; i++) {
        const struct trace_attempt *attempt = &trace->attempts[i];
        if (attempt->route[0] != '\0') {
            calls->has_matched = true;
        } else if (!calls->unmatched) {
            calls->unmatched = attempt;
        }
        if (is_grouped(attempt)) {
            of[i] =
                call_of(calls, attempt, calls_step(judging->profile, attempt));
            of[i]->count++;
        }
    }
}

/* Counts the attempts of each call, then deals them out. */
static bool deal(struct calls *calls, const struct judging *judging,
                 struct arena *arena)
{
    const struct trace *trace = judging->trace;
    size_t most = trace->attempt_count + 1;
    const struct trace_attempt **room = arena_array(arena, most, sizeof *room);
    struct call **of = calloc(most, sizeof *of);
    if (!room || !of) {
        free(of);
        return false;
    }
    count_attempts(calls, judging, of);
    for (size_t i = 0; i < calls->count; i++) {
        calls->items[i].attempts = room;
        room += calls->items[i].count;
        calls->items[i].count = 0;
    }
    for (size_t i = 0; i < trace->attempt_count; i++) {
        if (of[i]) {
            of[i]->attempts[of[i]->count++] = &trace->attempts[i];
        }
    }
    free(of);
    for (size_t i = 0; i < calls->count; i++) {
        sort_attempts(&calls->items[i]);
    }
    return true;
}

/* -- connections that met a fault when they were accepted ------------------ */

static size_t accept_faults(const struct trace *trace)
{
    size_t count = 0;
    for (size_t i = 0; i < trace->conn_count; i++) {
        count += trace->conns[i].fault != FAULT_NONE;
    }
    return count;
}

static enum attempt_end end_at_accept(enum fault_do fault)
{
    switch (fault) {
    case FAULT_RESET:
        return END_RESET;
    case FAULT_GARBAGE:
        return END_GARBAGE;
    case FAULT_HANG:
        return END_TIMEOUT;
    case FAULT_NONE:
    case FAULT_CLOSE:
    case FAULT_DRIP:
    case FAULT_REFUSE:
    case FAULT_STALL:
        return END_CLOSE;
    }
    return END_CLOSE;
}

/* What the server would have recorded, had it read the request. */
static struct trace_attempt unread_attempt(const struct trace_conn *conn,
                                           const struct workload *workload)
{
    return (struct trace_attempt){
        .conn = conn->conn,
        .conn_use = 1,
        .accepted_ns = conn->accepted_ns,
        .head_ns = conn->accepted_ns,
        .request_end_ns = TRACE_NEVER,
        .first_byte_ns = TRACE_NEVER,
        .last_byte_ns =
            conn->fault == FAULT_HANG ? conn->closed_ns : conn->accepted_ns,
        .gone_ns = conn->fault == FAULT_HANG ? conn->closed_ns : TRACE_NEVER,
        .call = "",
        .method = workload->method,
        .target = workload->path,
        .body_sha256 = "",
        .route = "",
        .step = conn->step ? conn->step : "",
        .judged = true,
        .reply_sha256 = "",
        .end = conn->closed_ns == TRACE_NEVER && conn->fault == FAULT_HANG
                   ? END_UNFINISHED
                   : end_at_accept(conn->fault),
        .proof = conn->proof ? conn->proof : "",
        .reason = "",
    };
}

/* A hang that was over before the client left: the server's FIN ended it. */
static void note_fin(struct trace_attempt *unread,
                     const struct trace_conn *conn,
                     const struct judging *judging)
{
    const struct reply *reply =
        conn->fault == FAULT_HANG ? seen_reply(judging, unread->step) : NULL;
    if (!reply || conn->closed_ns == TRACE_NEVER ||
        conn->closed_ns < units_add(conn->accepted_ns, reply->fault.for_ns)) {
        return;
    }
    unread->end = END_CLOSE;
    unread->last_byte_ns = conn->accepted_ns + reply->fault.for_ns;
    unread->gone_ns = TRACE_NEVER;
}

/* Bytes that the plan asks for in a request that nobody read; -1 without
 * memory. */
static int64_t planned_size(const struct workload *workload)
{
    char token[PLAN_TOKEN_MAX];
    bool has_body = strcmp(workload->method, "POST") == 0 ||
                    strcmp(workload->method, "PUT") == 0 ||
                    strcmp(workload->method, "PATCH") == 0;
    if (!has_body) {
        return 0;
    }
    char *payload = plan_payload(workload, plan_token(0, 0, token));
    int64_t size = payload ? (int64_t)strlen(payload) : -1;
    free(payload);
    return size;
}

/* With a single call there is no doubt whose connections they were. */
static bool adopt_accept_faults(struct calls *calls,
                                const struct judging *judging,
                                struct arena *arena)
{
    const struct trace *trace = judging->trace;
    size_t faults = accept_faults(trace);
    const struct workload *workload = &judging->scenario->workload;
    if (faults == 0 || calls->count > 1 ||
        workload->clients * workload->calls != 1) {
        return true;
    }
    struct call *call = &calls->items[0];
    size_t most = call->count + faults;
    const struct trace_attempt **all = arena_array(arena, most, sizeof(void *));
    struct trace_attempt *unread = arena_array(arena, faults, sizeof *unread);
    int64_t size = planned_size(workload);
    if (!all || !unread || size < 0) {
        return false;
    }
    if (calls->count == 0) {
        *call = (struct call){.key = "", .route = ""};
        calls->count = 1;
    } else {
        memcpy(all, call->attempts, call->count * sizeof(void *));
    }
    for (size_t i = 0; i < trace->conn_count; i++) {
        if (trace->conns[i].fault != FAULT_NONE) {
            *unread = unread_attempt(&trace->conns[i], workload);
            unread->body_size = size;
            note_fin(unread, &trace->conns[i], judging);
            if (call->count > 0 && call->attempts) {
                unread->method = call->attempts[0]->method;
                unread->target = call->attempts[0]->target;
                unread->body_size = call->attempts[0]->body_size;
            }
            all[call->count++] = unread++;
        }
    }
    call->attempts = all;
    sort_attempts(call);
    calls->owns_accept_faults = true;
    return true;
}

/* An adapter cancels a call a while after it began it; a program at level 0 is
 * ended by the runner, which notes when. */
static void set_give_ups(struct calls *calls, const struct trace *trace,
                         const struct workload *workload)
{
    for (size_t i = 0; i < calls->count; i++) {
        struct call *call = &calls->items[i];
        call->give_up_ns =
            trace->level > 0 && workload->give_up_ns > 0
                ? units_add(call->attempts[0]->head_ns, workload->give_up_ns)
                : NS_FOREVER;
    }
    for (size_t i = 0; i < trace->give_up_count; i++) {
        const struct call *found = calls_find(calls, trace->give_ups[i].call);
        if (found) {
            calls->items[found - calls->items].give_up_ns =
                trace->give_ups[i].t_ns;
        }
    }
}

struct calls *calls_group(const struct judging *judging, struct arena *arena)
{
    const struct scenario *scenario = judging->scenario;
    const struct trace *trace = judging->trace;
    struct calls *calls = arena_alloc(arena, sizeof *calls);
    size_t most = trace->attempt_count + 1;
    if (!calls) {
        return NULL;
    }
    calls->client_count = (size_t)scenario->workload.clients;
    calls->by_key = names_create(arena, most);
    calls->items = arena_array(arena, most, sizeof *calls->items);
    calls->first_of_key = arena_array(arena, most, sizeof(struct call *));
    if (!calls->by_key || !calls->items || !calls->first_of_key ||
        !deal(calls, judging, arena) ||
        !adopt_accept_faults(calls, judging, arena)) {
        return NULL;
    }
    set_give_ups(calls, trace, &scenario->workload);
    return calls;
}

size_t calls_without_key(const struct calls *calls)
{
    long number = names_find(calls->by_key, "");
    size_t count = 0;
    for (const struct call *call =
             number == NAMES_NONE ? NULL : calls->first_of_key[number];
         call; call = call->next) {
        count += call->count;
    }
    return count;
}

static void find_covers(const struct profile *profile,
                        const struct trace_attempt *attempt, uint8_t covers[2])
{
    char path[1024];
    retry_covers_find(profile,
                      &(struct retry_request){
                          .method = attempt->method,
                          .path = calls_path(attempt, path, sizeof path),
                      },
                      covers);
}

void calls_cover(struct calls *calls, const struct profile *profile)
{
    bool is_any = false;
    for (size_t i = 0; i < calls->count; i++) {
        struct call *call = &calls->items[i];
        find_covers(profile, call->attempts[0], call->covers);
        is_any |= calls_is_covered(call);
    }
    calls->uncovered = calls->count > 0 && !is_any ? &calls->items[0] : NULL;
}

static bool is_same_request(const struct trace_attempt *a,
                            const struct trace_attempt *b)
{
    return strcmp(a->method, b->method) == 0 &&
           strcmp(a->target, b->target) == 0;
}

void calls_covers(const struct call *call, const struct profile *profile,
                  const struct trace_attempt *attempt, uint8_t covers[2])
{
    if (is_same_request(call->attempts[0], attempt)) {
        memcpy(covers, call->covers, sizeof call->covers);
    } else if (calls_step(profile, attempt) == 1) {
        covers[0] = covers[1] = call->covers[1];
    } else {
        find_covers(profile, attempt, covers);
    }
}

const struct call *calls_find(const struct calls *calls, const char *key)
{
    long number = names_find(calls->by_key, key);
    const struct call *latest = NULL;
    if (number == NAMES_NONE) {
        /* A program with one call may not have sent the token. */
        return calls->count == 1 && calls->items[0].key[0] == '\0'
                   ? &calls->items[0]
                   : NULL;
    }
    for (const struct call *call = calls->first_of_key[number]; call;
         call = call->next) {
        if (!latest || by_head(&latest->attempts[latest->count - 1],
                               &call->attempts[call->count - 1]) < 0) {
            latest = call;
        }
    }
    return latest;
}

char *calls_path(const struct trace_attempt *attempt, char *path, size_t size)
{
    size_t length = strcspn(attempt->target, "?#");
    if (length >= size) {
        length = size - 1;
    }
    memcpy(path, attempt->target, length);
    path[length] = '\0';
    return path;
}
