/* The part of the profile reader for sets of statuses. */
#include <stdlib.h>
#include <string.h>

#include "model/fields.h"
#include "model/profile_read.h"

enum { STATUS_DIGITS = 3, WORDS_MAX = 64 };

/* Three digits at *text, which moves behind them; -1 if there are none. */
static int parse_status(const char **text)
{
    int status = 0;
    for (int i = 0; i < STATUS_DIGITS; i++) {
        if ((*text)[i] < '0' || (*text)[i] > '9') {
            return -1;
        }
        status = status * 10 + ((*text)[i] - '0');
    }
    *text += STATUS_DIGITS;
    return status >= PROFILE_STATUS_MIN ? status : -1;
}

/* "429" or "500-599". */
static bool parse_range(const char *text, int *from, int *to)
{
    *from = *to = parse_status(&text);
    if (*from > 0 && *text == '-') {
        text++;
        *to = parse_status(&text);
    }
    return *from > 0 && *to >= *from && *text == '\0';
}

static bool is_exception(const struct jsonc_value *word)
{
    return cJSON_IsString(word->item) && *word->item->valuestring == '!';
}

static void refuse_type(const struct jsonc_value *word)
{
    struct problem *problem =
        fields_expected(word, "a string such as \"429\" or \"500-599\"");
    if (cJSON_IsNumber(word->item)) {
        jsonc_hint(problem, "write \"%.0f\"", word->item->valuedouble);
    }
}

static void read_word(const struct jsonc_value *word,
                      struct status_set *statuses)
{
    int from = 0, to = 0;
    const char *text = cJSON_GetStringValue(word->item);
    bool has_mark = is_exception(word);
    if (!text) {
        refuse_type(word);
    } else if (!parse_range(text + has_mark, &from, &to)) {
        fields_expected(word,
                        "a status or a range from %d to %d, such as \"429\", "
                        "\"500-599\" or \"!501\"",
                        PROFILE_STATUS_MIN, PROFILE_STATUS_MAX);
    } else if (has_mark) {
        status_set_remove(statuses, from, to);
    } else {
        status_set_add(statuses, from, to);
    }
}

/* Exceptions come last, wherever they are written: order means nothing. */
static void read_words(const struct jsonc_value *at, int count,
                       struct status_set *statuses)
{
    bool has_any = false;
    for (int i = 0; i < count; i++) {
        struct jsonc_value word = jsonc_at(at, i);
        if (!is_exception(&word)) {
            has_any = true;
            read_word(&word, statuses);
        }
    }
    for (int i = 0; i < count; i++) {
        struct jsonc_value word = jsonc_at(at, i);
        if (is_exception(&word)) {
            read_word(&word, statuses);
        }
    }
    if (!has_any) {
        jsonc_problem(at, "expected a status or range, found only exceptions "
                          "to one");
    }
}

void profile_read_statuses(const struct jsonc_value *at,
                           struct status_set *statuses)
{
    int count = jsonc_length(at);
    if (count < 0) {
        return;
    }
    if (count == 0 || count > WORDS_MAX) {
        fields_expected(at, "1 to %d statuses", WORDS_MAX);
        return;
    }
    read_words(at, count, statuses);
}
