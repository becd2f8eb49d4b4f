/* Which outcomes each source system retries, and what it makes of Retry-After,
 * as found by running their code: the shipped profiles say the same. */
#include "shipped_profiles.h"

/* -- statuses -------------------------------------------------------------- */

enum { SYSTEMS = 7 };

/* The columns of the tables below. */
static const char *const systems[SYSTEMS] = {
    "tinker-http",        "tinker-retry-handler", "tinkex-http",
    "tinkex-http-legacy", "tinkex-retryconfig",   "go-llmd",
    "go-llmd-current",
};

struct status_row {
    int from, to;
    const char *retried; /* R: retried, -: final, .: a success, a letter a
                            column */
};

static const struct status_row status_rows[] = {
    {201, 204, ".....-."}, {301, 302, "....R-."}, {304, 304, "....R-."},
    {400, 407, "-------"}, {408, 408, "RRRR---"}, {409, 409, "RRR----"},
    {410, 410, "-------"}, {422, 422, "-------"}, {425, 425, "-------"},
    {429, 429, "RRRRRRR"}, {499, 499, "-------"}, {500, 599, "RRRRRRR"},
    {600, 600, "R---RRR"}, {999, 999, "R---RRR"},
};

static char word_of(const struct retry_action *action)
{
    if (action->kind == RETRY_WAIT || action->kind == RETRY_SEND) {
        return 'R';
    }
    assert_int_equal(action->kind, RETRY_DONE);
    return action->is_ok ? '.' : '-';
}

/* S0-08, S0-31, S0-32, S0-35, S0-106, S1-27, S2-26, S4-09, S4-10, S4-11,
 * S4-12, S4-13 */
static void test_statuses(void **state)
{
    (void)state;
    for (size_t r = 0; r < COUNT(status_rows); r++) {
        for (int status = status_rows[r].from; status <= status_rows[r].to;
             status++) {
            char found[SYSTEMS + 1] = "";
            for (int i = 0; i < SYSTEMS; i++) {
                struct retry_action action =
                    after_first(systems[i], &(struct ending){.status = status});
                found[i] = word_of(&action);
            }
            if (strcmp(found, status_rows[r].retried) != 0) {
                fail_msg("%d: %s, expected %s", status, found,
                         status_rows[r].retried);
            }
        }
    }
}

/* S0-33, S2-11, S2-12, S4-X1, S4-X2 */
static void test_transport_faults(void **state)
{
    (void)state;
    for (int i = 0; i < SYSTEMS; i++) {
        for (int end = END_REFUSED; end <= END_TIMEOUT; end++) {
            struct retry_action action = after_first(
                systems[i], &(struct ending){.end = (enum attempt_end)end});
            if (action.kind != RETRY_WAIT) {
                fail_msg("%s does not retry %s", systems[i],
                         attempt_end_words[end]);
            }
        }
    }
}

/* S0-34, S4-X5: honoured, in Elixir in any case of letters, or ignored. */
static void test_x_should_retry(void **state)
{
    (void)state;
    static const struct {
        int status;
        const char *value, *retried;
    } rows[] = {
        {400, "true", "R-RR---"},  {400, "TRUE", "--RR---"},
        {503, "false", "-R--RRR"}, {503, " False ", "RR--RRR"},
        {409, "maybe", "RRR----"},
    };
    for (size_t r = 0; r < COUNT(rows); r++) {
        const struct http_header header = {"x-should-retry", rows[r].value};
        char found[SYSTEMS + 1] = "";
        for (int i = 0; i < SYSTEMS; i++) {
            struct retry_action action = after_first(
                systems[i], &(struct ending){.status = rows[r].status,
                                             .headers = &header,
                                             .header_count = 1});
            found[i] = word_of(&action);
        }
        assert_string_equal(found, rows[r].retried);
    }
}

/* The gateway gave the request up: its time is over. */
static void test_dropped_requests_are_final(void **state)
{
    (void)state;
    const struct http_header header = {"x-llm-d-request-dropped-reason",
                                       "rejected-ttl-expired"};
    const struct http_header other = {"x-llm-d-request-dropped-reason", "busy"};
    static const int statuses[] = {429, 503, 500};
    for (size_t i = 0; i < COUNT(statuses); i++) {
        struct ending ending = {statuses[i], END_STATUS, &header, 1};
        struct retry_action action = after_first("go-llmd-current", &ending);
        assert_int_equal(action.kind,
                         statuses[i] == 500 ? RETRY_WAIT : RETRY_DONE);
        ending.headers = &other;
        action = after_first("go-llmd-current", &ending);
        assert_int_equal(action.kind, RETRY_WAIT);
    }
}

/* -- Retry-After ----------------------------------------------------------- */

/* Waits that are no time of the header. */
enum { OWN = -1, CRASH = -2 };

/* The headers of a 429 and the waits, in ns, of tinker-http, tinkex-http,
 * go-llmd and go-llmd-current. The wall clock stands at 1970-01-01. */
static const struct header_row {
    const char *ms, *seconds;
    int64_t waits[4];
} header_rows[] = {
    {NULL, NULL, {OWN, S, OWN, OWN}},
    {NULL, "0", {OWN, 0, OWN, S}},
    {NULL, "1", {S, S, OWN, S}},
    {NULL, "1.5", {3 * S / 2, S, OWN, OWN}},
    {NULL, "60", {60 * S, 60 * S, OWN, 60 * S}},
    {NULL, "61", {OWN, 61 * S, OWN, 60 * S}},
    {NULL, "-1", {OWN, CRASH, OWN, OWN}},
    {NULL, "abc", {OWN, S, OWN, OWN}},
    {NULL, "", {OWN, S, OWN, OWN}},
    {NULL, "5xyz", {OWN, 5 * S, OWN, OWN}},
    {NULL, "Thu, 01 Jan 1970 00:00:30 GMT", {30 * S, S, OWN, 30 * S}},
    {NULL, "Wed, 31 Dec 1969 23:59:30 GMT", {OWN, S, OWN, S}},
    {"250", NULL, {250 * MS, 250 * MS, OWN, OWN}},
    {"0", NULL, {OWN, 0, OWN, OWN}},
    {"abc", "2", {2 * S, 2 * S, OWN, 2 * S}},
    {"250", "2", {250 * MS, 250 * MS, OWN, 2 * S}},
    {"61000", NULL, {OWN, 61 * S, OWN, OWN}},
    {NULL, "nan", {OWN, S, OWN, OWN}},
    {NULL, "inf", {OWN, S, OWN, OWN}},
};

static const char *const header_systems[] = {"tinker-http", "tinkex-http",
                                             "go-llmd", "go-llmd-current"};

static struct retry_action after_headers(const char *system, int status,
                                         const struct header_row *row)
{
    struct http_header headers[2];
    size_t count = 0;
    if (row->ms) {
        headers[count++] = (struct http_header){"retry-after-ms", row->ms};
    }
    if (row->seconds) {
        headers[count++] = (struct http_header){"Retry-After", row->seconds};
    }
    return after_first(system,
                       &(struct ending){status, END_STATUS, headers, count});
}

/* The wait, or OWN if it is that without a header. */
static int64_t wait_of(const char *system, int status,
                       const struct header_row *row)
{
    static const struct header_row none = {NULL, NULL, {0}};
    struct retry_action action = after_headers(system, status, row);
    if (action.kind != RETRY_WAIT) {
        assert_int_equal(action.reason, REASON_RETRY_AFTER);
        return CRASH;
    }
    struct retry_action own = after_headers(system, status, &none);
    return action.delay_ns == own.delay_ns ? OWN : action.delay_ns;
}

static void check_header_row(const struct header_row *row)
{
    for (size_t i = 0; i < COUNT(header_systems); i++) {
        int64_t expected = row->waits[i];
        int64_t found = wait_of(header_systems[i], 429, row);
        /* Tinkex's own delay of a 429 is 1 s. */
        if (i == 1 && expected == S) {
            expected = OWN;
        }
        if (found != expected) {
            fail_msg("%s, retry-after-ms %s, Retry-After %s: %lld, expected "
                     "%lld",
                     header_systems[i], row->ms, row->seconds, (long long)found,
                     (long long)expected);
        }
    }
}

/* S0-30, S0-52, S1-55, S4-X4 */
static void test_headers_on_429(void **state)
{
    (void)state;
    static const struct header_row none = {NULL, NULL, {0}};
    for (size_t r = 0; r < COUNT(header_rows); r++) {
        check_header_row(&header_rows[r]);
    }
    assert_int_equal(after_headers("tinkex-http", 429, &none).delay_ns, S);
}

/* Python reads them on each status that it retries, the others on 429 only. */
static void test_headers_on_503(void **state)
{
    (void)state;
    for (size_t r = 0; r < COUNT(header_rows); r++) {
        assert_int_equal(wait_of("tinker-http", 503, &header_rows[r]),
                         header_rows[r].waits[0]);
        for (size_t i = 1; i < COUNT(header_systems); i++) {
            assert_int_equal(wait_of(header_systems[i], 503, &header_rows[r]),
                             OWN);
        }
    }
}

/* S0-52, S2-62: what the documents say, and the code does not do. */
static void test_documented_headers(void **state)
{
    (void)state;
    const struct header_row seven = {NULL, "7", {0}};
    assert_int_equal(wait_of("tinker-retry-handler-documented", 429, &seven),
                     7 * S);
    assert_int_equal(wait_of("tinker-retry-handler-documented", 503, &seven),
                     OWN);
    assert_int_equal(wait_of("tinker-retry-handler-0.1", 429, &seven), OWN);
    assert_int_equal(wait_of("tinkex-guide-documented", 503, &seven), 7 * S);
    assert_int_equal(wait_of("tinkex-retryconfig", 503, &seven), OWN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_statuses),
        cmocka_unit_test(test_transport_faults),
        cmocka_unit_test(test_x_should_retry),
        cmocka_unit_test(test_dropped_requests_are_final),
        cmocka_unit_test(test_headers_on_429),
        cmocka_unit_test(test_headers_on_503),
        cmocka_unit_test(test_documented_headers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
