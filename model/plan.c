#include "model/plan.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "model/jsonc.h"
#include "model/trace_fields.h"
#include "model/units.h"

char *plan_token(int64_t client, int64_t call, char token[PLAN_TOKEN_MAX])
{
    snprintf(token, PLAN_TOKEN_MAX, "rs-%" PRId64 "-%" PRId64, client, call);
    return token;
}

/* -- writing --------------------------------------------------------------- */

enum { MS_TEXT_MAX = 32 };

/* Milliseconds with as many decimals as the duration has. */
static const char *ms_text(int64_t ns, char text[MS_TEXT_MAX])
{
    int length = snprintf(text, MS_TEXT_MAX, "%" PRId64 ".%06d", ns / NS_PER_MS,
                          (int)(ns % NS_PER_MS));
    while (text[length - 1] == '0')
        text[--length] = '\0';
    if (text[length - 1] == '.')
        text[--length] = '\0';
    return text;
}

static void put_ms(FILE *out, const char *key, int64_t ns)
{
    char text[MS_TEXT_MAX];
    fprintf(out, ",\"%s\":%s", key, ms_text(ns, text));
}

/* `text` in quotes; cJSON escapes it. False without memory. */
static bool put_string(FILE *out, const char *key, const char *text)
{
    cJSON *item = cJSON_CreateString(text);
    char *quoted = item ? cJSON_PrintUnformatted(item) : NULL;
    if (quoted)
        fprintf(out, "\"%s\":%s", key, quoted);
    cJSON_free(quoted);
    cJSON_Delete(item);
    return quoted != NULL;
}

static void put_tokens(FILE *out, const struct workload *workload)
{
    char token[PLAN_TOKEN_MAX];
    if (workload->calls > PLAN_TOKENS_MAX / workload->clients)
        return;
    fprintf(out, ",\"tokens\":[");
    for (int64_t client = 0; client < workload->clients; client++) {
        fprintf(out, client > 0 ? ",[" : "[");
        for (int64_t call = 0; call < workload->calls; call++)
            fprintf(out, "%s\"%s\"", call > 0 ? "," : "",
                    plan_token(client, call, token));
        fprintf(out, "]");
    }
    fprintf(out, "]");
}

static bool put_plan(FILE *out, const struct workload *workload)
{
    fprintf(out, "{");
    if (!put_string(out, "method", workload->method))
        return false;
    fprintf(out, ",");
    if (!put_string(out, "path", workload->path))
        return false;
    fprintf(out, ",\"payload\":%s",
            workload->payload ? workload->payload : "null");
    fprintf(out, ",\"clients\":%" PRId64, workload->clients);
    fprintf(out, ",\"calls\":%" PRId64, workload->calls);
    fprintf(out, ",\"concurrency\":%" PRId64, workload->concurrency);
    put_ms(out, "start_spread_ms", workload->start_spread_ns);
    put_ms(out, "read_timeout_ms", workload->read_timeout_ns);
    put_ms(out, "give_up_ms", workload->give_up_ns);
    put_tokens(out, workload);
    fprintf(out, "}");
    return true;
}

char *plan_format(const struct workload *workload)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (!out)
        return NULL;
    bool is_whole = put_plan(out, workload);
    if (fclose(out) == 0 && is_whole)
        return text;
    free(text);
    return NULL;
}

/* -- writing, without JSON ------------------------------------------------- */

static const char default_payload[] = "{\"token\":\"<token>\"}";

static const char *count_text(struct arena *arena, int64_t count)
{
    char text[32];
    snprintf(text, sizeof text, "%" PRId64, count);
    return arena_strdup(arena, text);
}

static const char *duration_text(struct arena *arena, int64_t ns)
{
    char text[MS_TEXT_MAX];
    return arena_strdup(arena, ms_text(ns, text));
}

bool plan_values(const struct workload *workload, struct arena *arena,
                 struct plan_value values[PLAN_VALUES])
{
    const char *payload =
        workload->payload ? workload->payload : default_payload;
    const struct plan_value all[PLAN_VALUES] = {
        {"RETRYSPEC_PLAN_METHOD", workload->method},
        {"RETRYSPEC_PLAN_PATH", workload->path},
        {"RETRYSPEC_PLAN_PAYLOAD", payload},
        {"RETRYSPEC_PLAN_CLIENTS", count_text(arena, workload->clients)},
        {"RETRYSPEC_PLAN_CALLS", count_text(arena, workload->calls)},
        {"RETRYSPEC_PLAN_CONCURRENCY",
         count_text(arena, workload->concurrency)},
        {"RETRYSPEC_PLAN_START_SPREAD_MS",
         duration_text(arena, workload->start_spread_ns)},
        {"RETRYSPEC_PLAN_READ_TIMEOUT_MS",
         duration_text(arena, workload->read_timeout_ns)},
        {"RETRYSPEC_PLAN_GIVE_UP_MS",
         duration_text(arena, workload->give_up_ns)},
    };
    bool is_whole = true;
    for (size_t i = 0; i < PLAN_VALUES; i++) {
        values[i] = all[i];
        is_whole &= all[i].text != NULL;
    }
    return is_whole;
}

/* -- reading --------------------------------------------------------------- */

static bool need_string(const struct jsonc_value *root, const char *key,
                        struct arena *arena, const char **out)
{
    struct jsonc_value value;
    return jsonc_need(root, key, &value) && jsonc_string(&value, arena, out);
}

static bool need_count(const struct jsonc_value *root, const char *key,
                       int64_t max, int64_t *out)
{
    struct jsonc_value value;
    return jsonc_need(root, key, &value) && jsonc_int(&value, 1, max, out);
}

static bool need_ms(const struct jsonc_value *root, const char *key,
                    int64_t *ns)
{
    struct jsonc_value value;
    double ms = 0;
    if (!jsonc_need(root, key, &value) || !jsonc_number(&value, 0, 9e12, &ms))
        return false;
    *ns = (int64_t)(ms * (double)NS_PER_MS + 0.5);
    return true;
}

/* The payload as JSON text; null leaves it NULL. */
static bool read_payload(const struct jsonc_value *root, struct plan *plan)
{
    struct jsonc_value value;
    if (!jsonc_need(root, "payload", &value))
        return false;
    if (cJSON_IsNull(value.item))
        return true;
    char *text = cJSON_PrintUnformatted(value.item);
    if (text)
        plan->workload.payload = arena_strdup(&plan->arena, text);
    cJSON_free(text);
    if (!plan->workload.payload)
        error_add(root->doc->error, PROBLEM_MEMORY, "no memory for the plan");
    return plan->workload.payload != NULL;
}

static bool read_plan(const struct jsonc_value *root, struct plan *plan)
{
    static const char *const keys[] = {"method",
                                       "path",
                                       "payload",
                                       "clients",
                                       "calls",
                                       "concurrency",
                                       "start_spread_ms",
                                       "read_timeout_ms",
                                       "give_up_ms",
                                       "tokens",
                                       NULL};
    struct workload *workload = &plan->workload;
    return jsonc_expect_object(root, keys) &&
           need_string(root, "method", &plan->arena, &workload->method) &&
           need_string(root, "path", &plan->arena, &workload->path) &&
           read_payload(root, plan) &&
           need_count(root, "clients", SCENARIO_CLIENTS_MAX,
                      &workload->clients) &&
           need_count(root, "calls", SCENARIO_CALLS_MAX, &workload->calls) &&
           need_count(root, "concurrency", SCENARIO_CALLS_MAX,
                      &workload->concurrency) &&
           need_ms(root, "start_spread_ms", &workload->start_spread_ns) &&
           need_ms(root, "read_timeout_ms", &workload->read_timeout_ns) &&
           need_ms(root, "give_up_ms", &workload->give_up_ns);
}

struct plan *plan_read(const char *text, struct error *error)
{
    struct jsonc doc;
    struct plan *plan = calloc(1, sizeof *plan);
    if (!plan) {
        error_add(error, PROBLEM_MEMORY, "no memory for the plan");
        return NULL;
    }
    bool is_read = false;
    if (jsonc_open(&doc, "RETRYSPEC_PLAN", text, strlen(text), error)) {
        struct jsonc_value root = jsonc_root(&doc);
        is_read = read_plan(&root, plan);
        jsonc_close(&doc);
    }
    if (is_read)
        return plan;
    plan_free(plan);
    return NULL;
}

void plan_free(struct plan *plan)
{
    if (!plan)
        return;
    arena_deinit(&plan->arena);
    free(plan);
}

/* -- payloads and results -------------------------------------------------- */

char *plan_payload(const struct workload *workload, const char *token)
{
    static const char mark[] = "<token>";
    const char *from = workload->payload ? workload->payload : default_payload;
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (!out)
        return NULL;
    for (const char *at; (at = strstr(from, mark)); from = at + strlen(mark))
        fprintf(out, "%.*s%s", (int)(at - from), from, token);
    fputs(from, out);
    if (fclose(out) == 0)
        return text;
    free(text);
    return NULL;
}

static bool put_result(FILE *out, const struct trace_result *result)
{
    bool is_whole;
    fprintf(out, "{");
    is_whole = put_string(out, "call", result->call);
    fprintf(out, ",\"outcome\":\"%s\"", result->is_ok ? "ok" : "error");
    if (result->status != 0)
        fprintf(out, ",\"status\":%" PRId64, result->status);
    if (result->error && *result->error) {
        fprintf(out, ",");
        is_whole &= put_string(out, "error", result->error);
    }
    if (result->sha256 && *result->sha256) {
        fprintf(out, ",");
        is_whole &= put_string(out, "sha256", result->sha256);
    }
    fprintf(out, "}");
    return is_whole;
}

char *result_format(const struct trace_result *result)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (!out)
        return NULL;
    bool is_whole = put_result(out, result);
    if (fclose(out) == 0 && is_whole)
        return text;
    free(text);
    return NULL;
}

bool result_read(const char *file, int line_number, const char *line,
                 struct arena *arena, struct trace_result *result,
                 struct error *error)
{
    struct trace_fields fields = {
        .file = file, .line = line_number, .arena = arena, .error = error};
    if (!trace_fields_open(&fields, line, strlen(line)))
        return false;
    trace_fields_result(&fields, result);
    return !fields.is_bad;
}
