#include "judge/planned.h"

#include <string.h>

#include "judge/client.h"
#include "judge/names.h"
#include "model/plan.h"
#include "model/units.h"

bool planned_may_be_unseen(const struct trace *trace)
{
    for (size_t i = 0; i < trace->conn_count; i++) {
        if (trace->conns[i].fault != FAULT_NONE) {
            return true;
        }
    }
    return trace->outage_count > 0;
}

bool planned_uses_tokens(const struct scenario *scenario)
{
    for (size_t i = 0; i < scenario->route_count; i++) {
        if (scenario->routes[i].judged &&
            scenario->routes[i].key != KEY_TOKEN) {
            return false;
        }
    }
    return true;
}

/* -- the checks: what is wrong, NULL if nothing is ------------------------- */

static const char *find_mismatch(const struct judging *judging)
{
    const struct trace_attempt *unmatched = judging->calls->unmatched;
    const struct workload *workload = &judging->scenario->workload;
    if (!unmatched || judging->calls->has_matched) {
        return NULL;
    }
    const char *reason = unmatched->reason ? unmatched->reason : "";
    return tally_text(judging->tally,
                      "the plan says %s %s, but it sent %s %.120s%s%.200s",
                      workload->method, workload->path, unmatched->method,
                      unmatched->target, reason[0] ? "; " : "", reason);
}

static const char *find_tokenless(const struct judging *judging)
{
    size_t count = calls_without_key(judging->calls);
    return count > 0
               ? tally_text(judging->tally,
                            "%zu of its requests %s no token; put that of each "
                            "call (rs-0-0, rs-0-1, ...) anywhere into its "
                            "requests",
                            count, count == 1 ? "carries" : "carry")
               : NULL;
}

/* A call may fail before it sends anything, but then a result says so; see
 * find_lie. */
static bool is_known(const struct judging *judging, const char *token)
{
    return calls_find(judging->calls, token) ||
           names_find(judging->reported, token) != NAMES_NONE;
}

static const char *find_missing(const struct judging *judging)
{
    const struct workload *workload = &judging->scenario->workload;
    char token[PLAN_TOKEN_MAX], first[PLAN_TOKEN_MAX] = "";
    long long missing = 0;
    if ((judging->trace->level == 0 && planned_may_be_unseen(judging->trace)) ||
        client_hangs_rightly(judging)) {
        return NULL;
    }
    for (int64_t client = 0; client < workload->clients; client++) {
        for (int64_t call = 0; call < workload->calls; call++) {
            if (!is_known(judging, plan_token(client, call, token)) &&
                missing++ == 0) {
                memcpy(first, token, sizeof first);
            }
        }
    }
    return missing > 0
               ? tally_text(judging->tally,
                            "%lld of %lld calls %s never made, the "
                            "first of them %s",
                            missing,
                            (long long)workload->clients * workload->calls,
                            missing == 1 ? "was" : "were", first)
               : NULL;
}

/* May a call of this profile end before its first request? */
static bool may_end_unsent(const struct judging *judging)
{
    if (judging->scenario->workload.give_up_ns > 0) {
        return true;
    }
    for (size_t i = 0; i < judging->profile->layer_count; i++) {
        const struct layer *layer = &judging->profile->layers[i];
        if (layer->breaker.is_used || layer->throttle.is_used ||
            layer->rate_limiter.is_used || layer->slots.limit > 0 ||
            layer->slots.byte_limit > 0 ||
            layer->progress.timeout_ns != NS_FOREVER ||
            layer->call_timeout_ns != NS_FOREVER) {
            return true;
        }
    }
    return false;
}

/* A client that could not connect, or that left before its head was whole. */
static bool may_have_failed_to_send(const struct trace *trace)
{
    for (size_t i = 0; i < trace->conn_count; i++) {
        if (trace->conns[i].requests == 0) {
            return true;
        }
    }
    return planned_may_be_unseen(trace);
}

/* A success needs a request, and so does a failure that nothing else explains.
 */
static const char *find_lie(const struct judging *judging)
{
    const struct trace *trace = judging->trace;
    bool errors_may_be_unsent =
        may_end_unsent(judging) || may_have_failed_to_send(trace) ||
        judging->spans->count > 0; /* sent where nobody read it */
    for (size_t i = 0; i < trace->result_count; i++) {
        const struct trace_result *result = &trace->results[i];
        if (calls_find(judging->calls, result->call) ||
            (!result->is_ok && errors_may_be_unsent)) {
            continue;
        }
        return result->is_ok
                   ? tally_text(judging->tally,
                                "it reports %s as ok, but no request of that "
                                "call came",
                                result->call)
                   : tally_text(judging->tally,
                                "it reports %s as error \"%.80s\", but no "
                                "request of that call came",
                                result->call, result->error);
    }
    return NULL;
}

const char *planned_not_done(const struct judging *judging)
{
    static const char *(*const looks[])(const struct judging *judging) = {
        find_tokenless,
        find_missing,
        find_lie,
    };
    const struct workload *workload = &judging->scenario->workload;
    const char *problem = find_mismatch(judging);
    bool is_traffic_of_plan = workload->clients * workload->calls > 1 &&
                              planned_uses_tokens(judging->scenario) &&
                              client_was_watched(judging->trace);
    for (size_t i = 0; i < 3 && is_traffic_of_plan && !problem; i++) {
        problem = looks[i](judging);
    }
    return problem;
}
