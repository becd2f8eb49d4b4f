/* What a call came to, for its caller. */
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

void driver_report(const struct driver_call *call,
                   const struct retry_action *action)
{
    const struct driver_options *options = call->client->driver->options;
    char text[80];
    struct trace_result result = caller_result(
        &(struct caller_end){
            .call = &call->course.engine,
            .action = action,
            .last = &call->course.last,
            .sha256 = call->transfer.sha256,
        },
        text);
    result.call = call->token;
    driver_log_end(call, action, result.error);
    if (options->on_result) {
        options->on_result(options->context, &result);
    }
    count_end(call->client->driver->stats, action);
}
