#include "client/caller.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "model/units.h"

/* -- the plan ---------------------------------------------------------------
 */

struct profile caller_profile(const struct profile *profile, int64_t asked_ns,
                              struct layer *layers)
{
    struct profile copy = *profile;
    for (size_t i = 0; i < profile->layer_count; i++) {
        layers[i] = profile->layers[i];
        int64_t *limit_ns = &layers[i].attempt_timeout.limit_ns;
        if (asked_ns > 0 && *limit_ns != NS_FOREVER) {
            *limit_ns = asked_ns;
        }
    }
    copy.layers = layers;
    return copy;
}

int64_t caller_start_ns(const struct workload *workload, int64_t client)
{
    double share = (double)client / (double)workload->clients;
    return (int64_t)((double)workload->start_spread_ns * share);
}

/* Streams of the seed, each one a call: see model/rng.h. */
enum { STREAM_CALLS = 1, STREAM_TIMING = 2 };

struct caller_streams caller_streams(uint64_t seed, int64_t client,
                                     int64_t call)
{
    uint64_t index = (uint64_t)client << 32 | (uint64_t)call;
    return (struct caller_streams){
        .calls = rng_stream(seed, STREAM_CALLS, index),
        .timing = rng_stream(seed, STREAM_TIMING, index),
    };
}

/* -- what is sent -----------------------------------------------------------
 */

static bool has_body(const char *method)
{
    return strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0 ||
           strcmp(method, "PATCH") == 0;
}

bool caller_payloads(const struct workload *workload,
                     const struct retry_request requests[2], const char *token,
                     char *payloads[2])
{
    static const struct workload only_token;
    for (int step = 0; step < 2; step++) {
        const char *method = requests[step].method;
        if (!method || !has_body(method)) {
            continue;
        }
        payloads[step] =
            plan_payload(step == 0 ? workload : &only_token, token);
        if (!payloads[step]) {
            return false;
        }
    }
    return true;
}

void caller_draw_key(struct rng *rng, char key[CALLER_KEY])
{
    uint64_t a = rng_next(rng), b = rng_next(rng);
    snprintf(key, CALLER_KEY,
             "%08" PRIx64 "-%04" PRIx64 "-4%03" PRIx64 "-%04" PRIx64
             "-%012" PRIx64,
             a >> 32, a >> 16 & 0xffff, a & 0xfff, (b >> 48 & 0x3fff) | 0x8000,
             b & 0xffffffffffff);
}

/* -- attempts ---------------------------------------------------------------
 */

struct attempt_timeout caller_timeout(const struct attempt_timeout *own,
                                      int64_t asked_ns)
{
    if (own->limit_ns == NS_FOREVER && asked_ns > 0) {
        return (struct attempt_timeout){asked_ns, TIMEOUT_INACTIVITY};
    }
    return *own;
}

static bool is_stale_connection(const struct attempt_outcome *outcome)
{
    return outcome->connection_was_reused &&
           (outcome->end == END_RESET || outcome->end == END_CLOSE);
}

bool caller_resends(const struct resend *resend,
                    const struct attempt_outcome *outcome, int64_t resends)
{
    bool is_covered =
        (resend->on_stale_connection && is_stale_connection(outcome)) ||
        (outcome->end == END_STATUS &&
         status_set_has(&resend->statuses, outcome->status));
    return resend->is_used && is_covered && resends < resend->limit;
}

/* -- the end of a call ------------------------------------------------------
 */

const char *caller_outcome(const struct attempt_outcome *outcome, char text[32])
{
    if (outcome->end != END_STATUS) {
        return attempt_end_words[outcome->end];
    }
    snprintf(text, 32, "status %d", outcome->status);
    return text;
}

/* "attempts: status 503"; the caller's own doing is just "cancelled". */
static const char *error_text(const struct caller_end *end, char text[80])
{
    const char *reason = retry_reason_words[end->action->reason];
    char outcome[32];
    if (end->action->is_ok) {
        return "";
    }
    if (end->action->reason == REASON_CANCELLED || end->call->attempts == 0) {
        return reason;
    }
    snprintf(text, 80, "%s: %s", reason, caller_outcome(end->last, outcome));
    return text;
}

/* Who gave up while waiting learns nothing of the attempt before. */
struct trace_result caller_result(const struct caller_end *end, char text[80])
{
    bool has_response = end->last->end == END_STATUS && end->last->status &&
                        end->action->reason != REASON_CANCELLED;
    return (struct trace_result){
        .is_ok = end->action->is_ok,
        .status = has_response ? end->last->status : 0,
        .error = error_text(end, text),
        .sha256 = has_response ? end->sha256 : "",
    };
}
