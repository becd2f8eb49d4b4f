/* The parts of the mock server that need no socket: the histogram of lateness,
 * bodies, heads, and the pieces of a faulty answer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mock_server/body.h"
#include "mock_server/head.h"
#include "mock_server/lag.h"
#include "mock_server/raw_parts.h"
#include "mock_server/reply.h"
#include "mock_server/script.h"
#include "model/rng.h"
#include "model/units.h"

/* -- lag: a quantile is never below the truth, and at most a quarter above --
 */

static void lag_is_not_understated(void **state)
{
    (void)state;
    for (int64_t late_ns = 1; late_ns < 100 * NS_PER_S; late_ns *= 3) {
        struct lag lag = {0};
        for (int i = 0; i < 200; i++) {
            lag_add(&lag, late_ns);
        }
        lag_add(&lag, 1000 * NS_PER_S);
        assert_true(lag_p99(&lag) >= late_ns);
        assert_true(lag_p99(&lag) <= late_ns + late_ns / 4 + NS_PER_US);
        assert_int_equal(lag.max_ns, 1000 * NS_PER_S);
    }
    struct lag none = {0};
    assert_int_equal(lag_p99(&none), 0);
}

static void missed_ticks_are_late_too(void **state)
{
    (void)state;
    struct lag lag = {0};
    lag_add_ticks(&lag, 95 * NS_PER_MS, 10 * NS_PER_MS);
    assert_int_equal(lag.total, 10);
    assert_int_equal(lag.max_ns, 95 * NS_PER_MS);
}

/* -- bodies: a part is the same bytes as in the whole -- */

static void parts_of_a_seeded_body(void **state)
{
    (void)state;
    enum { SIZE = 5000 };
    struct reply reply = {
        .body_is_seeded = true, .body_seed = 9, .body_size = SIZE};
    char whole[SIZE], part[SIZE];
    assert_int_equal(body_read(&reply, 0, whole, sizeof whole), SIZE);
    for (int64_t from = 0; from < SIZE; from += 77) {
        size_t size = body_read(&reply, from, part, 1500);
        assert_int_equal(size, SIZE - from < 1500 ? SIZE - from : 1500);
        assert_memory_equal(part, whole + from, size);
    }
    assert_int_equal(body_read(&reply, SIZE, part, 10), 0);
    for (size_t block = 1024; block + 1024 <= SIZE; block += 1024) {
        assert_memory_not_equal(whole, whole + block, 1024);
    }
    reply.body_seed = 10;
    body_read(&reply, 0, part, SIZE);
    assert_memory_not_equal(part, whole, SIZE);
}

static void sha256_of_bodies(void **state)
{
    (void)state;
    char hex[DIGEST_TEXT];
    struct reply reply = {.body = "abc", .body_size = 3};
    body_sha256(&reply, hex); /* FIPS 180-2, appendix B.1 */
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223"
                             "b00361a396177a9cb410ff61f20015ad");
    reply.body_size = 0;
    body_sha256(&reply, hex);
    assert_string_equal(hex, "e3b0c44298fc1c149afbf4c8996fb924"
                             "27ae41e4649b934ca495991b7852b855");
}

/* -- heads -- */

static void dates(void **state)
{
    (void)state;
    char text[HTTP_DATE_TEXT];
    reply_http_date(784111777, text); /* the example of RFC 9110 5.6.7 */
    assert_string_equal(text, "Sun, 06 Nov 1994 08:49:37 GMT");
    reply_http_date(-1, text);
    assert_string_equal(text, "Thu, 01 Jan 1970 00:00:00 GMT");
    reply_http_date(INT64_MAX, text);
    assert_string_equal(text, "Fri, 31 Dec 9999 23:59:59 GMT");
}

static void head_of_a_reply(void **state)
{
    (void)state;
    const struct http_header items[] = {{"X-A", "1"}, {"X-A", ""}};
    const struct http_headers headers = {items, 2};
    const struct reply reply = {.status = 503, .body_size = 12};
    const struct head_options options = {&reply, &headers, 784111777, true};
    size_t size;
    char *text = head_format(&options, &size);
    assert_string_equal(text, "HTTP/1.1 503 Service Unavailable\r\n"
                              "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
                              "X-A: 1\r\nX-A: \r\n"
                              "Content-Length: 12\r\n"
                              "Connection: close\r\n\r\n");
    assert_int_equal(size, strlen(text));
    free(text);
}

/* -- pieces: every cut of every framing -- */

/* Takes all pieces, `step` bytes at a time. */
static void take_all(struct raw *raw, size_t step)
{
    bool is_out = false;
    while (raw_pieces_next(raw, &is_out)) {
        while (raw->sent < raw->size) {
            size_t left = raw->size - raw->sent;
            raw_pieces_took(raw, left < step ? left : step);
        }
    }
    assert_false(is_out);
}

static struct raw raw_of(const struct reply *reply, enum fault_do kind,
                         int64_t after)
{
    static char head[] = "HEAD";
    return (struct raw){
        .fault = {.kind = kind, .at = FAULT_AT_BODY, .after_bytes = after},
        .reply = reply,
        .head = head,
        .head_size = 4,
        .has_body = true,
        .is_chunked = reply->framing == FRAMING_CHUNKED,
        .body_size = reply->body_size};
}

/* Goal: also the answer to one call too many is there. */
static void all_replies_are_found(void **state)
{
    (void)state;
    struct step step = {.reply = {.status = 429, .where = "step", .body = ""}};
    struct route route = {.where = "route", .steps = &step, .step_count = 1};
    struct scenario scenario = {.routes = &route, .route_count = 1};
    struct replies replies;
    struct error error = {0};
    assert_true(replies_init(&replies, &scenario, &error));
    const struct reply *wanted[] = {&step.reply, &script_reply_full};
    for (size_t i = 0; i < 2; i++) {
        const struct prepared *found = replies_find(&replies, wanted[i]);
        assert_non_null(found);
        assert_ptr_equal(found->reply, wanted[i]);
        assert_non_null(found->response);
    }
    replies_deinit(&replies);
}

static void cuts_are_exact(void **state)
{
    (void)state;
    enum { SIZE = 3 * PIECE_BODY_MAX / 2 };
    static const int64_t cuts[] = {
        0, 1, PIECE_BODY_MAX - 1, PIECE_BODY_MAX, PIECE_BODY_MAX + 1, SIZE - 1};
    struct reply reply = {
        .status = 200, .body_is_seeded = true, .body_size = SIZE};
    for (int framing = FRAMING_LENGTH; framing <= FRAMING_CLOSE; framing++) {
        reply.framing = (enum framing)framing;
        for (size_t i = 0; i < sizeof cuts / sizeof cuts[0]; i++) {
            struct raw raw = raw_of(&reply, FAULT_CLOSE, cuts[i]);
            take_all(&raw, 1 + (size_t)cuts[i] % 1000);
            assert_true(raw.is_struck && raw.head_sent);
            assert_int_equal(raw.body_sent, cuts[i]);
            assert_false(raw_pieces_are_whole(&raw));
            assert_int_equal(raw_pieces_end(&raw, false), END_RESET_BODY);
            assert_int_equal(raw_pieces_end(&raw, true),
                             framing == FRAMING_CLOSE ? END_STATUS : END_CUT);
            free(raw.buffer);
        }
    }
}

static void without_a_fault_all_is_sent(void **state)
{
    (void)state;
    struct reply reply = {.status = 200, .body = "hello", .body_size = 5};
    for (int framing = FRAMING_LENGTH; framing <= FRAMING_CLOSE; framing++) {
        reply.framing = (enum framing)framing;
        struct raw raw = raw_of(&reply, FAULT_NONE, 0);
        take_all(&raw, 1);
        assert_int_equal(raw.body_sent, 5);
        assert_int_equal(raw_pieces_are_whole(&raw), framing != FRAMING_CLOSE);
        assert_int_equal(raw_pieces_end(&raw, true), END_STATUS);
        free(raw.buffer);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lag_is_not_understated),
        cmocka_unit_test(missed_ticks_are_late_too),
        cmocka_unit_test(parts_of_a_seeded_body),
        cmocka_unit_test(sha256_of_bodies),
        cmocka_unit_test(dates),
        cmocka_unit_test(head_of_a_reply),
        cmocka_unit_test(all_replies_are_found),
        cmocka_unit_test(cuts_are_exact),
        cmocka_unit_test(without_a_fault_all_is_sent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
