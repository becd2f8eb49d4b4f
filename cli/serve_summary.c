#include "cli/serve_summary.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "model/units.h"

struct uses {
    struct script_use *items;
    size_t count;
};

static struct uses get_uses(const struct mock_run *run)
{
    struct uses uses = {.count = mock_run_uses(run, NULL, 0)};
    uses.items = calloc(uses.count + 1, sizeof *uses.items);
    if (!uses.items) {
        uses.count = 0;
    }
    mock_run_uses(run, uses.items, uses.count);
    return uses;
}

static bool has_fault(const struct script_use *use)
{
    return use->reply->fault.kind != FAULT_NONE;
}

static void print_use(const struct script_use *use)
{
    char fault[80] = "";
    fprintf(stderr, "  %8" PRId64 "  %s: %d", use->reached, use->reply->where,
            use->reply->status);
    if (has_fault(use)) {
        fprintf(stderr, ", %s",
                fault_format(&use->reply->fault, fault, sizeof fault));
        if (use->reached > 0) {
            fprintf(stderr, " (due %" PRId64 " times)", use->faults_due);
        }
    }
    fputs(use->reached == 0 ? "  never reached\n" : "\n", stderr);
}

static void print_text(const struct mock_run_stats *stats,
                       const struct uses *uses)
{
    char p99[UNITS_TEXT_MAX], max[UNITS_TEXT_MAX];
    fprintf(stderr,
            "%" PRId64 " requests on %" PRId64 " connections, %" PRId64
            " unmatched; the loop was late by %s (p99), %s at most\n",
            stats->requests, stats->connections, stats->unmatched,
            units_format_seconds(stats->lag_p99_ns, p99, sizeof p99),
            units_format_seconds(stats->lag_max_ns, max, sizeof max));
    for (size_t i = 0; i < uses->count; i++) {
        print_use(&uses->items[i]);
    }
}

static cJSON *use_json(const struct script_use *use)
{
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "step", use->reply->where);
    cJSON_AddNumberToObject(object, "reply", use->reply->status);
    cJSON_AddNumberToObject(object, "reached", (double)use->reached);
    if (has_fault(use)) {
        char fault[80];
        cJSON_AddStringToObject(
            object, "fault",
            fault_format(&use->reply->fault, fault, sizeof fault));
        cJSON_AddNumberToObject(object, "faults_due", (double)use->faults_due);
    }
    return object;
}

static void print_json(const struct mock_run_stats *stats,
                       const struct uses *uses)
{
    cJSON *summary = cJSON_CreateObject();
    cJSON_AddNumberToObject(summary, "requests", (double)stats->requests);
    cJSON_AddNumberToObject(summary, "connections", (double)stats->connections);
    cJSON_AddNumberToObject(summary, "unmatched", (double)stats->unmatched);
    cJSON_AddNumberToObject(summary, "peak_in_flight",
                            (double)stats->peak_in_flight);
    cJSON_AddNumberToObject(summary, "lag_p99_ns", (double)stats->lag_p99_ns);
    cJSON_AddNumberToObject(summary, "lag_max_ns", (double)stats->lag_max_ns);
    cJSON *steps = cJSON_AddArrayToObject(summary, "steps");
    for (size_t i = 0; i < uses->count; i++) {
        cJSON_AddItemToArray(steps, use_json(&uses->items[i]));
    }
    char *text = cJSON_PrintUnformatted(summary);
    puts(text ? text : "{}");
    free(text);
    cJSON_Delete(summary);
}

void serve_summary_print(const struct mock_run *run, bool is_json)
{
    struct mock_run_stats stats;
    struct uses uses = get_uses(run);
    mock_run_stats(run, &stats);
    if (is_json) {
        print_json(&stats, &uses);
    } else {
        print_text(&stats, &uses);
    }
    free(uses.items);
}
