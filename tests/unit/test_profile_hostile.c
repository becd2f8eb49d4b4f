/* Every way in which a profile can be wrong is refused with its place, its
 * path, what was expected and found, and a hint. */
#include "hostile_profiles.h"

static const struct hostile roots[] = {
    {"[]", "1:1 : expected an object, found an array"},
    {"{}", "1:1 : missing key \"retryspec\""},
    {"{\"retryspec\":2,\"profile\":\"p\",\"title\":\"t\",\"source\":\"s\","
     "\"layers\":[{\"name\":\"a\"}]}",
     "1:14 retryspec: expected 1, the version of the format, found 2"},
    {"{\"retryspec\":1,\"profile\":\"A b\",\"title\":\"t\",\"source\":\"s\","
     "\"layers\":[{\"name\":\"a\"}]}",
     "1:26 profile: expected an id of a-z, 0-9, -, . and _, found \"A b\""},
    {"{\"retryspec\":1,\"profile\":\"p\",\"title\":\"\",\"source\":\"s\","
     "\"layers\":[{\"name\":\"a\"}]}",
     "1:38 title: expected a text, found \"\""},
    {FILE_OF("[]"), "2:10 layers: expected 1 to 8 elements, found 0"},
    {FILE_OF("{}"), "2:10 layers: expected an array, found an object"},
    {FILE_OF("[7]"), "2:11 layers[0]: expected an object, found the number 7"},
    {FILE_OF("[{}]"), "2:11 layers[0]: missing key \"name\""},
    {FILE_OF("[{\"name\":\"a\"},{\"name\":\"a\"}]"),
     "2:32 layers[1].name: expected another name than that of layers[0], found "
     "\"a\""},
    {FILE_OF("[{\"name\":\"a\"}],\"layres\":1"),
     "2:25 : unknown key \"layres\" | did you mean \"layers\"?"},
    {FILE_OF("[{\"name\":\"a\"}],\"title\":\"again\""),
     "2:25 : duplicate key \"title\" | the first one is at 1:30"},
    {FILE_OF("[{\"name\":\"a\"}],\"resend\":{}"),
     "2:34 resend: re-sends nothing: expected \"status\" or "
     "\"on_stale_connection\": true"},
    {FILE_OF("[{\"name\":\"a\"}],\"resend\":{\"status\":[\"408\"],"
             "\"limit\":0}"),
     "2:60 resend.limit: expected a whole number from 1 to 1000, found the "
     "number 0"},
    {FILE_OF("[{\"name\":\"a\"}],\"resumes_with_range\":\"yes\""),
     "2:46 resumes_with_range: expected true or false, found \"yes\""},
    {FILE_OF("[{\"name\":\"a\"}],\"headers\":{\"retry_count\":{\"from\":2,"
             "\"name\":\"x\"}}"),
     "2:58 headers.retry_count.from: expected a whole number from 0 to 1, "
     "found the number 2"},
    {FILE_OF("[{\"name\":\"a\"}],\"headers\":{\"retry_count\":{}}"),
     "2:50 headers.retry_count: missing key \"name\""},
    {FILE_OF("[{\"name\":\"a\"}],\"headers\":{\"idempotency_key\":{"
             "\"name\":\"k\",\"scope\":\"calls\"}}"),
     "2:74 headers.idempotency_key.scope: expected one of \"call\", "
     "\"attempt\", found \"calls\" | did you mean \"call\"?"},
    {FILE_OF("[{\"name\":\"a\"}],\"headers\":{\"call_id\":{\"name\":\"\"}}"),
     "2:54 headers.call_id.name: expected a text, found \"\""},
    {FILE_OF("[{\"name\":\"\\u001b[2J\"}]"),
     "2:19 layers[0].name: control byte 0x1b in a line of text"},
    {FILE_OF("[{\"name\":\"a\",\"rules\":[{\"on\":{\"status\":[\"503\"]},"
             "\"do\":\"fail\",\"source\":\"a\\nb\"}]}]"),
     "2:78 layers[0].rules[0].source: control byte 0x0a in a line of text"},
    {FILE_OF("[{\"name\":\"a\"}],\"tolerance\":{\"early\":10}"),
     "2:46 tolerance.early: expected a duration such as \"500ms\", found the "
     "number 10 | write \"10ms\" or \"10s\""},
    {FILE_OF("[{\"name\":\"a\"}],\"not_applicable\":[{\"rule\":\"RA-1\"}]"),
     "2:43 not_applicable[0]: missing key \"reason\""},
    {FILE_OF("[{\"name\":\"a\"}],\"not_applicable\":[]"),
     "2:42 not_applicable: expected 1 to 64 elements, found 0"},
    {FILE_OF("[{\"name\":\"a\"}],\"levels\":{\"RA-1\":\"may\"}"),
     "2:42 levels.RA-1: expected one of \"must\", \"should\", found \"may\""},
    {FILE_OF("[{\"name\":\"a\"}],\"levels\":{}"),
     "2:34 levels: expected the level of at least one rule, found an object"},
    {FILE_OF("[{\"name\":\"a\"}],\"levels\":{\"A\":\"must\",\"A\":\"must\"}"),
     "2:46 levels: duplicate key \"A\" | the first one is at 2:35"},
};

static const struct hostile layers[] = {
    {LAYER(",\"route\":[]"),
     "2:23 layers[0]: unknown key \"route\" | did you mean \"routes\"?"},
    {LAYER(",\"routes\":[]"),
     "2:32 layers[0].routes: expected 1 to 32 elements, found 0"},
    {LAYER(",\"routes\":[\"/v1/x\"]"),
     "2:33 layers[0].routes[0]: expected a method and a path pattern without "
     "query, such as \"POST /v1/*\" or \"ANY */x\", found \"/v1/x\""},
    {LAYER(",\"routes\":[\"post /v1/x\"]"),
     "2:33 layers[0].routes[0]: expected a method and a path pattern without "
     "query, such as \"POST /v1/*\" or \"ANY */x\", found \"post /v1/x\""},
    {LAYER(",\"routes\":[\"POST v1\"]"),
     "2:33 layers[0].routes[0]: expected a method and a path pattern without "
     "query, such as \"POST /v1/*\" or \"ANY */x\", found \"POST v1\""},
    {LAYER(",\"routes\":[\"POST /v1?x=1\"]"),
     "2:33 layers[0].routes[0]: expected a method and a path pattern without "
     "query, such as \"POST /v1/*\" or \"ANY */x\", found \"POST /v1?x=1\""},
    {LAYER(",\"routes\":[\"POST\"]"),
     "2:33 layers[0].routes[0]: expected a method and a path pattern without "
     "query, such as \"POST /v1/*\" or \"ANY */x\", found \"POST\""},
    {LAYER(",\"routes\":[7]"),
     "2:33 layers[0].routes[0]: expected a string, found the number 7"},
    {LAYER(",\"rules\":[]"),
     "2:31 layers[0].rules: expected 1 to 32 elements, found 0"},
    {LAYER(",\"budget\":{\"attempts\":0}"),
     "2:44 layers[0].budget.attempts: expected a whole number from 1 to "
     "1000000000, found the number 0"},
    {LAYER(",\"budget\":{\"attempts\":\"many\"}"),
     "2:44 layers[0].budget.attempts: expected a number of attempts or "
     "\"unlimited\", found \"many\""},
    {LAYER(",\"budget\":{\"attempts\":2.5}"),
     "2:44 layers[0].budget.attempts: expected a whole number from 1 to "
     "1000000000, found the number 2.5"},
    {LAYER(",\"budget\":{\"elapsed\":\"0s\"}"),
     "2:43 layers[0].budget.elapsed: expected more than 0s, found \"0s\""},
    {LAYER(",\"budget\":{\"elapsed\":300}"),
     "2:43 layers[0].budget.elapsed: expected a duration such as \"500ms\", "
     "found the number 300 | write \"300ms\" or \"300s\""},
    {LAYER(",\"budget\":{\"elapsed_test\":\"cut-sleep\"}"),
     "2:48 layers[0].budget.elapsed_test: \"elapsed_test\" means nothing "
     "without \"elapsed\" | leave \"elapsed_test\" out"},
    {LAYER(",\"budget\":{\"elapsed\":\"1s\",\"elapsed_test\":\"cut\"}"),
     "2:63 layers[0].budget.elapsed_test: expected one of \"after-attempt\", "
     "\"before-sleep\", \"cut-sleep\", found \"cut\""},
    {LAYER(",\"budget\":{\"tokens\":{\"capacity\":10}}"),
     "2:42 layers[0].budget.tokens: missing key \"cost\""},
    {LAYER(",\"budget\":{\"tokens\":{\"capacity\":10,\"cost\":20}}"),
     "2:64 layers[0].budget.tokens.cost: expected at most the capacity, 10, "
     "found 20 | so dear a retry would never happen"},
    {LAYER(",\"slots\":{\"scope\":\"client\"}"),
     "2:31 layers[0].slots: limits nothing: expected \"limit\", \"throttled\" "
     "or \"bytes\""},
    {LAYER(",\"slots\":{\"limit\":0}"),
     "2:40 layers[0].slots.limit: expected a whole number from 1 to "
     "1000000000, found the number 0"},
    {LAYER(",\"slots\":{\"limit\":1,\"held\":\"retry\"}"),
     "2:49 layers[0].slots.held: expected one of \"call\", \"attempt\", found "
     "\"retry\""},
    {LAYER(",\"progress\":{\"clock\":\"call\"}"),
     "2:34 layers[0].progress: missing key \"timeout\""},
    {LAYER(",\"progress\":{\"timeout\":\"0min\"}"),
     "2:45 layers[0].progress.timeout: expected more than 0s, found \"0min\""},
    {LAYER(",\"attempt_timeout\":\"60s\""),
     "2:41 layers[0].attempt_timeout: expected an object, found \"60s\""},
    {LAYER(",\"attempt_timeout\":{\"kind\":\"head\"}"),
     "2:41 layers[0].attempt_timeout: missing key \"limit\""},
    {LAYER(",\"call_timeout\":\"5 s\""),
     "2:38 layers[0].call_timeout: expected a duration such as \"500ms\", "
     "found \"5 s\" | a number and one of ns, us, ms, s, min, h"},
    {LAYER(",\"rate_limiter\":{\"scope\":\"url\"}"),
     "2:47 layers[0].rate_limiter.scope: expected one of \"holder\", "
     "\"url-and-key\", found \"url\""},
    {LAYER(",\"breaker\":{\"failures\":5}"),
     "2:33 layers[0].breaker: missing key \"reset\""},
};

static const struct hostile rules[] = {
    {RULE("\"do\":\"fail\""), "2:32 layers[0].rules[0]: missing key \"on\""},
    {RULE("\"on\":{\"status\":[\"503\"]}"),
     "2:32 layers[0].rules[0]: missing key \"do\""},
    {RULE("\"on\":{\"status\":[\"503\"]},\"do\":\"again\""),
     "3:30 layers[0].rules[0].do: expected one of \"retry\", \"fail\", "
     "\"pass\", \"poll\", \"start-over\", found \"again\""},
    {RULE("\"on\":{\"status\":[\"503\"]},\"do\":\"retry\""),
     "2:32 layers[0].rules[0]: missing key \"backoff\""},
    {RULE("\"on\":{\"status\":[\"503\"]},\"do\":\"fail\",\"backoff\":{}"),
     "3:47 layers[0].rules[0].backoff: \"backoff\" means nothing without "
     "\"do\": \"retry\", \"poll\" or \"start-over\", or \"closes_limiter\" | "
     "leave \"backoff\" out"},
    {RULE("\"on\":{\"status\":[\"503\"]},\"do\":\"pass\",\"retry_after\":"
          "\"ignored\""),
     "3:51 layers[0].rules[0].retry_after: \"retry_after\" means nothing "
     "without \"do\": \"retry\", \"poll\" or \"start-over\", or "
     "\"closes_limiter\" | leave \"retry_after\" out"},
    {RULE("\"on\":{\"status\":[\"200-299\"]},\"do\":\"poll\""),
     "3:6 layers[0].rules[0].on: covers 200 without a condition: no call could "
     "ever succeed | narrow \"status\", or add \"header\" or \"body\""},
    {ON("{}"), "3:6 layers[0].rules[0].on: matches nothing: expected "
               "\"status\", \"transport\", \"header\" or \"body\""},
    {ON("{\"methods\":[\"GET\"]}"),
     "3:6 layers[0].rules[0].on: matches nothing: expected \"status\", "
     "\"transport\", \"header\" or \"body\""},
    {ON("{\"status\":[]}"),
     "3:16 layers[0].rules[0].on.status: expected 1 to 64 statuses, found 0"},
    {ON("{\"status\":[429]}"),
     "3:17 layers[0].rules[0].on.status[0]: expected a string such as \"429\" "
     "or \"500-599\", found 429 | write \"429\""},
    {ON("{\"status\":[\"5xx\"]}"),
     "3:17 layers[0].rules[0].on.status[0]: expected a status or a range from "
     "100 to 999, such as \"429\", \"500-599\" or \"!501\", found \"5xx\""},
    {ON("{\"status\":[\"099\"]}"),
     "3:17 layers[0].rules[0].on.status[0]: expected a status or a range from "
     "100 to 999, such as \"429\", \"500-599\" or \"!501\", found \"099\""},
    {ON("{\"status\":[\"1000\"]}"),
     "3:17 layers[0].rules[0].on.status[0]: expected a status or a range from "
     "100 to 999, such as \"429\", \"500-599\" or \"!501\", found \"1000\""},
    {ON("{\"status\":[\"599-500\"]}"),
     "3:17 layers[0].rules[0].on.status[0]: expected a status or a range from "
     "100 to 999, such as \"429\", \"500-599\" or \"!501\", found \"599-500\""},
    {ON("{\"status\":[\"500-\"]}"),
     "3:17 layers[0].rules[0].on.status[0]: expected a status or a range from "
     "100 to 999, such as \"429\", \"500-599\" or \"!501\", found \"500-\""},
    {ON("{\"status\":[\"!501\"]}"),
     "3:16 layers[0].rules[0].on.status: expected a status or range, found "
     "only exceptions to one"},
    {ON("{\"status\":\"503\"}"),
     "3:16 layers[0].rules[0].on.status: expected an array, found \"503\""},
    {ON("{\"transport\":[\"resett\"]}"),
     "3:20 layers[0].rules[0].on.transport[0]: expected one of \"refused\", "
     "\"unreachable\", \"reset\", \"close\", \"cut\", \"reset-body\", "
     "\"garbage\", \"timeout\", \"any\", found \"resett\" | did you mean "
     "\"reset\"?"},
    {ON("{\"transport\":[\"cancelled\"]}"),
     "3:20 layers[0].rules[0].on.transport[0]: expected one of \"refused\", "
     "\"unreachable\", \"reset\", \"close\", \"cut\", \"reset-body\", "
     "\"garbage\", \"timeout\", \"any\", found \"cancelled\""},
    {ON("{\"transport\":[]}"),
     "3:19 layers[0].rules[0].on.transport: expected 1 to 8 elements, found 0"},
    {ON("{\"status\":[\"503\"],\"methods\":[\"get\"]}"),
     "3:35 layers[0].rules[0].on.methods[0]: expected a method in capitals, "
     "such as \"GET\", found \"get\""},
    {ON("{\"header\":{\"value\":\"true\"}}"),
     "3:16 layers[0].rules[0].on.header: missing key \"name\""},
    {ON("{\"header\":{\"name\":\"x\",\"absent\":true,\"value\":\"1\"}}"),
     "3:50 layers[0].rules[0].on.header.value: \"value\" means nothing without "
     "\"absent\": false | leave \"value\" out"},
    {ON("{\"header\":{\"name\":\"x\",\"ignores_case\":true}}"),
     "3:43 layers[0].rules[0].on.header.ignores_case: \"ignores_case\" means "
     "nothing without \"value\" | leave \"ignores_case\" out"},
    {ON("{\"transport\":[\"any\"],\"header\":{\"name\":\"x\"}}"),
     "3:6 layers[0].rules[0].on: a transport fault has no response whose "
     "header or body could be looked at | write two rules"},
    {ON("{\"body\":{\"pointer\":\"/e\",\"ignores_case\":true}}"),
     "3:45 layers[0].rules[0].on.body.ignores_case: \"ignores_case\" means "
     "nothing without \"value\" | leave \"ignores_case\" out"},
    {ON("{\"body\":{\"pointer\":\"/a~b\"}}"),
     "3:25 layers[0].rules[0].on.body.pointer: expected a JSON pointer, found "
     "\"/a~b\" | a ~ in a name is written ~0, a slash ~1"},
    {ON("{\"body\":{\"pointer\":\"/e\",\"ignore_case\":true}}"),
     "3:30 layers[0].rules[0].on.body: unknown key \"ignore_case\" | did you "
     "mean \"ignores_case\"?"},
    {ON("{\"request_bytes\":{\"at_least\":1}}"),
     "3:6 layers[0].rules[0].on: matches nothing: expected \"status\", "
     "\"transport\", \"header\" or \"body\""},
    {ON("{\"status\":[\"429\"],\"request_bytes\":{}}"),
     "3:40 layers[0].rules[0].on.request_bytes: is no condition: expected "
     "\"at_least\" or \"at_most\""},
    {ON("{\"status\":[\"429\"],\"request_bytes\":131072}"),
     "3:40 layers[0].rules[0].on.request_bytes: expected an object, found the "
     "number 131072"},
    {ON("{\"status\":[\"429\"],\"request_bytes\":{\"at_most\":0}}"),
     "3:51 layers[0].rules[0].on.request_bytes.at_most: expected a whole "
     "number from 1 to 1000000000000000, found the number 0"},
    {ON("{\"status\":[\"429\"],\"request_bytes\":{\"at_least\":5,"
        "\"at_most\":4}}"),
     "3:64 layers[0].rules[0].on.request_bytes.at_most: expected at least "
     "\"at_least\", 5, found 4"},
    {ON("{\"status\":[\"429\"],\"request_bytes\":{\"atleast\":5}}"),
     "3:41 layers[0].rules[0].on.request_bytes: unknown key \"atleast\" | did "
     "you mean \"at_least\"?"},
    {ON("{\"body\":{\"pointer\":\"error\"}}"),
     "3:25 layers[0].rules[0].on.body.pointer: expected a JSON pointer, which "
     "begins with /, found \"error\" | write \"/error\""},
    {LAYER(",\"rules\":[{\"on\":{\"status\":[\"500-599\"]},\"do\":\"fail\"},\n"
           "{\"on\":{\"status\":[\"503\"]},\"do\":\"pass\"}]"),
     "3:1 layers[0].rules[1]: is never reached: earlier rules cover each of "
     "its outcomes | first match wins; put the narrower rule first"},
    {LAYER(",\"rules\":[{\"on\":{\"status\":[\"502\"]},\"do\":\"fail\"},"
           "{\"on\":{\"transport\":[\"any\"]},\"do\":\"fail\"},\n"
           "{\"on\":{\"status\":[\"502\"],\"transport\":[\"cut\"],"
           "\"methods\":[\"GET\"]},\"do\":\"pass\"}]"),
     "3:1 layers[0].rules[2]: is never reached: earlier rules cover each of "
     "its outcomes | first match wins; put the narrower rule first"},
};

static const struct hostile backoffs[] = {
    {BACKOFF("\"base\":\"1s\""),
     "3:48 layers[0].rules[0].backoff: missing key \"schedule\""},
    {BACKOFF("\"schedule\":\"exponental\",\"base\":\"1s\""),
     "4:12 layers[0].rules[0].backoff.schedule: expected one of \"none\", "
     "\"constant\", \"linear\", \"exponential\", \"fibonacci\", found "
     "\"exponental\" | did you mean \"exponential\"?"},
    {BACKOFF("\"schedule\":\"constant\""),
     "3:48 layers[0].rules[0].backoff: missing key \"base\""},
    {BACKOFF("\"schedule\":\"constant\",\"base\":\"0s\""),
     "4:30 layers[0].rules[0].backoff.base: expected more than 0s, found "
     "\"0s\""},
    {BACKOFF("\"schedule\":\"constant\",\"base\":1"),
     "4:30 layers[0].rules[0].backoff.base: expected a duration such as "
     "\"500ms\", found the number 1 | write \"1ms\" or \"1s\""},
    {BACKOFF("\"schedule\":\"none\",\"base\":\"1s\""),
     "4:26 layers[0].rules[0].backoff.base: \"base\" means nothing without a "
     "schedule other than \"none\" | leave \"base\" out"},
    {BACKOFF("\"schedule\":\"constant\",\"base\":\"1s\",\"factor\":2"),
     "4:44 layers[0].rules[0].backoff.factor: \"factor\" means nothing without "
     "\"schedule\": \"exponential\" | leave \"factor\" out"},
    {BACKOFF("\"schedule\":\"linear\",\"base\":\"1s\""),
     "3:48 layers[0].rules[0].backoff: missing key \"step\""},
    {BACKOFF("\"schedule\":\"fibonacci\",\"base\":\"1s\",\"step\":\"1s\""),
     "4:43 layers[0].rules[0].backoff.step: \"step\" means nothing without "
     "\"schedule\": \"linear\" | leave \"step\" out"},
    {BACKOFF("\"schedule\":\"none\",\"jitter\":{\"symmetric\":0.5}"),
     "4:28 layers[0].rules[0].backoff.jitter: a part of no delay is no delay; "
     "only \"add\" goes with schedule \"none\""},
    {EXPONENTIAL("\"factor\":0.5"),
     "4:47 layers[0].rules[0].backoff.factor: expected a number from 1 to "
     "1000, found the number 0.5"},
    {EXPONENTIAL("\"first_exponent\":0.5"),
     "4:55 layers[0].rules[0].backoff.first_exponent: expected a whole number "
     "from -1000 to 1000, found the number 0.5"},
    {EXPONENTIAL("\"cap\":\"1s\""),
     "4:44 layers[0].rules[0].backoff.cap: expected at least the base, 2s, "
     "found \"1s\" | are \"base\" and \"cap\" swapped?"},
    {EXPONENTIAL("\"clip\":true"),
     "4:45 layers[0].rules[0].backoff.clip: \"clip\" means nothing without "
     "\"cap\" | leave \"clip\" out"},
    {EXPONENTIAL("\"cap\":\"9s\",\"order\":\"after-cap\""),
     "4:57 layers[0].rules[0].backoff.order: \"order\" means nothing without "
     "both \"cap\" and \"jitter\" | leave \"order\" out"},
    {EXPONENTIAL("\"cap\":\"9s\",\"cap_unjittered\":true"),
     "4:66 layers[0].rules[0].backoff.cap_unjittered: \"cap_unjittered\" means "
     "nothing without \"jitter\" | leave \"cap_unjittered\" out"},
    {EXPONENTIAL("\"cap\":\"9s\",\"floor\":\"10s\""),
     "4:57 layers[0].rules[0].backoff.floor: expected at most the cap, 9s, "
     "found \"10s\""},
    {EXPONENTIAL("\"jitter\":\"half\""),
     "4:47 layers[0].rules[0].backoff.jitter: expected one of \"none\", "
     "\"full\", \"equal\", found \"half\""},
    {EXPONENTIAL("\"jitter\":{}"), "4:47 layers[0].rules[0].backoff.jitter: "
                                   "expected one kind of jitter, found 0"},
    {EXPONENTIAL("\"jitter\":{\"up\":0.1,\"down\":0.1}"),
     "4:47 layers[0].rules[0].backoff.jitter: expected one kind of jitter, "
     "found 2"},
    {EXPONENTIAL("\"jitter\":{\"symetric\":0.1}"),
     "4:48 layers[0].rules[0].backoff.jitter: unknown key \"symetric\" | did "
     "you mean \"symmetric\"?"},
    {EXPONENTIAL("\"jitter\":{\"symmetric\":-0.1}"),
     "4:60 layers[0].rules[0].backoff.jitter.symmetric: expected a number from "
     "0 to 10, found the number -0.1"},
    {EXPONENTIAL("\"jitter\":{\"down\":1.5}"),
     "4:55 layers[0].rules[0].backoff.jitter.down: expected a number from 0 to "
     "1, found the number 1.5"},
    {EXPONENTIAL("\"jitter\":{\"proportional\":[1]}"),
     "4:63 layers[0].rules[0].backoff.jitter.proportional: expected 2 "
     "elements, found 1"},
    {EXPONENTIAL("\"jitter\":{\"proportional\":[1.2,0.8]}"),
     "4:68 layers[0].rules[0].backoff.jitter.proportional[1]: expected at "
     "least the lower end, 1.2, found 0.8"},
    {EXPONENTIAL("\"jitter\":{\"add\":[\"2s\",\"1s\"]}"),
     "4:60 layers[0].rules[0].backoff.jitter.add[1]: expected at least the "
     "lower end, \"2s\", found \"1s\""},
    {EXPONENTIAL("\"jitter\":{\"decorrelated\":3}"),
     "4:47 layers[0].rules[0].backoff.jitter: decorrelated jitter looks at the "
     "base and the last delay only | write \"schedule\": \"constant\""},
    {EXPONENTIAL("\"cap\":\"9s\",\"jitter\":{\"full_from\":\"10s\"}"),
     "4:58 layers[0].rules[0].backoff.jitter: the floor of the jitter is above "
     "the cap"},
    {EXPONENTIAL("\"jitter\":{\"up_steps\":-1}"),
     "4:59 layers[0].rules[0].backoff.jitter.up_steps: expected a number from "
     "0 to 10, found the number -1"},
    {EXPONENTIAL("\"jitter\":{\"symmetric_inclusive\":11}"),
     "4:70 layers[0].rules[0].backoff.jitter.symmetric_inclusive: expected a "
     "number from 0 to 10, found the number 11"},
    {EXPONENTIAL("\"overflow\":\"crash\""),
     "4:49 layers[0].rules[0].backoff.overflow: expected one of \"cap\", "
     "\"raise\", found \"crash\""},
    {BACKOFF("\"schedule\":\"constant\",\"base\":\"1s\","
             "\"overflow\":\"raise\""),
     "4:46 layers[0].rules[0].backoff.overflow: \"overflow\" means nothing "
     "without \"schedule\": \"exponential\" | leave \"overflow\" out"},
    {EXPONENTIAL("\"rounding\":\"up\""),
     "4:49 layers[0].rules[0].backoff.rounding: expected one of \"none\", "
     "\"ms-nearest\", \"ms-down\", \"ns-down\", found \"up\""},
};

static const struct hostile retry_afters[] = {
    {RETRY_AFTER("\"ignore\""),
     "4:15 layers[0].rules[0].retry_after: expected \"ignored\" or an object, "
     "found \"ignore\" | { \"read\": [{ \"header\": \"Retry-After\", \"as\": "
     "[\"seconds\"] }] }"},
    {RETRY_AFTER("7"), "4:15 layers[0].rules[0].retry_after: expected an "
                       "object, found the number 7"},
    {RETRY_AFTER("{}"),
     "4:15 layers[0].rules[0].retry_after: missing key \"read\""},
    {RETRY_AFTER("{\"read\":[]}"), "4:23 layers[0].rules[0].retry_after.read: "
                                   "expected 1 to 8 elements, found 0"},
    {RETRY_AFTER("{\"read\":[{\"as\":[\"ms\"]}]}"),
     "4:24 layers[0].rules[0].retry_after.read[0]: expected one of \"header\" "
     "and \"body\""},
    {RETRY_AFTER("{\"read\":[{\"header\":\"x\",\"body\":\"/x\",\"as\":["
                 "\"ms\"]}]}"),
     "4:24 layers[0].rules[0].retry_after.read[0]: expected one of \"header\" "
     "and \"body\""},
    {RETRY_AFTER("{\"read\":[{\"body\":\"x\",\"as\":[\"ms\"]}]}"),
     "4:32 layers[0].rules[0].retry_after.read[0].body: expected a JSON "
     "pointer, which begins with /, found \"x\" | write \"/x\""},
    {RETRY_AFTER("{\"read\":[{\"header\":\"Retry-After\"}]}"),
     "4:24 layers[0].rules[0].retry_after.read[0]: missing key \"as\""},
    {RETRY_AFTER("{\"read\":[{\"header\":\"Retry-After\",\"as\":[\"s\"]}]}"),
     "4:54 layers[0].rules[0].retry_after.read[0].as[0]: expected one of "
     "\"seconds\", \"seconds-float\", \"seconds-prefix\", \"ms\", "
     "\"ms-float\", \"ms-prefix\", \"http-date\", \"epoch-seconds\", found "
     "\"s\" | did you mean \"ms\"?"},
    {RETRY_AFTER("{" READ ",\"status\":[\"5xx\"]}"),
     "4:77 layers[0].rules[0].retry_after.status[0]: expected a status or a "
     "range from 100 to 999, such as \"429\", \"500-599\" or \"!501\", found "
     "\"5xx\""},
    {RETRY_AFTER("{" READ ",\"use\":\"between\"}"),
     "4:15 layers[0].rules[0].retry_after: missing key \"at_least\""},
    {RETRY_AFTER("{" READ ",\"at_most\":\"1s\"}"),
     "4:77 layers[0].rules[0].retry_after.at_most: \"at_most\" means nothing "
     "without \"use\": \"between\" | leave \"at_most\" out"},
    {RETRY_AFTER("{" READ ",\"use\":\"between\",\"at_least\":\"2s\","
                 "\"at_most\":\"1s\"}"),
     "4:109 layers[0].rules[0].retry_after.at_most: expected at least "
     "\"at_least\", found \"1s\""},
    {RETRY_AFTER("{" READ ",\"spread\":\"1s\"}"),
     "4:76 layers[0].rules[0].retry_after.spread: \"spread\" means nothing "
     "without \"use\": \"spread\" | leave \"spread\" out"},
    {RETRY_AFTER("{" READ ",\"use\":\"spread\"}"),
     "4:15 layers[0].rules[0].retry_after: missing key \"spread\""},
    {RETRY_AFTER("{" READ ",\"limit\":\"60s\"}"),
     "4:15 layers[0].rules[0].retry_after: missing key \"above_limit\""},
    {RETRY_AFTER("{" READ ",\"above_limit\":\"clamp\"}"),
     "4:81 layers[0].rules[0].retry_after.above_limit: \"above_limit\" means "
     "nothing without \"limit\" | leave \"above_limit\" out"},
    {RETRY_AFTER("{" READ ",\"limit\":\"60s\",\"above_limit\":\"wait\"}"),
     "4:95 layers[0].rules[0].retry_after.above_limit: a limit above which the "
     "client still waits is none | leave \"limit\" and \"above_limit\" out"},
    {RETRY_AFTER("{" READ ",\"zero\":\"clamp\"}"),
     "4:74 layers[0].rules[0].retry_after.zero: \"clamp\" goes with "
     "\"above_limit\" only"},
    {RETRY_AFTER("{" READ ",\"unparseable\":\"wait\"}"),
     "4:81 layers[0].rules[0].retry_after.unparseable: a value that does not "
     "read names no time to wait | write \"own-delay\", or give \"default\" a "
     "duration"},
    {RETRY_AFTER("{" READ ",\"past\":\"stop\"}"),
     "4:74 layers[0].rules[0].retry_after.past: expected one of \"wait\", "
     "\"own-delay\", \"clamp\", \"give-up\", \"raise\", \"never\", found "
     "\"stop\""},
    {RETRY_AFTER("{" READ ",\"default\":\"1\"}"),
     "4:77 layers[0].rules[0].retry_after.default: expected a duration such as "
     "\"500ms\", found \"1\" | a number and one of ns, us, ms, s, min, h"},
};

static void test_roots(void **state)
{
    (void)state;
    CHECK_TABLE(roots);
}

static void test_layers(void **state)
{
    (void)state;
    CHECK_TABLE(layers);
}

static void test_rules(void **state)
{
    (void)state;
    CHECK_TABLE(rules);
}

static void test_backoffs(void **state)
{
    (void)state;
    CHECK_TABLE(backoffs);
}

static void test_retry_afters(void **state)
{
    (void)state;
    CHECK_TABLE(retry_afters);
}

/* The reader goes on after a problem, so that one run shows them all. */
static void test_all_problems_are_shown_in_one_run(void **state)
{
    (void)state;
    static const char json[] =
        EXPONENTIAL("\"cap\":\"1s\",\"clip\":1,\"rounding\":\"up\"");
    struct error error = {0};
    assert_null(profile_read("p.jsonc", json, strlen(json), &error));
    assert_int_equal(error.count, 3);
    assert_string_equal(error.problems[0].path,
                        "layers[0].rules[0].backoff.clip");
    assert_string_equal(error.problems[2].path,
                        "layers[0].rules[0].backoff.rounding");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_roots),
        cmocka_unit_test(test_layers),
        cmocka_unit_test(test_rules),
        cmocka_unit_test(test_backoffs),
        cmocka_unit_test(test_retry_afters),
        cmocka_unit_test(test_all_problems_are_shown_in_one_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
