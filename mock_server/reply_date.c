#include "mock_server/reply_date.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <time.h>

#include "model/units.h"

void reply_http_date(int64_t unix_s, char text[HTTP_DATE_TEXT])
{
    static const char days[] = "SunMonTueWedThuFriSat";
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    /* Years 1970 to 9999: the format has four digits. */
    int64_t last = INT64_C(253402300799);
    time_t clamped = (time_t)(unix_s < 0 ? 0 : unix_s > last ? last : unix_s);
    struct tm tm;
    gmtime_r(&clamped, &tm);
    snprintf(text, HTTP_DATE_TEXT, "%.3s, %02u %.3s %04u %02u:%02u:%02u GMT",
             days + 3 * (size_t)tm.tm_wday, (unsigned)tm.tm_mday % 100,
             months + 3 * (size_t)tm.tm_mon,
             (unsigned)(tm.tm_year + 1900) % 10000, (unsigned)tm.tm_hour % 100,
             (unsigned)tm.tm_min % 100, (unsigned)tm.tm_sec % 100);
}

static bool has_header(const struct reply *reply, const char *name)
{
    for (size_t i = 0; i < reply->header_count; i++) {
        if (strcasecmp(reply->headers[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

struct dated *reply_date(const struct reply *reply, int64_t wall_ns)
{
    size_t room = reply->header_count + 1;
    struct dated *dated = malloc(
        sizeof *dated + room * (sizeof(struct http_header) + HTTP_DATE_TEXT));
    if (!dated) {
        return NULL;
    }
    struct http_header *items = (struct http_header *)(dated + 1);
    char *texts = (char *)(items + room);
    size_t count = 0;
    for (; count < reply->header_count; count++) {
        const struct reply_header *header = &reply->headers[count];
        char *text = texts + count * HTTP_DATE_TEXT;
        if (header->is_date) {
            int64_t date_ns = header->date_offset_ns > 0
                                  ? units_add(wall_ns, header->date_offset_ns)
                                  : wall_ns + header->date_offset_ns;
            reply_http_date(date_ns / NS_PER_S, text);
        }
        items[count] = (struct http_header){
            header->name, header->is_date ? text : header->value};
    }
    if (reply->content_type && !has_header(reply, "Content-Type")) {
        items[count++] =
            (struct http_header){"Content-Type", reply->content_type};
    }
    dated->headers = (struct http_headers){items, count};
    return dated;
}
