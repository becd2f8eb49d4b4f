#include "mock_server/reply.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "mock_server/script.h"
#include "model/units.h"

/* Above it a response object is made for each answer and reads its body in
 * parts: how far it got is then known if the client leaves. */
enum { SMALL_BODY = 16 * 1024, PART = 64 * 1024 };

/* -- libmicrohttpd's response objects -- */

struct reader {
    const struct reply *reply;
    int64_t *progress;
};

static ssize_t read_part(void *context, uint64_t offset, char *bytes,
                         size_t size)
{
    struct reader *reader = context;
    if (reader->progress) {
        *reader->progress = (int64_t)offset;
    }
    size_t got = body_read(reader->reply, (int64_t)offset, bytes, size);
    return got > 0 ? (ssize_t)got : MHD_CONTENT_READER_END_OF_STREAM;
}

static struct MHD_Response *build_reader(const struct reply *reply,
                                         int64_t *progress)
{
    struct reader *reader = malloc(sizeof *reader);
    if (!reader) {
        return NULL;
    }
    reader->reply = reply;
    reader->progress = progress;
    uint64_t size = reply->framing == FRAMING_CHUNKED
                        ? MHD_SIZE_UNKNOWN
                        : (uint64_t)reply->body_size;
    struct MHD_Response *response =
        MHD_create_response_from_callback(size, PART, read_part, reader, free);
    if (!response) {
        free(reader);
    }
    return response;
}

/* libmicrohttpd refuses an empty value; a blank means the same on the wire
 * (RFC 9110 5.5: surrounding white space is no part of the value). */
static const char *value_of(const struct http_header *header)
{
    return header->value[0] == '\0' ? " " : header->value;
}

struct MHD_Response *reply_build(const struct prepared *prepared,
                                 const struct http_headers *headers,
                                 int64_t *progress)
{
    const struct reply *reply = prepared->reply;
    struct MHD_Response *response;
    if (prepared->is_big || reply->framing == FRAMING_CHUNKED) {
        response = build_reader(reply, progress);
    } else {
        union {
            const char *in;
            void *out;
        } body = {prepared->body ? prepared->body : reply->body};
        response = MHD_create_response_from_buffer(
            (size_t)reply->body_size, body.out, MHD_RESPMEM_PERSISTENT);
    }
    for (size_t i = 0; response && i < headers->count; i++) {
        if (MHD_add_response_header(response, headers->items[i].name,
                                    value_of(&headers->items[i])) != MHD_YES) {
            MHD_destroy_response(response);
            response = NULL;
        }
    }
    return response;
}

struct MHD_Response *reply_share(struct prepared *prepared, int64_t now_ns)
{
    if (!prepared->response || now_ns < prepared->date_until_ns ||
        http_header_get(&prepared->dated->headers, "Date")) {
        return prepared->response;
    }
    struct timespec wall;
    clock_gettime(CLOCK_REALTIME, &wall);
    if (prepared->date[0] != '\0') {
        MHD_del_response_header(prepared->response, "Date", prepared->date);
    }
    reply_http_date(wall.tv_sec, prepared->date);
    prepared->date_until_ns = now_ns + NS_PER_S - wall.tv_nsec;
    return MHD_add_response_header(prepared->response, "Date",
                                   prepared->date) == MHD_YES
               ? prepared->response
               : NULL;
}

/* -- preparing -- */

/* libmicrohttpd merges other Connection headers with its own. */
static bool has_raw_header(const struct http_headers *headers)
{
    const char *value = http_header_get(headers, "Connection");
    return value && strcasecmp(value, "close") != 0;
}

static size_t head_size(const struct http_headers *headers)
{
    size_t size = 0;
    for (size_t i = 0; i < headers->count; i++) {
        size += strlen(headers->items[i].name) +
                strlen(headers->items[i].value) + strlen(": \r\n");
    }
    return size;
}

static bool has_date(const struct reply *reply)
{
    for (size_t i = 0; i < reply->header_count; i++) {
        if (reply->headers[i].is_date) {
            return true;
        }
    }
    return false;
}

static bool store_small_body(struct prepared *prepared)
{
    const struct reply *reply = prepared->reply;
    if (!reply->body_is_seeded || prepared->is_big || reply->body_size == 0) {
        return true;
    }
    prepared->body = malloc((size_t)reply->body_size);
    if (!prepared->body) {
        return false;
    }
    body_read(reply, 0, prepared->body, (size_t)reply->body_size);
    return true;
}

/* `route` is NULL for the reply that is none of the scenario's. */
static void prepare_text(struct prepared *prepared, const struct route *route)
{
    struct trace_attempt attempt = {
        .reply_headers = prepared->dated->headers,
        .reply_size = prepared->reply->body_size,
        .reply_sha256 = prepared->sha256,
    };
    trace_reply_text_init(&prepared->text, &attempt);
    if (route) {
        attempt.judged = route->judged;
        attempt.route = route->where;
        attempt.step = prepared->reply->where;
        trace_step_text_init(&prepared->step_text, &attempt);
    }
}

static bool prepare(struct prepared *prepared, const struct route *route,
                    const struct reply *reply)
{
    prepared->reply = reply;
    prepared->is_big = reply->body_size > SMALL_BODY;
    prepared->is_dated = has_date(reply);
    body_sha256(reply, prepared->sha256);
    prepared->dated = reply_date(reply, 0);
    if (!prepared->dated || !store_small_body(prepared)) {
        return false;
    }
    const struct http_headers *headers = &prepared->dated->headers;
    prepare_text(prepared, route);
    prepared->head_size = head_size(headers);
    prepared->is_raw = reply->status < 200 || reply->framing == FRAMING_CLOSE ||
                       has_raw_header(headers);
    if (!prepared->is_raw && !prepared->is_dated && !prepared->is_big) {
        prepared->response = reply_build(prepared, headers, NULL);
        prepared->is_raw = !prepared->response;
    }
    return true;
}

static int by_address(const void *left, const void *right)
{
    const struct prepared *a = left, *b = right;
    return a->reply < b->reply ? -1 : a->reply > b->reply;
}

static size_t count_replies(const struct scenario *scenario)
{
    size_t count = 0;
    for (size_t i = 0; i < scenario->route_count; i++) {
        count += scenario->routes[i].step_count;
        count += scenario->routes[i].window_count;
    }
    return count;
}

static bool prepare_route(struct replies *replies, const struct route *route)
{
    for (size_t i = 0; i < route->step_count; i++) {
        if (!prepare(&replies->items[replies->count++], route,
                     &route->steps[i].reply)) {
            return false;
        }
    }
    for (size_t i = 0; i < route->window_count; i++) {
        if (!prepare(&replies->items[replies->count++], route,
                     &route->windows[i].reply)) {
            return false;
        }
    }
    return true;
}

bool replies_init(struct replies *replies, const struct scenario *scenario,
                  struct error *error)
{
    *replies = (struct replies){0};
    size_t count = count_replies(scenario);
    replies->items = calloc(count + 1, sizeof *replies->items);
    bool is_ready = replies->items && prepare(&replies->items[replies->count++],
                                              NULL, &script_reply_full);
    for (size_t i = 0; is_ready && i < scenario->route_count; i++) {
        is_ready = prepare_route(replies, &scenario->routes[i]);
    }
    if (!is_ready) {
        error_add(error, PROBLEM_MEMORY, "out of memory for the replies");
        replies_deinit(replies);
        return false;
    }
    qsort(replies->items, replies->count, sizeof *replies->items, by_address);
    return true;
}

void replies_deinit(struct replies *replies)
{
    for (size_t i = 0; replies->items && i < replies->count; i++) {
        struct prepared *prepared = &replies->items[i];
        if (prepared->response) {
            MHD_destroy_response(prepared->response);
        }
        free(prepared->dated);
        free(prepared->body);
    }
    free(replies->items);
    *replies = (struct replies){0};
}

struct prepared *replies_find(const struct replies *replies,
                              const struct reply *reply)
{
    struct prepared key = {.reply = reply};
    return bsearch(&key, replies->items, replies->count, sizeof *replies->items,
                   by_address);
}
