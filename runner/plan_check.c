#include "runner/plan_check.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/plan.h"

bool plan_check_may_be_unseen(const struct trace *trace)
{
    for (size_t i = 0; i < trace->conn_count; i++) {
        if (trace->conns[i].fault != FAULT_NONE) {
            return true;
        }
    }
    return trace->outage_count > 0;
}

static bool is_matched(const struct trace_attempt *attempt)
{
    return attempt->route && attempt->route[0] != '\0';
}

static bool has_matched(const struct trace *trace)
{
    for (size_t i = 0; i < trace->attempt_count; i++) {
        if (is_matched(&trace->attempts[i])) {
            return true;
        }
    }
    return false;
}

bool plan_check_uses_tokens(const struct scenario *scenario)
{
    for (size_t i = 0; i < scenario->route_count; i++) {
        const struct route *route = &scenario->routes[i];
        if (route->judged && route->key != KEY_TOKEN) {
            return false;
        }
    }
    return true;
}

/* -- sets of calls ----------------------------------------------------------
 */

struct call_set {
    const char **items;
    size_t count;
};

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool call_set_has(const struct call_set *set, const char *call)
{
    return set->count > 0 && bsearch(&call, set->items, set->count,
                                     sizeof *set->items, compare_texts);
}

static void call_set_sort(struct call_set *set)
{
    if (set->count > 1) {
        qsort(set->items, set->count, sizeof *set->items, compare_texts);
    }
}

struct calls {
    struct call_set seen, reported;
    size_t without_token;
};

static void calls_fill(struct calls *calls, const struct trace *trace)
{
    for (size_t i = 0; i < trace->attempt_count; i++) {
        const struct trace_attempt *attempt = &trace->attempts[i];
        if (!is_matched(attempt) || !attempt->judged) {
            continue;
        }
        if (attempt->call[0]) {
            calls->seen.items[calls->seen.count++] = attempt->call;
        } else {
            calls->without_token++;
        }
    }
    for (size_t i = 0; i < trace->result_count; i++) {
        calls->reported.items[calls->reported.count++] = trace->results[i].call;
    }
    call_set_sort(&calls->seen);
    call_set_sort(&calls->reported);
}

/* -- the checks -------------------------------------------------------------
 */

struct plan_checker {
    const struct workload *workload;
    const struct trace *trace;
    struct calls calls;
    struct plan_finding *finding;
};

static bool check_match(struct plan_checker *checker)
{
    const struct trace *trace = checker->trace;
    if (trace->attempt_count == 0 || has_matched(trace)) {
        return false;
    }
    const struct trace_attempt *first = &trace->attempts[0];
    snprintf(checker->finding->detail, sizeof checker->finding->detail,
             "the plan says %s %s, but it sent %s %.200s",
             checker->workload->method, checker->workload->path, first->method,
             first->target);
    return true;
}

static bool check_tokens(struct plan_checker *checker)
{
    if (checker->calls.without_token == 0) {
        return false;
    }
    snprintf(checker->finding->detail, sizeof checker->finding->detail,
             "%zu of its requests carry no token; put that of each call "
             "(rs-0-0, rs-0-1, ...) anywhere into its requests",
             checker->calls.without_token);
    return true;
}

/* A call may fail before it sends anything, but then a result says so. */
static bool check_missing(struct plan_checker *checker)
{
    const struct workload *workload = checker->workload;
    const struct calls *calls = &checker->calls;
    char token[PLAN_TOKEN_MAX], first[PLAN_TOKEN_MAX] = "";
    int64_t missing = 0;
    for (int64_t client = 0; client < workload->clients; client++) {
        for (int64_t call = 0; call < workload->calls; call++) {
            plan_token(client, call, token);
            if (!call_set_has(&calls->seen, token) &&
                !call_set_has(&calls->reported, token) && missing++ == 0) {
                memcpy(first, token, sizeof first);
            }
        }
    }
    if (missing == 0 || (checker->trace->level == 0 &&
                         plan_check_may_be_unseen(checker->trace))) {
        return false;
    }
    snprintf(checker->finding->detail, sizeof checker->finding->detail,
             "%" PRId64 " of %" PRId64 " calls were never made, the first "
             "of them %s",
             missing, workload->clients * workload->calls, first);
    return true;
}

static bool check_lies(struct plan_checker *checker)
{
    for (size_t i = 0; i < checker->trace->result_count; i++) {
        const struct trace_result *result = &checker->trace->results[i];
        if (result->is_ok &&
            !call_set_has(&checker->calls.seen, result->call)) {
            snprintf(checker->finding->detail, sizeof checker->finding->detail,
                     "it reports %s as ok, but no request of that call came",
                     result->call);
            return true;
        }
    }
    return false;
}

bool plan_check(const struct scenario *scenario, const struct trace *trace,
                struct plan_finding *finding)
{
    struct plan_checker checker = {
        .workload = &scenario->workload, .trace = trace, .finding = finding};
    if (check_match(&checker)) {
        return true;
    }
    int64_t planned = scenario->workload.clients * scenario->workload.calls;
    if (planned <= 1 || !plan_check_uses_tokens(scenario)) {
        return false;
    }
    struct calls *calls = &checker.calls;
    calls->seen.items = calloc(trace->attempt_count + 1, sizeof(char *));
    calls->reported.items = calloc(trace->result_count + 1, sizeof(char *));
    bool is_ignored = false;
    if (calls->seen.items && calls->reported.items) {
        calls_fill(calls, trace);
        is_ignored = check_tokens(&checker) || check_missing(&checker) ||
                     check_lies(&checker);
    }
    free(calls->seen.items);
    free(calls->reported.items);
    return is_ignored;
}
