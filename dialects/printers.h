/* What the printers of the dialects share. */
#ifndef RETRYSPEC_DIALECTS_PRINTERS_H
#define RETRYSPEC_DIALECTS_PRINTERS_H

#include "dialects/dialect.h"
#include "dialects/notices.h"
#include "dialects/text.h"
#include "dialects/watch.h"

struct dialect {
    struct dialect_options options;
    struct watch watch;
    struct notices notices;
    int64_t telemetry_count; /* python: event_session_index */
    bool is_lost;
};

/* The line and its newline, at once. */
void printer_line(struct dialect *dialect, const struct text *text);

/* Is this notice to be told? */
bool printer_admits_notice(struct dialect *dialect, const struct seen *seen);

/* The lines of one event in each dialect. */
void printer_json(struct dialect *dialect, const struct seen *seen);
void printer_python(struct dialect *dialect, const struct seen *seen);
void printer_elixir(struct dialect *dialect, const struct seen *seen);
void printer_elixir_console(struct dialect *dialect, const struct seen *seen);
void printer_go(struct dialect *dialect, const struct seen *seen);

#endif
