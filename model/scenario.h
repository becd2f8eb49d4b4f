/* A scenario: one story in one file. What the client under test is asked to do,
 * what the server does to it, and which rules the story is there to exercise.
 *
 * docs/scenario.md describes the file; scenario_read reads it strictly. All
 * pointers live in the scenario's arena. Times are nanoseconds. */
#ifndef RETRYSPEC_MODEL_SCENARIO_H
#define RETRYSPEC_MODEL_SCENARIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/arena.h"
#include "model/error.h"
#include "model/http.h"
#include "model/level.h"

enum {
    SCENARIO_ROUTES_MAX = 64,
    SCENARIO_STEPS_MAX = 1024, /* per route */
    SCENARIO_CLIENTS_MAX = 10000,
    SCENARIO_CALLS_MAX = 1000000,
};

/* Where a fault strikes. Words: "accept", "request", "head", "body:N", "end".
 */
enum fault_at {
    FAULT_AT_ACCEPT,  /* the connection was just accepted, nothing read */
    FAULT_AT_REQUEST, /* the request is whole, nothing answered */
    FAULT_AT_HEAD,    /* the response head was sent, no body byte */
    FAULT_AT_BODY,    /* `after_bytes` body bytes were sent */
    FAULT_AT_END,     /* the response was sent whole */
};

/* What a fault does. */
enum fault_do {
    FAULT_NONE,
    FAULT_RESET,   /* TCP RST, after what was sent before was acknowledged */
    FAULT_CLOSE,   /* TCP FIN */
    FAULT_HANG,    /* open and silent, for `for_ns` and then FIN */
    FAULT_GARBAGE, /* at request: bytes that are no HTTP; in a chunked body: a
                      chunk size that is none; then FIN */
    FAULT_DRIP,    /* from here on at `rate` bytes a second, to the end */
    FAULT_REFUSE,  /* accept only, windows only: connect is refused */
    FAULT_STALL,   /* accept only, windows only: connect gets no answer */
};

struct fault {
    enum fault_do kind;
    enum fault_at at;
    int64_t after_bytes; /* FAULT_AT_BODY */
    int64_t for_ns;      /* FAULT_HANG; NS_FOREVER if not said */
    int64_t rate;        /* FAULT_DRIP, bytes per second */
    double chance;       /* 1.0 unless "chance" says otherwise, by the seed */
};

enum delay_kind {
    DELAY_FIXED,     /* "20ms" */
    DELAY_UNIFORM,   /* {"uniform": ["10ms", "30ms"]}: a..b */
    DELAY_NORMAL,    /* {"normal": {"mean": "20ms", "sd": "5ms"}}: |N(a, b)| */
    DELAY_LOGNORMAL, /* {"lognormal": {"median": "20ms", "sigma": 0.5}}: a */
    DELAY_EXPONENTIAL, /* {"exponential": "20ms"}: the mean, a */
};

/* Time between the whole request and the first byte of the answer. */
struct delay {
    enum delay_kind kind;
    int64_t a_ns, b_ns;
    double sigma;
};

/* A response header. `date` headers get an HTTP-date (RFC 9110 5.6.7) of
 * serve time plus the offset: {"http_date": "+3s"}. */
struct reply_header {
    const char *name;
    const char *value; /* may be ""; NULL when is_date */
    bool is_date;
    int64_t date_offset_ns; /* may be negative */
};

enum framing {
    FRAMING_LENGTH,  /* Content-Length */
    FRAMING_CHUNKED, /* chunked */
    FRAMING_CLOSE,   /* neither: the body ends with the connection */
};

/* What is answered: a step, or the inside of a window. */
struct reply {
    int status;                         /* 100..999 */
    const struct reply_header *headers; /* in order, duplicates allowed */
    size_t header_count;
    const struct reply_header *early_hints; /* sent as 103 first; may be none */
    size_t early_hint_count;
    const char *body; /* bytes from json, text or base64; NULL when seeded */
    int64_t body_size;
    bool body_is_seeded; /* body_size pseudo-random bytes from body_seed */
    uint64_t body_seed;
    const char *content_type; /* NULL: the headers say, or none */
    enum framing framing;
    struct delay delay;
    struct fault fault;
    const char *where; /* JSON path of the step or window, for messages */
};

struct step {
    struct reply reply;
    int64_t times; /* how often in a row, at least 1 */
};

struct window {
    int64_t from_ns, to_ns; /* since the first request; to may be NS_FOREVER */
    struct reply reply;
};

/* Whose count a route's steps follow. */
enum per {
    PER_CALL,       /* each logical call walks the steps on its own */
    PER_CLIENT,     /* the <client> of the token rs-<client>-<call> */
    PER_CONNECTION, /* each TCP connection */
    PER_RUN,        /* all together */
};

enum after_last { AFTER_REPEAT, AFTER_LOOP, AFTER_FAIL };

/* How the logical call of a request is found. */
enum call_key {
    KEY_TOKEN,  /* the first rs-<client>-<call> in target, headers or body; a
                   request without one belongs to the only call of the run */
    KEY_HEADER, /* value of the header `key_name` */
    KEY_QUERY,  /* value of the query parameter `key_name` */
    KEY_JSON, /* value at the JSON pointer `key_name` (RFC 6901) of the body */
};

struct route {
    const char *method; /* NULL: any ("ANY /path") */
    const char *path;   /* exact, or with * for any run of characters */
    enum call_key key;
    const char *key_name;
    bool judged; /* false: set-up traffic that no rule looks at */
    bool is_windowed;
    const struct step *steps;
    size_t step_count;
    enum per per;
    enum after_last after_last;
    const struct window *windows; /* ascending, without overlap */
    size_t window_count;
    const char *where; /* JSON path */
};

struct workload {
    const char *method, *path; /* of "request": "POST /v1/echo" */
    const char *payload; /* JSON text to send, NULL: {"token": "<token>"} */
    int64_t clients;     /* separate client objects, default 1 */
    int64_t calls;       /* per client, default 1 */
    int64_t concurrency; /* calls in flight per client, default 1 */
    int64_t start_spread_ns;
    int64_t read_timeout_ns; /* asked of the client; 0: its own default */
    int64_t give_up_ns;      /* the caller cancels after this; 0: never */
};

/* A rule that this scenario must exercise; all other rules are judged too, and
 * may be broken here, but are not missed when they see nothing. */
struct check {
    const char *rule; /* id in rules.jsonc */
    enum level level; /* LEVEL_PROFILE: as the catalogue or the profile says */
    const char *note;
};

struct scenario {
    struct arena arena;
    const char *file; /* as opened */
    bool is_shipped;  /* carried in this program, so that its id names it */
    const char *id;   /* path without .jsonc below scenarios/ */
    const char *title;
    const char *edition; /* e.g. "2026.1"; NULL: unscored */
    const char *const *tags;
    size_t tag_count;
    int64_t takes_ns;  /* expected duration */
    bool is_exclusive; /* runs alone */
    struct workload workload;
    const struct route *routes; /* first match wins */
    size_t route_count;
    const struct check *checks;
    size_t check_count;
};

/* Reads a scenario from memory or disk. On failure returns NULL and `error`
 * holds at least one problem. The caller frees with scenario_free. */
struct scenario *scenario_read(const char *file, const char *bytes, size_t size,
                               struct error *error);
struct scenario *scenario_read_file(const char *file, struct error *error);
void scenario_free(struct scenario *scenario);

/* A file with "matrix" holds one scenario for each combination of its methods
 * and paths; the two functions above read the first of them. This one reads
 * that of an index below `count`, which it sets, also on failure: 1 without a
 * matrix. */
struct scenario_text {
    const char *file, *bytes;
    size_t size;
};
struct scenario *scenario_read_variant(const struct scenario_text *text,
                                       size_t index, size_t *count,
                                       struct error *error);

/* Does the route's method and path pattern match? `path` has no query. */
bool route_matches(const struct route *route, const char *method,
                   const char *path);

extern const char *const fault_do_words[]; /* indexed by enum fault_do */
extern const char *const fault_at_words[]; /* indexed by enum fault_at */

/* "reset at body:16KiB" for people and traces. Returns text. */
char *fault_format(const struct fault *fault, char *text, size_t size);

#endif
