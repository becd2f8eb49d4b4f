#include <cjson/cJSON.h>
#include <stdlib.h>

#include "reports/counts.h"
#include "reports/report.h"

/* Words that shields.io has colours for. */
static const char *color_of(int exit_code)
{
    switch (exit_code) {
    case 0:
        return "brightgreen";
    case 1:
        return "red";
    case 5:
        return "yellow";
    }
    return "lightgrey";
}

static void write_message(const struct run_report *run, char *text, size_t size)
{
    struct report_counts counts = counts_of_run(run);
    size_t judged = counts.conform + counts.failed + counts.inconclusive;
    int code = run_report_exit_code(run);
    if (run->interrupted)
        snprintf(text, size, "interrupted");
    else if (code == 3 || code == 4)
        snprintf(text, size, "not judged");
    else if (counts.known > 0)
        snprintf(text, size, "%zu of %zu conform, %zu known failure%s",
                 counts.conform, judged, counts.known,
                 counts.known == 1 ? "" : "s");
    else
        snprintf(text, size, "%zu of %zu conform", counts.conform, judged);
}

bool report_badge(const struct run_report *report, FILE *out)
{
    cJSON *badge = cJSON_CreateObject();
    char message[100];
    write_message(report, message, sizeof message);
    int code = run_report_exit_code(report);
    cJSON_AddNumberToObject(badge, "schemaVersion", 1);
    cJSON_AddStringToObject(badge, "label", "retries");
    cJSON_AddStringToObject(badge, "message", message);
    cJSON_AddStringToObject(badge, "color",
                            report->interrupted ? "lightgrey" : color_of(code));
    if (code == 1 || code == 3)
        cJSON_AddBoolToObject(badge, "isError", true);
    char *text = cJSON_PrintUnformatted(badge);
    cJSON_Delete(badge);
    if (!text)
        return false;
    fprintf(out, "%s\n", text);
    free(text);
    return fflush(out) == 0 && !ferror(out);
}
