/* Results of a sweep as comma-separated values. */
#include <string.h>

#include "lab/rows.h"

/* RFC 4180: quotes around what has a comma, a quote or a line's end. */
static void put_text(const char *text, FILE *file)
{
    if (!strpbrk(text, ",\"\r\n")) {
        fputs(text, file);
        return;
    }
    fputc('"', file);
    for (; *text; text++)
        fprintf(file, *text == '"' ? "\"\"" : "%c", *text);
    fputc('"', file);
}

static void put_heads(const cJSON *line, FILE *file)
{
    const cJSON *values = cJSON_GetObjectItemCaseSensitive(line, "values");
    fputs("point", file);
    for (const cJSON *i = values->child; i; i = i->next) {
        fputc(',', file);
        put_text(i->string, file);
    }
    for (size_t i = 0; i < METRIC_COUNT; i++)
        fprintf(file, ",%s,%s_margin", metric_names[i], metric_names[i]);
    fputs("\r\n", file);
}

static void put_number(const cJSON *of, const char *key, FILE *file)
{
    const cJSON *number = cJSON_GetObjectItemCaseSensitive(of, key);
    fputc(',', file);
    if (cJSON_IsNumber(number))
        fprintf(file, "%.6g", number->valuedouble);
}

static void put_row(const cJSON *line, size_t point, FILE *file)
{
    const cJSON *values = cJSON_GetObjectItemCaseSensitive(line, "values");
    const cJSON *metrics = cJSON_GetObjectItemCaseSensitive(line, "metrics");
    fprintf(file, "%zu", point);
    for (const cJSON *i = values->child; i; i = i->next) {
        fputc(',', file);
        put_text(cJSON_IsString(i) ? i->valuestring : "", file);
    }
    for (size_t i = 0; i < METRIC_COUNT; i++) {
        const cJSON *metric =
            cJSON_GetObjectItemCaseSensitive(metrics, metric_names[i]);
        put_number(metric, "mean", file);
        put_number(metric, "margin", file);
    }
    fputs("\r\n", file);
}

bool rows_write_csv(const struct rows *rows, FILE *file)
{
    bool has_heads = false;
    fprintf(file, "# %s\r\n", rows->header);
    for (size_t point = 0; point < rows->points; point++) {
        cJSON *line =
            rows->lines[point] ? cJSON_Parse(rows->lines[point]) : NULL;
        if (!line) {
            if (rows->lines[point])
                return false;
            continue;
        }
        if (!has_heads)
            put_heads(line, file);
        has_heads = true;
        put_row(line, point, file);
        cJSON_Delete(line);
    }
    return !ferror(file);
}
