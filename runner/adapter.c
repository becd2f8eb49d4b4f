#include "runner/adapter.h"

#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "judge/planned.h"
#include "model/plan.h"
#include "runner/environment.h"

/* Some SDKs check the form of their key (tinker: "tml-..."). */
#define API_KEY "tml-retryspec-dummy-key"

bool adapter_check_plan(const struct scenario *scenario, struct error *error)
{
    char *plan = plan_format(&scenario->workload);
    size_t size = plan ? strlen(plan) : 0;
    if (!plan) {
        error_add(error, PROBLEM_MEMORY, "out of memory");
    } else if (size > ADAPTER_PLAN_MAX) {
        error_add(error, PROBLEM_INPUT,
                  "%s: the plan has %zu bytes, more than the %d that fit into "
                  "an environment variable; use fewer clients or calls",
                  scenario->id, size, ADAPTER_PLAN_MAX);
    }
    free(plan);
    return size > 0 && size <= ADAPTER_PLAN_MAX;
}

/* Where a profile stands that its id does not name; "" if it is shipped. */
static const char *profile_file(const struct profile *profile,
                                char path[PATH_MAX])
{
    bool is_named =
        profile->is_shipped || !profile->file || !realpath(profile->file, path);
    return is_named ? "" : path;
}

static bool add_plan_values(const struct workload *workload,
                            struct arena *arena, struct environment_pair *pairs)
{
    struct plan_value values[PLAN_VALUES];
    if (!plan_values(workload, arena, values)) {
        return false;
    }
    for (size_t i = 0; i < PLAN_VALUES; i++) {
        pairs[i] = (struct environment_pair){values[i].name, values[i].text};
    }
    return true;
}

enum { OWN_PAIRS = 8 };

char **adapter_environment(const struct adapter_run *run, struct arena *arena,
                           struct error *error)
{
    const struct workload *workload = &run->scenario->workload;
    char *plan = plan_format(workload);
    char seed[32];
    snprintf(seed, sizeof seed, "%" PRIu64, run->seed);
    char file[PATH_MAX];
    struct environment_pair pairs[OWN_PAIRS + PLAN_VALUES] = {
        {"RETRYSPEC_BASE_URL", run->url},
        {"RETRYSPEC_SCENARIO", run->scenario->id},
        {"RETRYSPEC_PROFILE", run->profile->id},
        {"RETRYSPEC_PROFILE_FILE", profile_file(run->profile, file)},
        {"RETRYSPEC_PLAN", plan},
        {"RETRYSPEC_RESULTS", run->results},
        {"RETRYSPEC_SEED", seed},
        {"RETRYSPEC_API_KEY", API_KEY},
    };
    char **environment = NULL;
    if (plan && add_plan_values(workload, arena, pairs + OWN_PAIRS)) {
        environment =
            environment_create(arena, pairs, sizeof pairs / sizeof *pairs);
    }
    if (!environment) {
        error_add(error, PROBLEM_MEMORY, "out of memory");
    }
    free(plan);
    return environment;
}

/* -- results ----------------------------------------------------------------
 */

/* A line, what ends it, and a NUL; one byte more than a line may have. */
enum { LINE_ROOM = TRACE_LINE_MAX + 4 };

struct results_reader {
    const struct workload *workload;
    struct arena *arena;
    struct adapter_results *results;
    size_t size;         /* of results->items */
    unsigned char *seen; /* a bit a call; NULL: calls have names of their own */
    int line_number;
};

static void set_problem(struct results_reader *reader, const char *text)
{
    snprintf(reader->results->problem, sizeof reader->results->problem,
             "line %d: %s", reader->line_number, text);
}

/* The call's place among all calls of the plan, -1 if it is none of them. */
static int64_t call_index(const struct workload *workload, const char *call)
{
    int64_t client, number;
    char token[PLAN_TOKEN_MAX];
    if (sscanf(call, "rs-%" SCNd64 "-%" SCNd64, &client, &number) != 2 ||
        client < 0 || client >= workload->clients || number < 0 ||
        number >= workload->calls ||
        strcmp(plan_token(client, number, token), call) != 0) {
        return -1;
    }
    return client * workload->calls + number;
}

/* Is it the first line of a call of the plan? */
static bool check_call(struct results_reader *reader, const char *call)
{
    char text[200];
    if (!reader->seen) {
        return true;
    }
    int64_t index = call_index(reader->workload, call);
    if (index < 0) {
        snprintf(text, sizeof text, "call \"%.60s\" is not in the plan", call);
        set_problem(reader, text);
        return false;
    }
    unsigned char *byte = &reader->seen[index / 8];
    unsigned char bit = (unsigned char)(1u << (index % 8));
    if (*byte & bit) {
        snprintf(text, sizeof text, "a second result of call %s", call);
        set_problem(reader, text);
        return false;
    }
    *byte |= bit;
    return true;
}

static bool keep_result(struct results_reader *reader,
                        const struct trace_result *result)
{
    struct adapter_results *results = reader->results;
    int64_t calls = reader->workload->clients * reader->workload->calls;
    if (results->count > (size_t)calls) { /* one more: a call is told twice */
        set_problem(reader, "more results than the plan has calls");
        return false;
    }
    if (results->count == reader->size) {
        size_t size = reader->size ? 2 * reader->size : 16;
        struct trace_result *grown =
            arena_array(reader->arena, size, sizeof *grown);
        if (!grown) {
            set_problem(reader, "out of memory");
            return false;
        }
        if (results->count) {
            memcpy(grown, results->items, results->count * sizeof *grown);
        }
        results->items = grown;
        reader->size = size;
    }
    results->items[results->count++] = *result;
    return true;
}

static bool read_line(struct results_reader *reader, char *line, size_t length)
{
    struct trace_result result;
    struct error error = {0};
    while (length > 0 &&
           (line[length - 1] == '\r' || line[length - 1] == '\n')) {
        line[--length] = '\0';
    }
    if (line[strspn(line, " \t")] == '\0' && strlen(line) == length) {
        return true; /* a blank line does no harm */
    }
    if (strlen(line) != length || length > TRACE_LINE_MAX) {
        set_problem(reader, "a NUL, or more bytes than a result may have");
        return false;
    }
    if (!result_read("results", reader->line_number, line, reader->arena,
                     &result, &error)) {
        set_problem(reader, error.problems[0].message);
        return false;
    }
    return check_call(reader, result.call) && keep_result(reader, &result);
}

/* The bytes of the next line, its newline among them; 0 at the end. Of a longer
 * line than a result may be, only the beginning is read. */
static size_t take_line(FILE *file, char line[LINE_ROOM])
{
    size_t length = 0;
    int byte;
    while (length < LINE_ROOM - 1 && (byte = getc_unlocked(file)) != EOF) {
        line[length++] = (char)byte;
        if (byte == '\n') {
            break;
        }
    }
    line[length] = '\0';
    return length;
}

static void read_lines(struct results_reader *reader, FILE *file)
{
    char line[LINE_ROOM];
    size_t length;
    bool is_good = true;
    while (is_good && (length = take_line(file, line)) > 0) {
        reader->line_number++;
        is_good = read_line(reader, line, length);
    }
}

static void read_planned(struct results_reader *reader, FILE *file)
{
    int64_t calls = reader->workload->clients * reader->workload->calls;
    reader->seen = calloc((size_t)calls / 8 + 1, 1);
    if (reader->seen) {
        read_lines(reader, file);
    } else {
        set_problem(reader, "out of memory");
    }
    free(reader->seen);
}

static int compare_calls(const void *a, const void *b)
{
    const struct trace_result *const *left = a, *const *right = b;
    return strcmp((*left)->call, (*right)->call);
}

static void check_twice(struct adapter_results *results,
                        const struct trace_result **sorted)
{
    for (size_t i = 0; i < results->count; i++) {
        sorted[i] = &results->items[i];
    }
    qsort(sorted, results->count, sizeof(*sorted), compare_calls);
    for (size_t i = 1; i < results->count; i++) {
        if (compare_calls(&sorted[i - 1], &sorted[i]) == 0) {
            snprintf(results->problem, sizeof results->problem,
                     "a second result of call %.60s", sorted[i]->call);
            return;
        }
    }
}

static void read_named(struct results_reader *reader, FILE *file)
{
    struct adapter_results *results = reader->results;
    read_lines(reader, file);
    if (results->problem[0] || results->count < 2) {
        return;
    }
    const struct trace_result **sorted =
        calloc(results->count, sizeof(*sorted));
    if (sorted) {
        check_twice(results, sorted);
    } else {
        set_problem(reader, "out of memory");
    }
    free(sorted);
}

/* The client may have put anything in its place: opening a pipe would wait for
 * ever, reading a device would never end. NULL: there is nothing to read. */
static FILE *open_results(const char *path, struct adapter_results *results)
{
    struct stat status;
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) {
        return NULL;
    }
    results->is_there = true;
    if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
        snprintf(results->problem, sizeof results->problem,
                 "it is no regular file any more");
        close(fd);
        return NULL;
    }
    FILE *file = fdopen(fd, "r");
    if (!file) {
        snprintf(results->problem, sizeof results->problem, "out of memory");
        close(fd);
    }
    return file;
}

void adapter_results_read(const char *path, const struct scenario *scenario,
                          struct arena *arena, struct adapter_results *results)
{
    *results = (struct adapter_results){0};
    struct results_reader reader = {
        .workload = &scenario->workload, .arena = arena, .results = results};
    FILE *file = open_results(path, results);
    if (!file) {
        return;
    }
    if (planned_uses_tokens(scenario)) {
        read_planned(&reader, file);
    } else {
        read_named(&reader, file);
    }
    fclose(file);
}
