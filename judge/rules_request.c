#include "judge/rules_request.h"

#include <stdlib.h>
#include <string.h>

#include "judge/names.h"

static struct place place_of(const struct judging *judging,
                             const struct call *call)
{
    return (struct place){.judging = judging, .call = call};
}

/* An attempt whose connection met a fault when accepted was never read. */
static bool was_read(const struct trace_attempt *attempt)
{
    return attempt->id > 0;
}

/* -- REQ-1 ----------------------------------------------------------------- */

static bool bodies_differ(const struct trace_attempt *a,
                          const struct trace_attempt *b)
{
    if (a->request_end_ns == TRACE_NEVER || b->request_end_ns == TRACE_NEVER) {
        return false; /* cut: unknown */
    }
    return a->body_size != b->body_size ||
           strcmp(a->body_sha256, b->body_sha256) != 0;
}

/* What differs; NULL: nothing. */
static const char *difference(const struct trace_attempt *a,
                              const struct trace_attempt *b)
{
    if (strcmp(a->method, b->method) != 0) {
        return "method";
    }
    if (strcmp(a->target, b->target) != 0) {
        return "target";
    }
    return bodies_differ(a, b) ? "body" : NULL;
}

static const char *request_text(struct tally *tally,
                                const struct trace_attempt *attempt)
{
    return tally_text(
        tally, "%s %.120s, body %lld B, sha256 %.12s", attempt->method,
        attempt->target, (long long)attempt->body_size,
        attempt->body_sha256[0] ? attempt->body_sha256 : "of nothing");
}

static void report_difference(const struct place *place, size_t first,
                              const char *what)
{
    struct tally *tally = place->judging->tally;
    struct finding *finding = tally_violate(tally, JUDGE_REQ_1, false);
    const struct trace_attempt *attempt = place->call->attempts[place->index];
    if (!finding) {
        return;
    }
    finding->attempt = attempt->id;
    finding->expected =
        tally_text(tally, "the %s of attempt %zu: %s", what, first + 1,
                   request_text(tally, place->call->attempts[first]));
    finding->observed =
        tally_text(tally, "%s: %s", evidence_attempt(place, place->index),
                   request_text(tally, attempt));
    finding->source =
        tally_text(tally, "profile %s", place->judging->profile->id);
}

/* The attempts of each request of a call against the first of that request. */
static void judge_same(const struct judging *judging, const struct call *call)
{
    struct place place = place_of(judging, call);
    size_t first[2] = {SIZE_MAX, SIZE_MAX};
    for (size_t i = 0; i < call->count; i++) {
        const struct trace_attempt *attempt = call->attempts[i];
        size_t *own = &first[calls_step(judging->profile, attempt)];
        if (*own == SIZE_MAX) {
            *own = i;
            continue;
        }
        if (!was_read(attempt) || !was_read(call->attempts[*own])) {
            continue;
        }
        tally_exercise(judging->tally, JUDGE_REQ_1);
        const char *what = difference(call->attempts[*own], attempt);
        if (what) {
            place.index = i;
            report_difference(&place, *own, what);
            return;
        }
    }
}

/* -- REQ-2 ----------------------------------------------------------------- */

struct keys {
    const struct judging *judging;
    struct names *values;
    size_t *owners; /* call that used the value first */
};

static const char *scope_text(struct tally *tally,
                              const struct telling_headers *headers)
{
    return headers->idempotency_scope == KEY_PER_ATTEMPT
               ? tally_text(tally, "another %s on every attempt",
                            headers->idempotency_key)
               : tally_text(tally,
                            "one %s for all attempts of a call, another for "
                            "each call",
                            headers->idempotency_key);
}

static void report_key(struct keys *keys, const struct call *call, size_t index,
                       const char *value)
{
    struct tally *tally = keys->judging->tally;
    const struct telling_headers *headers = &keys->judging->profile->headers;
    struct finding *finding = tally_violate(tally, JUDGE_REQ_2, false);
    if (finding) {
        struct place place = place_of(keys->judging, call);
        finding->attempt = call->attempts[index]->id;
        finding->expected = scope_text(tally, headers);
        finding->observed =
            tally_text(tally, "%.60s on %s", value ? value : "no such header",
                       evidence_attempt(&place, index));
        finding->source = tally_text(tally, "profile %s: headers",
                                     keys->judging->profile->id);
    }
}

/* True if the value is not what the scope allows. */
static bool is_wrong_key(struct keys *keys, const struct call *call,
                         size_t index, const char *value)
{
    const struct telling_headers *headers = &keys->judging->profile->headers;
    size_t owner = (size_t)(call - keys->judging->calls->items);
    size_t before = keys->values->count;
    size_t number = names_add(keys->values, value);
    bool is_new = keys->values->count > before;
    if (is_new) {
        keys->owners[number] = owner;
    }
    if (headers->idempotency_scope == KEY_PER_ATTEMPT) {
        /* What a lower layer sends again is the same request. */
        return !is_new && !keys->judging->profile->resend.is_used;
    }
    const char *first =
        http_header_get(&call->attempts[0]->headers, headers->idempotency_key);
    bool is_constant = index == 0 || !was_read(call->attempts[0]) ||
                       (first && strcmp(first, value) == 0);
    return !is_constant || keys->owners[number] != owner;
}

static void judge_keys(struct keys *keys, const struct call *call)
{
    struct tally *tally = keys->judging->tally;
    const struct telling_headers *headers = &keys->judging->profile->headers;
    const char *name = headers->idempotency_key;
    for (size_t i = 0; i < call->count; i++) {
        if (!was_read(call->attempts[i])) {
            continue;
        }
        const char *value = http_header_get(&call->attempts[i]->headers, name);
        tally_exercise(tally, JUDGE_REQ_2);
        if (!value || is_wrong_key(keys, call, i, value)) {
            report_key(keys, call, i, value);
            return;
        }
    }
}

bool rules_request_judge(const struct judging *judging, struct arena *scratch)
{
    size_t most = judging->trace->attempt_count + 1;
    struct keys keys = {
        .judging = judging,
        .values = names_create(scratch, most),
        .owners = arena_array(scratch, most, sizeof(size_t)),
    };
    if (!keys.values || !keys.owners) {
        return false;
    }
    for (size_t i = 0; i < judging->calls->count; i++) {
        const struct call *call = &judging->calls->items[i];
        if (!calls_is_covered(call)) {
            continue;
        }
        judge_same(judging, call);
        if (judging->profile->headers.idempotency_key) {
            judge_keys(&keys, call);
        }
    }
    return true;
}

/* -- REQ-3 ----------------------------------------------------------------- */

static int64_t expected_count(const struct hypothesis *hypothesis, int64_t from)
{
    int innermost = retry_innermost(&hypothesis->call);
    return innermost < 0 ? from
                         : from + hypothesis->call.state[innermost].retries;
}

static bool is_number(const char *value, int64_t expected)
{
    char *end;
    long long number = strtoll(value, &end, 10);
    return end != value && *end == '\0' && number == expected;
}

void rules_request_retry_count(const struct hypotheses *set,
                               const struct place *place, size_t index)
{
    const struct judging *judging = place->judging;
    const struct telling_headers *headers = &judging->profile->headers;
    const struct trace_attempt *attempt = place->call->attempts[index];
    bool is_any = set->is_open && set->has_unseen;
    if (!headers->retry_count || !was_read(attempt) || is_any) {
        return;
    }
    const char *value =
        http_header_get(&attempt->headers, headers->retry_count);
    tally_exercise(judging->tally, JUDGE_REQ_3);
    for (int i = 0; value && i < set->count; i++) {
        if (is_number(value, expected_count(&set->items[i],
                                            headers->retry_count_from))) {
            return;
        }
    }
    struct tally *tally = judging->tally;
    struct finding *finding = tally_violate(tally, JUDGE_REQ_3, false);
    if (finding) {
        finding->attempt = attempt->id;
        finding->expected =
            tally_text(tally, "%s: %lld", headers->retry_count,
                       (long long)expected_count(&set->items[0],
                                                 headers->retry_count_from));
        finding->observed =
            tally_text(tally, "%.60s on %s", value ? value : "none",
                       evidence_attempt(place, index));
        finding->source =
            tally_text(tally, "profile %s: headers", judging->profile->id);
    }
}
