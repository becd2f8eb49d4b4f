#include "model/error.h"

#include <assert.h>
#include <stdarg.h>
#include <string.h>

/* Takes what does not fit, so that callers need not check. */
static _Thread_local struct problem scratch;

static struct problem *next_problem(struct error *error)
{
    if (error->count < ERROR_PROBLEMS_MAX)
        return &error->problems[error->count++];
    error->dropped++;
    return &scratch;
}

static struct problem *add_formatted(struct error *error,
                                     enum problem_kind kind, const char *format,
                                     va_list arguments)
    __attribute__((format(printf, 3, 0)));

static struct problem *add_formatted(struct error *error,
                                     enum problem_kind kind, const char *format,
                                     va_list arguments)
{
    assert(error);
    struct problem *problem = next_problem(error);
    *problem = (struct problem){.kind = kind};
    vsnprintf(problem->message, sizeof problem->message, format, arguments);
    return problem;
}

struct problem *error_add(struct error *error, enum problem_kind kind,
                          const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    struct problem *problem = add_formatted(error, kind, format, arguments);
    va_end(arguments);
    return problem;
}

struct problem *error_add_errno(struct error *error, int errno_value,
                                const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    struct problem *problem =
        add_formatted(error, PROBLEM_SYSTEM, format, arguments);
    va_end(arguments);
    size_t used = strlen(problem->message);
    snprintf(problem->message + used, sizeof problem->message - used, ": %s",
             strerror(errno_value));
    return problem;
}

bool error_is_set(const struct error *error)
{
    return error->count > 0 || error->dropped > 0;
}

/* What a file says may reach a terminal: control bytes are spelled out. */
static void print_safely(const char *text, FILE *out)
{
    for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
        if (*c < 0x20 || *c == 0x7f)
            fprintf(out, "\\x%02x", (unsigned)*c);
        else
            putc(*c, out);
    }
}

static void print_place(const struct problem *problem, FILE *out)
{
    if (problem->file[0] == '\0')
        return;
    print_safely(problem->file, out);
    if (problem->line > 0)
        fprintf(out, ":%d", problem->line);
    if (problem->line > 0 && problem->column > 0)
        fprintf(out, ":%d", problem->column);
    fputs(": ", out);
}

static void print_problem(const struct problem *problem, FILE *out)
{
    print_place(problem, out);
    print_safely(problem->message, out);
    if (problem->path[0] != '\0') {
        fputs(" (", out);
        print_safely(problem->path, out);
        fputs(")", out);
    }
    putc('\n', out);
    if (problem->hint[0] == '\0')
        return;
    fputs("    ", out);
    print_safely(problem->hint, out);
    putc('\n', out);
}

void error_print(const struct error *error, FILE *out)
{
    for (int i = 0; i < error->count; i++)
        print_problem(&error->problems[i], out);
    if (error->dropped > 0)
        fprintf(out, "and %d more problem%s\n", error->dropped,
                error->dropped == 1 ? "" : "s");
}
