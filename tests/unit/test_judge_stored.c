/* Traces of real programs, stored as they were recorded: the verdicts stay.
 * curl is curl 7.88.1 with --retry 5; sh-loop starts curl -m 2 anew up to three
 * times with a pause of 0.4 s. */
#include "judge_story.h"

struct row {
    const char *trace, *profile;
    enum client_fault fault;
    const char *verdicts; /* all but n/a, in order */
};

static const struct row rows[] = {
    {"curl-429-date", "curl-retry", CLIENT_OK,
     "AT-1 PASS, AT-3 PASS, ST-1 PASS, RA-1 PASS, RA-2 PASS, REQ-1 PASS, "
     "OVER-1 PASS"},
    {"curl-500-502-504", "curl-retry", CLIENT_OK,
     "AT-1 PASS, AT-3 PASS, ST-1 PASS, BO-1 PASS, BO-2 PASS, REQ-1 PASS, "
     "OVER-1 PASS"},
    {"curl-500-502-504", "openai-python", CLIENT_OK,
     "AT-1 PASS, AT-2 FAIL, ST-1 PASS, BO-1 PASS, BO-2 FAIL, REQ-1 PASS, "
     "REQ-3 FAIL, HID-1 PASS, OVER-1 PASS"},
    {"curl-reset-at-accept", "curl-retry", CLIENT_OK, "TF-2 PASS, FLT-1 PASS"},
    {"curl-429-date-past", "curl-retry", CLIENT_OK, "RA-1 PASS"},
    {"curl-429-date-past", "http-generic", CLIENT_TIMED_OUT, ""},
    {"sh-loop-429-seconds", "curl-retry", CLIENT_OK,
     "AT-1 PASS, AT-3 PASS, ST-1 PASS, RA-1 FAIL, RA-2 PASS, REQ-1 PASS, "
     "OVER-1 PASS"},
    {"sh-loop-429-seconds", "http-generic", CLIENT_OK,
     "AT-3 PASS, RA-1 FAIL, REQ-1 PASS, OVER-1 PASS"},
    {"sh-loop-hang", "curl-retry", CLIENT_OK,
     "AT-1 PASS, AT-3 PASS, TF-1 PASS, BO-1 FAIL, BO-2 PASS, TO-1 FAIL, "
     "REQ-1 PASS, HID-1 PASS, OVER-1 PASS, CONN-1 PASS, CONN-2 PASS, "
     "FLT-1 PASS"},
};

static struct profile *shipped_profile(const char *id)
{
    char name[128];
    struct error error = {0};
    snprintf(name, sizeof name, "profiles/%s.jsonc", id);
    const struct embedded_file *file = embedded(name);
    struct profile *profile =
        profile_read(name, file->bytes, file->size, &error);
    must_read(profile, &error);
    return profile;
}

static struct scenario *shipped_scenario(const char *id)
{
    char name[128];
    struct error error = {0};
    snprintf(name, sizeof name, "%s.jsonc", id);
    const struct embedded_file *file = embedded(name);
    struct scenario *scenario =
        scenario_read(name, file->bytes, file->size, &error);
    must_read(scenario, &error);
    return scenario;
}

static void write_verdicts(const struct story *story, char *text, size_t size)
{
    size_t used = 0;
    text[0] = '\0';
    for (size_t i = 0; i < story->report->verdict_count; i++) {
        const struct verdict *verdict = &story->report->verdicts[i];
        if (verdict->word != VERDICT_NA && used < size) {
            used += (size_t)snprintf(text + used, size - used, "%s%s %s",
                                     used ? ", " : "", verdict->rule->id,
                                     verdict_people_words[verdict->word]);
        }
    }
}

static bool check_row(const struct row *row)
{
    char path[256], found[1024];
    struct error error = {0};
    snprintf(path, sizeof path, "%s/tests/data/traces/%s.ndjson", SOURCE_DIR,
             row->trace);
    struct trace *trace = trace_read_file(path, &error);
    must_read(trace, &error);
    struct story story = {.profile = shipped_profile(row->profile),
                          .scenario = shipped_scenario(trace->scenario),
                          .trace = *trace};
    story_judge(&story);
    write_verdicts(&story, found, sizeof found);
    bool is_right = strcmp(found, row->verdicts) == 0 &&
                    story.report->client_fault == row->fault;
    if (!is_right) {
        print_verdicts(&story);
        fprintf(stderr, "^ %s under %s\n  wanted %s, %s\n  found  %s, %s\n",
                row->trace, row->profile, row->verdicts,
                client_fault_words[row->fault], found,
                client_fault_words[story.report->client_fault]);
    }
    story_free(&story);
    trace_free(trace);
    return is_right;
}

static void test_stored_traces(void **state)
{
    (void)state;
    bool are_right = true;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        are_right &= check_row(&rows[i]);
    }
    assert_true(are_right);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_stored_traces)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
