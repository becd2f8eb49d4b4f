/* The retry engine for Python's ctypes: plain numbers and text in and out. Who
 * calls keeps the clock and the random numbers. */
#ifndef RETRYSPEC_PROPS_ENGINE_H
#define RETRYSPEC_PROPS_ENGINE_H

#include <stddef.h>
#include <stdint.h>

struct props_event {
    int kind; /* enum retry_event_kind */
    int end;  /* enum attempt_end */
    int status;
    int64_t now_ns, wall_ns;
    double u;
    const char *headers; /* "name: value\n" each; NULL: none */
    const char *body;    /* NULL: not kept */
};

struct props_action {
    int kind;      /* enum retry_action_kind */
    int wait_kind; /* enum retry_wait_kind */
    int step, is_ok, is_never;
    int64_t until_ns, wake_ns, delay_ns;
    int64_t timeout_ns; /* of the attempt */
    const char *layer;  /* that decided; NULL: none did */
    const char *reason; /* word of the reason */
};

/* What the calls of one handler share; NULL if the profile does not read or
 * asks for what the engine can't do; `message` then holds the first problem. */
void *props_handler_open(const char *json, int64_t now_ns, char *message,
                         size_t size);
void props_handler_close(void *handler);

/* A call of the handler; `path` is borrowed. */
void *props_call_open(void *handler, const char *path, int64_t body_bytes);
void props_call_close(void *call);

struct props_action props_call_step(void *call,
                                    const struct props_event *event);

/* delays[i] is the own delay of a rule for retry n[i] and random number u[i],
 * as a double in the unit of its law. */
struct props_draws {
    int layer, rule; /* of the profile, from 0 */
    int64_t count;
    const int64_t *n;
    const double *u;
    double *delays;
};
void props_handler_draw(const void *handler, const struct props_draws *draws);

#endif
