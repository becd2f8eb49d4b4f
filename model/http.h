/* Plain HTTP data shared by the folders: headers and ways an attempt ends. */
#ifndef RETRYSPEC_MODEL_HTTP_H
#define RETRYSPEC_MODEL_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct http_header {
    const char *name;
    const char *value;
};

struct http_headers {
    const struct http_header *items;
    size_t count;
};

/* Are they one name? Without regard to case (RFC 9110 5.1). */
bool http_names_are_alike(const char *a, const char *b);

/* The first value of `name`; NULL if absent. */
const char *http_header_get(const struct http_headers *headers,
                            const char *name);

/* How one attempt ended, as its client saw it. X(constant, word). The words
 * stand in profiles ("transport": ["refused"]), traces and reports. */
#define ATTEMPT_END_LIST(X)                                                \
    X(END_STATUS, "status")   /* a whole response: look at the status */   \
    X(END_REFUSED, "refused") /* connect refused */                        \
    X(END_UNREACHABLE, "unreachable") /* connect timed out, or no route */ \
    X(END_RESET, "reset") /* RST before the response head was whole */     \
    X(END_CLOSE, "close") /* FIN before the response head was whole */     \
    X(END_RESET_BODY, "reset-body") /* RST inside the response body */     \
    X(END_CUT, "cut")               /* FIN inside the response body */     \
    X(END_GARBAGE, "garbage")       /* bytes that are no HTTP response */  \
    X(END_TIMEOUT, "timeout")       /* the client's own limit ended it */  \
    X(END_CANCELLED, "cancelled")   /* the caller ended it */              \
    X(END_UNFINISHED, "unfinished") /* still in flight when the run ended */

enum attempt_end {
#define X(constant, word) constant,
    ATTEMPT_END_LIST(X)
#undef X
};

/* NULL-ended, indexed by enum attempt_end. */
extern const char *const attempt_end_words[];

/* A set of statuses 0..1023. */
struct status_set {
    uint64_t bits[16];
};
bool status_set_has(const struct status_set *set, int status);
void status_set_add(struct status_set *set, int from, int to);
void status_set_remove(struct status_set *set, int from, int to);

#endif
