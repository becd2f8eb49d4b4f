#include "judge/seen.h"

#include <string.h>
#include <strings.h>

#include "client/retry_after.h"
#include "model/trace_text.h"
#include "model/units.h"

static bool was_left(const struct trace_attempt *attempt)
{
    return attempt->gone_ns != TRACE_NEVER &&
           (attempt->end == END_TIMEOUT || attempt->end == END_CANCELLED ||
            attempt->end == END_UNFINISHED);
}

/* A client may look at the status alone and close before the body is whole: an
 * error status that was sent counts as seen from its first byte on. Or it waits
 * for the body, and its time is over. */
static bool left_after_error_head(const struct trace_attempt *attempt)
{
    return attempt->first_byte_ns != TRACE_NEVER && attempt->status >= 400;
}

static struct seen seen_left(const struct judging *judging,
                             const struct trace_attempt *attempt,
                             int64_t next_head_ns)
{
    struct seen seen = {
        .at_ns = attempt->gone_ns,
        .early_ns = attempt->gone_ns,
        .is_left = true,
        .outcome = {.end = END_TIMEOUT},
    };
    /* The FIN and the next head may reach our loop in either order. */
    if (next_head_ns != TRACE_NEVER && seen.at_ns > next_head_ns &&
        seen.at_ns - next_head_ns <= judging->early_ns + judging->lag_ns) {
        seen.at_ns = seen.early_ns = next_head_ns;
    }
    if (left_after_error_head(attempt)) {
        seen.outcome.end = END_STATUS;
        seen.early_ns = attempt->first_byte_ns;
        seen.is_left = false;
        seen.may_be_timeout = true;
    }
    return seen;
}

static int64_t last_instant(const struct trace_attempt *attempt)
{
    if (attempt->last_byte_ns != TRACE_NEVER) {
        return attempt->last_byte_ns;
    }
    return attempt->gone_ns != TRACE_NEVER ? attempt->gone_ns
                                           : attempt->head_ns;
}

/* The trace keeps no bodies; the scenario has what was sent. */
static void add_body(const struct judging *judging,
                     const struct trace_attempt *attempt,
                     struct attempt_outcome *outcome)
{
    const struct scripted *scripted =
        judging->tests_body && outcome->end == END_STATUS
            ? answers_find(judging->answers, attempt->step)
            : NULL;
    const struct reply *reply = scripted ? scripted->reply : NULL;
    if (reply && reply->body && attempt->sent_bytes >= reply->body_size) {
        outcome->body = reply->body;
        outcome->body_size = (size_t)reply->body_size;
        outcome->json = scripted->json;
    }
}

/* A hang that the server ended, by a FIN after its time, was silent so long. */
static int64_t last_data(const struct trace_attempt *attempt)
{
    const struct fault *fault = &attempt->fault;
    bool ended_by_fin = fault->kind == FAULT_HANG && attempt->fault_fired &&
                        fault->for_ns != NS_FOREVER &&
                        (attempt->end == END_CLOSE || attempt->end == END_CUT);
    return last_instant(attempt) - (ended_by_fin ? fault->for_ns : 0);
}

struct seen seen_end(const struct judging *judging,
                     const struct trace_attempt *attempt, int64_t next_head_ns)
{
    struct seen seen;
    if (was_left(attempt)) {
        seen = seen_left(judging, attempt, next_head_ns);
    } else {
        seen = (struct seen){.at_ns = last_instant(attempt),
                             .early_ns = last_instant(attempt),
                             .outcome = {.end = attempt->end}};
    }
    if (seen.at_ns < attempt->head_ns) {
        seen.at_ns = seen.early_ns = attempt->head_ns;
    }
    if (seen.outcome.end == END_CANCELLED) {
        seen.outcome.end = END_TIMEOUT;
    }
    if (seen.outcome.end == END_STATUS) {
        seen.outcome.status = (int)attempt->status;
    }
    seen.outcome.headers = &attempt->reply_headers;
    seen.outcome.connection_was_reused = attempt->conn_use > 1;
    add_body(judging, attempt, &seen.outcome);
    return seen;
}

int64_t seen_deadline(const struct trace_attempt *attempt,
                      const struct attempt_timeout *timeout, int64_t slack_ns)
{
    int64_t limit_ns = timeout->limit_ns;
    if (limit_ns == NS_FOREVER) {
        return NS_FOREVER;
    }
    int64_t first_ns = units_add(attempt->head_ns, limit_ns);
    if (timeout->kind == TIMEOUT_TOTAL ||
        attempt->first_byte_ns == TRACE_NEVER ||
        attempt->first_byte_ns > units_add(first_ns, slack_ns)) {
        return first_ns;
    }
    return timeout->kind == TIMEOUT_HEAD
               ? NS_FOREVER
               : units_add(last_data(attempt), limit_ns);
}

/* -- wall clock ------------------------------------------------------------ */

const struct reply *seen_reply(const struct judging *judging, const char *where)
{
    const struct scripted *scripted = answers_find(judging->answers, where);
    return scripted ? scripted->reply : NULL;
}

/* A trace without wall clock still tells it where a scripted HTTP-date was
 * sent: the date less its scripted offset. */
static int64_t wall_from_date(const struct judging *judging,
                              const struct trace_attempt *attempt)
{
    const struct reply *reply = seen_reply(judging, attempt->step);
    for (size_t i = 0; reply && i < reply->header_count; i++) {
        const struct reply_header *header = &reply->headers[i];
        const char *sent =
            http_header_get(&attempt->reply_headers, header->name);
        int64_t unix_s;
        if (header->is_date && sent && http_date_parse(sent, &unix_s)) {
            return unix_s * NS_PER_S - header->date_offset_ns;
        }
    }
    return 0;
}

int64_t seen_wall(const struct judging *judging,
                  const struct trace_attempt *attempt, int64_t at_ns)
{
    if (judging->trace->wall_ns > 0) {
        return judging->trace->wall_ns + at_ns;
    }
    return wall_from_date(judging, attempt);
}

/* -- headers --------------------------------------------------------------- */

static bool rule_tests_length(const struct profile_rule *rule)
{
    const char *name = rule->on.header.name;
    return name && strcasecmp(name, "Content-Length") == 0;
}

bool seen_tests_length(const struct profile *profile)
{
    for (size_t i = 0; i < profile->layer_count; i++) {
        const struct layer *layer = &profile->layers[i];
        for (size_t k = 0; k < layer->rule_count; k++) {
            if (rule_tests_length(&layer->rules[k])) {
                return true;
            }
        }
    }
    return false;
}

static bool rule_tests_body(const struct profile_rule *rule)
{
    bool is_source = false;
    for (size_t i = 0; i < rule->retry_after.source_count; i++) {
        is_source |= rule->retry_after.sources[i].pointer != NULL;
    }
    return is_source || rule->on.body.pointer;
}

bool seen_tests_body(const struct profile *profile)
{
    for (size_t i = 0; i < profile->layer_count; i++) {
        const struct layer *layer = &profile->layers[i];
        for (size_t k = 0; k < layer->rule_count; k++) {
            if (rule_tests_body(&layer->rules[k])) {
                return true;
            }
        }
    }
    return false;
}

static bool states_length(const struct judging *judging,
                          const struct trace_attempt *attempt)
{
    const struct reply *reply =
        judging->tests_length ? seen_reply(judging, attempt->step) : NULL;
    return reply && reply->framing == FRAMING_LENGTH &&
           !http_header_get(&attempt->reply_headers, "Content-Length");
}

const struct http_headers *seen_headers(const struct judging *judging,
                                        const struct trace_attempt *attempt,
                                        struct seen_headers *room)
{
    size_t count = attempt->reply_headers.count;
    if (count > TRACE_HEADERS_MAX || !states_length(judging, attempt)) {
        return &attempt->reply_headers;
    }
    for (size_t i = 0; i < count; i++) {
        room->items[i] = attempt->reply_headers.items[i];
    }
    *trace_text_put_int(room->length, attempt->reply_size) = '\0';
    room->items[count] = (struct http_header){"Content-Length", room->length};
    room->all = (struct http_headers){room->items, count + 1};
    return &room->all;
}

const char *seen_words(struct tally *tally,
                       const struct attempt_outcome *outcome)
{
    return outcome->end == END_STATUS
               ? tally_text(tally, "status %d", outcome->status)
               : tally_text(tally, "\"%s\"", attempt_end_words[outcome->end]);
}
