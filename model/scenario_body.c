/* The body of a reply: "json", "text", "base64" or "body". */
#include <string.h>

#include "model/scenario_parts.h"
#include "model/units.h"

static const int64_t seeded_size_max = INT64_C(1) << 40;

static int base64_digit(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == '+' || c == '/')
        return c == '+' ? 62 : 63;
    return -1;
}

/* RFC 4648 section 4 with padding; bits that no byte takes must be zero.
 * Returns the decoded length, -1 if `text` is no base64. */
static int64_t base64_decode(const char *text, char *out)
{
    size_t length = strlen(text), used = 0;
    size_t digits = length;
    while (digits > 0 && length - digits < 2 && text[digits - 1] == '=')
        digits--;
    if (length % 4 != 0)
        return -1;
    unsigned bits = 0, held = 0;
    for (size_t i = 0; i < digits; i++) {
        int digit = base64_digit(text[i]);
        if (digit < 0)
            return -1;
        bits = bits << 6 | (unsigned)digit;
        held += 6;
        if (held >= 8) {
            held -= 8;
            out[used++] = (char)(bits >> held);
            bits &= (1u << held) - 1;
        }
    }
    return bits == 0 ? (int64_t)used : -1;
}

static void read_base64(const struct jsonc_value *at, struct arena *arena,
                        struct reply *reply)
{
    const char *text;
    if (!jsonc_string(at, arena, &text))
        return;
    char *bytes = fields_array(at, arena, strlen(text) / 4 * 3 + 1, 1);
    if (!bytes)
        return;
    reply->body = bytes;
    reply->body_size = base64_decode(text, bytes);
    if (reply->body_size < 0) {
        reply->body_size = 0;
        jsonc_hint(jsonc_problem(at, "this is not base64 (RFC 4648)"),
                   "A-Z a-z 0-9 + / in groups of four, padded with =");
    }
}

static void read_seeded(const struct jsonc_value *at, struct reply *reply)
{
    static const char *const keys[] = {"size", "seed", NULL};
    struct jsonc_value value;
    int64_t seed = 0;
    if (!fields_open(at, keys))
        return;
    reply->body_is_seeded = true;
    if (jsonc_need(at, "size", &value) &&
        jsonc_size(&value, &reply->body_size) &&
        reply->body_size > seeded_size_max)
        jsonc_problem(&value, "a body larger than 1024GiB");
    if (jsonc_get(at, "seed", &value) && jsonc_int(&value, 0, INT64_MAX, &seed))
        reply->body_seed = (uint64_t)seed;
}

static void read_json(const struct jsonc_value *at, struct arena *arena,
                      struct reply *reply)
{
    reply->content_type = "application/json";
    reply->body = jsonc_text(at, arena);
    if (reply->body)
        reply->body_size = (int64_t)strlen(reply->body);
}

static void read_text(const struct jsonc_value *at, struct arena *arena,
                      struct reply *reply)
{
    reply->content_type = "text/plain";
    if (jsonc_string(at, arena, &reply->body))
        reply->body_size = (int64_t)strlen(reply->body);
}

/* The key of the one body there is, NULL if there is none or several. */
static const char *body_key(const struct jsonc_value *at,
                            struct jsonc_value *value)
{
    static const char *const keys[] = {"json", "text", "base64", "body", NULL};
    const char *key = NULL;
    struct jsonc_value other;
    for (const char *const *k = keys; *k; k++) {
        if (!jsonc_get(at, *k, &other))
            continue;
        if (key) {
            jsonc_hint(jsonc_problem(&other,
                                     "a reply has one body, found "
                                     "\"%s\" and \"%s\"",
                                     key, *k),
                       "remove one of them");
            return NULL;
        }
        key = *k;
        *value = other;
    }
    return key;
}

static void refuse_body(const struct jsonc_value *at, const char *key,
                        int status)
{
    jsonc_hint(jsonc_problem(at,
                             "a %d has no body (RFC 9110 6.4.1), so "
                             "\"%s\" has no place",
                             status, key),
               "remove \"%s\" or choose another status", key);
}

void scenario_body_read(const struct jsonc_value *at, struct arena *arena,
                        struct reply *reply)
{
    struct jsonc_value value;
    const char *key = body_key(at, &value);
    if (!key)
        return;
    if (!scenario_status_has_body(reply->status)) {
        refuse_body(&value, key, reply->status);
        return;
    }
    if (strcmp(key, "json") == 0)
        read_json(&value, arena, reply);
    else if (strcmp(key, "text") == 0)
        read_text(&value, arena, reply);
    else if (strcmp(key, "base64") == 0)
        read_base64(&value, arena, reply);
    else
        read_seeded(&value, reply);
}
