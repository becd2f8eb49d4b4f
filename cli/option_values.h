/* Values of options, each checked. Whatever can't be read is told on stderr,
 * after the option's name. `command` is the subcommand. */
#ifndef RETRYSPEC_CLI_OPTION_VALUES_H
#define RETRYSPEC_CLI_OPTION_VALUES_H

#include <stdint.h>

struct option_text {
    const char *command;
    const char *option; /* "--jobs" */
    const char *value;
};

/* The index among the NULL-ended words; -1 after a message. */
int option_values_choice(const struct option_text *text,
                         const char *const *words);

/* A number from 1 to `max`; -1 after a message. */
int option_values_count(const struct option_text *text, int max);

/* These return 0, or the exit code after a message. */
int option_values_duration(const struct option_text *text, int64_t *ns);
int option_values_positive(const struct option_text *text, int64_t *ns);

/* A number such as 1e-6 from `least` to `most`. */
int option_values_rate(const struct option_text *text, double least,
                       double most, double *rate);

#endif
