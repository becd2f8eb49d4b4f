/* Attempts on the wire: sent, sent again below the layers, ended, aborted. */
#include "client/driver_clock.h"
#include "client/driver_parts.h"

static struct driver_call *call_of(const struct course *course)
{
    return course->owner;
}

/* -- sent -------------------------------------------------------------------
 */

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

void driver_attempt_send(struct course *course)
{
    struct driver_call *call = call_of(course);
    struct driver *driver = call->client->driver;
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

static void send_again(struct driver_call *call,
                       const struct attempt_outcome *outcome)
{
    driver_log_resend(call, outcome);
    call->client->driver->stats->resends++;
    transmit(call, NULL);
    course_sent_again(&call->course);
}

struct course_sight driver_attempt_look(const struct course *course)
{
    const struct transfer *transfer = &call_of(course)->transfer;
    return (struct course_sight){
        .has_head = transfer->is_head_whole,
        .last_byte_ns = transfer->last_byte_ns,
    };
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
static void end(struct driver_call *call, const struct attempt_outcome *outcome)
{
    struct attempt_outcome seen = for_engine(call, *outcome);
    driver_log_attempt(call, outcome);
    struct retry_action action =
        course_end(&call->course, &seen, driver_clock_wall_ns());
    driver_event_ended(call, outcome, &action);
    call->sending_layer = -1;
    course_act(&call->course, &action);
}

void driver_attempt_on_transfer(struct driver_call *call, CURLcode code)
{
    struct driver *driver = call->client->driver;
    struct attempt_outcome outcome =
        driver_transfer_end(&call->transfer, driver->multi, code);
    driver->in_flight--;
    if (course_resends(&call->course, &outcome)) {
        send_again(call, &outcome);
    } else {
        end(call, &outcome);
    }
}

static struct attempt_outcome cut_off(struct driver_call *call)
{
    struct driver *driver = call->client->driver;
    driver->in_flight--;
    return driver_transfer_time_out(&call->transfer, driver->multi);
}

void driver_attempt_time_out(struct course *course)
{
    struct driver_call *call = call_of(course);
    struct attempt_outcome outcome = {.end = END_TIMEOUT};
    call->was_cut = true;
    if (course->state == COURSE_SENDING) {
        outcome = cut_off(call);
    } else {
        driver_event_start(call);
    }
    end(call, &outcome);
}

void driver_attempt_abort(struct course *course,
                          const struct retry_action *action)
{
    struct driver_call *call = call_of(course);
    struct driver *driver = call->client->driver;
    driver_log_attempt(call, &course->last);
    driver_event_aborted(call, action);
    driver_transfer_abort(&call->transfer, driver->multi);
    driver->in_flight--;
}
