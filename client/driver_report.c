/* What a call came to, for its caller. */
#include <stdio.h>

#include "client/driver_parts.h"

static void count_end(struct driver_stats *stats,
                      const struct retry_action *action)
{
    if (action->is_ok) {
        stats->succeeded++;
    } else if (action->reason == REASON_CANCELLED) {
        stats->cancelled++;
    } else {
        stats->failed++;
    }
}

/* "attempts: status 503"; the caller's own doing is just "cancelled". */
static const char *error_text(const struct driver_call *call,
                              const struct retry_action *action, char text[80])
{
    const char *reason = retry_reason_words[action->reason];
    char outcome[32];
    if (action->is_ok) {
        return "";
    }
    if (action->reason == REASON_CANCELLED || call->engine.attempts == 0) {
        return reason;
    }
    snprintf(text, 80, "%s: %s", reason,
             driver_log_outcome(&call->last, outcome));
    return text;
}

void driver_report(const struct driver_call *call,
                   const struct retry_action *action)
{
    const struct driver_options *options = call->client->driver->options;
    /* Who gave up while waiting learns nothing of the attempt before. */
    bool has_response = call->last.end == END_STATUS && call->last.status &&
                        action->reason != REASON_CANCELLED;
    char text[80];
    struct trace_result result = {
        .call = call->token,
        .is_ok = action->is_ok,
        .status = has_response ? call->last.status : 0,
        .error = error_text(call, action, text),
        .sha256 = has_response ? call->transfer.sha256 : "",
    };
    driver_log_end(call, action, result.error);
    if (options->on_result) {
        options->on_result(options->context, &result);
    }
    count_end(call->client->driver->stats, action);
}
