/* The script: which request meets which answer. */
#include "script_stage.h"

/* -- whose count ----------------------------------------------------------- */

/* Goal: each call walks 429, 429, 200, however the calls are interleaved. */
static void calls_walk_on_their_own(void **state)
{
    (void)state;
    struct stage stage =
        open_stage(MANY, STEPS("call", "repeat", TWO_429_THEN_200));
    const int order[] = {0, 1, 1, 0, 2, 1, 2, 0, 2, 0, 1, 2};
    const int expected[] = {429, 429, 429, 429, 429, 200,
                            429, 200, 200, 200, 200, 200};
    for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
        char body[64];
        snprintf(body, sizeof body, "{\"token\":\"rs-%d-0\"}", order[i]);
        assert_int_equal(status_of(&stage, (struct ask){.body = body}),
                         expected[i]);
    }
    close_stage(&stage);
}

/* Goal: calls of one client share a count, other clients have their own. */
static void clients_share_a_count(void **state)
{
    (void)state;
    struct stage stage =
        open_stage(MANY, STEPS("client", "repeat", TWO_429_THEN_200));
    assert_int_equal(status_of(&stage, (struct ask){.header = "rs-0-0"}), 429);
    assert_int_equal(status_of(&stage, (struct ask){.header = "rs-0-1"}), 429);
    assert_int_equal(status_of(&stage, (struct ask){.header = "rs-1-0"}), 429);
    assert_int_equal(status_of(&stage, (struct ask){.header = "rs-0-2"}), 200);
    assert_int_equal(status_of(&stage, (struct ask){.header = "rs-1-1"}), 429);
    assert_int_equal(status_of(&stage, (struct ask){.header = "rs-1-2"}), 200);
    assert_int_equal(status_of(&stage, (struct ask){.header = "rs-10-2"}), 429);
    close_stage(&stage);
}

/* Goal: a connection's count begins anew on the next connection. */
static void connections_have_a_count(void **state)
{
    (void)state;
    struct stage stage =
        open_stage("", STEPS("connection", "repeat", TWO_429_THEN_200));
    assert_int_equal(status_of(&stage, (struct ask){.conn = 1}), 429);
    assert_int_equal(status_of(&stage, (struct ask){.conn = 1}), 429);
    assert_int_equal(status_of(&stage, (struct ask){.conn = 1}), 200);
    assert_int_equal(status_of(&stage, (struct ask){.conn = 2}), 429);
    close_stage(&stage);
}

/* Goal: a run has one count for all. */
static void a_run_has_one_count(void **state)
{
    (void)state;
    struct stage stage =
        open_stage(MANY, STEPS("run", "repeat", TWO_429_THEN_200));
    assert_int_equal(status_of(&stage, (struct ask){.header = "rs-0-0"}), 429);
    assert_int_equal(status_of(&stage, (struct ask){.header = "rs-1-0"}), 429);
    assert_int_equal(status_of(&stage, (struct ask){.header = "rs-2-0"}), 200);
    close_stage(&stage);
}

/* Goal: what follows the last step is as the scenario says. */
static void after_last_is_obeyed(void **state)
{
    (void)state;
    struct stage loop = open_stage("", STEPS("call", "loop", TWO_429_THEN_200));
    const int looped[] = {429, 429, 200, 429, 429, 200, 429};
    for (size_t i = 0; i < sizeof looped / sizeof *looped; i++)
        assert_int_equal(status_of(&loop, (struct ask){0}), looped[i]);
    close_stage(&loop);

    struct stage fail =
        open_stage("", STEPS("call", "fail", "{\"reply\":200}"));
    assert_int_equal(status_of(&fail, (struct ask){0}), 200);
    struct script_answer answer = decide(&fail, (struct ask){0});
    assert_null(answer.reply);
    assert_non_null(answer.route);
    assert_int_equal(answer.count, 1);
    assert_string_equal(
        answer.reason,
        "the steps of server[0] are used up and after_last is \"fail\"");
    close_stage(&fail);
}

/* Goal: a call is counted where a step or a draw follows its count, and costs
 * nothing where none does. */
static void counts_calls_where_it_matters(void **state)
{
    (void)state;
    const struct {
        const char *steps;
        int64_t second;
    } cases[] = {
        {STEPS("run", "repeat", "{\"reply\":503}"), 0},
        {STEPS("connection", "repeat", TWO_429_THEN_200), 0},
        {STEPS("call", "repeat", TWO_429_THEN_200), 1},
        {STEPS("run", "repeat",
               "{\"reply\":503,\"delay\":{\"uniform\":[\"0s\",\"1s\"]}}"),
         1},
        {STEPS("run", "repeat",
               "{\"reply\":503,\"fault\":{\"at\":\"request\","
               "\"do\":\"reset\",\"chance\":0.5}}"),
         1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct stage stage = open_stage("", cases[i].steps);
        assert_int_equal(decide(&stage, (struct ask){0}).count, 0);
        assert_int_equal(decide(&stage, (struct ask){0}).count,
                         cases[i].second);
        close_stage(&stage);
    }
}

/* -- keys ------------------------------------------------------------------ */

static void assert_call(struct stage *stage, struct ask ask, const char *call)
{
    struct script_answer answer = decide(stage, ask);
    assert_string_equal(answer.call, call);
}

/* Goal: the token is found wherever a client can put it, the first one wins.
 */
static void finds_the_token_anywhere(void **state)
{
    (void)state;
    struct stage stage = open_stage(
        MANY, "{\"match\":\"ANY /*\",\"per\":\"call\",\"after_last\":"
              "\"repeat\",\"steps\":[{\"reply\":200}]}");
    assert_call(&stage, (struct ask){.path = "/x/rs-1-2/y"}, "rs-1-2");
    assert_call(&stage, (struct ask){.query = "a=%22rs-10-20%22"}, "rs-10-20");
    assert_call(&stage, (struct ask){.header = "Bearer rs-0-3"}, "rs-0-3");
    assert_call(&stage, (struct ask){.body = "rs- rs-1 rs-2- rs-x-1 rs-4-5"},
                "rs-4-5");
    assert_call(&stage, (struct ask){.query = "t=rs-0-1", .body = "rs-0-2"},
                "rs-0-1");
    close_stage(&stage);
}

/* Goal: the token search stays inside its bytes and takes whole numbers. */
static void finds_whole_tokens_only(void **state)
{
    (void)state;
    const char *token = NULL;
    assert_int_equal(script_find_token("rs-1-23", 7, &token), 7);
    assert_int_equal(script_find_token("rs-1-23", 6, &token), 6);
    assert_int_equal(script_find_token("rs-1-23", 5, &token), 0);
    assert_int_equal(script_find_token("rrs-rs-1-2!", 11, &token), 6);
    assert_int_equal(script_find_token("", 0, &token), 0);
    assert_int_equal(script_find_token("rs-", 3, &token), 0);
}

#define KEYED(call)                                              \
    "{\"match\":\"POST /a\",\"call\":" call ",\"per\":\"call\"," \
    "\"after_last\":\"repeat\",\"steps\":[{\"reply\":200}]}"

static void finds_the_header_key(void **state)
{
    (void)state;
    struct stage stage =
        open_stage(MANY, KEYED("{\"by\":\"header\",\"name\":\"x-call\"}"));
    assert_call(&stage, (struct ask){.header = "k 1"}, "k 1");
    assert_call(&stage, (struct ask){.body = "rs-0-0"}, "");
    close_stage(&stage);
}

/* Goal: query keys are compared and read after percent-decoding. */
static void finds_the_query_key(void **state)
{
    (void)state;
    struct stage stage =
        open_stage(MANY, KEYED("{\"by\":\"query\",\"name\":\"the id\"}"));
    assert_call(&stage, (struct ask){.query = "x=1&the%20id=a%2Fb+c"}, "a/b c");
    assert_call(&stage, (struct ask){.query = "the+id=%zz%4"}, "%zz%4");
    assert_call(&stage, (struct ask){.query = "the%20id=%00x"}, " x");
    assert_call(&stage, (struct ask){.query = "the%20ids=1&the=2"}, "");
    assert_call(&stage, (struct ask){.query = "the%20id&x=1"}, "");
    close_stage(&stage);
}

/* Goal: JSON pointers as in RFC 6901; strings and numbers are keys. */
static void finds_the_json_key(void **state)
{
    (void)state;
    struct stage stage = open_stage(
        MANY, KEYED("{\"by\":\"json\",\"pointer\":\"/a~1b/1/m~0n\"}"));
    assert_call(&stage, (struct ask){.body = "{\"a/b\":[0,{\"m~n\":\"k\"}]}"},
                "k");
    assert_call(&stage, (struct ask){.body = "{\"a/b\":[0,{\"m~n\":17}]}"},
                "17");
    assert_call(&stage, (struct ask){.body = "{\"a/b\":[0,{\"m~n\":1.5}]}"},
                "1.5");
    assert_call(&stage, (struct ask){.body = "{\"a/b\":[0,{\"m~n\":true}]}"},
                "");
    assert_call(&stage, (struct ask){.body = "{\"a/b\":[0]}"}, "");
    assert_call(&stage, (struct ask){.body = "{\"a/b\":{\"1\":2}}"}, "");
    assert_call(&stage, (struct ask){.body = "not json"}, "");
    close_stage(&stage);
}

/* Goal: keys that are longer than is kept stay different from each other. */
static void long_keys_stay_different(void **state)
{
    (void)state;
    struct stage stage =
        open_stage(MANY, KEYED("{\"by\":\"header\",\"name\":\"x-call\"}"));
    char one[1001], other[1001];
    memset(one, 'k', 1000);
    memset(other, 'k', 1000);
    one[1000] = other[1000] = '\0';
    other[999] = 'l';
    struct script_answer first = decide(&stage, (struct ask){.header = one});
    struct script_answer second = decide(&stage, (struct ask){.header = other});
    assert_int_equal(strlen(first.call), SCRIPT_KEY_BYTES_MAX);
    assert_string_not_equal(first.call, second.call);
    assert_int_equal(second.count, 0);
    close_stage(&stage);
}

/* Goal: a request without a key belongs to the only call there is, else it is
 * told to be nobody's. */
static void requests_without_a_key(void **state)
{
    (void)state;
    const char *server = STEPS("call", "repeat", TWO_429_THEN_200);
    struct stage one = open_stage("", server);
    struct script_answer answer = decide(&one, (struct ask){0});
    assert_string_equal(answer.call, "rs-0-0");
    assert_string_equal(answer.reason, "");
    close_stage(&one);

    struct stage many = open_stage(MANY, server);
    answer = decide(&many, (struct ask){0});
    assert_string_equal(answer.call, "");
    assert_string_equal(answer.reason,
                        "no token rs-<client>-<call> in target, headers or "
                        "body: it follows the count of all requests without "
                        "one");
    assert_int_equal(status_of(&many, (struct ask){0}), 429);
    assert_int_equal(status_of(&many, (struct ask){0}), 200);
    close_stage(&many);
}

/* -- routes ---------------------------------------------------------------- */

#define THREE_ROUTES                                                     \
    "{\"match\":\"GET /v1/models\",\"judged\":false,\"per\":\"run\","    \
    "\"after_last\":\"repeat\",\"steps\":[{\"reply\":201}]},"            \
    "{\"match\":\"POST /a\",\"per\":\"call\",\"after_last\":\"repeat\"," \
    "\"steps\":[{\"reply\":202}]},"                                      \
    "{\"match\":\"ANY /v1/blob/*\",\"per\":\"call\","                    \
    "\"after_last\":\"repeat\",\"steps\":[{\"reply\":203}]}"

static void assert_unmatched(struct stage *stage, const char *method,
                             const char *path, const char *reason)
{
    struct script_answer answer =
        decide(stage, (struct ask){.method = method, .path = path});
    assert_null(answer.route);
    assert_null(answer.reply);
    assert_string_equal(answer.reason, reason);
}

/* Goal: the near-miss text names the nearest route and what differs. */
static void explains_near_misses(void **state)
{
    (void)state;
    struct stage stage = open_stage("", THREE_ROUTES);
    assert_unmatched(&stage, "GET", "/a",
                     "GET /a matches no route; nearest is server[1] "
                     "\"POST /a\": method GET is not POST");
    assert_unmatched(&stage, "GET", "/v1/model",
                     "GET /v1/model matches no route; nearest is server[0] "
                     "\"GET /v1/models\": path /v1/model is not "
                     "/v1/models");
    assert_unmatched(&stage, "PUT", "/v1/blobs/",
                     "PUT /v1/blobs/ matches no route; nearest is server[2] "
                     "\"ANY /v1/blob/*\": path /v1/blobs/ is not "
                     "/v1/blob/*");
    assert_unmatched(&stage, "GET", "/b",
                     "GET /b matches no route; nearest is server[1] "
                     "\"POST /a\": method GET is not POST, path /b is not "
                     "/a");
    close_stage(&stage);
}

/* Goal: of two paths that are equally near, the one with the method wins. */
static void a_method_breaks_the_tie(void **state)
{
    (void)state;
    struct stage stage = open_stage(
        "", STEPS("call", "repeat",
                  "{\"reply\":200}") ","
                                     "{\"match\":\"GET "
                                     "/b\",\"per\":\"call\",\"after_last\":"
                                     "\"repeat\",\"steps\":[{\"reply\":200}]}");
    assert_unmatched(&stage, "GET", "/c",
                     "GET /c matches no route; nearest is server[1] "
                     "\"GET /b\": path /c is not /b");
    close_stage(&stage);
}

/* Goal: however long the request line, the text fits and is whole. */
static void explains_long_paths(void **state)
{
    (void)state;
    char path[2000];
    memset(path, 'x', sizeof path);
    path[0] = '/';
    path[sizeof path - 1] = '\0';
    struct stage stage = open_stage("", THREE_ROUTES);
    struct script_answer answer = decide(
        &stage, (struct ask){.method = "AVERYLONGMETHODNAME", .path = path});
    assert_true(strlen(answer.reason) < sizeof answer.reason);
    assert_non_null(strstr(answer.reason, " is not "));
    close_stage(&stage);
}

/* Goal: a program without an adapter meets the first judged route. */
static void level_0_takes_the_first_judged_route(void **state)
{
    (void)state;
    struct stage stage = open_at_level(0, 7, MANY, THREE_ROUTES);
    struct ask ask = {.method = "GET", .path = "/whatever"};
    struct script_answer answer = decide(&stage, ask);
    assert_int_equal(answer.reply->status, 202);
    assert_string_equal(answer.call, "rs-0-0");
    assert_string_equal(answer.reason, "");
    close_stage(&stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calls_walk_on_their_own),
        cmocka_unit_test(clients_share_a_count),
        cmocka_unit_test(connections_have_a_count),
        cmocka_unit_test(a_run_has_one_count),
        cmocka_unit_test(after_last_is_obeyed),
        cmocka_unit_test(counts_calls_where_it_matters),
        cmocka_unit_test(finds_the_token_anywhere),
        cmocka_unit_test(finds_whole_tokens_only),
        cmocka_unit_test(finds_the_header_key),
        cmocka_unit_test(finds_the_query_key),
        cmocka_unit_test(finds_the_json_key),
        cmocka_unit_test(long_keys_stay_different),
        cmocka_unit_test(requests_without_a_key),
        cmocka_unit_test(explains_near_misses),
        cmocka_unit_test(a_method_breaks_the_tie),
        cmocka_unit_test(explains_long_paths),
        cmocka_unit_test(level_0_takes_the_first_judged_route),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
