/* What the client under test prints: kept in two files up to a limit, counted
 * beyond it. Several processes of one run may share an output. */
#ifndef RETRYSPEC_RUNNER_OUTPUT_H
#define RETRYSPEC_RUNNER_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/error.h"

enum output_stream { OUTPUT_STDOUT, OUTPUT_STDERR, OUTPUT_STREAMS };

enum { OUTPUT_KEPT_MAX = 8 << 20, OUTPUT_TAIL_MAX = 512 };

struct output {
    int files[OUTPUT_STREAMS];      /* -1: not open */
    int64_t bytes[OUTPUT_STREAMS];  /* all that came */
    int64_t kept_max;               /* bytes per file; 0: OUTPUT_KEPT_MAX */
    char tail[OUTPUT_TAIL_MAX + 1]; /* the last bytes of stderr */
    size_t tail_size;
};

/* Opens FOLDER/client.stdout and FOLDER/client.stderr, empty. */
bool output_open(struct output *output, const char *folder,
                 struct error *error);
void output_close(struct output *output);

/* Keeps what fits. A write error loses the bytes but not their count. */
void output_add(struct output *output, enum output_stream stream,
                const char *bytes, size_t size);

/* All that came, and how much of it was too much to be kept. */
int64_t output_bytes(const struct output *output);
int64_t output_lost(const struct output *output);

/* The last line of stderr that is not blank, printable ASCII only, cut to
 * `size`; "" if there is none. Returns text. */
char *output_last_line(const struct output *output, char *text, size_t size);

#endif
