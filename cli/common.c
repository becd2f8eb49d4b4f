#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "cli/cli.h"
#include "model/jsonc.h"

volatile sig_atomic_t cli_stop;

int cli_fail(const struct error *error)
{
    error_print(error, stderr);
    for (int i = 0; i < error->count; i++) {
        if (error->problems[i].kind == PROBLEM_INPUT) {
            return EXIT_USAGE;
        }
    }
    return EXIT_SYSTEM;
}

int cli_usage_error(const char *command, const char *format, ...)
{
    const char *space = command ? " " : "", *name = command ? command : "";
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "retryspec%s%s: ", space, name);
    vfprintf(stderr, format, arguments);
    fprintf(stderr, "\nTry: retryspec%s%s --help\n", space, name);
    va_end(arguments);
    return EXIT_USAGE;
}

/* The nearest option to the word after "--", up to a '='. */
static const char *nearest_option(const char *word,
                                  const struct option *options)
{
    enum { WORDS_MAX = 64 };
    const char *names[WORDS_MAX + 1] = {0};
    for (size_t i = 0; i < WORDS_MAX && options[i].name; i++) {
        names[i] = options[i].name;
    }
    char stem[64];
    snprintf(stem, sizeof stem, "%.*s", (int)strcspn(word, "="), word);
    return jsonc_nearest(stem, names);
}

int cli_option_error(const char *command, int result, char **argv,
                     const struct option *options)
{
    const char *word = argv[optind - 1];
    if (result == ':') {
        return cli_usage_error(command, "option %s needs a value", word);
    }
    if (strncmp(word, "--", 2) != 0) {
        return cli_usage_error(command, "unknown option -%c", optopt);
    }
    const char *nearest = nearest_option(word + 2, options);
    if (!nearest) {
        return cli_usage_error(command, "unknown option %s", word);
    }
    size_t length = strcspn(word + 2, "=");
    if (strlen(nearest) == length && strncmp(nearest, word + 2, length) == 0) {
        return cli_usage_error(command, "option --%s takes no value", nearest);
    }
    return cli_usage_error(command, "unknown option %s, did you mean --%s?",
                           word, nearest);
}

bool cli_parse_seed(const char *text, uint64_t *seed)
{
    bool is_hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
    const char *digits = is_hex ? text + 2 : text;
    const char *allowed = is_hex ? "0123456789abcdefABCDEF" : "0123456789";
    if (!*digits || digits[strspn(digits, allowed)] != '\0') {
        return false;
    }
    errno = 0;
    unsigned long long value = strtoull(digits, NULL, is_hex ? 16 : 10);
    if (errno == ERANGE) {
        return false;
    }
    *seed = value;
    return true;
}

static void on_signal(int number)
{
    cli_stop = number;
}

/* Once is enough to stop in order; the second signal ends the program, so that
 * nobody has to wait for it. */
void cli_catch_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal,
                               .sa_flags = (int)SA_RESETHAND};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

int cli_columns(int fd)
{
    struct winsize size;
    return ioctl(fd, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}
