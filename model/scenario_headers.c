/* Response headers: "name": "value", an array of values, or a date. */
#include <string.h>
#include <strings.h>

#include "model/scenario_parts.h"
#include "model/units.h"

enum { HEADERS_MAX = 64, VALUE_LENGTH_MAX = 8192 };

/* The server itself frames the response; a second word on it would be a lie
 * that libmicrohttpd does not send. */
static const char *const framing_headers[] = {"Content-Length",
                                              "Transfer-Encoding", NULL};

static bool check_name(const struct jsonc_value *at)
{
    const char *name = at->item->string;
    if (!scenario_is_token(name)) {
        struct problem *problem =
            jsonc_problem(at, "\"%.60s\" is no header name", name);
        jsonc_hint(problem, "letters, digits and !#$%%&'*+-.^_`|~ only "
                            "(RFC 9110 5.6.2)");
        return false;
    }
    for (const char *const *word = framing_headers; *word; word++) {
        if (strcasecmp(name, *word) == 0) {
            jsonc_hint(jsonc_problem(at, "the server writes %s itself", *word),
                       "choose with \"framing\": \"length\", \"chunked\" or "
                       "\"close\"; cut a body short with a fault");
            return false;
        }
    }
    return true;
}

static bool check_value(const struct jsonc_value *at, const char *value)
{
    for (const char *c = value; *c; c++) {
        if ((*c >= 0 && *c < ' ' && *c != '\t') || *c == 0x7f) {
            jsonc_hint(jsonc_problem(at,
                                     "control byte 0x%02x in a header "
                                     "value",
                                     (unsigned)*c),
                       "several values of one name are an array");
            return false;
        }
    }
    if (strlen(value) > VALUE_LENGTH_MAX) {
        jsonc_problem(at, "a header value longer than %d bytes",
                      (int)VALUE_LENGTH_MAX);
        return false;
    }
    return true;
}

static void read_date(const struct jsonc_value *at, struct arena *arena,
                      struct reply_header *header)
{
    static const char *const keys[] = {"http_date", NULL};
    struct jsonc_value value;
    const char *text;
    header->is_date = true;
    if (!fields_open(at, keys) || !jsonc_need(at, "http_date", &value) ||
        !jsonc_string(&value, arena, &text))
        return;
    if (units_parse_offset(text, &header->date_offset_ns))
        return;
    int64_t ns;
    bool lacks_sign = units_parse_duration(text, &ns);
    struct problem *problem = jsonc_refuse(&value, "an offset such as \"+3s\"");
    if (lacks_sign)
        jsonc_hint(problem, "write \"+%.60s\"", text);
}

static void read_value(const struct jsonc_value *at, const char *name,
                       struct arena *arena, struct scenario_headers *headers)
{
    struct reply_header *header = &headers->items[headers->count];
    header->name = name;
    if (cJSON_IsObject(at->item)) {
        read_date(at, arena, header);
    } else if (!cJSON_IsString(at->item)) {
        jsonc_refuse(at,
                     "a string, {\"http_date\": \"+3s\"} or an array of them");
        return;
    } else if (!jsonc_string(at, arena, &header->value) ||
               !check_value(at, header->value)) {
        return;
    }
    headers->count++;
}

static void read_member(const struct jsonc_value *at, struct arena *arena,
                        struct scenario_headers *headers)
{
    if (!check_name(at))
        return;
    const char *name = arena_strdup(arena, at->item->string);
    if (!name) {
        jsonc_problem(at, "out of memory")->kind = PROBLEM_MEMORY;
        return;
    }
    if (!cJSON_IsArray(at->item)) {
        read_value(at, name, arena, headers);
        return;
    }
    int count = scenario_length(at, HEADERS_MAX);
    for (int i = 0; i < count; i++) {
        struct jsonc_value element = jsonc_at(at, i);
        read_value(&element, name, arena, headers);
    }
}

/* Names have no case (RFC 9110 5.1): two spellings of one are a slip. */
static void refuse_twice(const struct jsonc_value *at, int index)
{
    struct jsonc_value later = jsonc_member(at, index);
    for (int i = 0; i < index; i++) {
        struct jsonc_value earlier = jsonc_member(at, i);
        if (strcasecmp(earlier.item->string, later.item->string) == 0)
            jsonc_hint(jsonc_problem(&later,
                                     "\"%.60s\" and \"%.60s\" are "
                                     "one header",
                                     earlier.item->string, later.item->string),
                       "write one key with an array of values");
    }
}

static int count_values(const struct jsonc_value *at)
{
    int count = 0;
    for (const cJSON *item = at->item->child; item; item = item->next)
        count += cJSON_IsArray(item) ? cJSON_GetArraySize(item) : 1;
    return count;
}

void scenario_headers_read(const struct jsonc_value *at, struct arena *arena,
                           struct scenario_headers *headers)
{
    int count = jsonc_expect_map(at, HEADERS_MAX);
    if (count < 0)
        return;
    int values = count_values(at);
    if (values > HEADERS_MAX) {
        jsonc_problem(at, "%d header values; at most %d are allowed", values,
                      (int)HEADERS_MAX);
        return;
    }
    headers->items =
        fields_array(at, arena, (size_t)values, sizeof *headers->items);
    for (int i = 0; headers->items && i < count; i++) {
        struct jsonc_value member = jsonc_member(at, i);
        refuse_twice(at, i);
        read_member(&member, arena, headers);
    }
}
