/* What a server can see besides: headers that tell, re-sends, the follow-up. */
#include "compare/aspect.h"
#include "model/units.h"

static void tell_retry_count(const struct question *question,
                             struct words *words)
{
    const struct telling_headers *headers =
        &question->subject->profile->headers;
    if (!headers->retry_count)
        words_absent(words, "not sent");
    else
        words_add(words, "%s, from %lld", headers->retry_count,
                  (long long)headers->retry_count_from);
}

static void tell_idempotency(const struct question *question,
                             struct words *words)
{
    const struct telling_headers *headers =
        &question->subject->profile->headers;
    if (!headers->idempotency_key)
        words_absent(words, "not sent");
    else
        words_add(words, "%s, one for each %s", headers->idempotency_key,
                  headers->idempotency_scope == KEY_PER_CALL ? "call"
                                                             : "attempt");
}

static void tell_call_id(const struct question *question, struct words *words)
{
    const char *name = question->subject->profile->headers.call_id;
    if (name)
        words_add(words, "%s", name);
    else
        words_absent(words, "not sent");
}

static void tell_resend(const struct question *question, struct words *words)
{
    const struct resend *resend = &question->subject->profile->resend;
    struct status_set none = {0};
    if (!resend->is_used) {
        words_absent(words, "none");
        return;
    }
    words_add(words, "%lld an attempt", (long long)resend->limit);
    if (resend->on_stale_connection)
        words_add(words, ", stale connections");
    for (size_t i = 0; i < sizeof none.bits / sizeof none.bits[0]; i++) {
        if (resend->statuses.bits[i]) {
            words_add(words, ", ");
            words_statuses(words, &resend->statuses);
            return;
        }
    }
}

static void tell_range(const struct question *question, struct words *words)
{
    if (question->subject->profile->resumes_with_range)
        words_add(words, "resumed by a Range request");
    else
        words_absent(words, "not resumed");
}

static void tell_follow_up(const struct question *question, struct words *words)
{
    const struct follow_up *follow_up = &question->subject->profile->follow_up;
    if (follow_up->path)
        words_add(words, "%s %s", follow_up->method, follow_up->path);
    else
        words_absent(words, "none");
}

static void tell_queue(const struct question *question, struct words *words)
{
    const struct queue_state *queue = &question->subject->profile->queue_state;
    if (!queue->state) {
        words_absent(words, "none");
        return;
    }
    words_add(words, "one in ");
    words_time(words, queue->debounce_ns);
}

#define WIRE(id_, title_, severity_, tell_, requirements_)      \
    {                                                           \
        .id = (id_), .title = (title_), .group = GROUP_HEADERS, \
        .severity = (severity_), .tell = (tell_),               \
        .requirements = (requirements_),                        \
    }

static const struct aspect items[] = {
    WIRE("retry-count", "header that counts retries", SEVERITY_LOW,
         tell_retry_count, "S1-62"),
    WIRE("idempotency-key", "idempotency key", SEVERITY_HIGH, tell_idempotency,
         NULL),
    WIRE("call-id", "header that names the call", SEVERITY_LOW, tell_call_id,
         NULL),
    WIRE("resend", "re-sends below the client", SEVERITY_HIGH, tell_resend,
         NULL),
    WIRE("range", "a body cut off", SEVERITY_LOW, tell_range, NULL),
    WIRE("follow-up", "second request of a call", SEVERITY_HIGH, tell_follow_up,
         NULL),
    WIRE("queue-notices", "notices of the service's queue", SEVERITY_LOW,
         tell_queue, NULL),
};

const struct aspect_table wire_aspects = {items,
                                          sizeof items / sizeof items[0]};
