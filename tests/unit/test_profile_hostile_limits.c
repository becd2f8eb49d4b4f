/* As test_profile_hostile.c, of what counts, what calls share and what a
 * profile says of whole calls. */
#include "hostile_profiles.h"

#define ON_503 "\"on\":{\"status\":[\"503\"]},"
#define SECOND "\"backoff\":{\"schedule\":\"constant\",\"base\":\"1s\"}"

/* What only some kinds of rules, and some layers, can have. */
static const struct hostile counts[] = {
    {RETRY(SECOND ",\"count\":\"streaks\""),
     "3:92 layers[0].rules[0].count: expected one of \"run\", \"streak\", "
     "\"iterations\", found \"streaks\" | did you mean \"streak\"?"},
    {RETRY(SECOND ",\"limit\":0"),
     "3:92 layers[0].rules[0].limit: expected a whole number from 1 to "
     "1000000000, found the number 0"},
    {RETRY(SECOND ",\"limits\":1"), "3:84 layers[0].rules[0]: unknown key "
                                    "\"limits\" | did you mean \"limit\"?"},
    {RULE(ON_503 "\"do\":\"fail\",\"limit\":3"),
     "3:45 layers[0].rules[0].limit: \"limit\" means nothing without \"do\": "
     "\"retry\" or \"poll\" | leave \"limit\" out"},
    {RULE(ON_503 "\"do\":\"start-over\",\"count\":\"streak\""),
     "3:51 layers[0].rules[0].count: \"count\" means nothing without \"do\": "
     "\"retry\" or \"poll\" | leave \"count\" out"},
    {RULE(ON_503 "\"do\":\"poll\",\"limit\":3"),
     "3:45 layers[0].rules[0].limit: is never reached: the count \"run\" "
     "leaves polls out | add \"count\": \"streak\" or \"count\": "
     "\"iterations\""},
    {RULE(ON_503 "\"do\":\"poll\",\"count\":\"run\",\"limit\":3"),
     "3:59 layers[0].rules[0].limit: is never reached: the count \"run\" "
     "leaves polls out | add \"count\": \"streak\" or \"count\": "
     "\"iterations\""},
    {RULE(ON_503 "\"do\":\"poll\",\"backoff\":{\"schedule\":\"exponential\","
                 "\"base\":\"1s\"}"),
     "3:59 layers[0].rules[0].backoff.schedule: never grows: the count \"run\" "
     "leaves polls out | add \"count\": \"streak\" or \"count\": "
     "\"iterations\""},
    {RETRY(SECOND ",\"within\":\"0s\""),
     "3:93 layers[0].rules[0].within: expected more than 0s, found \"0s\""},
    {RETRY(SECOND ",\"within\":3600"),
     "3:93 layers[0].rules[0].within: expected a duration such as \"500ms\", "
     "found the number 3600 | write \"3600ms\" or \"3600s\""},
    {RULE(ON_503 "\"do\":\"pass\",\"within\":\"1h\""),
     "3:46 layers[0].rules[0].within: \"within\" means nothing without \"do\": "
     "\"retry\", \"poll\" or \"start-over\" | leave \"within\" out"},
    {RULE(ON_503 "\"do\":\"poll\",\"within\":\"1h\"},\n{"
                 "\"on\":{\"status\":[\"502\"]},\"do\":\"poll\","
                 "\"within\":\"1s\""),
     "4:47 layers[0].rules[1].within: a second rule with \"within\": at most "
     "one of a layer has it | put one of them into a layer of its own"},
    {RETRY(SECOND ",\"closes_limiter\":1"),
     "3:101 layers[0].rules[0].closes_limiter: expected true or false, found "
     "the number 1"},
    {RETRY(SECOND ",\"closes_limiter\":true"),
     "3:101 layers[0].rules[0].closes_limiter: the layer has no "
     "\"rate_limiter\" to close | add \"rate_limiter\": {} to the layer"},
    {RETRY(SECOND ",\"closes_limter\":true"),
     "3:84 layers[0].rules[0]: unknown key \"closes_limter\" | did you mean "
     "\"closes_limiter\"?"},
    {RULE(ON_503 "\"do\":\"pass\",\"closes_limiter\":true"),
     "3:54 layers[0].rules[0].closes_limiter: closes the limiter for no time | "
     "add \"backoff\" or \"retry_after\""},
    {RULE(ON_503 "\"do\":\"retry\",\"closes_limiter\":true,"
                 "\"backoff\":{\"schedule\":\"none\"}"),
     "3:55 layers[0].rules[0].closes_limiter: closes the limiter for no time | "
     "add \"backoff\" or \"retry_after\""},
};

static const struct hostile shared[] = {
    {LAYER(",\"enabled\":\"no\""),
     "2:33 layers[0].enabled: expected true or false, found \"no\""},
    {LAYER(",\"slots\":{\"limit\":4,\"scope\":\"url\"}"),
     "2:50 layers[0].slots.scope: expected one of \"handler\", \"session\", "
     "\"client\", \"global\", \"url-and-key\", found \"url\""},
    {LAYER(",\"slots\":{\"limit\":4,\"throttle\":{}}"),
     "2:42 layers[0].slots: unknown key \"throttle\" | did you mean "
     "\"throttled\"?"},
    {LAYER(",\"slots\":{\"limit\":4,\"throttled\":{\"limit\":2}}"),
     "2:54 layers[0].slots.throttled: missing key \"window\""},
    {LAYER(",\"slots\":{\"limit\":4,\"throttled\":{\"window\":\"9s\"}}"),
     "2:54 layers[0].slots.throttled: missing key \"limit\""},
    {LAYER(",\"slots\":{\"limit\":4,\"throttled\":{\"limit\":4,"
           "\"window\":\"10s\"}}"),
     "2:63 layers[0].slots.throttled.limit: expected less than the limit, 4, "
     "found 4 | the slots of the throttled window are held besides the others: "
     "so many never bind"},
    {LAYER(",\"slots\":{\"limit\":4,\"throttled\":{\"limit\":2,"
           "\"window\":\"10s\"}}"),
     "2:54 layers[0].slots.throttled: \"throttled\" means nothing without a "
     "\"rate_limiter\" and a rule with \"closes_limiter\" in this layer or "
     "inside it | leave \"throttled\" out"},
    {LAYER(",\"rate_limiter\":{\"per_second\":1},\"slots\":{"
           "\"throttled\":{\"limit\":2,\"window\":\"10s\"}}"),
     "2:76 layers[0].slots.throttled: \"throttled\" means nothing without a "
     "\"rate_limiter\" and a rule with \"closes_limiter\" in this layer or "
     "inside it | leave \"throttled\" out"},
    {LAYER(",\"slots\":{\"bytes\":{}}"),
     "2:40 layers[0].slots.bytes: missing key \"limit\""},
    {LAYER(",\"slots\":{\"bytes\":{\"limit\":0}}"),
     "2:49 layers[0].slots.bytes.limit: expected a whole number from 1 to "
     "1000000000000000, found the number 0"},
    {LAYER(",\"slots\":{\"bytes\":{\"limit\":9,\"penalty\":20}}"),
     "2:61 layers[0].slots.bytes.penalty: \"penalty\" means nothing without "
     "\"throttled\", which has its window | leave \"penalty\" out"},
    {LAYER(",\"slots\":{\"bytes\":{\"limit\":9,\"penalty\":0.5},"
           "\"throttled\":{\"limit\":2,\"window\":\"10s\"}}"),
     "2:61 layers[0].slots.bytes.penalty: expected a number from 1 to 1000000, "
     "found the number 0.5"},
    {LAYER(",\"slots\":{\"limit\":4,\"ask_again\":{\"schedule\":\"none\"}}"),
     "2:66 layers[0].slots.ask_again.schedule: a waiter can't ask again "
     "without a pause | leave \"ask_again\" out: then a waiter is told"},
    {LAYER(",\"slots\":{\"limit\":4,\"ask_again\":\"2ms\"}"),
     "2:54 layers[0].slots.ask_again: expected an object, found \"2ms\""},
    {LAYER(",\"rate_limiter\":{}"),
     "2:38 layers[0].rate_limiter: limits nothing: no rule of the layer has "
     "\"closes_limiter\" | or give it a rate: \"per_second\""},
    {LAYER(",\"rate_limiter\":{\"per_second\":0}"),
     "2:52 layers[0].rate_limiter.per_second: expected a number from 1e-06 to "
     "1000000000, found the number 0"},
    {LAYER(",\"rate_limiter\":{\"burst\":5}"),
     "2:47 layers[0].rate_limiter.burst: \"burst\" means nothing without "
     "\"per_second\" | leave \"burst\" out"},
    {LAYER(",\"rate_limiter\":{\"per_second\":2,\"burst\":0.5}"),
     "2:62 layers[0].rate_limiter.burst: expected a number from 1 to "
     "1000000000, found the number 0.5"},
    {LAYER(",\"rate_limiter\":{\"per_secnd\":2}"),
     "2:39 layers[0].rate_limiter: unknown key \"per_secnd\" | did you mean "
     "\"per_second\"?"},
    {LAYER(",\"breaker\":{\"failures\":5,\"reset\":\"30s\","
           "\"checked\":\"request\"}"),
     "2:71 layers[0].breaker.checked: expected one of \"attempt\", \"call\", "
     "found \"request\""},
    {LAYER(",\"breaker\":{\"failures\":5,\"reset\":\"30s\","
           "\"retryable\":1}"),
     "2:73 layers[0].breaker.retryable: expected true or false, found the "
     "number 1"},
    {LAYER(",\"budget\":{\"tokens\":{\"capacity\":10,\"cost\":1,"
           "\"threshold\":10}}"),
     "2:78 layers[0].budget.tokens.threshold: expected less than the capacity, "
     "10, found 10 | a retry needs more tokens than the threshold"},
    {LAYER(",\"budget\":{\"tokens\":{\"capacity\":10,\"cost\":1,"
           "\"timeout_cost\":11}}"),
     "2:81 layers[0].budget.tokens.timeout_cost: expected at most the "
     "capacity, 10, found 11 | so dear a retry would never happen"},
    {LAYER(",\"budget\":{\"tokens\":{\"capacity\":10,\"cost\":1,"
           "\"per_call\":-1}}"),
     "2:77 layers[0].budget.tokens.per_call: expected a number from 0 to "
     "1000000000, found the number -1"},
    {LAYER(",\"budget\":{\"tokens\":{\"capacity\":10,\"cost\":1,"
           "\"failures_cost\":\"all\"}}"),
     "2:82 layers[0].budget.tokens.failures_cost: expected true, false or "
     "\"retryable\", found \"all\""},
    {LAYER(",\"budget\":{\"tokens\":{\"capacity\":10,\"cost\":1,"
           "\"failures_cost\":true,\"returns_cost\":true}}"),
     "2:102 layers[0].budget.tokens.returns_cost: no retry costs anything here "
     "| leave \"failures_cost\" or \"returns_cost\" out"},
    {LAYER(",\"budget\":{\"tokens\":{\"capacity\":10,\"cost\":1,"
           "\"failure_cost\":true}}"),
     "2:66 layers[0].budget.tokens: unknown key \"failure_cost\" | did you "
     "mean \"failures_cost\"?"},
};

static const struct hostile allowances[] = {
    {LAYER(",\"budget\":{\"ratio\":{\"share\":0,\"window\":\"1s\"}}"),
     "2:41 layers[0].budget.ratio: allows no retry ever | give a \"share\" or "
     "\"per_second\" above 0"},
    {LAYER(",\"budget\":{\"ratio\":{\"share\":0.2}}"),
     "2:41 layers[0].budget.ratio: missing key \"window\""},
    {LAYER(",\"budget\":{\"concurrent\":{\"share\":0,\"least\":0}}"),
     "2:46 layers[0].budget.concurrent: allows no retry ever | give a "
     "\"share\" or \"least\" above 0"},
    {LAYER(",\"budget\":{\"concurrent\":{\"share\":1,\"least\":1},"
           "\"failure_rate\":{\"most\":1}}"),
     "2:83 layers[0].budget.failure_rate: a layer has either \"concurrent\" or "
     "\"failure_rate\" | put one of them into a layer of its own"},
    {LAYER(",\"budget\":{\"failure_rate\":{}}"),
     "2:48 layers[0].budget.failure_rate: missing key \"most\""},
    {LAYER(",\"throttle\":{\"k\":2,\"window\":\"1s\"}"),
     "2:34 layers[0].throttle: missing key \"rejected\""},
    {LAYER(",\"budget\":{\"failure_rate\":{\"most\":1}},\"throttle\":{\"k\":2,"
           "\"window\":\"1s\",\"rejected\":[\"503\"]}"),
     "2:71 layers[0].throttle: a layer has either a \"throttle\" or a "
     "\"failure_rate\" | put one of them into a layer of its own"},
};

#define CALLS(members) \
    FILE_OF("[{\"name\":\"a\",\"routes\":[\"POST /x\"]}]," members)

static const struct hostile calls[] = {
    {CALLS("\"follow_up\":\"/x\""),
     "2:58 follow_up: expected a method and a path without query or *, such as "
     "\"POST /v1/result\", found \"/x\""},
    {CALLS("\"follow_up\":\"POST x\""),
     "2:58 follow_up: expected a method and a path without query or *, such as "
     "\"POST /v1/result\", found \"POST x\""},
    {CALLS("\"follow_up\":\"ANY /x\""),
     "2:58 follow_up: expected a method and a path without query or *, such as "
     "\"POST /v1/result\", found \"ANY /x\""},
    {CALLS("\"follow_up\":\"POST /*\""),
     "2:58 follow_up: expected a method and a path without query or *, such as "
     "\"POST /v1/result\", found \"POST /*\""},
    {CALLS("\"follow_up\":\"POST /x?y\""),
     "2:58 follow_up: expected a method and a path without query or *, such as "
     "\"POST /v1/result\", found \"POST /x?y\""},
    {CALLS("\"follow_up\":\"POST /y\""),
     "2:58 follow_up: no layer covers POST /y | add it to the \"routes\" of a "
     "layer"},
    {CALLS("\"follow_up\":7"),
     "2:58 follow_up: expected a string, found the number 7"},
    {FILE_OF("[{\"name\":\"a\",\"routes\":[7]}],\"follow_up\":\"POST /y\""),
     "2:33 layers[0].routes[0]: expected a string, found the number 7"},
    {CALLS("\"queue_state\":\"/s\""),
     "2:60 queue_state: expected an object, found \"/s\""},
    {CALLS("\"queue_state\":{}"), "2:60 queue_state: missing key \"state\""},
    {CALLS("\"queue_state\":{\"state\":\"queue_state\"}"),
     "2:69 queue_state.state: expected a JSON pointer, which begins with /, "
     "found \"queue_state\" | write \"/queue_state\""},
    {CALLS("\"queue_state\":{\"state\":\"/s\",\"debounce\":60}"),
     "2:85 queue_state.debounce: expected a duration such as \"500ms\", found "
     "the number 60 | write \"60ms\" or \"60s\""},
    {CALLS("\"handler_cache\":0"),
     "2:62 handler_cache: expected a whole number from 1 to 1000000, found the "
     "number 0"},
    {CALLS("\"handlers_cache\":1"),
     "2:46 : unknown key \"handlers_cache\" | did you mean \"handler_cache\"?"},
};

static void test_counts(void **state)
{
    (void)state;
    CHECK_TABLE(counts);
}

static void test_what_calls_share(void **state)
{
    (void)state;
    CHECK_TABLE(shared);
}

static void test_allowances(void **state)
{
    (void)state;
    CHECK_TABLE(allowances);
}

static void test_whole_calls(void **state)
{
    (void)state;
    CHECK_TABLE(calls);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counts),
        cmocka_unit_test(test_what_calls_share),
        cmocka_unit_test(test_allowances),
        cmocka_unit_test(test_whole_calls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
