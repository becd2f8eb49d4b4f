#include "model/trace_fold.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "model/units.h"

void trace_fold_deinit(struct trace_fold *fold)
{
    free(fold->attempts);
    free(fold->conns);
}

/* Room for one more element of `size` bytes; NULL without memory. */
static void *grow(void *items, size_t count, size_t *room, size_t size)
{
    if (count < *room)
        return items;
    size_t wanted = *room ? *room * 2 : 64;
    void *grown = realloc(items, wanted * size);
    if (grown)
        *room = wanted;
    return grown;
}

/* -- attempts -------------------------------------------------------------- */

static int64_t read_id(struct trace_fields *fields, const char *key)
{
    return trace_fields_int(fields, key, 1, TRACE_FIELDS_INT_MAX);
}

static int64_t read_count(struct trace_fields *fields, const char *key)
{
    return trace_fields_int(fields, key, 0, TRACE_FIELDS_INT_MAX);
}

static void read_request(struct trace_fields *fields,
                         struct trace_attempt *attempt)
{
    attempt->conn = read_id(fields, "conn");
    attempt->conn_use = read_id(fields, "conn_use");
    attempt->accepted_ns = read_count(fields, "accepted");
    attempt->head_ns = read_count(fields, "head");
    attempt->request_end_ns =
        trace_fields_time(fields, "request_end", TRACE_NEVER);
    attempt->call = trace_fields_string(fields, "call");
    attempt->judged = trace_fields_bool(fields, "judged");
    attempt->route = trace_fields_text(fields, "route");
    attempt->step = trace_fields_text(fields, "step");
    attempt->reason = trace_fields_text(fields, "reason");
    attempt->body_size = read_count(fields, "body_size");
    attempt->body_sha256 = trace_fields_text(fields, "body_sha256");
    attempt->method = trace_fields_string(fields, "method");
    attempt->target = trace_fields_string(fields, "target");
    attempt->headers = trace_fields_headers(fields, "headers");
}

static double read_chance(struct trace_fields *fields)
{
    const cJSON *chance =
        cJSON_GetObjectItemCaseSensitive(fields->root, "chance");
    if (!chance)
        return 1.0;
    if (cJSON_IsNumber(chance) && chance->valuedouble >= 0 &&
        chance->valuedouble <= 1)
        return chance->valuedouble;
    trace_fields_problem(fields, "chance",
                         "wrong value: a number from 0 to 1 expected");
    return 1.0;
}

static struct fault read_fault(struct trace_fields *fields)
{
    struct trace_fields inner = *fields;
    struct fault fault = {.for_ns = NS_FOREVER};
    inner.at = NULL;
    inner.root = cJSON_GetObjectItemCaseSensitive(fields->root, "fault");
    if (!cJSON_IsObject(inner.root)) {
        trace_fields_problem(fields, "fault",
                             "wrong value: an object expected");
        return fault;
    }
    fault.kind = (enum fault_do)trace_fields_word(&inner, "do", fault_do_words,
                                                  FAULT_STALL + 1);
    fault.at = (enum fault_at)trace_fields_word(&inner, "at", fault_at_words,
                                                FAULT_AT_END + 1);
    fault.after_bytes = trace_fields_time(&inner, "after_bytes", 0);
    fault.for_ns = trace_fields_time(&inner, "for", NS_FOREVER);
    fault.rate = trace_fields_time(&inner, "rate", 0);
    fault.chance = read_chance(&inner);
    fields->is_bad |= inner.is_bad;
    return fault;
}

static void read_response(struct trace_fields *fields,
                          struct trace_attempt *attempt)
{
    attempt->status = trace_fields_int(fields, "status", 0, 999);
    attempt->end = (enum attempt_end)trace_fields_word(
        fields, "end", attempt_end_words, END_UNFINISHED + 1);
    attempt->first_byte_ns =
        trace_fields_time(fields, "first_byte", TRACE_NEVER);
    attempt->last_byte_ns = trace_fields_time(fields, "last_byte", TRACE_NEVER);
    attempt->gone_ns = trace_fields_time(fields, "gone", TRACE_NEVER);
    if (trace_fields_has(fields, "gone_by_reset"))
        attempt->gone_by_reset = trace_fields_bool(fields, "gone_by_reset");
    attempt->reply_size = read_count(fields, "reply_size");
    attempt->sent_bytes = read_count(fields, "sent_bytes");
    attempt->reply_sha256 = trace_fields_text(fields, "reply_sha256");
    attempt->delay_ns = read_count(fields, "delay");
    if (trace_fields_has(fields, "fault")) {
        attempt->fault = read_fault(fields);
        attempt->fault_fired = trace_fields_bool(fields, "fault_fired");
    }
    attempt->proof = trace_fields_text(fields, "proof");
    attempt->reply_headers = trace_fields_headers(fields, "headers");
}

/* What is known of an attempt whose response line never came. */
static void set_unanswered(struct trace_attempt *attempt)
{
    attempt->first_byte_ns = TRACE_NEVER;
    attempt->last_byte_ns = TRACE_NEVER;
    attempt->gone_ns = TRACE_NEVER;
    attempt->end = END_UNFINISHED;
    attempt->reply_sha256 = "";
    attempt->proof = "";
}

void trace_fold_attempt(struct trace_fold *fold, struct trace_fields *fields,
                        bool is_response)
{
    struct trace_attempt_line *grown = grow(fold->attempts, fold->attempt_count,
                                            &fold->attempt_room, sizeof *grown);
    if (!grown) {
        trace_fields_no_memory(fields);
        return;
    }
    fold->attempts = grown;
    struct trace_attempt_line *line = &grown[fold->attempt_count++];
    *line = (struct trace_attempt_line){
        .line = fields->line,
        .is_response = is_response,
    };
    line->attempt.id = read_id(fields, "id");
    if (is_response) {
        read_response(fields, &line->attempt);
    } else {
        read_request(fields, &line->attempt);
        set_unanswered(&line->attempt);
    }
}

static int compare_attempts(const void *left, const void *right)
{
    const struct trace_attempt_line *a = left, *b = right;
    if (a->attempt.id != b->attempt.id)
        return a->attempt.id < b->attempt.id ? -1 : 1;
    if (a->is_response != b->is_response)
        return a->is_response ? 1 : -1;
    return a->line - b->line;
}

/* Copies what read_response has set. */
static void add_response(struct trace_attempt *to,
                         const struct trace_attempt *from)
{
    struct trace_attempt whole = *from;
    whole.conn = to->conn;
    whole.conn_use = to->conn_use;
    whole.accepted_ns = to->accepted_ns;
    whole.head_ns = to->head_ns;
    whole.request_end_ns = to->request_end_ns;
    whole.call = to->call;
    whole.judged = to->judged;
    whole.route = to->route;
    whole.step = to->step;
    whole.reason = to->reason;
    whole.body_size = to->body_size;
    whole.body_sha256 = to->body_sha256;
    whole.method = to->method;
    whole.target = to->target;
    whole.headers = to->headers;
    *to = whole;
}

/* Joins one line, in order of compare_attempts, to what stands so far. */
static void join_attempt(const struct trace_attempt_line *line,
                         bool is_after_response, struct trace_fields *fields,
                         struct trace *trace)
{
    size_t count = trace->attempt_count;
    struct trace_attempt *last = count ? &trace->attempts[count - 1] : NULL;
    bool is_known = last && last->id == line->attempt.id;
    fields->line = line->line;
    if (!line->is_response && !is_known)
        trace->attempts[trace->attempt_count++] = line->attempt;
    else if (line->is_response && is_known && !is_after_response)
        add_response(last, &line->attempt);
    else if (!is_known)
        trace_fields_problem(fields, "id", "a response to no request");
    else
        trace_fields_problem(fields, "id", "a second %s with id %" PRId64,
                             line->is_response ? "response" : "request",
                             line->attempt.id);
}

static void fold_attempts(struct trace_fold *fold, struct trace_fields *fields,
                          struct trace *trace)
{
    size_t count = fold->attempt_count;
    trace->attempts =
        arena_array(&trace->arena, count, sizeof *trace->attempts);
    if (!trace->attempts) {
        trace_fields_no_memory(fields);
        return;
    }
    if (count > 0)
        qsort(fold->attempts, count, sizeof *fold->attempts, compare_attempts);
    for (size_t i = 0; i < count; i++) {
        const struct trace_attempt_line *line = &fold->attempts[i];
        bool is_after_response = i > 0 && line[-1].is_response &&
                                 line[-1].attempt.id == line->attempt.id;
        join_attempt(line, is_after_response, fields, trace);
    }
}

/* -- connections ----------------------------------------------------------- */

static void read_conn(struct trace_fields *fields, enum trace_event event,
                      struct trace_conn *conn)
{
    int64_t t_ns = read_count(fields, "t");
    conn->conn = read_id(fields, "conn");
    conn->closed_ns = TRACE_NEVER;
    conn->step = "";
    conn->proof = "";
    if (event == TRACE_ACCEPT) {
        conn->accepted_ns = t_ns;
    } else if (event == TRACE_CLOSE) {
        conn->closed_ns = t_ns;
        conn->requests = read_count(fields, "requests");
    } else {
        conn->fault = (enum fault_do)trace_fields_word(
            fields, "do", fault_do_words, FAULT_STALL + 1);
        conn->step = trace_fields_text(fields, "step");
        conn->proof = trace_fields_text(fields, "proof");
    }
}

void trace_fold_conn(struct trace_fold *fold, struct trace_fields *fields,
                     enum trace_event event)
{
    struct trace_conn_line *grown =
        grow(fold->conns, fold->conn_count, &fold->conn_room, sizeof *grown);
    if (!grown) {
        trace_fields_no_memory(fields);
        return;
    }
    fold->conns = grown;
    struct trace_conn_line *line = &grown[fold->conn_count++];
    *line = (struct trace_conn_line){.line = fields->line, .event = event};
    read_conn(fields, event, &line->conn);
}

static int compare_conns(const void *left, const void *right)
{
    const struct trace_conn_line *a = left, *b = right;
    if (a->conn.conn != b->conn.conn)
        return a->conn.conn < b->conn.conn ? -1 : 1;
    return a->line - b->line;
}

static void join_conn(const struct trace_conn_line *line,
                      struct trace_fields *fields, struct trace *trace)
{
    size_t count = trace->conn_count;
    struct trace_conn *last = count ? &trace->conns[count - 1] : NULL;
    bool is_known = last && last->conn == line->conn.conn;
    fields->line = line->line;
    if (is_known && line->event == TRACE_ACCEPT) {
        trace_fields_problem(fields, "conn", "accepted a second time");
    } else if (!is_known && line->event != TRACE_ACCEPT) {
        trace_fields_problem(fields, "conn", "never accepted before");
    } else if (line->event == TRACE_ACCEPT) {
        trace->conns[trace->conn_count++] = line->conn;
    } else if (line->event == TRACE_CLOSE) {
        last->closed_ns = line->conn.closed_ns;
        last->requests = line->conn.requests;
    } else {
        last->fault = line->conn.fault;
        last->step = line->conn.step;
        last->proof = line->conn.proof;
    }
}

static void fold_conns(struct trace_fold *fold, struct trace_fields *fields,
                       struct trace *trace)
{
    size_t count = fold->conn_count;
    trace->conns = arena_array(&trace->arena, count, sizeof *trace->conns);
    if (!trace->conns) {
        trace_fields_no_memory(fields);
        return;
    }
    if (count > 0)
        qsort(fold->conns, count, sizeof *fold->conns, compare_conns);
    for (size_t i = 0; i < count; i++)
        join_conn(&fold->conns[i], fields, trace);
}

void trace_fold_finish(struct trace_fold *fold, struct trace_fields *fields,
                       struct trace *trace)
{
    fold_attempts(fold, fields, trace);
    fold_conns(fold, fields, trace);
}
