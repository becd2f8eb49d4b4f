/* Joins the shards of a sweep. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/explore_out.h"
#include "cli/source.h"

static const char usage[] =
    "Usage: retryspec merge FILE... [OPTION...]\n"
    "\n"
    "Joins what shards of one sweep left (retryspec explore --shard K/N --out\n"
    "FILE) and checks that it is whole: files of different sweeps or\n"
    "versions, points that are there twice and points that are missing are\n"
    "errors.\n\n"
    "Options:\n"
    "      --out FILE|-  all points in order, as JSON Lines (-)\n"
    "      --csv FILE|-  as comma-separated values\n"
    "  -h, --help        this text\n\n"
    "Example:\n"
    "  retryspec merge part-*.jsonl --out sweep.jsonl --csv sweep.csv\n";

static const struct option options[] = {
    {"out", required_argument, NULL, 'o'},
    {"csv", required_argument, NULL, 'c'},
    {"help", no_argument, NULL, 'h'},
    {0},
};

static bool add_file(struct rows *rows, const char *path, struct error *error)
{
    struct source source;
    if (!source_open_file(path, &source, error))
        return false;
    size_t whole = 0;
    bool is_added =
        rows_add(rows, path, source.bytes, source.size, &whole, error);
    if (is_added && whole < source.size) {
        error_add(error, PROBLEM_INPUT,
                  "%s: the last line is cut off: that shard has not ended",
                  path);
        is_added = false;
    }
    source_close(&source);
    return is_added;
}

static bool check_whole(const struct rows *rows, struct error *error)
{
    size_t first = 0;
    while (first < rows->points && rows->lines[first])
        first++;
    if (first < rows->points)
        error_add(error, PROBLEM_INPUT,
                  "%zu of %zu points are missing, the first is %zu: is a "
                  "shard left out, or has one not ended?",
                  rows->points - rows->count, rows->points, first);
    return first == rows->points;
}

static bool write_lines(const struct rows *rows, const char *path,
                        struct error *error)
{
    FILE *file = explore_is_stdout(path) ? stdout : fopen(path, "we");
    if (file) {
        fprintf(file, "%s\n", rows->header);
        for (size_t i = 0; i < rows->points; i++)
            fprintf(file, "%s\n", rows->lines[i]);
    }
    bool is_written = file && fflush(file) == 0 && !ferror(file);
    if (file && file != stdout)
        is_written &= fclose(file) == 0;
    if (!is_written)
        error_add_errno(error, errno, "can't write %s", path);
    return is_written;
}

static int merge(char **files, const char *out, const char *csv)
{
    struct rows rows = {0};
    struct error error = {0};
    bool is_good = true;
    for (; is_good && *files; files++)
        is_good = add_file(&rows, *files, &error);
    is_good = is_good && check_whole(&rows, &error) &&
              (!out || write_lines(&rows, out, &error)) &&
              (!csv || explore_write_csv(&rows, csv, &error));
    rows_deinit(&rows);
    return is_good ? EXIT_SUCCESS : cli_fail(&error);
}

int cmd_merge(int argc, char **argv)
{
    const char *out = NULL, *csv = NULL;
    opterr = 0;
    for (int c; (c = getopt_long(argc, argv, ":h", options, NULL)) != -1;) {
        switch (c) {
        case 'h':
            fputs(usage, stdout);
            return EXIT_SUCCESS;
        case 'o':
            out = optarg;
            break;
        case 'c':
            csv = optarg;
            break;
        default:
            return cli_option_error("merge", c, argv, options);
        }
    }
    if (optind == argc)
        return cli_usage_error("merge", "no file to merge");
    return merge(argv + optind, out || csv ? out : "-", csv);
}
