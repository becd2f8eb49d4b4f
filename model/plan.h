/* What an adapter is told (RETRYSPEC_PLAN) and what it answers (a line of the
 * file RETRYSPEC_RESULTS), as JSON. docs/adapters.md is the contract for
 * people. */
#ifndef RETRYSPEC_MODEL_PLAN_H
#define RETRYSPEC_MODEL_PLAN_H

#include "model/arena.h"
#include "model/error.h"
#include "model/scenario.h"
#include "model/trace.h"

/* One logical call: token rs-<client>-<call>, both from 0. */
struct plan {
    struct arena arena;
    struct workload workload;
};

/* A plan of more calls than PLAN_TOKENS_MAX lists no tokens, since it travels
 * in one environment variable (Linux: 128 KiB); the adapter forms them. */
enum { PLAN_TOKEN_MAX = 48, PLAN_TOKENS_MAX = 4096 };
char *plan_token(int64_t client, int64_t call, char token[PLAN_TOKEN_MAX]);

/* JSON text:
 * {"method","path","payload","clients","calls","concurrency","start_spread_ms",
 * "read_timeout_ms","give_up_ms","tokens":[[...],...]} with one list of tokens
 * per client. "payload" is the JSON value itself, null for the default one.
 * Heap text, freed by the caller; NULL without memory. */
char *plan_format(const struct workload *workload);

/* The same without JSON and tokens, a value each, for languages that have no
 * reader of JSON at hand. The payload is never null. The names are those of
 * environment variables; the texts live in `arena`. False without memory. */
enum { PLAN_VALUES = 9 };
struct plan_value {
    const char *name, *text;
};
bool plan_values(const struct workload *workload, struct arena *arena,
                 struct plan_value values[PLAN_VALUES]);

/* Reads what plan_format writes. NULL and a problem on failure. */
struct plan *plan_read(const char *text, struct error *error);
void plan_free(struct plan *plan);

/* The payload to send for a call: workload.payload with every string
 * "<token>" in it replaced, or {"token": "..."}; heap text. */
char *plan_payload(const struct workload *workload, const char *token);

/* One results line without its newline; heap text. */
char *result_format(const struct trace_result *result);

/* Reads one line of a results file into `arena`. */
bool result_read(const char *file, int line_number, const char *line,
                 struct arena *arena, struct trace_result *result,
                 struct error *error);

#endif
