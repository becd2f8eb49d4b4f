#include "client/call_event.h"

const char *const call_event_words[] = {
#define X(constant, word) word,
    CALL_EVENT_LIST(X)
#undef X
        NULL};
