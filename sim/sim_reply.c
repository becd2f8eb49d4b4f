/* Replies made ready: hashes and heads, once a run. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mock_server/body.h"
#include "mock_server/script_miss.h"
#include "sim/sim_parts.h"

/* What the server adds as it frames the answer. */
static void add_framing(struct sim_head *head, const struct reply *reply)
{
    head->seen.items = head->items;
    if (http_header_get(&head->headers, "Content-Length") ||
        reply->status < 200 || reply->status == 204 || reply->status == 304) {
        return;
    }
    struct http_header *added = &head->items[head->seen.count];
    switch (reply->framing) {
    case FRAMING_LENGTH:
        snprintf(head->length, sizeof head->length, "%lld",
                 (long long)reply->body_size);
        *added = (struct http_header){"Content-Length", head->length};
        break;
    case FRAMING_CHUNKED:
        *added = (struct http_header){"Transfer-Encoding", "chunked"};
        break;
    case FRAMING_CLOSE:
        *added = (struct http_header){"Connection", "close"};
        break;
    }
    head->seen.count++;
}

struct sim_head *sim_head_create(const struct reply *reply, int64_t wall_ns)
{
    struct sim_head *head = calloc(1, sizeof *head);
    struct dated *dated = reply_date(reply, wall_ns);
    struct http_header *items =
        dated ? calloc(dated->headers.count + 1, sizeof *items) : NULL;
    if (!head || !items) {
        free(items);
        free(head);
        free(dated);
        return NULL;
    }
    *head = (struct sim_head){
        .dated = dated, .items = items, .headers = dated->headers, .owners = 1};
    head->seen.count = dated->headers.count;
    for (size_t i = 0; i < dated->headers.count; i++) {
        items[i] = dated->headers.items[i];
    }
    add_framing(head, reply);
    return head;
}

void sim_head_keep(struct sim_head *head)
{
    if (head) {
        head->owners++;
    }
}

void sim_head_free(struct sim_head *head)
{
    if (head && --head->owners == 0) {
        free(head->items);
        free(head->dated);
        free(head);
    }
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

static bool prepare(struct sim_reply *ready, const struct reply *reply)
{
    ready->reply = reply;
    ready->is_dated = has_date(reply);
    body_sha256(reply, ready->sha256);
    ready->head = sim_head_create(reply, 0);
    if (!ready->head) {
        return false;
    }
    trace_reply_text_init(&ready->text,
                          &(struct trace_attempt){
                              .reply_headers = ready->head->headers,
                              .reply_size = reply->body_size,
                              .reply_sha256 = ready->sha256,
                          });
    return true;
}

static int by_address(const void *left, const void *right)
{
    const struct sim_reply *a = left, *b = right;
    return a->reply < b->reply ? -1 : a->reply > b->reply;
}

static bool prepare_route(struct sim_replies *replies,
                          const struct route *route)
{
    bool is_ready = true;
    for (size_t i = 0; is_ready && i < route->step_count; i++) {
        is_ready =
            prepare(&replies->items[replies->count++], &route->steps[i].reply);
    }
    for (size_t i = 0; is_ready && i < route->window_count; i++) {
        is_ready = prepare(&replies->items[replies->count++],
                           &route->windows[i].reply);
    }
    return is_ready;
}

bool sim_replies_init(struct sim_replies *replies,
                      const struct scenario *scenario)
{
    size_t count = 0;
    for (size_t i = 0; i < scenario->route_count; i++) {
        count += scenario->routes[i].step_count;
        count += scenario->routes[i].window_count;
    }
    *replies = (struct sim_replies){
        .items = calloc(count + 1, sizeof *replies->items)};
    body_sha256(&(struct reply){0}, replies->empty_sha256);
    bool is_ready = replies->items != NULL;
    for (size_t i = 0; is_ready && i < scenario->route_count; i++) {
        is_ready = prepare_route(replies, &scenario->routes[i]);
    }
    if (is_ready) {
        qsort(replies->items, replies->count, sizeof *replies->items,
              by_address);
    }
    return is_ready;
}

void sim_replies_deinit(struct sim_replies *replies)
{
    for (size_t i = 0; replies->items && i < replies->count; i++) {
        sim_head_free(replies->items[i].head);
    }
    free(replies->items);
    *replies = (struct sim_replies){0};
}

const struct sim_reply *sim_replies_find(const struct sim_replies *replies,
                                         const struct reply *reply)
{
    struct sim_reply key = {.reply = reply};
    return bsearch(&key, replies->items, replies->count, sizeof *replies->items,
                   by_address);
}

bool sim_miss_init(struct sim_miss *miss, const char *reason)
{
    sim_miss_deinit(miss);
    miss->body = script_miss_body(reason);
    if (!miss->body) {
        return false;
    }
    miss->reply = (struct reply){
        .status = SCRIPT_MISS_STATUS,
        .body = miss->body,
        .body_size = (int64_t)strlen(miss->body),
    };
    body_sha256(&miss->reply, miss->sha256);
    return true;
}

void sim_miss_deinit(struct sim_miss *miss)
{
    free(miss->body);
    *miss = (struct sim_miss){0};
}
