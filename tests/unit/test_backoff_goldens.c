/* The laws of the shipped profiles against exact values, which were compared
 * with the source systems' own code: in Python's doubles, Elixir's milliseconds
 * and Go's nanoseconds. */
#include <math.h>

#include <cjson/cJSON.h>

#include "shipped_profiles.h"

/* Where the law of a golden stands: by the first words of its name, the shipped
 * profile, and the outcome and size of request whose rule has it. */
static const struct golden_law {
    const char *name, *profile;
    int status; /* 0: a reset connection */
    bool is_ask_again, is_by_size, is_by_header;
} laws[] = {
    {.name = "P01", .profile = "tinker-retry-handler-0.1", .status = 503},
    {.name = "P02", .profile = "tinker-retry-handler-0.6.3", .status = 503},
    {.name = "P03", .profile = "tinker-retry-handler", .status = 503},
    {.name = "P04", .profile = "tinker-retry-handler-custom", .status = 503},
    {.name = "P06", .profile = "tinker-http", .status = 503},
    {.name = "P06", .profile = "tinker-http-0.1", .status = 429},
    {.name = "P08", .profile = "tinker-holder", .status = 503},
    {.name = "P09", .profile = "tinker-sampling-429-0.1", .status = 429},
    {.name = "P10",
     .profile = "tinker-sampling-429",
     .status = 429,
     .is_by_size = true},
    {.name = "P10",
     .profile = "tinker-sampling-429-0.7",
     .status = 429,
     .is_by_size = true},
    {.name = "P11/P12", .profile = "tinker-future-0.1"},
    {.name = "P11/P12", .profile = "tinker-future"},
    {.name = "P11/P12", .profile = "tinker-future", .status = 429},
    {.name = "P13", .profile = "tinkex-http-legacy", .status = 503},
    {.name = "P14/P15", .profile = "tinkex-http", .status = 503},
    {.name = "P14/P15", .profile = "tinkex-http-beam", .status = 503},
    {.name = "P16", .profile = "tinkex-rh-legacy", .status = 503},
    {.name = "P17", .profile = "tinkex-rh-0.1.9", .status = 503},
    {.name = "P17", .profile = "tinkex-retryconfig-0.1.9", .status = 503},
    {.name = "P18", .profile = "tinkex-retryconfig-adr", .status = 503},
    {.name = "P19", .profile = "tinkex-retryconfig-0.1.14", .status = 503},
    {.name = "P20", .profile = "tinkex-retryconfig", .status = 503},
    {.name = "P20", .profile = "tinkex-retryconfig-0.1.15", .status = 503},
    {.name = "P20", .profile = "tinkex-stack", .status = 503},
    {.name = "P21", .profile = "tinkex-guide-custom", .status = 503},
    {.name = "P22", .profile = "tinkex-guide-handler", .status = 503},
    {.name = "P23", .profile = "tinkex-guide-doc-table", .status = 503},
    {.name = "P24", .profile = "tinkex-guide-fast", .status = 503},
    {.name = "P25", .profile = "tinkex-guide-slow", .status = 503},
    {.name = "P26", .profile = "tinkex-guide-interactive", .status = 503},
    {.name = "P27", .profile = "tinkex-guide-background", .status = 503},
    {.name = "P28", .profile = "tinkex-guide-critical", .status = 503},
    {.name = "P29", .profile = "tinkex-guide-demo", .status = 503},
    {.name = "P30", .profile = "tinkex-adr-aggressive", .status = 503},
    {.name = "P30", .profile = "tinkex-adr-quick-start", .status = 503},
    {.name = "P31", .profile = "tinkex-future-poll-exponential", .status = 503},
    {.name = "P31", .profile = "tinkex-future-poll"},
    {.name = "P33",
     .profile = "tinkex-semaphore-acquire",
     .is_ask_again = true},
    {.name = "P33", .profile = "tinkex-retryconfig", .is_ask_again = true},
    {.name = "P34", .profile = "tinkex-telemetry-reporter", .status = 503},
    {.name = "P36", .profile = "go-llmd", .status = 503},
    {.name = "P36x", .profile = "go-llmd", .status = 429},
    {.name = "P36", .profile = "go-llmd-disabled", .status = 503},
    {.name = "P37", .profile = "go-llmd-custom", .status = 503},
    {.name = "P38", .profile = "go-llmd-aggressive", .status = 503},
    {.name = "P39", .profile = "go-llmd-unit", .status = 503},
    {.name = "P40", .profile = "go-llmd-resty", .status = 503},
    {.name = "P41 go-llmd-current status 429",
     .profile = "go-llmd-current",
     .status = 429},
    {.name = "P41 go-llmd-current status 503",
     .profile = "go-llmd-current",
     .status = 503},
    {.name = "P41 go-llmd-current status 500",
     .profile = "go-llmd-current",
     .status = 500},
    {.name = "P41 go-llmd-current 429 Retry-After",
     .profile = "go-llmd-current",
     .status = 429,
     .is_by_header = true},
};

static bool name_fits(const char *golden, const char *name)
{
    size_t length = strlen(name);
    return strncmp(golden, name, length) == 0 &&
           (golden[length] == ' ' || golden[length] == '\0');
}

static double number(const cJSON *object, const char *key)
{
    return cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(object, key));
}

/* The rule of the innermost layer that covers the outcome. */
static const struct profile_rule *find_rule(const struct profile *profile,
                                            const struct golden_law *law,
                                            int64_t body_bytes)
{
    const struct retry_request request = {"POST", "/api/v1/asample",
                                          body_bytes};
    const struct attempt_outcome outcome = {
        .end = law->status ? END_STATUS : END_RESET, .status = law->status};
    for (size_t i = profile->layer_count; i-- > 0;) {
        const struct layer *layer = &profile->layers[i];
        if (!layer_covers(layer, request.method, request.path)) {
            continue;
        }
        const struct profile_rule *rule = layer_rule(layer, &request, &outcome);
        if (rule && rule->action != RULE_PASS) {
            return rule;
        }
    }
    fail_msg("%s: no rule for status %d", profile->id, law->status);
    return NULL;
}

static const struct backoff *find_backoff(const struct profile *profile,
                                          const struct golden_law *law,
                                          const cJSON *item)
{
    if (!law->is_ask_again) {
        int64_t bytes = law->is_by_size ? (int64_t)number(item, "n") : 0;
        return &find_rule(profile, law, bytes)->backoff;
    }
    for (size_t i = 0; i < profile->layer_count; i++) {
        if (profile->layers[i].slots.ask_again.schedule != SCHEDULE_NONE) {
            return &profile->layers[i].slots.ask_again;
        }
    }
    fail_msg("%s: no waiter asks again", profile->id);
    return NULL;
}

static void check_number(const struct golden_law *law, const cJSON *item,
                         double got)
{
    if (got != number(item, "delay")) {
        fail_msg("%s, %s: n=%g u=%g: %.17g, expected %.17g", law->name,
                 law->profile, number(item, "n"), number(item, "u"), got,
                 number(item, "delay"));
    }
}

/* Python: the very double, in seconds. Elixir and Go: the whole number. */
static void check_draw(const struct golden_law *law, const cJSON *item,
                       const struct backoff *backoff, double unit_ns)
{
    const struct delay_law delay = {
        .backoff = backoff,
        .n = law->is_by_size ? 0 : (int64_t)number(item, "n"),
        .cut_ns = NS_FOREVER,
    };
    const cJSON *drawn = cJSON_GetObjectItemCaseSensitive(item, "u");
    double u = cJSON_IsNumber(drawn) ? drawn->valuedouble : 0.5;
    int64_t expected_ns = llround(number(item, "delay") * unit_ns);
    int64_t got_ns = backoff_draw(&delay, u);
    if (got_ns != expected_ns) {
        fail_msg("%s, %s: n=%lld u=%g: %lld ns, expected %lld ns", law->name,
                 law->profile, (long long)delay.n, u, (long long)got_ns,
                 (long long)expected_ns);
    }
    if (backoff->rounding == ROUND_NONE && unit_ns == 1e9) {
        check_number(law, item, backoff_draw_unit(&delay, u));
    }
}

/* n is what the header says, in seconds. */
static void check_header(const struct golden_law *law, const cJSON *item)
{
    char text[24];
    snprintf(text, sizeof text, "%d", (int)number(item, "n"));
    const struct http_header header = {"Retry-After", text};
    struct retry_action action =
        after_first(law->profile, &(struct ending){.status = law->status,
                                                   .headers = &header,
                                                   .header_count = 1});
    assert_int_equal(action.kind, RETRY_WAIT);
    check_number(law, item, (double)action.delay_ns / (double)S);
}

static int check_golden(const struct golden_law *law, const cJSON *golden)
{
    const char *unit =
        cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(golden, "unit"));
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(golden, "cases");
    struct profile *profile = shipped_profile(law->profile);
    const cJSON *item;
    int cases = 0;
    cJSON_ArrayForEach(item, list)
    {
        if (law->is_by_header) {
            check_header(law, item);
        } else {
            check_draw(law, item, find_backoff(profile, law, item),
                       strcmp(unit, "ms") == 0 ? 1e6 : 1e9);
        }
        cases++;
    }
    profile_free(profile);
    return cases;
}

static cJSON *read_goldens(void)
{
    static char text[1 << 16];
    FILE *file = fopen(SOURCE_DIR "/tests/data/goldens.json", "rb");
    assert_non_null(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    cJSON *goldens = cJSON_Parse(text);
    assert_non_null(goldens);
    return goldens;
}

/* S0-17, S0-18, S0-28, S0-29, S1-30, S1-31, S1-32, S1-36, S2-04, S2-29, S2-31,
 * S2-36, S2-57, S4-02, S4-03 */
static void test_goldens(void **state)
{
    (void)state;
    cJSON *goldens = read_goldens();
    int cases = 0;
    const cJSON *golden;
    cJSON_ArrayForEach(golden, goldens)
    {
        const char *name = cJSON_GetStringValue(
            cJSON_GetObjectItemCaseSensitive(golden, "profile"));
        int found = 0;
        for (size_t i = 0; i < COUNT(laws); i++) {
            if (name_fits(name, laws[i].name)) {
                found += check_golden(&laws[i], golden);
            }
        }
        if (found == 0) {
            fail_msg("no profile has the law of golden \"%s\"", name);
        }
        cases += found;
    }
    cJSON_Delete(goldens);
    assert_int_equal(cases, 5 * (int)COUNT(laws));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_goldens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
