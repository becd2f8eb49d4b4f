/* What an attempt passes on its way to the wire: the circuit breakers of the
 * layers that cover it, then their rate limiters, from the outside in. Pure; a
 * part of the retry engine. */
#ifndef RETRYSPEC_CLIENT_GATE_H
#define RETRYSPEC_CLIENT_GATE_H

#include <stdbool.h>
#include <stdint.h>

#include "client/retry.h"

/* The limiter of layer i, wherever it is kept. */
struct retry_limiter *gate_limiter(const struct retry_call *call, int i);

/* An attempt comes to the limiters of the layers from `from` inwards. */
void gate_begin(struct retry_call *call, int from);

/* The outermost layer whose breaker lets nothing through; -1: none. */
int gate_breaker(const struct retry_call *call, int64_t now_ns);

/* True: past every limiter. False: at call->gate_layer something is in the way
 * until call->wait_until_ns, to be looked at again at call->look_ns. The runs
 * of the layers inside a limiter begin when it is passed. */
bool gate_pass(struct retry_call *call, int64_t now_ns);

/* As gate_pass(), for an attempt that was seen to be sent. */
void gate_pass_by(struct retry_call *call, int64_t now_ns);

/* The earliest instant from `now_ns` on at which the limiters of the layers
 * from `from` inwards let an attempt pass. */
int64_t gate_open_ns(const struct retry_call *call, int from, int64_t now_ns);

/* The attempt goes to the wire. */
void gate_send(struct retry_call *call, int64_t now_ns);

/* How it ended, for the breakers and all that counts attempts. */
void gate_record(struct retry_call *call, const struct retry_event *ended);

/* The attempt will not be sent, or it is aborted: gives back what it took. */
void gate_leave(struct retry_call *call);

/* A look at the closed window of layer i: how long it lasts as seen now
 * (wait_until_ns), and when to look again (look_ns). */
void gate_watch(struct retry_call *call, int i, int64_t now_ns);

#endif
