#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/profile_text.h"
#include "cli/source.h"

static const char usage[] =
    "Usage: retryspec show [OPTION...] ID|FILE\n\n"
    "Prints a scenario or profile as it was written. After a profile comes, as "
    "a\ncomment, what it means: its layers and their first delays.\n\n"
    "Options:\n"
    "      --summary  of a profile, only what it means\n"
    "      --raw      only the file\n"
    "      --path     only where the file is\n"
    "  -h, --help     this text\n\n"
    "Examples:\n"
    "  retryspec show retry-after/429-seconds\n"
    "  retryspec show tinker-submit --summary\n"
    "  retryspec show --raw http-generic > my-profile.jsonc\n";

static const struct option options[] = {
    {"summary", no_argument, NULL, 's'},
    {"raw", no_argument, NULL, 'r'},
    {"path", no_argument, NULL, 'p'},
    {"help", no_argument, NULL, 'h'},
    {0},
};

enum show_what { SHOW_ALL, SHOW_SUMMARY, SHOW_RAW, SHOW_PATH };

/* Scenarios and profiles share one space of names: an id of either, else a
 * file. */
static bool open_any(const char *name, struct source *source,
                     struct error *error)
{
    const struct embedded_file *profile = shipped_find(SHIPPED_PROFILE, name);
    struct arena arena = {0};
    if (profile) {
        source_open_shipped(profile, source);
        return true;
    }
    bool is_near_profile = !shipped_find(SHIPPED_SCENARIO, name) &&
                           !shipped_nearest(SHIPPED_SCENARIO, name, &arena) &&
                           shipped_nearest(SHIPPED_PROFILE, name, &arena);
    arena_deinit(&arena);
    return source_open(is_near_profile ? SHIPPED_PROFILE : SHIPPED_SCENARIO,
                       name, source, error);
}

static bool is_profile(const struct source *source)
{
    struct error ignored = {0};
    struct profile *profile =
        profile_read(source->path, source->bytes, source->size, &ignored);
    if (profile) {
        profile_free(profile);
    }
    return profile != NULL;
}

static int show_summary(const struct source *source, const char *prefix)
{
    struct error error = {0};
    struct profile *profile =
        profile_read(source->path, source->bytes, source->size, &error);
    if (!profile) {
        return cli_fail(&error);
    }
    profile_text_print(profile, prefix, stdout);
    profile_free(profile);
    return EXIT_SUCCESS;
}

static int show(const struct source *source, enum show_what what)
{
    switch (what) {
    case SHOW_PATH:
        printf("%s%s\n", source->path,
               source->is_shipped ? " (carried in this program)" : "");
        return EXIT_SUCCESS;
    case SHOW_SUMMARY:
        return show_summary(source, "");
    case SHOW_RAW:
        fwrite(source->bytes, 1, source->size, stdout);
        return EXIT_SUCCESS;
    case SHOW_ALL:
        fwrite(source->bytes, 1, source->size, stdout);
        return is_profile(source) ? show_summary(source, "// ") : EXIT_SUCCESS;
    }
    return EXIT_SUCCESS;
}

int cmd_show(int argc, char **argv)
{
    enum show_what what = SHOW_ALL;
    opterr = 0;
    for (int c; (c = getopt_long(argc, argv, ":h", options, NULL)) != -1;) {
        switch (c) {
        case 'h':
            fputs(usage, stdout);
            return EXIT_SUCCESS;
        case 's':
            what = SHOW_SUMMARY;
            break;
        case 'r':
            what = SHOW_RAW;
            break;
        case 'p':
            what = SHOW_PATH;
            break;
        default:
            return cli_option_error("show", c, argv, options);
        }
    }
    if (argc - optind != 1) {
        return cli_usage_error("show",
                               argc == optind ? "which one?" : "one at a time");
    }
    struct error error = {0};
    struct source source;
    if (!open_any(argv[optind], &source, &error)) {
        return cli_fail(&error);
    }
    int code = show(&source, what);
    source_close(&source);
    return code;
}
