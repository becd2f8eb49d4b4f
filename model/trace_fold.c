#include "model/trace_fold.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "model/units.h"

/* What the lines said of an attempt or a connection. */
struct trace_mark {
    int line; /* the first one */
    bool has_begun, has_ended;
};

static_assert(offsetof(struct trace_attempt, id) == 0, "an item's id is first");
static_assert(offsetof(struct trace_conn, conn) == 0, "an item's id is first");

/* -- tables ---------------------------------------------------------------- */

void trace_fold_init(struct trace_fold *fold)
{
    *fold = (struct trace_fold){
        .attempts = {.item_size = sizeof(struct trace_attempt)},
        .conns = {.item_size = sizeof(struct trace_conn)},
    };
}

static void table_deinit(struct trace_table *table)
{
    free(table->items);
    free(table->marks);
    free(table->slots);
}

void trace_fold_deinit(struct trace_fold *fold)
{
    table_deinit(&fold->attempts);
    table_deinit(&fold->conns);
}

static void *item_at(const struct trace_table *table, size_t index)
{
    return (char *)table->items + index * table->item_size;
}

static int64_t id_at(const struct trace_table *table, size_t index)
{
    return *(const int64_t *)item_at(table, index);
}

/* Where the id stands, or else would stand. Ids are counted, so that they are
 * hashed well enough by themselves, and neighbours stand side by side. */
static uint32_t *slot_of(const struct trace_table *table, int64_t id)
{
    size_t mask = table->slot_count - 1, at = (size_t)id & mask;
    while (table->slots[at] && id_at(table, table->slots[at] - 1) != id)
        at = (at + 1) & mask;
    return &table->slots[at];
}

static bool grow_slots(struct trace_table *table, size_t room)
{
    uint32_t *slots = calloc(room * 2, sizeof *slots);
    if (!slots)
        return false;
    free(table->slots);
    table->slots = slots;
    table->slot_count = room * 2;
    for (size_t i = 0; i < table->count; i++)
        *slot_of(table, id_at(table, i)) = (uint32_t)(i + 1);
    return true;
}

/* Room for one more. */
static bool grow(struct trace_table *table)
{
    size_t room = table->room ? table->room * 2 : 64;
    if (table->count < table->room)
        return true;
    if (room > UINT32_MAX / 2)
        return false;
    void *items = realloc(table->items, room * table->item_size);
    table->items = items ? items : table->items;
    struct trace_mark *marks = realloc(table->marks, room * sizeof *marks);
    table->marks = marks ? marks : table->marks;
    if (!items || !marks || !grow_slots(table, room))
        return false;
    table->room = room;
    return true;
}

/* Of one id; zeroed but for that if it is new. NULL without memory. */
static void *find_or_add(struct trace_table *table, int64_t id,
                         const struct trace_fields *fields,
                         struct trace_mark **mark)
{
    if (!grow(table))
        return NULL;
    uint32_t *slot = slot_of(table, id);
    if (!*slot) {
        void *item = item_at(table, table->count);
        memset(item, 0, table->item_size);
        memcpy(item, &id, sizeof id);
        table->marks[table->count] = (struct trace_mark){.line = fields->line};
        *slot = (uint32_t)++table->count;
    }
    *mark = &table->marks[*slot - 1];
    return item_at(table, *slot - 1);
}

static int by_id(const void *left, const void *right)
{
    int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

/* The items, by id; they are the caller's to free. */
static void *take_items(struct trace_table *table, size_t *count)
{
    void *items = table->items;
    bool is_sorted = true;
    for (size_t i = 1; i < table->count; i++)
        is_sorted &= id_at(table, i - 1) < id_at(table, i);
    if (!is_sorted)
        qsort(items, table->count, table->item_size, by_id);
    *count = table->count;
    table->items = NULL;
    return items;
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

static struct fault read_fault(struct trace_fields *fields)
{
    struct trace_fields inner;
    struct fault fault = {.for_ns = NS_FOREVER, .chance = 1};
    if (trace_fields_inner(fields, "fault", &inner)) {
        fault.kind = (enum fault_do)trace_fields_word(
            &inner, "do", fault_do_words, FAULT_STALL + 1);
        fault.at = (enum fault_at)trace_fields_word(
            &inner, "at", fault_at_words, FAULT_AT_END + 1);
        fault.after_bytes = trace_fields_time(&inner, "after_bytes", 0);
        fault.for_ns = trace_fields_time(&inner, "for", NS_FOREVER);
        fault.rate = trace_fields_time(&inner, "rate", 0);
        fault.chance = trace_fields_chance(&inner, "chance");
    }
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

/* What is known of an attempt of which no line has told yet. */
static void set_unknown(struct trace_attempt *attempt)
{
    attempt->request_end_ns = TRACE_NEVER;
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
    struct trace_mark *mark;
    int64_t id = read_id(fields, "id");
    if (fields->is_bad)
        return;
    struct trace_attempt *attempt =
        find_or_add(&fold->attempts, id, fields, &mark);
    if (!attempt) {
        trace_fields_no_memory(fields);
        return;
    }
    if (is_response ? mark->has_ended : mark->has_begun) {
        trace_fields_problem(fields, "id", "a second %s with id %" PRId64,
                             is_response ? "response" : "request", id);
        return;
    }
    if (!mark->has_begun && !mark->has_ended)
        set_unknown(attempt);
    mark->has_begun |= !is_response;
    mark->has_ended |= is_response;
    if (is_response)
        read_response(fields, attempt);
    else
        read_request(fields, attempt);
}

/* -- connections ----------------------------------------------------------- */

/* Later lines of a connection; the first one accepts it. */
static void read_conn(struct trace_fields *fields, enum trace_event event,
                      int64_t t_ns, struct trace_conn *conn)
{
    if (event == TRACE_ACCEPT) {
        conn->accepted_ns = t_ns;
        conn->closed_ns = TRACE_NEVER;
        conn->step = "";
        conn->proof = "";
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
    struct trace_mark *mark;
    int64_t t_ns = read_count(fields, "t"), id = read_id(fields, "conn");
    if (fields->is_bad)
        return;
    struct trace_conn *conn = find_or_add(&fold->conns, id, fields, &mark);
    if (!conn) {
        trace_fields_no_memory(fields);
        return;
    }
    if (mark->has_begun == (event == TRACE_ACCEPT)) {
        trace_fields_problem(fields, "conn",
                             mark->has_begun ? "accepted a second time"
                                             : "never accepted before");
        return;
    }
    mark->has_begun = true;
    read_conn(fields, event, t_ns, conn);
}

void trace_fold_finish(struct trace_fold *fold, struct trace_fields *fields,
                       struct trace *trace)
{
    for (size_t i = 0; i < fold->attempts.count; i++) {
        if (!fold->attempts.marks[i].has_begun) {
            fields->line = fold->attempts.marks[i].line;
            trace_fields_problem(fields, "id", "a response to no request");
        }
    }
    trace->attempts = take_items(&fold->attempts, &trace->attempt_count);
    trace->conns = take_items(&fold->conns, &trace->conn_count);
}
