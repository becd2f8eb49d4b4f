#include "model/trace_words.h"

#include <stddef.h>

#include "model/trace.h"

const char *const trace_words_event[] = {
#define X(constant, word) [constant] = (word),
    TRACE_EVENT_LIST(X)
#undef X
        NULL,
};

const char *const trace_words_client_end[] = {
    [CLIENT_NOT_STARTED] = "not-started",
    [CLIENT_EXITED] = "exited",
    [CLIENT_SIGNALED] = "signaled",
    [CLIENT_STOPPED] = "stopped",
    [CLIENT_GIVEN_UP] = "given-up",
    [CLIENT_NOT_RUN] = "not-run",
    NULL,
};
