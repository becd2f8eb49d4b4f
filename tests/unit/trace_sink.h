/* A trace written into memory, for tests of its lines. */
#ifndef RETRYSPEC_TESTS_TRACE_SINK_H
#define RETRYSPEC_TESTS_TRACE_SINK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "model/trace.h"
#include "model/units.h"
#include "model/utf8.h"

#define HASH "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

#define RUN_LINE                                               \
    "{\"ev\":\"run\",\"t\":0,\"version\":\"" RETRYSPEC_VERSION \
    "\",\"scenario\":\"a/b\",\"seed\":\"7\",\"level\":1}\n"

/* A writer into memory. */
struct sink {
    int fd;
    struct trace_writer *writer;
};

static inline struct sink sink_open(void)
{
    struct error error = {0};
    struct sink sink = {.fd = memfd_create("trace", MFD_CLOEXEC)};
    assert_true(sink.fd >= 0);
    sink.writer = trace_writer_create(sink.fd, &error);
    assert_non_null(sink.writer);
    return sink;
}

/* Flushes, closes and gives all bytes as one NUL-terminated heap text. */
static inline char *sink_close(struct sink *sink)
{
    assert_true(trace_writer_flush(sink->writer));
    assert_int_equal(trace_writer_dropped(sink->writer), 0);
    trace_writer_free(sink->writer);
    off_t size = lseek(sink->fd, 0, SEEK_END);
    char *text = calloc(1, (size_t)size + 1);
    assert_non_null(text);
    assert_int_equal(pread(sink->fd, text, (size_t)size, 0), size);
    close(sink->fd);
    return text;
}

static inline struct trace *read_text(const char *text)
{
    struct error error = {0};
    struct trace *trace = trace_read("t.ndjson", text, strlen(text), &error);
    if (!trace)
        error_print(&error, stderr);
    assert_non_null(trace);
    assert_false(error_is_set(&error));
    return trace;
}

static const struct http_header sent_headers[] = {
    {"Host", "127.0.0.1:1"},
    {"X-Call", "rs-0-0"},
};
static const struct http_header reply_headers[] = {{"Retry-After", "2"}};

static const struct trace_run some_run = {
    .scenario = "a/b", .seed = 7, .level = 1};

static inline struct trace_attempt some_attempt(void)
{
    return (struct trace_attempt){
        .id = 1,
        .conn = 2,
        .conn_use = 3,
        .accepted_ns = 100,
        .head_ns = 200,
        .request_end_ns = 300,
        .first_byte_ns = 400,
        .last_byte_ns = 500,
        .gone_ns = 600,
        .gone_by_reset = true,
        .call = "rs-0-0",
        .method = "POST",
        .target = "/v1/echo?x=1",
        .headers = {sent_headers, 2},
        .body_size = 12,
        .body_sha256 = HASH,
        .route = "server[0]",
        .step = "server[0].steps[1]",
        .judged = true,
        .status = 429,
        .reply_headers = {reply_headers, 1},
        .reply_size = 65536,
        .reply_sha256 = HASH,
        .sent_bytes = 16384,
        .delay_ns = 20 * NS_PER_MS,
        .end = END_RESET_BODY,
        .fault = {.kind = FAULT_RESET,
                  .at = FAULT_AT_BODY,
                  .after_bytes = 16384,
                  .for_ns = NS_FOREVER,
                  .chance = 0.25},
        .fault_fired = true,
        .proof = "RST sent",
        .reason = "",
    };
}

#endif
