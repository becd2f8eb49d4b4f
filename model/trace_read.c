#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/jsonc.h"
#include "model/trace.h"
#include "model/trace_fields.h"
#include "model/trace_fold.h"
#include "model/trace_words.h"

/* Longer lines are none of ours; and a file that is no trace at all may be one
 * line of any length. */
enum { LINE_MAX_READ = JSONC_BYTES_MAX, EXCERPT = 256 * 1024 };

/* A trace under construction. */
struct reader {
    struct trace *trace;
    struct trace_fields fields;
    struct trace_fold fold;
    size_t outage_room, result_room, give_up_room, starved_room;
    bool is_begun; /* a "run" line was there */
};

/* Room for one more element in the trace's arena: the old array stays there,
 * so that growth by doubling wastes no more than the array itself. */
static void *grow(struct reader *reader, const void *items, size_t count,
                  size_t *room, size_t size)
{
    size_t wanted = *room ? *room * 2 : 16;
    void *grown = arena_array(&reader->trace->arena, wanted, size);
    if (!grown) {
        trace_fields_no_memory(&reader->fields);
        return NULL;
    }
    if (count > 0)
        memcpy(grown, items, count * size);
    *room = wanted;
    return grown;
}

static int64_t read_time(struct reader *reader)
{
    return trace_fields_int(&reader->fields, "t", 0, TRACE_FIELDS_INT_MAX);
}

static void read_run(struct reader *reader)
{
    struct trace_fields *fields = &reader->fields;
    struct trace *trace = reader->trace;
    if (reader->is_begun)
        trace_fields_problem(fields, "ev", "a second run in one trace");
    reader->is_begun = true;
    trace->version = trace_fields_string(fields, "version");
    trace->scenario = trace_fields_string(fields, "scenario");
    trace->profile = trace_fields_text(fields, "profile");
    trace->seed = trace_fields_wide(fields, "seed");
    trace->level = (int)trace_fields_int(fields, "level", 0, 1);
    if (!trace_fields_has(fields, "wall"))
        return;
    uint64_t wall_ns = trace_fields_wide(fields, "wall");
    if (wall_ns <= INT64_MAX)
        trace->wall_ns = (int64_t)wall_ns;
    else
        trace_fields_problem(fields, "wall", "later than the year 2262");
}

/* The last span of this kind that has not ended; NULL if none. */
static struct trace_outage *open_outage(struct trace *trace, enum fault_do kind)
{
    for (size_t i = trace->outage_count; i > 0; i--) {
        struct trace_outage *outage = &trace->outages[i - 1];
        if (outage->kind == kind && outage->to_ns == TRACE_NEVER)
            return outage;
    }
    return NULL;
}

static void begin_outage(struct reader *reader, enum fault_do kind)
{
    struct trace *trace = reader->trace;
    if (trace->outage_count == reader->outage_room) {
        struct trace_outage *grown =
            grow(reader, trace->outages, trace->outage_count,
                 &reader->outage_room, sizeof *grown);
        if (!grown)
            return;
        trace->outages = grown;
    }
    trace->outages[trace->outage_count++] = (struct trace_outage){
        .kind = kind,
        .from_ns = read_time(reader),
        .to_ns = TRACE_NEVER,
        .window = trace_fields_text(&reader->fields, "window"),
    };
}

static void read_outage(struct reader *reader)
{
    static const char *const words[] = {"refuse", "stall"};
    enum fault_do kind = trace_fields_word(&reader->fields, "do", words, 2) == 0
                             ? FAULT_REFUSE
                             : FAULT_STALL;
    if (trace_fields_bool(&reader->fields, "begin")) {
        begin_outage(reader, kind);
        return;
    }
    struct trace_outage *outage = open_outage(reader->trace, kind);
    if (outage)
        outage->to_ns = read_time(reader);
    else
        trace_fields_problem(&reader->fields, "begin",
                             "the end of an outage that never began");
}

static struct trace_starved starved_of(struct reader *reader)
{
    struct trace_fields *fields = &reader->fields;
    const struct trace *trace = reader->trace;
    struct trace_starved starved = {.to_ns = read_time(reader)};
    int64_t last_ns = trace->starved_count > 0
                          ? trace->starved[trace->starved_count - 1].to_ns
                          : 0;
    starved.from_ns = trace_fields_int(fields, "from", last_ns, starved.to_ns);
    starved.wait_ns = trace_fields_int(fields, "wait", 0, TRACE_FIELDS_INT_MAX);
    return starved;
}

static void read_starved(struct reader *reader)
{
    struct trace *trace = reader->trace;
    if (trace->starved_count == reader->starved_room) {
        struct trace_starved *grown =
            grow(reader, trace->starved, trace->starved_count,
                 &reader->starved_room, sizeof *grown);
        if (!grown)
            return;
        trace->starved = grown;
    }
    trace->starved[trace->starved_count] = starved_of(reader);
    trace->starved_count++;
}

static void read_give_up(struct reader *reader)
{
    struct trace *trace = reader->trace;
    if (trace->give_up_count == reader->give_up_room) {
        struct trace_give_up *grown =
            grow(reader, trace->give_ups, trace->give_up_count,
                 &reader->give_up_room, sizeof *grown);
        if (!grown)
            return;
        trace->give_ups = grown;
    }
    trace->give_ups[trace->give_up_count++] = (struct trace_give_up){
        .t_ns = read_time(reader),
        .call = trace_fields_string(&reader->fields, "call"),
    };
}

static void read_client_end(struct reader *reader)
{
    struct trace_fields *fields = &reader->fields;
    struct trace_client *client = &reader->trace->client;
    reader->trace->ended_ns = read_time(reader);
    client->end = (enum client_end)trace_fields_word(
        fields, "end", trace_words_client_end, CLIENT_NOT_RUN + 1);
    client->code = trace_fields_int(fields, "code", -TRACE_FIELDS_INT_MAX,
                                    TRACE_FIELDS_INT_MAX);
    client->leftovers =
        trace_fields_int(fields, "leftovers", 0, TRACE_FIELDS_INT_MAX);
    client->output_bytes =
        trace_fields_int(fields, "output_bytes", 0, TRACE_FIELDS_INT_MAX);
    client->output_lost = trace_fields_time(fields, "output_lost", 0);
    client->limit_ns = trace_fields_time(fields, "limit", 0);
    client->reason = trace_fields_text(fields, "reason");
    client->last_line = trace_fields_text(fields, "last_line");
}

static void read_results(struct reader *reader)
{
    reader->trace->has_results = true;
    reader->trace->results_problem =
        trace_fields_text(&reader->fields, "problem");
}

static void read_result(struct reader *reader)
{
    struct trace *trace = reader->trace;
    if (trace->result_count == reader->result_room) {
        struct trace_result *grown =
            grow(reader, trace->results, trace->result_count,
                 &reader->result_room, sizeof *grown);
        if (!grown)
            return;
        trace->results = grown;
    }
    trace_fields_result(&reader->fields,
                        &trace->results[trace->result_count++]);
    trace->has_results = true;
}

static void read_end(struct reader *reader)
{
    struct trace_fields *fields = &reader->fields;
    struct trace *trace = reader->trace;
    trace->lag_p99_ns =
        trace_fields_int(fields, "lag_p99", 0, TRACE_FIELDS_INT_MAX);
    trace->lag_max_ns =
        trace_fields_int(fields, "lag_max", 0, TRACE_FIELDS_INT_MAX);
    trace->interrupted = trace_fields_bool(fields, "interrupted");
    trace->complete = true;
}

static void read_event(struct reader *reader, enum trace_event event)
{
    switch (event) {
    case TRACE_RUN:
        read_run(reader);
        break;
    case TRACE_ACCEPT:
    case TRACE_ACCEPT_FAULT:
    case TRACE_CLOSE:
        trace_fold_conn(&reader->fold, &reader->fields, event);
        break;
    case TRACE_REQUEST:
    case TRACE_RESPONSE:
        trace_fold_attempt(&reader->fold, &reader->fields,
                           event == TRACE_RESPONSE);
        break;
    case TRACE_OUTAGE:
        read_outage(reader);
        break;
    case TRACE_SPAWN:
        reader->trace->spawned_ns = read_time(reader);
        break;
    case TRACE_STARVED:
        read_starved(reader);
        break;
    case TRACE_GIVE_UP:
        read_give_up(reader);
        break;
    case TRACE_CLIENT_END:
        read_client_end(reader);
        break;
    case TRACE_RESULTS:
        read_results(reader);
        break;
    case TRACE_RESULT:
        read_result(reader);
        break;
    case TRACE_END:
        read_end(reader);
        break;
    }
}

/* A line of an unknown event is skipped: a later version wrote it. */
static void read_line(struct reader *reader, const char *line, size_t size)
{
    struct trace_fields *fields = &reader->fields;
    fields->line++;
    if (size > LINE_MAX_READ) {
        trace_fields_problem(fields, "", "longer than %d MiB",
                             LINE_MAX_READ >> 20);
        return;
    }
    if (!trace_fields_open(fields, line, size))
        return;
    int event = trace_fields_find(fields, "ev", trace_words_event);
    if (event >= 0)
        read_event(reader, (enum trace_event)event);
}

/* Reads whole lines until one is bad. Returns how many bytes they are. */
static size_t read_lines(struct reader *reader, const char *bytes, size_t size)
{
    const char *at = bytes, *end = bytes + size, *newline;
    while (!reader->fields.is_bad && at < end &&
           (newline = memchr(at, '\n', (size_t)(end - at)))) {
        read_line(reader, at, (size_t)(newline - at));
        at = newline + 1;
    }
    return (size_t)(at - bytes);
}

static void set_defaults(struct trace *trace)
{
    trace->spawned_ns = TRACE_NEVER;
    trace->ended_ns = TRACE_NEVER;
    trace->results_problem = "";
    trace->client.reason = "";
    trace->client.last_line = "";
}

static void no_memory(const char *file, struct error *error)
{
    error_add(error, PROBLEM_MEMORY, "no memory to read %s", file);
}

static bool reader_init(struct reader *reader, const char *file,
                        struct error *error)
{
    *reader = (struct reader){.fields = {.file = file, .error = error}};
    trace_fold_init(&reader->fold);
    reader->trace = calloc(1, sizeof *reader->trace);
    if (reader->trace) {
        set_defaults(reader->trace);
        reader->fields.arena = &reader->trace->arena;
        reader->fields.pool = trace_pool_create(&reader->trace->arena);
    }
    if (reader->fields.pool)
        return true;
    no_memory(file, error);
    free(reader->trace);
    return false;
}

/* The trace if all its lines were good; NULL if not. */
static struct trace *reader_finish(struct reader *reader)
{
    struct trace_fields *fields = &reader->fields;
    if (!fields->is_bad && !reader->is_begun) {
        fields->line = 1;
        trace_fields_problem(fields, "ev",
                             "not a trace: no line has \"ev\":\"run\"");
    }
    if (!fields->is_bad)
        trace_fold_finish(&reader->fold, fields, reader->trace);
    trace_fold_deinit(&reader->fold);
    trace_pool_free(fields->pool);
    if (!fields->is_bad)
        return reader->trace;
    trace_free(reader->trace);
    return NULL;
}

/* A last line without a newline was cut short by a kill: it is not read. */
struct trace *trace_read(const char *file, const char *bytes, size_t size,
                         struct error *error)
{
    struct reader reader;
    if (!reader_init(&reader, file, error))
        return NULL;
    read_lines(&reader, bytes, size);
    return reader_finish(&reader);
}

void trace_free(struct trace *trace)
{
    if (!trace)
        return;
    free(trace->attempts);
    free(trace->conns);
    arena_deinit(&trace->arena);
    free(trace);
}

/* -- files ----------------------------------------------------------------- */

/* A name that can't be opened is the user's slip; an I/O error is not. */
static void cannot_read(const char *file, int errno_value, struct error *error)
{
    struct problem *problem =
        error_add_errno(error, errno_value, "cannot read the trace");
    snprintf(problem->file, sizeof problem->file, "%s", file);
    if (errno_value == ENOENT || errno_value == ENOTDIR ||
        errno_value == EISDIR || errno_value == EACCES)
        problem->kind = PROBLEM_INPUT;
}

/* A part of a file with at least one whole line. */
struct excerpt {
    char *bytes;
    size_t size, room;
};

/* Reads on behind what is there, in one twice as large if that is full. */
static bool fill(struct excerpt *excerpt, FILE *in, struct reader *reader)
{
    if (excerpt->size == excerpt->room) {
        size_t room = excerpt->room ? excerpt->room * 2 : EXCERPT;
        char *grown = realloc(excerpt->bytes, room);
        if (!grown) {
            trace_fields_no_memory(&reader->fields);
            return false;
        }
        excerpt->bytes = grown;
        excerpt->room = room;
    }
    size_t got = fread(excerpt->bytes + excerpt->size, 1,
                       excerpt->room - excerpt->size, in);
    excerpt->size += got;
    return got > 0;
}

static void read_open_file(struct reader *reader, FILE *in)
{
    struct excerpt excerpt = {0};
    while (!reader->fields.is_bad && fill(&excerpt, in, reader)) {
        size_t used = read_lines(reader, excerpt.bytes, excerpt.size);
        excerpt.size -= used;
        memmove(excerpt.bytes, excerpt.bytes + used, excerpt.size);
        if (excerpt.size > LINE_MAX_READ)
            read_line(reader, excerpt.bytes, excerpt.size);
    }
    free(excerpt.bytes);
    if (ferror(in)) {
        cannot_read(reader->fields.file, errno, reader->fields.error);
        reader->fields.is_bad = true;
    }
}

struct trace *trace_read_file(const char *file, struct error *error)
{
    struct reader reader;
    FILE *in = fopen(file, "rbe");
    if (!in) {
        cannot_read(file, errno, error);
        return NULL;
    }
    bool is_ready = reader_init(&reader, file, error);
    if (is_ready)
        read_open_file(&reader, in);
    fclose(in);
    return is_ready ? reader_finish(&reader) : NULL;
}
