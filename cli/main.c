#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "model/jsonc.h"

const char *cli_program = "retryspec";

static const struct command {
    const char *name, *summary;
    int (*run)(int argc, char **argv);
} commands[] = {
#define X(function, name, summary) {name, summary, function},
    COMMAND_LIST(X)
#undef X
};
enum { COMMAND_COUNT = sizeof commands / sizeof commands[0] };

static const char usage_begin[] =
    "retryspec tells whether an HTTP client retries the way its specification "
    "says.\n\n"
    "Usage: retryspec COMMAND [OPTION...] [ARGUMENT...]\n"
    "       retryspec COMMAND --help\n"
    "       retryspec --version\n\n"
    "Commands:\n";

static const char usage_end[] =
    "\nExamples:\n"
    "  retryspec init --lang python           write adapter.py and put your "
    "client into it\n"
    "  retryspec smoke -- python3 adapter.py  is it wired?\n"
    "  retryspec run -p http-generic -- python3 adapter.py\n"
    "                                         judge it on every scenario\n"
    "  retryspec run -p curl-retry --tag quick -- curl -sS --retry 5 {url}\n"
    "                                         a program without an adapter\n"
    "  retryspec list --tag quick             what is there to run\n"
    "  retryspec explain RA-1                 what a rule asks, and why\n"
    "  retryspec lint my-scenario.jsonc       is the file right?\n\n"
    "Exit codes: 0 conforms, 1 a rule is broken, 2 wrong usage or file, 3 the "
    "adapter or\nthe system failed, 4 nothing was judged, 5 inconclusive.\n";

static void print_usage(void)
{
    fputs(usage_begin, stdout);
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        printf("  %-8s %s\n", commands[i].name, commands[i].summary);
    }
    fputs(usage_end, stdout);
}

static int unknown_command(const char *word)
{
    static const char *const options[] = {"--help", "--version", NULL};
    const char *names[COMMAND_COUNT + 1] = {0};
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        names[i] = commands[i].name;
    }
    bool is_option = word[0] == '-';
    const char *kind = is_option ? "option" : "command";
    const char *nearest = jsonc_nearest(word, is_option ? options : names);
    if (nearest) {
        return cli_usage_error(NULL, "unknown %s \"%s\", did you mean \"%s\"?",
                               kind, word, nearest);
    }
    return cli_usage_error(NULL, "unknown %s \"%s\"", kind, word);
}

static int run_command(int argc, char **argv)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(argv[0], commands[i].name) == 0) {
            return commands[i].run(argc, argv);
        }
    }
    return unknown_command(argv[0]);
}

/* `retryspec help list` is `retryspec list --help`. */
static int run_help(const char *command)
{
    char name[32], option[] = "--help";
    if (!command) {
        print_usage();
        return EXIT_SUCCESS;
    }
    snprintf(name, sizeof name, "%s", command);
    return run_command(2, (char *[]){name, option, NULL});
}

static int run(int argc, char **argv)
{
    const char *word = argc > 1 ? argv[1] : NULL;
    if (!word) {
        return cli_usage_error(NULL, "no command was given");
    }
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
        return run_help(NULL);
    }
    if (strcmp(word, "help") == 0) {
        return run_help(argv[2]);
    }
    if (strcmp(word, "--version") == 0) {
        puts("retryspec " RETRYSPEC_VERSION);
        return EXIT_SUCCESS;
    }
    return run_command(argc - 1, argv + 1);
}

int main(int argc, char **argv)
{
    if (argc > 0 && argv[0][0]) {
        cli_program = argv[0];
    }
    int code = run(argc, argv);
    /* Output that got lost, e.g. on a full disk, must not look like success;
     * a finding stays one. */
    if (fflush(stdout) == 0 && !ferror(stdout)) {
        return code;
    }
    perror("retryspec: standard output");
    return code == EXIT_SUCCESS ? EXIT_SYSTEM : code;
}
