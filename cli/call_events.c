#include "cli/call_events.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "dialects/dialect.h"
#include "model/jsonc.h"

/* More than the longest line, so that each is written as a whole. */
enum { LINE_BYTES = 32768 };

int call_events_read_dialect(const char *text, int *dialect)
{
    for (int i = 0; dialect_words[i]; i++) {
        if (strcmp(text, dialect_words[i]) == 0) {
            *dialect = i;
            return 0;
        }
    }
    const char *nearest = jsonc_nearest(text, dialect_words);
    return cli_usage_error("call",
                           "--dialect %s: it is json, python, elixir, "
                           "elixir-console or go%s%s%s",
                           text, nearest ? "; did you mean " : "",
                           nearest ? nearest : "", nearest ? "?" : "");
}

bool call_events_own_stdout(const struct call_request *request)
{
    return request->events && strcmp(request->events, "-") == 0;
}

static bool open_out(struct call_events *events,
                     const struct call_request *request, struct error *error)
{
    if (call_events_own_stdout(request)) {
        events->out = stdout;
        return true;
    }
    /* As an adapter it may be one of many that write to the same file. */
    FILE *file = fopen(request->events, request->url ? "we" : "ae");
    if (!file) {
        error_add_errno(error, errno, "can't write %s", request->events);
        return false;
    }
    static char line[LINE_BYTES];
    setvbuf(file, line, _IOLBF, sizeof line);
    events->out = file;
    return true;
}

bool call_events_open(struct call_events *events,
                      const struct call_request *request, struct error *error)
{
    *events = (struct call_events){0};
    if (!request->events) {
        return true;
    }
    if (!open_out(events, request, error)) {
        return false;
    }
    events->dialect = dialect_create(&(struct dialect_options){
        .kind = (enum dialect_kind)request->dialect,
        .out = events->out,
        .process = (int)getpid(),
    });
    if (!events->dialect) {
        error_add(error, PROBLEM_MEMORY, "out of memory for the events");
    }
    return events->dialect != NULL;
}

void call_events_tell(struct call_events *events,
                      const struct call_event *event)
{
    dialect_event(events->dialect, event);
}

bool call_events_close(struct call_events *events)
{
    bool is_whole = true;
    if (events->dialect) {
        is_whole = !dialect_is_lost(events->dialect);
        dialect_free(events->dialect);
    }
    if (events->out) {
        is_whole &= (events->out == stdout ? fflush(events->out)
                                           : fclose(events->out)) == 0;
    }
    *events = (struct call_events){0};
    return is_whole;
}
