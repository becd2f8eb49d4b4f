/* Profiles that are wrong, and what the reader says of them. */
#ifndef RETRYSPEC_TESTS_HOSTILE_PROFILES_H
#define RETRYSPEC_TESTS_HOSTILE_PROFILES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "model/profile.h"

#define FILE_OF(layers)                                                    \
    "{\"retryspec\":1,\"profile\":\"p\",\"title\":\"t\",\"source\":\"s\"," \
    "\n\"layers\":" layers "}"
#define LAYER(members) FILE_OF("[{\"name\":\"a\"" members "}]")
#define RULE(rule)     LAYER(",\"rules\":[{\n" rule "}]")
#define ON(on)         RULE("\"on\":" on ",\"do\":\"fail\"")
#define RETRY(members) \
    RULE("\"on\":{\"status\":[\"503\"]},\"do\":\"retry\"," members)
#define BACKOFF(members) RETRY("\"backoff\":{\n" members "}")
#define EXPONENTIAL(members) \
    BACKOFF("\"schedule\":\"exponential\",\"base\":\"2s\"," members)
#define RETRY_AFTER(value) \
    RETRY("\"backoff\":{\"schedule\":\"none\"},\n\"retry_after\":" value)
#define READ                                         \
    "\"read\":[{\"header\":\"Retry-After\",\"as\":[" \
    "\"seconds\"]}]"

struct hostile {
    const char *json;
    const char *expected; /* "line:column path: message | hint" */
};

/* The first problem of the text, as the tables write it. */
static inline void describe_problem(const char *json, char *text, size_t size)
{
    struct error error = {0};
    struct profile *profile =
        profile_read("p.jsonc", json, strlen(json), &error);
    const struct problem *problem = &error.problems[0];
    if (profile) {
        snprintf(text, size, "nothing");
        profile_free(profile);
        return;
    }
    assert_true(error_is_set(&error));
    assert_int_equal(problem->kind, PROBLEM_INPUT);
    assert_string_equal(problem->file, "p.jsonc");
    snprintf(text, size, "%d:%d %s: %s%s%s", problem->line, problem->column,
             problem->path, problem->message, *problem->hint ? " | " : "",
             problem->hint);
}

static inline void check_table(const struct hostile *table, size_t count)
{
    size_t failed = 0;
    for (size_t i = 0; i < count; i++) {
        char found[1024];
        describe_problem(table[i].json, found, sizeof found);
        if (strcmp(found, table[i].expected) != 0) {
            print_error("%s\n  expected: %s\n  found:    %s\n", table[i].json,
                        table[i].expected, found);
            failed++;
        }
    }
    assert_int_equal(failed, 0);
}

#define CHECK_TABLE(table) check_table(table, sizeof(table) / sizeof *(table))

#endif
