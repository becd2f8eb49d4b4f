/* One attempt: sent, sent again below the layers, ended, aborted. */
#include "client/driver_clock.h"
#include "client/driver_parts.h"
#include "model/units.h"

/* The engine itself knows the end of a total limit; the other two depend on
 * what the wire shows. */
int64_t driver_attempt_deadline(const struct driver_call *call)
{
    const struct transfer *transfer = &call->transfer;
    switch (call->limit.kind) {
    case TIMEOUT_TOTAL:
        return NS_FOREVER;
    case TIMEOUT_HEAD:
        return transfer->is_head_whole
                   ? NS_FOREVER
                   : units_add(call->attempt_ns, call->limit.limit_ns);
    case TIMEOUT_INACTIVITY:
        return units_add(transfer->last_byte_ns, call->limit.limit_ns);
    }
    return NS_FOREVER;
}

static void count_sent(struct driver *driver)
{
    struct driver_stats *stats = driver->stats;
    driver->in_flight++;
    if (driver->in_flight > stats->peak_in_flight) {
        stats->peak_in_flight = driver->in_flight;
    }
}

static void transmit(struct driver_call *call, struct curl_slist *headers)
{
    struct driver *driver = call->client->driver;
    if (!driver_transfer_begin(&call->transfer, driver->multi, headers)) {
        driver_fail_memory(driver);
        return;
    }
    count_sent(driver);
}

void driver_attempt_begin(struct driver_call *call,
                          const struct retry_action *action)
{
    struct driver *driver = call->client->driver;
    call->state = CALL_SENDING;
    call->attempt_ns = driver_clock_ns();
    call->until_ns = action->until_ns;
    call->wake_ns = action->wake_ns;
    call->limit =
        caller_timeout(&action->attempt_timeout,
                       driver->options->plan->workload.read_timeout_ns);
    call->last = (struct attempt_outcome){.end = END_UNFINISHED};
    call->resends = 0;
    call->was_cut = false;
    driver->stats->attempts++;
    driver->stats->retries += call->sending_layer >= 0;
    struct curl_slist *headers =
        driver_request_aim(call) ? driver_request_headers(call) : NULL;
    if (!headers) {
        driver_fail_memory(driver);
        return;
    }
    driver_event_start(call);
    transmit(call, headers);
}

/* -- below the layers -------------------------------------------------------
 */

bool driver_attempt_resend(struct driver_call *call,
                           const struct attempt_outcome *outcome)
{
    struct driver *driver = call->client->driver;
    if (!caller_resends(&driver->profile.resend, outcome, call->resends)) {
        return false;
    }
    driver_log_resend(call, outcome);
    call->resends++;
    driver->stats->resends++;
    transmit(call, NULL);
    return true;
}

/* -- ended ------------------------------------------------------------------
 */

/* Half a JSON body tells nothing: pointers are not looked up in it. */
static struct attempt_outcome for_engine(const struct driver_call *call,
                                         struct attempt_outcome outcome)
{
    if (call->transfer.body_bytes > (int64_t)outcome.body_size) {
        outcome.body = NULL;
        outcome.body_size = 0;
    }
    return outcome;
}

/* After this the answer is still there, but its body no longer. */
struct retry_action driver_attempt_end(struct driver_call *call,
                                       const struct attempt_outcome *outcome)
{
    struct attempt_outcome seen = for_engine(call, *outcome);
    struct retry_event event = {
        .kind = RETRY_ENDED,
        .now_ns = driver_clock_ns(),
        .wall_ns = driver_clock_wall_ns(),
        .u = rng_uniform(&call->rng),
        .outcome = &seen,
    };
    call->last = *outcome;
    driver_log_attempt(call, outcome);
    struct retry_action action = retry_step(&call->engine, &event);
    driver_event_ended(call, outcome, &action);
    call->last.body = NULL;
    call->last.body_size = 0;
    call->sending_layer = -1;
    return action;
}

void driver_attempt_abort(struct driver_call *call,
                          const struct retry_action *action)
{
    struct driver *driver = call->client->driver;
    call->last = (struct attempt_outcome){.end = END_CANCELLED};
    driver_log_attempt(call, &call->last);
    driver_event_aborted(call, action);
    driver_transfer_abort(&call->transfer, driver->multi);
    driver->in_flight--;
}
