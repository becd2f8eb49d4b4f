/* `retryspec call --events`: where events go, and in which dialect. */
#ifndef RETRYSPEC_CLI_CALL_EVENTS_H
#define RETRYSPEC_CLI_CALL_EVENTS_H

#include <stdbool.h>
#include <stdio.h>

#include "cli/call_options.h"
#include "client/call_event.h"
#include "model/error.h"

struct dialect;

struct call_events {
    struct dialect *dialect; /* NULL: none are wanted */
    FILE *out;
};

/* Reads the name of a dialect. 0, or the exit code of wrong usage, which was
 * reported. */
int call_events_read_dialect(const char *text, int *dialect);

/* Do events take the place of the log on standard output? */
bool call_events_own_stdout(const struct call_request *request);

/* Opens what the request asks for, if anything. False and a problem if it can't
 * be written. */
bool call_events_open(struct call_events *events,
                      const struct call_request *request, struct error *error);

void call_events_tell(struct call_events *events,
                      const struct call_event *event);

/* Also of one that was never opened. False if a line was lost. */
bool call_events_close(struct call_events *events);

#endif
