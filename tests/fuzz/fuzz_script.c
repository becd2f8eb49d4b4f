/* Any requests to a few scenarios: every answer keeps the promises of script.h,
 * and the same requests get the same answers. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mock_server/script.h"
#include "model/units.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool is_true)
{
    if (!is_true)
        abort();
}

#define HEAD                                                      \
    "{\"retryspec\":1,\"id\":\"f\",\"title\":\"f\",\"workload\":" \
    "{\"request\":\"POST /a\",\"clients\":3,\"calls\":3},\"server\":["

/* One of each: key, per, after_last, delay, window, fault at accept. */
static const char *const scenarios[] = {
    HEAD "{\"match\":\"POST /a\",\"per\":\"call\",\"after_last\":\"loop\","
         "\"steps\":[{\"reply\":429,\"times\":3},{\"reply\":200}]}]}",
    HEAD "{\"match\":\"ANY /*a\",\"call\":{\"by\":\"query\",\"name\":\"k\"},"
         "\"per\":\"client\",\"after_last\":\"fail\",\"steps\":[{\"reply\":"
         "500,\"delay\":{\"normal\":{\"mean\":\"1ms\",\"sd\":\"9ms\"}}},"
         "{\"reply\":200,\"fault\":{\"do\":\"reset\",\"chance\":0.5}}]}]}",
    HEAD "{\"match\":\"POST /a\",\"call\":{\"by\":\"json\",\"pointer\":"
         "\"/a/0/k\"},\"per\":\"connection\",\"after_last\":\"repeat\","
         "\"steps\":[{\"reply\":503,\"delay\":{\"lognormal\":{\"median\":"
         "\"1s\",\"sigma\":9}}},{\"reply\":200}]}]}",
    HEAD "{\"match\":\"POST /a\",\"call\":{\"by\":\"header\",\"name\":\"h\"},"
         "\"windows\":[{\"from\":\"0s\",\"to\":\"1s\",\"reply\":503},"
         "{\"from\":\"1s\",\"to\":\"2s\",\"fault\":{\"do\":\"refuse\"}},"
         "{\"from\":\"3s\",\"fault\":{\"at\":\"accept\",\"do\":\"close\"}}]}]"
         "}",
    HEAD "{\"match\":\"POST /a\",\"per\":\"run\",\"after_last\":\"loop\","
         "\"steps\":[{\"fault\":{\"at\":\"accept\",\"do\":\"reset\"}},"
         "{\"reply\":200,\"fault\":{\"at\":\"accept\",\"do\":\"hang\","
         "\"chance\":0.5}},{\"reply\":200}]}]}",
};
enum { SCENARIOS = sizeof scenarios / sizeof *scenarios };

static struct scenario *read_scenario(size_t index)
{
    static struct scenario *read[SCENARIOS];
    struct error error = {0};
    if (!read[index])
        read[index] = scenario_read("f.jsonc", scenarios[index],
                                    strlen(scenarios[index]), &error);
    if (!read[index])
        error_print(&error, stderr);
    require(read[index] != NULL);
    return read[index];
}

/* The fuzzer's bytes, taken from the front. */
struct input {
    const uint8_t *at, *end;
};

static int take(struct input *input)
{
    return input->at < input->end ? *input->at++ : 0;
}

/* A text of up to 255 bytes, without NUL, from a length and that many bytes. */
static const char *take_text(struct input *input, char text[256])
{
    int length = take(input), used = 0;
    while (used < length && input->at < input->end) {
        char next = (char)take(input);
        text[used++] = next ? next : ' ';
    }
    text[used] = '\0';
    return text;
}

static void check_answer(const struct script_answer *answer)
{
    require(strlen(answer->call) <= SCRIPT_KEY_BYTES_MAX);
    require(answer->count >= 0 && answer->delay_ns >= 0);
    require(answer->route || !answer->reply);
    require(answer->reply || answer->reason[0]);
    if (answer->has_fault)
        require(answer->reply && answer->reply->fault.kind != FAULT_NONE);
}

static void ask(struct script *script, struct input *input, int64_t now_ns,
                struct script_answer *answer)
{
    static const char *const methods[] = {"POST", "GET", "PATCH"};
    char path[256], query[256], value[256], body[256];
    struct http_header header = {"H", take_text(input, value)};
    struct http_headers headers = {&header, 1};
    struct script_request request = {
        .now_ns = now_ns,
        .conn = take(input),
        .method = methods[take(input) % 3],
        .query = take_text(input, query),
        .headers = &headers,
        .body = take_text(input, body),
        .body_size = strlen(body),
    };
    request.path = take(input) % 4 ? "/a" : take_text(input, path);
    script_decide(script, &request, answer);
    check_answer(answer);
}

static void look_at_listener(const struct script *script, int64_t now_ns)
{
    int64_t next_ns = 0;
    const char *window = NULL;
    enum script_listener listener =
        script_listener(script, now_ns, &next_ns, &window);
    require(next_ns > now_ns && window);
    require((listener == LISTENER_OPEN) == (window[0] == '\0'));
}

/* Runs all requests and gives a sum of what was answered. */
static uint64_t run(const struct scenario *scenario, int level,
                    struct input input)
{
    struct error error = {0};
    struct script_use uses[16];
    struct script_answer answer;
    uint64_t sum = 0;
    int64_t now_ns = 0, reached = 0, answered = 0;
    struct script *script = script_create(scenario, 7, level, &error);
    require(script != NULL);
    while (input.at < input.end) {
        now_ns += take(&input) * 10 * NS_PER_MS;
        answered += script_accept(script, now_ns, take(&input)) != NULL;
        ask(script, &input, now_ns, &answer);
        answered += answer.reply != NULL;
        sum = sum * 31 + (uint64_t)answer.delay_ns + answer.has_fault +
              (answer.reply ? (uint64_t)answer.reply->status : 0);
        look_at_listener(script, now_ns);
    }
    size_t count = script_uses(script, uses, 16);
    require(count <= 16);
    for (size_t i = 0; i < count; i++) {
        require(uses[i].faults_due <= uses[i].reached);
        reached += uses[i].reached;
    }
    require(reached == answered);
    script_free(script);
    return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    const struct scenario *scenario = read_scenario(data[0] % SCENARIOS);
    int level = data[1] & 1;
    struct input input = {data + 2, data + size};
    require(run(scenario, level, input) == run(scenario, level, input));
    return 0;
}
