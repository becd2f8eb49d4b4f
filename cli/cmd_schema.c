#include <stdio.h>
#include <stdlib.h>

#include "cli/cli.h"
#include "cli/shipped.h"
#include "cli/source.h"

static const char usage[] =
    "Usage: retryspec schema [FORMAT]\n\n"
    "Prints the JSON Schema of a file format. Without a format: the list of "
    "all.\n\n"
    "Options:\n"
    "  -h, --help  this text\n\n"
    "Examples:\n"
    "  retryspec schema\n"
    "  retryspec schema scenario > scenario.schema.json\n";

static const struct option options[] = {
    {"help", no_argument, NULL, 'h'},
    {0},
};

static int print_list(void)
{
    const struct embedded_file *file = NULL;
    while ((file = shipped_next(SHIPPED_SCHEMA, file))) {
        char id[SHIPPED_ID_MAX];
        puts(shipped_id(file, id));
    }
    return EXIT_SUCCESS;
}

static int print_schema(const char *id)
{
    const struct embedded_file *file = shipped_find(SHIPPED_SCHEMA, id);
    if (file) {
        fwrite(file->bytes, 1, file->size, stdout);
        return EXIT_SUCCESS;
    }
    struct arena arena = {0};
    const char *nearest = shipped_nearest(SHIPPED_SCHEMA, id, &arena);
    int code =
        nearest
            ? cli_usage_error("schema",
                              "there is no format \"%s\", did you mean \"%s\"?",
                              id, nearest)
            : cli_usage_error("schema", "there is no format \"%s\"", id);
    arena_deinit(&arena);
    return code;
}

int cmd_schema(int argc, char **argv)
{
    opterr = 0;
    for (int c; (c = getopt_long(argc, argv, ":h", options, NULL)) != -1;) {
        if (c != 'h') {
            return cli_option_error("schema", c, argv, options);
        }
        fputs(usage, stdout);
        return EXIT_SUCCESS;
    }
    if (argc - optind > 1) {
        return cli_usage_error("schema", "one format at a time, not %d",
                               argc - optind);
    }
    return argv[optind] ? print_schema(argv[optind]) : print_list();
}
