#include "dialects/dialect.h"

#include <stdlib.h>

#include "dialects/printers.h"

const char *const dialect_words[] = {
#define X(constant, word) word,
    DIALECT_LIST(X)
#undef X
        NULL};

struct dialect *dialect_create(const struct dialect_options *options)
{
    struct dialect *dialect = calloc(1, sizeof *dialect);
    if (dialect) {
        dialect->options = *options;
    }
    return dialect;
}

void dialect_free(struct dialect *dialect)
{
    if (dialect) {
        watch_deinit(&dialect->watch);
        free(dialect);
    }
}

bool dialect_is_lost(const struct dialect *dialect)
{
    return dialect->is_lost || ferror(dialect->options.out);
}

void printer_line(struct dialect *dialect, const struct text *text)
{
    fprintf(dialect->options.out, "%s\n", text->bytes);
}

bool printer_admits_notice(struct dialect *dialect, const struct seen *seen)
{
    const struct call_event *event = seen->event;
    dialect->notices.debounce_ns = seen->profile->queue_state.debounce_ns;
    return notices_admit(&dialect->notices, event->session, event->queue_state,
                         event->at_ns);
}

static void print(struct dialect *dialect, const struct seen *seen)
{
    switch (dialect->options.kind) {
    case DIALECT_JSON:
        printer_json(dialect, seen);
        return;
    case DIALECT_PYTHON:
        printer_python(dialect, seen);
        return;
    case DIALECT_ELIXIR:
        printer_elixir(dialect, seen);
        return;
    case DIALECT_ELIXIR_CONSOLE:
        printer_elixir_console(dialect, seen);
        return;
    case DIALECT_GO:
        printer_go(dialect, seen);
        return;
    }
}

void dialect_event(struct dialect *dialect, const struct call_event *event)
{
    struct seen seen;
    if (!watch_before(&dialect->watch, event, &seen)) {
        dialect->is_lost = true;
        return;
    }
    print(dialect, &seen);
    watch_after(&dialect->watch, &seen);
}
