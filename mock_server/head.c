#include "mock_server/head.h"

#include <inttypes.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>

#include "mock_server/reply.h"

bool head_allows_body(int status)
{
    return status >= 200 && status != 204 && status != 304;
}

static void put_framing(FILE *out, const struct head_options *options)
{
    const struct reply *reply = options->reply;
    if (!head_allows_body(reply->status)) {
        return;
    }
    if (reply->framing == FRAMING_CHUNKED) {
        fputs("Transfer-Encoding: chunked\r\n", out);
    } else if (reply->framing == FRAMING_LENGTH) {
        fprintf(out, "Content-Length: %" PRId64 "\r\n", reply->body_size);
    }
}

static void put_head(FILE *out, const struct head_options *options)
{
    const struct http_headers *headers = options->headers;
    fprintf(out, "HTTP/1.1 %d %s\r\n", options->reply->status,
            MHD_get_reason_phrase_for((unsigned)options->reply->status));
    if (!http_header_get(headers, "Date")) {
        char date[HTTP_DATE_TEXT];
        reply_http_date(options->unix_s, date);
        fprintf(out, "Date: %s\r\n", date);
    }
    for (size_t i = 0; i < headers->count; i++) {
        fprintf(out, "%s: %s\r\n", headers->items[i].name,
                headers->items[i].value);
    }
    put_framing(out, options);
    if (options->says_close && !http_header_get(headers, "Connection")) {
        fputs("Connection: close\r\n", out);
    }
    fputs("\r\n", out);
}

static char *finish(FILE *out, char **text)
{
    if (out && fclose(out) == 0) {
        return *text;
    }
    free(*text);
    return NULL;
}

char *head_format(const struct head_options *options, size_t *size)
{
    char *text = NULL;
    FILE *out = open_memstream(&text, size);
    if (out) {
        put_head(out, options);
    }
    return finish(out, &text);
}

char *head_format_hints(const struct reply *reply, size_t *size)
{
    char *text = NULL;
    FILE *out = open_memstream(&text, size);
    if (out) {
        fputs("HTTP/1.1 103 Early Hints\r\n", out);
        for (size_t i = 0; i < reply->early_hint_count; i++) {
            fprintf(out, "%s: %s\r\n", reply->early_hints[i].name,
                    reply->early_hints[i].value ? reply->early_hints[i].value
                                                : "");
        }
        fputs("\r\n", out);
    }
    return finish(out, &text);
}
