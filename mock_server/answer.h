/* From the script's decision to the answer. */
#ifndef RETRYSPEC_MOCK_SERVER_ANSWER_H
#define RETRYSPEC_MOCK_SERVER_ANSWER_H

#include <stdint.h>

#include "mock_server/parts.h"

/* The request is whole: decides and answers, now or later. Called inside
 * libmicrohttpd's handler, whose result it gives. */
enum MHD_Result answer_decide(struct conn *conn, int64_t now_ns);

/* A delay is over (the connection is held). */
void answer_due(struct conn *conn, int64_t now_ns);

/* Queues a plain answer; inside the handler. */
enum MHD_Result answer_plain(struct conn *conn, int64_t now_ns);

/* libmicrohttpd is done with the plain answer. */
void answer_done(struct conn *conn, enum MHD_RequestTerminationCode code);

#endif
