#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/lint_file.h"
#include "cli/out.h"

static const char usage[] =
    "Usage: retryspec lint [--json] [FILE...]\n\n"
    "Checks scenarios, profiles, worlds and rule catalogues; the keys of a "
    "file\n"
    "say which it is. Without a file: all that this program carries. Every\n"
    "problem is shown with its place. Exit code 2 if there is any.\n\n"
    "Options:\n"
    "      --json   as JSON, on standard output\n"
    "  -q, --quiet  no summary if all is well\n"
    "  -h, --help   this text\n\n"
    "Examples:\n"
    "  retryspec lint my-scenario.jsonc my-profile.jsonc\n"
    "  retryspec lint --json scenarios/*/*.jsonc\n";

static const struct option options[] = {
    {"json", no_argument, NULL, 'j'},
    {"quiet", no_argument, NULL, 'q'},
    {"help", no_argument, NULL, 'h'},
    {0},
};

struct lint {
    struct lint_file *files;
    size_t count;
    struct rule_catalogue *rules;
};

static bool lint_room(struct lint *lint, size_t size)
{
    lint->files = calloc(size ? size : 1, sizeof *lint->files);
    return lint->files != NULL;
}

static bool add_shipped(struct lint *lint)
{
    static const enum shipped_kind kinds[] = {SHIPPED_SCENARIO, SHIPPED_PROFILE,
                                              SHIPPED_WORLD, SHIPPED_RULES};
    enum { KINDS = sizeof kinds / sizeof kinds[0] };
    size_t size = 0;
    for (const struct embedded_file *file = embedded_files; file->name;
         file++) {
        size++;
    }
    if (!lint_room(lint, size)) {
        return false;
    }
    for (size_t i = 0; i < KINDS; i++) {
        const struct embedded_file *file = NULL;
        while ((file = shipped_next(kinds[i], file))) {
            struct lint_file *added = &lint->files[lint->count++];
            source_open_shipped(file, &added->source);
            added->shipped = file;
        }
    }
    return true;
}

static bool add_named(struct lint *lint, int count, char **names)
{
    if (!lint_room(lint, (size_t)count)) {
        return false;
    }
    for (int i = 0; i < count; i++) {
        struct lint_file *file = &lint->files[lint->count++];
        source_open_file(names[i], &file->source, &file->problems);
    }
    return true;
}

/* A shipped file is found by its name, but says its id inside. */
static void check_shipped_id(struct lint_file *file)
{
    char id[SHIPPED_ID_MAX];
    if (!*file->id || strcmp(shipped_id(file->shipped, id), file->id) == 0) {
        return;
    }
    struct problem *problem = error_add(
        &file->problems, PROBLEM_INPUT,
        "the id is \"%s\", but the name of the file says \"%s\"", file->id, id);
    snprintf(problem->file, sizeof problem->file, "%s", file->source.path);
}

/* Two files with one id would hide each other wherever the id is named. */
static void check_duplicates(struct lint *lint)
{
    for (size_t i = 0; i < lint->count; i++) {
        struct lint_file *later = &lint->files[i];
        for (size_t j = 0; *later->id && j < i; j++) {
            const struct lint_file *earlier = &lint->files[j];
            if (earlier->kind != later->kind ||
                strcmp(earlier->id, later->id) != 0) {
                continue;
            }
            struct problem *problem = error_add(
                &later->problems, PROBLEM_INPUT, "the id \"%s\" is taken by %s",
                later->id, earlier->source.path);
            snprintf(problem->file, sizeof problem->file, "%s",
                     later->source.path);
            break;
        }
    }
}

static void lint_check(struct lint *lint)
{
    for (size_t i = 0; i < lint->count; i++) {
        if (!error_is_set(&lint->files[i].problems)) {
            lint_file_check(&lint->files[i], lint->rules);
        }
        if (lint->files[i].shipped) {
            check_shipped_id(&lint->files[i]);
        }
    }
    check_duplicates(lint);
}

static int count_problems(const struct lint *lint)
{
    int count = 0;
    for (size_t i = 0; i < lint->count; i++) {
        const struct error *problems = &lint->files[i].problems;
        count += problems->count + problems->dropped;
    }
    return count;
}

static void print_text(const struct lint *lint, bool is_quiet)
{
    for (size_t i = 0; i < lint->count; i++) {
        error_print(&lint->files[i].problems, stderr);
    }
    int problems = count_problems(lint);
    const char *files = lint->count == 1 ? "file" : "files";
    if (problems > 0) {
        fprintf(stderr, "%zu %s, %d problem%s\n", lint->count, files, problems,
                problems == 1 ? "" : "s");
    } else if (!is_quiet) {
        printf("%zu %s, no problem\n", lint->count, files);
    }
}

static cJSON *problems_to_json(const struct error *error)
{
    cJSON *array = cJSON_CreateArray();
    for (int i = 0; i < error->count; i++) {
        const struct problem *problem = &error->problems[i];
        cJSON *object = cJSON_CreateObject();
        cJSON_AddNumberToObject(object, "line", problem->line);
        cJSON_AddNumberToObject(object, "column", problem->column);
        out_json_text(object, "path", problem->path);
        out_json_text(object, "message", problem->message);
        out_json_text(object, "hint", problem->hint);
        cJSON_AddItemToArray(array, object);
    }
    return array;
}

static int print_json(const struct lint *lint)
{
    cJSON *root = cJSON_CreateObject();
    cJSON *files = cJSON_AddArrayToObject(root, "files");
    for (size_t i = 0; i < lint->count; i++) {
        const struct lint_file *file = &lint->files[i];
        cJSON *object = cJSON_CreateObject();
        out_json_text(object, "file", file->source.path);
        out_json_text(object, "kind", lint_kind_words[file->kind]);
        out_json_text(object, "id", *file->id ? file->id : NULL);
        cJSON_AddItemToObject(object, "problems",
                              problems_to_json(&file->problems));
        cJSON_AddItemToArray(files, object);
    }
    cJSON_AddNumberToObject(root, "problems", count_problems(lint));
    return out_json(root);
}

static void lint_deinit(struct lint *lint)
{
    for (size_t i = 0; i < lint->count; i++) {
        source_close(&lint->files[i].source);
    }
    free(lint->files);
    rules_free(lint->rules);
}

static int report(const struct lint *lint, bool is_json, bool is_quiet)
{
    int code = is_json ? print_json(lint) : EXIT_SUCCESS;
    if (!is_json) {
        print_text(lint, is_quiet);
    }
    return code == EXIT_SUCCESS && count_problems(lint) > 0 ? EXIT_USAGE : code;
}

static int lint_run(int count, char **names, bool is_json, bool is_quiet)
{
    struct error error = {0};
    struct lint lint = {.rules = cli_load_rules(&error)};
    if (!lint.rules) {
        return cli_fail(&error);
    }
    int code = EXIT_SYSTEM;
    if (count > 0 ? add_named(&lint, count, names) : add_shipped(&lint)) {
        lint_check(&lint);
        code = report(&lint, is_json, is_quiet);
    } else {
        error_add(&error, PROBLEM_MEMORY, "out of memory");
        cli_fail(&error);
    }
    lint_deinit(&lint);
    return code;
}

int cmd_lint(int argc, char **argv)
{
    bool is_json = false, is_quiet = false;
    opterr = 0;
    for (int c; (c = getopt_long(argc, argv, ":qh", options, NULL)) != -1;) {
        switch (c) {
        case 'h':
            fputs(usage, stdout);
            return EXIT_SUCCESS;
        case 'j':
            is_json = true;
            break;
        case 'q':
            is_quiet = true;
            break;
        default:
            return cli_option_error("lint", c, argv, options);
        }
    }
    return lint_run(argc - optind, argv + optind, is_json, is_quiet);
}
