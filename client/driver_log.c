#include "client/driver_clock.h"
#include "client/driver_parts.h"
#include "model/units.h"

static double seconds(int64_t ns)
{
    return (double)ns / (double)NS_PER_S;
}

/* The file to write to, with the time and the call written; NULL: quiet. */
static FILE *begin_line(const struct driver_call *call)
{
    const struct driver *driver = call->client->driver;
    FILE *log = driver->options->log;
    if (log) {
        fprintf(log, "[%9.3f] %s  ",
                seconds(driver_clock_ns() - driver->origin_ns), call->token);
    }
    return log;
}

void driver_log_attempt(const struct driver_call *call,
                        const struct attempt_outcome *outcome)
{
    FILE *log = begin_line(call);
    if (!log) {
        return;
    }
    char text[32];
    fprintf(log, "#%lld  %s after %.3f s%s\n",
            (long long)call->course.engine.attempts,
            caller_outcome(outcome, text),
            seconds(driver_clock_ns() - call->course.attempt_ns),
            outcome->connection_was_reused ? ", on a reused connection" : "");
}

void driver_log_resend(const struct driver_call *call,
                       const struct attempt_outcome *outcome)
{
    FILE *log = begin_line(call);
    if (!log) {
        return;
    }
    char text[32];
    fprintf(log, "#%lld  %s%s, sent again below the layers\n",
            (long long)call->course.engine.attempts,
            caller_outcome(outcome, text),
            outcome->connection_was_reused ? " on a reused connection" : "");
}

void driver_log_queue(const struct driver_call *call)
{
    FILE *log = begin_line(call);
    if (log) {
        fprintf(log, "waits for a slot of layer %s\n",
                retry_layer(&call->course.engine, call->course.pooled.waits_for)
                    ->name);
    }
}

/* What sets the delay: a rule, or the rate limiter of the layer. */
static void put_cause(FILE *log, const struct retry_action *action)
{
    fprintf(log, " (layer %s", action->layer ? action->layer->name : "?");
    if (action->wait_kind == WAIT_LIMITER) {
        fprintf(log, ", rate limiter");
    } else if (action->rule && action->rule->where) {
        fprintf(log, ", %s", action->rule->where);
    }
    if (action->law.has_header && action->retry_after.text) {
        fprintf(log, ", %s: %s", action->retry_after.header,
                action->retry_after.text);
    }
    fprintf(log, ")\n");
}

void driver_log_wait(const struct driver_call *call,
                     const struct retry_action *action)
{
    FILE *log = begin_line(call);
    if (!log) {
        return;
    }
    if (action->is_never) {
        fprintf(log, "waits for ever");
    } else {
        fprintf(log, "waits %.3f s", seconds(action->delay_ns));
    }
    put_cause(log, action);
}

void driver_log_end(const struct driver_call *call,
                    const struct retry_action *action, const char *error)
{
    FILE *log = begin_line(call);
    if (!log) {
        return;
    }
    char text[32];
    fprintf(log, "%s: %s, %lld attempt%s in %.3f s\n",
            action->is_ok ? "ok" : "failed",
            action->is_ok ? caller_outcome(&call->course.last, text) : error,
            (long long)call->course.engine.attempts,
            call->course.engine.attempts == 1 ? "" : "s",
            seconds(driver_clock_ns() - call->begun_ns));
}
