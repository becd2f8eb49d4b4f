#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/cli.h"
#include "cli/shipped.h"
#include "model/jsonc.h"

#define LANGUAGES "sh, python, node, go, rust, java or elixir"

static const char usage[] =
    "Usage: retryspec init --lang LANGUAGE [--out FILE] [--force]\n\n"
    "Writes an adapter: a small program that lets retryspec drive your "
    "client.\n"
    "It works as it is; put your own client where it says so.\n\n"
    "Options:\n"
    "      --lang LANGUAGE  " LANGUAGES "\n"
    "      --out FILE       where to (default: adapter.sh, .py, .mjs, .go, "
    ".rs, .java\n"
    "                       or .exs)\n"
    "      --force          replace a file that is there\n"
    "  -h, --help           this text\n\n"
    "Examples:\n"
    "  retryspec init --lang python\n"
    "  retryspec init --lang go --out tests/retry/main.go\n";

static const struct option options[] = {
    {"lang", required_argument, NULL, 'l'},
    {"out", required_argument, NULL, 'o'},
    {"force", no_argument, NULL, 'f'},
    {"help", no_argument, NULL, 'h'},
    {0},
};

/* `adapter` is the id of the shipped file, `command` what runs it, once `build`
 * was run; FILE stands for its path. */
static const struct language {
    const char *name, *adapter, *build, *command;
} languages[] = {
    {"sh", "sh", "", "sh FILE"},
    {"python", "py", "", "python3 FILE"},
    {"node", "mjs", "", "node FILE"},
    {"go", "go", "", "go run FILE"},
    {"rust", "rs", "rustc -O -o adapter FILE && ", "./adapter"},
    {"java", "java", "", "java FILE"},
    {"elixir", "exs", "", "elixir FILE"},
};
enum { LANGUAGE_COUNT = sizeof languages / sizeof languages[0] };

static const struct language *find_language(const char *name)
{
    for (size_t i = 0; i < LANGUAGE_COUNT; i++) {
        if (strcmp(languages[i].name, name) == 0) {
            return &languages[i];
        }
    }
    return NULL;
}

static int unknown_language(const char *name)
{
    const char *names[LANGUAGE_COUNT + 1] = {0};
    for (size_t i = 0; i < LANGUAGE_COUNT; i++) {
        names[i] = languages[i].name;
    }
    const char *nearest = jsonc_nearest(name, names);
    if (nearest) {
        return cli_usage_error("init",
                               "no adapter for \"%s\", did you mean \"%s\"?",
                               name, nearest);
    }
    return cli_usage_error("init",
                           "no adapter for \"%s\": --lang " LANGUAGES
                           "? docs/adapters.md says what one does",
                           name);
}

/* Mode "x": a file that is there is never opened, whatever the race. */
static bool write_adapter(const struct embedded_file *adapter, const char *path,
                          bool is_forced, struct error *error)
{
    FILE *file = fopen(path, is_forced ? "we" : "wxe");
    if (!file && errno == EEXIST) {
        struct problem *problem =
            error_add(error, PROBLEM_INPUT, "\"%s\" is there already", path);
        snprintf(problem->hint, sizeof problem->hint,
                 "name another with --out, or replace it with --force");
        return false;
    }
    bool is_written =
        file && fwrite(adapter->bytes, 1, adapter->size, file) == adapter->size;
    if (file && fclose(file) != 0) {
        is_written = false;
    }
    if (!is_written) {
        error_add_errno(error, errno, "can't write \"%s\"", path);
    }
    return is_written;
}

static void print_with_file(const char *text, const char *path)
{
    const char *file = strstr(text, "FILE");
    if (!file) {
        fputs(text, stdout);
        return;
    }
    printf("%.*s%s%s", (int)(file - text), text, path, file + strlen("FILE"));
}

static int init(const struct language *language, const char *path,
                bool is_forced)
{
    char standard[32];
    snprintf(standard, sizeof standard, "adapter.%s", language->adapter);
    path = path ? path : standard;
    struct error error = {0};
    if (!write_adapter(shipped_find(SHIPPED_ADAPTER, language->adapter), path,
                       is_forced, &error)) {
        return cli_fail(&error);
    }
    if (strcmp(language->name, "sh") == 0) {
        chmod(path, 0755);
    }
    printf("Wrote %s. It works as it is; put your client where it says "
           "YOUR CLIENT.\nNext: ",
           path);
    print_with_file(language->build, path);
    printf("%s smoke -- ", cli_program);
    print_with_file(language->command, path);
    puts("");
    return EXIT_SUCCESS;
}

int cmd_init(int argc, char **argv)
{
    const char *lang = NULL, *out = NULL;
    bool is_forced = false;
    opterr = 0;
    for (int c; (c = getopt_long(argc, argv, ":h", options, NULL)) != -1;) {
        switch (c) {
        case 'h':
            fputs(usage, stdout);
            return EXIT_SUCCESS;
        case 'l':
            lang = optarg;
            break;
        case 'o':
            out = optarg;
            break;
        case 'f':
            is_forced = true;
            break;
        default:
            return cli_option_error("init", c, argv, options);
        }
    }
    if (argv[optind]) {
        return cli_usage_error("init", "unexpected argument \"%s\"",
                               argv[optind]);
    }
    if (!lang) {
        return cli_usage_error("init", "--lang " LANGUAGES "?");
    }
    const struct language *language = find_language(lang);
    return language ? init(language, out, is_forced) : unknown_language(lang);
}
