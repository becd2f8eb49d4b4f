#include "mock_server/head.h"

#include <inttypes.h>
#include <microhttpd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "mock_server/reply.h"

bool head_allows_body(int status)
{
    return status >= 200 && status != 204 && status != 304;
}

/* Text is written twice: first to measure it, so that a connection that hangs
 * holds no more than it needs. */
struct out {
    char *bytes; /* NULL: only count */
    size_t room, size;
};

__attribute__((format(printf, 2, 3))) static void put(struct out *out,
                                                      const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *at = out->bytes ? out->bytes + out->size : NULL;
    int size = vsnprintf(at, at ? out->room - out->size : 0, format, arguments);
    va_end(arguments);
    out->size += size > 0 ? (size_t)size : 0;
}

static void put_framing(struct out *out, const struct head_options *options)
{
    const struct reply *reply = options->reply;
    if (!head_allows_body(reply->status)) {
        return;
    }
    if (reply->framing == FRAMING_CHUNKED) {
        put(out, "Transfer-Encoding: chunked\r\n");
    } else if (reply->framing == FRAMING_LENGTH) {
        put(out, "Content-Length: %" PRId64 "\r\n", reply->body_size);
    }
}

static void put_head(struct out *out, const struct head_options *options)
{
    const struct http_headers *headers = options->headers;
    put(out, "HTTP/1.1 %d %s\r\n", options->reply->status,
        MHD_get_reason_phrase_for((unsigned)options->reply->status));
    if (!http_header_get(headers, "Date")) {
        char date[HTTP_DATE_TEXT];
        reply_http_date(options->unix_s, date);
        put(out, "Date: %s\r\n", date);
    }
    for (size_t i = 0; i < headers->count; i++) {
        put(out, "%s: %s\r\n", headers->items[i].name, headers->items[i].value);
    }
    put_framing(out, options);
    if (options->says_close && !http_header_get(headers, "Connection")) {
        put(out, "Connection: close\r\n");
    }
    put(out, "\r\n");
}

static void put_hints(struct out *out, const struct reply *reply)
{
    put(out, "HTTP/1.1 103 Early Hints\r\n");
    for (size_t i = 0; i < reply->early_hint_count; i++) {
        const struct reply_header *hint = &reply->early_hints[i];
        put(out, "%s: %s\r\n", hint->name, hint->value ? hint->value : "");
    }
    put(out, "\r\n");
}

static bool make_room(struct out *out)
{
    out->room = out->size + 1;
    out->size = 0;
    out->bytes = malloc(out->room);
    return out->bytes != NULL;
}

char *head_format(const struct head_options *options, size_t *size)
{
    struct out out = {0};
    put_head(&out, options);
    if (make_room(&out)) {
        put_head(&out, options);
    }
    *size = out.size;
    return out.bytes;
}

char *head_format_hints(const struct reply *reply, size_t *size)
{
    struct out out = {0};
    put_hints(&out, reply);
    if (make_room(&out)) {
        put_hints(&out, reply);
    }
    *size = out.size;
    return out.bytes;
}
