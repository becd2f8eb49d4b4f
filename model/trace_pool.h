/* Texts and lists of headers that many lines of a trace repeat, kept once.
 *
 * What has not come for a while is forgotten here, so that the pool stays
 * small; when it comes again it is kept again. */
#ifndef RETRYSPEC_MODEL_TRACE_POOL_H
#define RETRYSPEC_MODEL_TRACE_POOL_H

#include <stdbool.h>
#include <stddef.h>

#include "model/arena.h"
#include "model/http.h"

struct trace_pool;

/* What it keeps lives in `arena`. NULL without memory. */
struct trace_pool *trace_pool_create(struct arena *arena);
void trace_pool_free(struct trace_pool *pool);

/* A NUL-terminated copy of the bytes; NULL without memory. */
const char *trace_pool_text(struct trace_pool *pool, const char *bytes,
                            size_t size);

/* The list that was kept for the JSON text `bytes`; false: none is. */
bool trace_pool_find(const struct trace_pool *pool, const char *bytes,
                     size_t size, struct http_headers *headers);
void trace_pool_keep(struct trace_pool *pool, const char *bytes, size_t size,
                     const struct http_headers *headers);

#endif
