/* Any answer of a server: every dialect tells of it in whole lines, and those
 * that are JSON can be read. The first byte of the input chooses dialect and
 * step, the second the status; the rest is the body. */
#include <cjson/cJSON.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dialects/dialect.h"
#include "model/units.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool is_true)
{
    if (!is_true) {
        abort();
    }
}

static const int statuses[] = {200, 302, 400, 404, 408, 410, 429, 500, 600};
enum { STATUS_COUNT = sizeof statuses / sizeof *statuses };

static const struct profile_rule rules[] = {{.action = RULE_RETRY}};
static const struct layer layers[] = {
    {
        .name = "loop",
        .rules = rules,
        .rule_count = 1,
        .budget = {.attempts = 3, .elapsed_ns = NS_FOREVER},
        .progress = {.timeout_ns = NS_FOREVER},
    },
    {
        .name = "submit",
        .budget = {.attempts = ATTEMPTS_UNLIMITED,
                   .elapsed_ns = NS_PER_S,
                   .elapsed_test = ELAPSED_CUT_SLEEP},
        .progress = {.timeout_ns = NS_FOREVER},
    },
};
static const struct profile profile = {
    .id = "fuzz",
    .layers = layers,
    .layer_count = 2,
    .follow_up = {"POST", "/v1/y"},
};
static const struct retry_request request = {"POST", "/v1/x", 0};

static void tell(struct dialect *dialect, enum call_event_kind kind,
                 const struct attempt_outcome *outcome, int step)
{
    const char *body = outcome->body_size > 0 ? outcome->body : "";
    char word[64];
    snprintf(word, sizeof word, "%.*s", (int)outcome->body_size, body);
    dialect_event(dialect, &(struct call_event){
                               .kind = kind,
                               .token = "rs-0-0",
                               .session = "session-0",
                               .profile = &profile,
                               .request = &request,
                               .attempt_limit = ATTEMPTS_UNLIMITED,
                               .step = step,
                               .outcome = kind == EVENT_START ? NULL : outcome,
                               .layer = &layers[0],
                               .reason = REASON_FINAL,
                               .queue_state = word,
                               .queue_reason = word,
                           });
}

static void tell_all(struct dialect *dialect,
                     const struct attempt_outcome *outcome, int step)
{
    static const enum call_event_kind story[] = {
        EVENT_QUEUED, EVENT_ENTERED, EVENT_START, EVENT_NOTICE,  EVENT_RETRY,
        EVENT_START,  EVENT_FAILED,  EVENT_START, EVENT_ABORTED, EVENT_DONE};
    for (size_t i = 0; i < sizeof story / sizeof *story; i++) {
        tell(dialect, story[i], outcome, step);
    }
}

/* Lines without control characters; one that begins an object is one. */
static void check(char *text)
{
    char *end;
    for (char *line = text; *line; line = end + 1) {
        end = strchr(line, '\n');
        require(end != NULL);
        *end = '\0';
        for (const char *at = line; *at; at++) {
            require((unsigned char)*at >= ' ');
        }
        if (*line == '{' && line[1] == '"') {
            cJSON *root = cJSON_Parse(line);
            require(root != NULL);
            cJSON_Delete(root);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2) {
        return 0;
    }
    /* A copy of its exact size: the body has no NUL at its end. */
    char *body = malloc(size - 1);
    require(body != NULL);
    memcpy(body, data + 2, size - 2);
    struct attempt_outcome outcome = {
        .status = statuses[data[1] % STATUS_COUNT],
        .body = size > 2 ? body : NULL,
        .body_size = size - 2,
    };
    char *text = NULL;
    size_t length;
    FILE *out = open_memstream(&text, &length);
    require(out != NULL);
    struct dialect *dialect = dialect_create(&(struct dialect_options){
        .kind = (enum dialect_kind)(data[0] % (DIALECT_GO + 1)), .out = out});
    require(dialect != NULL);
    tell_all(dialect, &outcome, data[0] & 1);
    require(!dialect_is_lost(dialect));
    dialect_free(dialect);
    fclose(out);
    check(text);
    free(text);
    free(body);
    return 0;
}
