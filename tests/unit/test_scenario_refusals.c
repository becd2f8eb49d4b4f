/* Goal: whatever is wrong with a scenario is refused with an exact message at
 * the exact place. The cases are in golden/scenario_refusals.txt:
 *
 *   ## <what the input is> [schema | file name]
 *   <input, one line>
 *   <the problems as printed, each line behind a '|'>
 *
 * "schema" marks what the JSON Schema refuses as well
 * (tests/e2e/test_scenario_schema.py reads the same file). With --print as
 * argument, the file is written to standard output as the reader sees it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "model/scenario.h"

static const char golden[] =
    SOURCE_DIR "/tests/unit/golden/scenario_refusals.txt";

#define HEAD     "{\"retryspec\": 1, \"id\": \"a\", \"title\": \"t\","
#define WORKLOAD "\"workload\": {\"request\": \"GET /x\"},"
#define ROUTE    "{\"match\": \"GET /x\", "
#define STEPS    ROUTE "\"per\": \"call\", \"after_last\": \"repeat\", \"steps\": "
#define SERVER   "\"server\": [" STEPS "[{}]}]"

/* How an input becomes a file; it stands on the second line of all but
 * "top". */
static const struct wrapper {
    const char *kind, *before, *after;
} wrappers[] = {
    {"top", "", ""},
    {"member", "{\"retryspec\": 1, \"title\": \"t\", " WORKLOAD "\n",
     ", " SERVER "}"},
    {"workload", HEAD "\"workload\":\n", ", " SERVER "}"},
    {"route", HEAD WORKLOAD "\"server\": [\n", "]}"},
    {"step", HEAD WORKLOAD "\"server\": [" STEPS "[\n", "]}]}"},
    {"window", HEAD WORKLOAD "\"server\": [" ROUTE "\"windows\": [\n", "]}]}"},
};

struct refusal {
    char kind[32], option[160], input[512], expected[2048];
};

static char *wrap(const struct refusal *refusal)
{
    for (size_t i = 0; i < sizeof wrappers / sizeof *wrappers; i++) {
        const struct wrapper *w = &wrappers[i];
        if (strcmp(w->kind, refusal->kind) != 0)
            continue;
        /* Every file needs an id, but "member" may bring its own. */
        bool lacks_id = strcmp(w->kind, "member") == 0 &&
                        strncmp(refusal->input, "\"id\"", 4) != 0;
        char *text = NULL;
        int length = asprintf(&text, "%s%s%s%s", w->before, refusal->input,
                              lacks_id ? ", \"id\": \"a\"" : "", w->after);
        assert_true(length > 0);
        return text;
    }
    fail_msg("unknown kind \"%s\"", refusal->kind);
    return NULL;
}

/* The problems with '|' before each line; "" if there are none. */
static char *read_and_print(const struct refusal *refusal)
{
    bool has_file = strchr(refusal->option, '.');
    struct error error = {0};
    char *text = wrap(refusal), *printed = NULL, *quoted = NULL;
    size_t size;
    struct scenario *scenario = scenario_read(has_file ? refusal->option : "f",
                                              text, strlen(text), &error);
    assert_true(!scenario == error_is_set(&error));
    scenario_free(scenario);
    FILE *out = open_memstream(&printed, &size);
    error_print(&error, out);
    fclose(out);
    out = open_memstream(&quoted, &size);
    for (char *line = strtok(printed, "\n"); line; line = strtok(NULL, "\n"))
        fprintf(out, "|%s\n", line);
    fclose(out);
    free(printed);
    free(text);
    return quoted;
}

/* The next case of the file; false at its end. */
static bool next_case(FILE *file, struct refusal *refusal)
{
    char line[1024];
    *refusal = (struct refusal){0};
    while (fgets(line, sizeof line, file)) {
        if (sscanf(line, "## %31s %159s", refusal->kind, refusal->option) < 1)
            continue;
        assert_non_null(fgets(refusal->input, sizeof refusal->input, file));
        refusal->input[strcspn(refusal->input, "\n")] = '\0';
        long place = ftell(file);
        while (fgets(line, sizeof line, file) && line[0] == '|') {
            strncat(refusal->expected, line,
                    sizeof refusal->expected - strlen(refusal->expected) - 1);
            place = ftell(file);
        }
        fseek(file, place, SEEK_SET);
        return true;
    }
    return false;
}

static void refuses_with_exact_messages(void **state)
{
    (void)state;
    FILE *file = fopen(golden, "r");
    assert_non_null(file);
    static struct refusal refusal;
    int count = 0, wrong = 0;
    for (; next_case(file, &refusal); count++) {
        char *text = read_and_print(&refusal);
        if (text[0] == '\0' || strcmp(text, refusal.expected) != 0) {
            print_error("%s %s\n%sbut expected\n%s", refusal.kind,
                        refusal.input, text, refusal.expected);
            wrong++;
        }
        free(text);
    }
    fclose(file);
    assert_true(count > 100);
    assert_int_equal(wrong, 0);
}

static void print_all(void)
{
    static struct refusal refusal;
    FILE *file = fopen(golden, "r");
    while (file && next_case(file, &refusal)) {
        char *text = read_and_print(&refusal);
        printf("## %s%s%s\n%s\n%s", refusal.kind, *refusal.option ? " " : "",
               refusal.option, refusal.input, text);
        free(text);
    }
    if (file)
        fclose(file);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_with_exact_messages),
    };
    if (argc > 1 && strcmp(argv[1], "--print") == 0)
        return print_all(), 0;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
