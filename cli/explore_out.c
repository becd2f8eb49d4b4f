#include "cli/explore_out.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/source.h"
#include "model/units.h"

bool explore_is_stdout(const char *path)
{
    return path && strcmp(path, "-") == 0;
}

static int64_t clock_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * NS_PER_S + now.tv_nsec;
}

/* -- opening ---------------------------------------------------------------
 */

/* The header counts as read first, so that a file of another sweep is refused
 * by it. */
static bool add_header(struct explore_out *out, const char *header,
                       struct error *error)
{
    char *line = NULL;
    int size = asprintf(&line, "%s\n", header);
    if (size < 0) {
        error_add(error, PROBLEM_MEMORY, "out of memory");
        return false;
    }
    bool is_added =
        rows_add(&out->rows, "this command", line, (size_t)size, NULL, error);
    free(line);
    return is_added;
}

/* What an earlier run left; `whole` is where it goes on. */
static bool read_earlier(struct explore_out *out, const char *path,
                         size_t *whole, struct error *error)
{
    struct source source;
    *whole = 0;
    if (access(path, F_OK) != 0)
        return true;
    if (!source_open_file(path, &source, error))
        return false;
    bool is_read =
        rows_add(&out->rows, path, source.bytes, source.size, whole, error);
    source_close(&source);
    out->before = out->rows.count;
    return is_read;
}

bool explore_out_open(struct explore_out *out, const char *path,
                      const char *header, struct error *error)
{
    size_t whole = 0;
    out->began_ns = clock_ns();
    out->shows_progress = isatty(STDERR_FILENO);
    if (!add_header(out, header, error))
        return false;
    if (!path)
        return true;
    if (explore_is_stdout(path)) {
        out->file = stdout;
    } else {
        if (!read_earlier(out, path, &whole, error))
            return false;
        out->file = fopen(path, "ae");
        if (!out->file || ftruncate(fileno(out->file), (off_t)whole) != 0) {
            error_add_errno(error, errno, "can't write %s", path);
            return false;
        }
    }
    /* At once: a run that is killed in its first point leaves what it was. */
    if (whole == 0 &&
        (fprintf(out->file, "%s\n", header) < 0 || fflush(out->file) != 0)) {
        error_add_errno(error, errno, "can't write %s", path);
        return false;
    }
    return true;
}

void explore_out_close(struct explore_out *out)
{
    if (out->file && out->file != stdout)
        fclose(out->file);
    rows_deinit(&out->rows);
}

/* -- points ----------------------------------------------------------------
 */

bool explore_out_has(const struct explore_out *out, size_t point)
{
    return out->rows.lines[point];
}

bool explore_out_add(struct explore_out *out, const char *line,
                     struct error *error)
{
    struct rows *rows = &out->rows;
    cJSON *parsed = cJSON_Parse(line);
    const cJSON *point = cJSON_GetObjectItemCaseSensitive(parsed, "point");
    const char *copy = point ? arena_strdup(&rows->arena, line) : NULL;
    if (copy) {
        rows->lines[(size_t)point->valuedouble] = copy;
        rows->count++;
    }
    cJSON_Delete(parsed);
    if (!copy) {
        error_add(error, PROBLEM_MEMORY, "out of memory");
        return false;
    }
    if (out->file &&
        (fprintf(out->file, "%s\n", line) < 0 || fflush(out->file) != 0)) {
        error_add_errno(error, errno, "can't write the results");
        return false;
    }
    return true;
}

void explore_out_progress(struct explore_out *out, size_t done, size_t all)
{
    enum { WIDTH = 30 };
    static const char bar[] = "##############################";
    if (!out->shows_progress)
        return;
    size_t played = out->rows.count - out->before;
    double gone_s = (double)(clock_ns() - out->began_ns) / (double)NS_PER_S;
    double left_s = played ? gone_s / (double)played * (double)(all - done) : 0;
    fprintf(stderr, "\r[%-*.*s] %zu of %zu points, %.0f s left \033[K", WIDTH,
            (int)(WIDTH * done / all), bar, done, all, left_s);
    if (done == all)
        fputs("\r\033[K", stderr);
}

/* -- the table -------------------------------------------------------------
 */

static const enum metric shown[] = {
    METRIC_AMPLIFICATION, METRIC_PEAK_AFTER, METRIC_HERD,   METRIC_P50,
    METRIC_P99,           METRIC_RECOVERY,   METRIC_GAVE_UP};
static const char *const shown_heads[] = {
    "attempts/ok", "peak after", "herd",    "p50 s",
    "p99 s",       "all done s", "gave up",
};
enum { SHOWN = sizeof shown / sizeof *shown, VALUE_WIDTH = 12 };

static void print_heads(const cJSON *values)
{
    for (const cJSON *i = values->child; i; i = i->next)
        printf("%-*s  ", VALUE_WIDTH, i->string);
    for (size_t i = 0; i < SHOWN; i++)
        printf("%12s", shown_heads[i]);
    putchar('\n');
}

static void print_metric(const cJSON *metrics, enum metric metric)
{
    const cJSON *mean = cJSON_GetObjectItemCaseSensitive(
        cJSON_GetObjectItemCaseSensitive(metrics, metric_names[metric]),
        "mean");
    if (cJSON_IsNumber(mean))
        printf("%12.4g", mean->valuedouble);
    else
        printf("%12s", "-");
}

static void print_row(const char *text, bool *has_heads)
{
    cJSON *line = cJSON_Parse(text);
    const cJSON *values = cJSON_GetObjectItemCaseSensitive(line, "values");
    const cJSON *metrics = cJSON_GetObjectItemCaseSensitive(line, "metrics");
    if (!*has_heads && values)
        print_heads(values);
    *has_heads = true;
    for (const cJSON *i = values ? values->child : NULL; i; i = i->next) {
        int width = (int)strlen(i->string);
        printf("%-*s  ", width > VALUE_WIDTH ? width : VALUE_WIDTH,
               cJSON_IsString(i) ? i->valuestring : "");
    }
    for (size_t i = 0; i < SHOWN; i++)
        print_metric(metrics, shown[i]);
    putchar('\n');
    cJSON_Delete(line);
}

static void print_table(const struct rows *rows)
{
    bool has_heads = false;
    for (size_t i = 0; i < rows->points; i++) {
        if (rows->lines[i])
            print_row(rows->lines[i], &has_heads);
    }
    puts("Means of the trials; --out and --csv have all metrics with their "
         "margins.");
}

/* -- the end ---------------------------------------------------------------
 */

bool explore_write_csv(const struct rows *rows, const char *path,
                       struct error *error)
{
    FILE *file = explore_is_stdout(path) ? stdout : fopen(path, "we");
    bool is_written = file && rows_write_csv(rows, file);
    if (file && file != stdout)
        is_written &= fclose(file) == 0;
    if (!is_written)
        error_add_errno(error, errno, "can't write %s", path);
    return is_written;
}

bool explore_out_finish(struct explore_out *out, const char *csv,
                        struct error *error)
{
    if (out->prints_table)
        print_table(&out->rows);
    return !csv || explore_write_csv(&out->rows, csv, error);
}
