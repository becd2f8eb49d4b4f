/* Values that several parts of a scenario are made of. */
#include <stdio.h>
#include <string.h>

#include "model/scenario_parts.h"

int scenario_length(const struct jsonc_value *at, int max)
{
    int count = jsonc_length(at);
    if (count >= 1 && count <= max)
        return count;
    if (count == 0)
        jsonc_problem(at, "expected at least one element, found none");
    else if (count > max)
        jsonc_problem(at, "%d elements; at most %d are allowed", count, max);
    return 0;
}

bool scenario_text(const struct jsonc_value *at, struct arena *arena,
                   const char **out)
{
    if (!jsonc_string(at, arena, out))
        return false;
    if (**out)
        return jsonc_check_line(at, *out);
    jsonc_problem(at, "found an empty string");
    return false;
}

int scenario_problems(const struct jsonc_value *at)
{
    return at->doc->error->count + at->doc->error->dropped;
}

static const char token_characters[] =
    "!#$%&'*+-.^_`|~0123456789"
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

bool scenario_is_token(const char *text)
{
    size_t length = strspn(text, token_characters);
    return length > 0 && text[length] == '\0';
}

/* -- targets --------------------------------------------------------------- */

enum { TARGET_LENGTH_MAX = 1024 };

static bool is_path(const char *path)
{
    if (*path != '/')
        return false;
    for (const char *c = path; *c; c++) {
        if (*c <= ' ' || *c == 0x7f || *c == '#')
            return false;
    }
    return true;
}

static bool refuse_target(const struct jsonc_value *at)
{
    struct problem *problem = jsonc_refuse(at, "a method and a path");
    jsonc_hint(problem, "write it like \"POST /v1/echo\"");
    return false;
}

static bool check_method(const struct jsonc_value *at, const char *method)
{
    char upper[32] = "";
    size_t length = strlen(method);
    for (size_t i = 0; i < length && i < sizeof upper - 1; i++) {
        bool is_lower = method[i] >= 'a' && method[i] <= 'z';
        upper[i] = (char)(is_lower ? method[i] - 'a' + 'A' : method[i]);
    }
    if (length < sizeof upper && strcmp(upper, method) == 0)
        return true;
    jsonc_hint(jsonc_problem(at, "methods are in capitals (RFC 9110 9.1)"),
               "write \"%s\"", upper);
    return false;
}

bool scenario_target_read(const struct jsonc_value *at, struct arena *arena,
                          struct scenario_target *target)
{
    const char *text;
    if (!jsonc_string(at, arena, &text))
        return false;
    size_t length = strcspn(text, " ");
    if (strlen(text) > TARGET_LENGTH_MAX) {
        jsonc_problem(at, "longer than %d bytes", (int)TARGET_LENGTH_MAX);
        return false;
    }
    char *method = fields_array(at, arena, length + 1, 1);
    if (!method)
        return false;
    memcpy(method, text, length);
    if (!scenario_is_token(method) || text[length] != ' ' ||
        !is_path(text + length + 1))
        return refuse_target(at);
    *target = (struct scenario_target){method, text + length + 1};
    return check_method(at, method);
}

/* A star of the later pattern can only be taken by one of the earlier, so the
 * later pattern is matched as if it were a path. */
bool scenario_route_covers(const struct route *earlier,
                           const struct route *later)
{
    if (earlier->method && !later->method)
        return false;
    return route_matches(earlier, later->method ? later->method : "",
                         later->path);
}
