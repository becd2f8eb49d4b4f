/* Retry-After (RFC 9110 10.2.3) and its relatives, as each client reads them.
 *
 * Pure: the wall clock is an argument. Any bytes are accepted. */
#ifndef RETRYSPEC_CLIENT_RETRY_AFTER_H
#define RETRYSPEC_CLIENT_RETRY_AFTER_H

#include <stdint.h>

#include "model/profile.h"

enum retry_after_kind {
    RETRY_AFTER_ABSENT,      /* no header that counts on this status */
    RETRY_AFTER_UNPARSEABLE, /* a header, but no form read it */
    RETRY_AFTER_TIME,
};

/* With kind ABSENT or UNPARSEABLE the effect is RA_WAIT if the policy has a
 * default (then `ns` is it), else RA_OWN_DELAY or what `unparseable` says. */
struct retry_after_value {
    enum retry_after_kind kind;
    enum retry_after_effect effect; /* what the policy says to do with it */
    int64_t ns;         /* clamped at limit if so said; 0 for RA_WAIT of less */
    const char *header; /* which header or pointer spoke; of the policy */
    const char *text;   /* a header's value, of the headers; else NULL */
    bool is_past_date, is_above_limit;
};

/* Response body, for sources that are JSON pointers; bytes NULL: not kept. */
struct retry_after_body {
    const char *bytes;
    size_t size;
    const struct cJSON *json; /* parsed; NULL: only when asked for */
};

/* What `policy` makes of the response. `wall_ns` is Unix time of arrival. */
struct retry_after_value retry_after_read(const struct retry_after *policy,
                                          int status,
                                          const struct http_headers *headers,
                                          struct retry_after_body body,
                                          int64_t wall_ns);

/* Reads one value by one form. False if the form does not read it. *ns may be
 * negative; NaN and infinities are not read. */
bool retry_after_parse(enum retry_after_form form, const char *text,
                       int64_t wall_ns, int64_t *ns);

/* Unix time of an HTTP-date in any of the three formats of RFC 9110 5.6.7. */
bool http_date_parse(const char *text, int64_t *unix_s);

#endif
