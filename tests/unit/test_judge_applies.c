/* The judge: why a rule does not apply to a client at all. */
#include "judge/applies.h"

#include "judge_story.h"

#define OFF    ",\"enabled\":false"
#define TOKENS ",\"budget\":{\"tokens\":{\"capacity\":5,\"cost\":1}}"
#define READS                                                          \
    ",\"rules\":[{\"on\":{\"status\":[\"429\"]},\"do\":\"retry\","     \
    "\"backoff\":{\"schedule\":\"none\"},\"retry_after\":{\"read\":[{" \
    "\"header\":\"Retry-After\",\"as\":[\"seconds\"]}]}}]"
#define CLOSES                                                               \
    ",\"rate_limiter\":{},\"rules\":[{\"on\":{\"status\":[\"429\"]},\"do\":" \
    "\"fail\",\"closes_limiter\":true,\"backoff\":{\"schedule\":"            \
    "\"constant\",\"base\":\"1s\"}}]"

/* A layer with one part, and the rule that is about it. */
static const struct {
    const char *keys;
    enum judge_rule rule;
    bool applies;
} cases[] = {
    {"", JUDGE_RA_1, false},
    {"", JUDGE_TO_1, false},
    {"", JUDGE_PT_1, false},
    {"", JUDGE_AT_2, false},
    {"", JUDGE_CC_1, false},
    {"", JUDGE_RL_1, false},
    {"", JUDGE_RL_3, false},
    {"", JUDGE_CB_1, false},
    {"", JUDGE_TB_1, false},
    {"", JUDGE_FU_1, false},
    {"", JUDGE_REQ_2, false},
    {"", JUDGE_REQ_3, false},
    {"", JUDGE_BO_1, true},
    {"", JUDGE_ST_1, true},
    {READS, JUDGE_RA_1, true},
    {READS, JUDGE_RA_2, true},
    {OFF READS, JUDGE_RA_2, false},
    {",\"attempt_timeout\":{\"limit\":\"1s\"}", JUDGE_TO_1, true},
    {",\"call_timeout\":\"1s\"", JUDGE_TO_2, true},
    {",\"call_timeout\":\"1s\"", JUDGE_AT_2, true},
    {",\"progress\":{\"timeout\":\"1s\"}", JUDGE_PT_1, true},
    {",\"budget\":{\"attempts\":2}", JUDGE_AT_2, true},
    {OFF ",\"budget\":{\"attempts\":2}", JUDGE_AT_2, false},
    {",\"budget\":{\"connect_attempts\":2}", JUDGE_AT_2, true},
    {",\"budget\":{\"read_attempts\":2}", JUDGE_AT_2, true},
    {",\"budget\":{\"status_attempts\":2}", JUDGE_AT_2, true},
    {",\"budget\":{\"elapsed\":\"2s\"}", JUDGE_AT_2, true},
    {CLOSES, JUDGE_RL_1, true},
    {CLOSES, JUDGE_RL_2, true},
    {CLOSES, JUDGE_RL_3, false},
    {OFF CLOSES, JUDGE_RL_1, false},
    {",\"rate_limiter\":{\"per_second\":1}", JUDGE_RL_3, true},
    {",\"rate_limiter\":{\"per_second\":1}", JUDGE_RL_1, false},
    {",\"breaker\":{\"failures\":1,\"reset\":\"1s\"}", JUDGE_CB_1, true},
    {TOKENS, JUDGE_TB_1, true},
    {OFF TOKENS, JUDGE_TB_1, false},
    {",\"slots\":{\"limit\":1}", JUDGE_CC_1, true},
    {",\"slots\":{\"limit\":2}", JUDGE_CC_1, false},
    {",\"slots\":{\"limit\":3,\"scope\":\"global\"}", JUDGE_CC_1, true},
};

static const char *reason_for(const char *keys, enum judge_rule rule)
{
    char layers[1024];
    snprintf(layers, sizeof layers, "[{\"name\":\"a\"},{\"name\":\"b\"%s}]",
             keys);
    struct profile *profile = story_profile(layers);
    struct scenario scenario = {
        .workload = {.clients = 2, .calls = 5, .concurrency = 2}};
    struct trace trace = {.level = 0};
    struct calls calls = {0};
    struct judging judging = {.profile = profile,
                              .scenario = &scenario,
                              .trace = &trace,
                              .calls = &calls};
    const char *reason = applies_missing_part(&judging, rule);
    profile_free(profile);
    return reason;
}

static void test_parts_that_a_rule_is_about(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *reason = reason_for(cases[i].keys, cases[i].rule);
        if ((reason == NULL) != cases[i].applies) {
            fail_msg("case %zu, \"%s\": %s", i, cases[i].keys,
                     reason ? reason : "applies");
        }
    }
}

static void test_words_of_reasons(void **state)
{
    (void)state;
    assert_string_equal(reason_for("", JUDGE_CC_1), "the profile has no slots");
    assert_string_equal(
        reason_for(",\"slots\":{\"limit\":2}", JUDGE_CC_1),
        "the workload of this scenario stays within the profile's slots");
    assert_string_equal(reason_for("", JUDGE_TB_1),
                        "the profile has no budget of retries");
    assert_string_equal(reason_for("", JUDGE_OUT_1),
                        "no adapter, so no results");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parts_that_a_rule_is_about),
        cmocka_unit_test(test_words_of_reasons),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
