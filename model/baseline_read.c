#include <ctype.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "model/baseline.h"
#include "model/jsonc.h"

struct reader {
    struct baseline *baseline;
    const struct baseline_names *names;
    struct error *error;
    struct baseline_line *line; /* at work */
};

static const char example[] =
    "a line reads: retry-after/http-date:RA-1   dates are not parsed, issue "
    "412   until=2027-01-31";

/* At a place inside the line at work. */
static struct problem *refuse(struct reader *reader, const char *at,
                              const char *message)
{
    struct problem *problem =
        error_add(reader->error, PROBLEM_INPUT, "%s", message);
    snprintf(problem->file, sizeof problem->file, "%s", reader->baseline->file);
    problem->line = reader->line->line;
    problem->column = (int)(at - reader->line->text) + 1;
    return problem;
}

static void hint(struct problem *problem, const char *text)
{
    snprintf(problem->hint, sizeof problem->hint, "%s", text);
}

static void hint_nearest(struct problem *problem, const char *word,
                         const char *const *words, const char *otherwise)
{
    const char *nearest = jsonc_nearest(word, words);
    if (nearest) {
        snprintf(problem->hint, sizeof problem->hint, "did you mean \"%s\"?",
                 nearest);
    } else {
        hint(problem, otherwise);
    }
}

/* -- parts of a line --------------------------------------------------------
 */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static const char *copy(struct reader *reader, const char *text, size_t length)
{
    const char *kept = arena_strndup(&reader->baseline->arena, text, length);
    if (!kept) {
        error_add(reader->error, PROBLEM_MEMORY, "out of memory");
    }
    return kept;
}

static int days_of(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && is_leap);
}

static bool is_date(const char *text, size_t length)
{
    static const char form[] = "dddd-dd-dd";
    if (length != sizeof form - 1) {
        return false;
    }
    for (size_t i = 0; i < length; i++) {
        bool is_digit = isdigit((unsigned char)text[i]);
        if (form[i] == 'd' ? !is_digit : text[i] != '-') {
            return false;
        }
    }
    int year = atoi(text), month = atoi(text + 5), day = atoi(text + 8);
    return month >= 1 && month <= 12 && day >= 1 && day <= days_of(year, month);
}

/* "until=DATE" and "flaky" at the end of the line, in any order. Returns where
 * the reason ends, NULL after a problem. */
static const char *read_options(struct reader *reader, const char *from,
                                const char *end)
{
    static const char until[] = "until=";
    for (;;) {
        while (end > from && is_blank(end[-1])) {
            end--;
        }
        const char *word = end;
        while (word > from && !is_blank(word[-1])) {
            word--;
        }
        size_t length = (size_t)(end - word), skip = sizeof until - 1;
        if (length == 5 && strncmp(word, "flaky", 5) == 0) {
            reader->line->is_flaky = true;
        } else if (length >= skip && strncmp(word, until, skip) == 0) {
            if (!is_date(word + skip, length - skip)) {
                hint(refuse(reader, word, "until= takes a day that exists"),
                     "such as until=2027-01-31");
                return NULL;
            }
            reader->line->until = copy(reader, word + skip, length - skip);
        } else {
            return end;
        }
        end = word;
    }
}

static bool check_rule(struct reader *reader, const char *at)
{
    const char *const *rules = reader->names->rules;
    for (size_t i = 0; rules[i]; i++) {
        if (strcmp(rules[i], reader->line->rule) == 0) {
            return true;
        }
    }
    char message[128];
    snprintf(message, sizeof message, "there is no rule \"%.40s\"",
             reader->line->rule);
    hint_nearest(refuse(reader, at, message), reader->line->rule, rules,
                 "\"retryspec explain\" lists them");
    return false;
}

static bool check_pattern(struct reader *reader)
{
    const char *const *scenarios = reader->names->scenarios;
    const char *pattern = reader->line->pattern;
    for (size_t i = 0; scenarios[i]; i++) {
        if (fnmatch(pattern, scenarios[i], 0) == 0) {
            return true;
        }
    }
    char message[256];
    snprintf(message, sizeof message, "\"%.160s\" matches no scenario",
             pattern);
    bool is_glob = strpbrk(pattern, "*?[") != NULL;
    static const char *const none[] = {NULL};
    hint_nearest(refuse(reader, strstr(reader->line->text, pattern), message),
                 pattern, is_glob ? none : scenarios,
                 "\"retryspec list\" names them all");
    return false;
}

static bool check_repeat(struct reader *reader, const char *at)
{
    const struct baseline *baseline = reader->baseline;
    for (const struct baseline_line *line = baseline->lines;
         line < reader->line; line++) {
        if (line->rule && strcmp(line->rule, reader->line->rule) == 0 &&
            strcmp(line->pattern, reader->line->pattern) == 0) {
            char message[64];
            snprintf(message, sizeof message, "line %d lists the same",
                     line->line);
            refuse(reader, at, message);
            return false;
        }
    }
    return true;
}

/* SCENARIO:RULE; a rule has no colon, an id may. False: it is no name at all.
 */
static bool split_name(struct reader *reader, const char *from, size_t length)
{
    struct baseline_line *line = reader->line;
    const char *colon = memrchr(from, ':', length);
    if (!colon || colon == from || colon + 1 == from + length) {
        hint(refuse(reader, from, "expected SCENARIO:RULE"), example);
        return false;
    }
    line->pattern = copy(reader, from, (size_t)(colon - from));
    if (line->pattern) {
        line->rule =
            copy(reader, colon + 1, (size_t)(from + length - colon - 1));
    }
    return line->rule;
}

static void check_name(struct reader *reader, const char *from)
{
    struct baseline_line *line = reader->line;
    bool is_fine = check_rule(reader, from + strlen(line->pattern) + 1);
    is_fine &= check_pattern(reader);
    if (!is_fine || !check_repeat(reader, from)) {
        line->rule = NULL; /* said; not to be compared with */
    }
}

static void read_reason(struct reader *reader, const char *reason)
{
    const char *end = read_options(reader, reason, reason + strlen(reason));
    if (end == reason) {
        hint(refuse(reader, reason, "the reason is missing"),
             "say why it is known to fail, such as: issue 412");
    } else if (end) {
        reader->line->reason = copy(reader, reason, (size_t)(end - reason));
    }
}

static void read_line(struct reader *reader)
{
    struct baseline_line *line = reader->line;
    const char *from = line->text + strspn(line->text, " \t");
    size_t length = strcspn(from, " \t");
    if (!*from || *from == '#' || !split_name(reader, from, length)) {
        return;
    }
    check_name(reader, from);
    read_reason(reader, from + length + strspn(from + length, " \t"));
}

/* -- the whole --------------------------------------------------------------
 */

/* Where the first byte stands that text does not have; NULL: nowhere. */
static const char *find_binary(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        unsigned char byte = (unsigned char)text[i];
        if ((byte < 0x20 && byte != '\t') || byte == 0x7F) {
            return text + i;
        }
    }
    return NULL;
}

static void add_line(struct reader *reader, const char *bytes, size_t length)
{
    struct baseline *baseline = reader->baseline;
    struct baseline_line *line = &baseline->lines[baseline->count];
    if (length > 0 && bytes[length - 1] == '\r') {
        length--;
    }
    *line = (struct baseline_line){.line = (int)baseline->count + 1,
                                   .text = copy(reader, bytes, length)};
    if (!line->text) {
        return;
    }
    baseline->count++;
    reader->line = line;
    const char *binary = find_binary(bytes, length);
    if (binary) {
        refuse(reader, line->text + (binary - bytes),
               "a control character: is this a baseline?");
    } else {
        read_line(reader);
    }
}

static size_t count_lines(const char *bytes, size_t size)
{
    size_t count = 1;
    for (size_t i = 0; i < size; i++) {
        count += bytes[i] == '\n';
    }
    return count;
}

static bool is_too_large(const char *file, const char *bytes, size_t size,
                         struct error *error)
{
    if (size <= BASELINE_BYTES_MAX &&
        count_lines(bytes, size) <= BASELINE_LINES_MAX) {
        return false;
    }
    struct problem *problem =
        error_add(error, PROBLEM_INPUT,
                  "more than %d bytes or %d lines: is this a baseline?",
                  BASELINE_BYTES_MAX, BASELINE_LINES_MAX);
    snprintf(problem->file, sizeof problem->file, "%s", file);
    return true;
}

static struct baseline *create(const char *file, size_t lines)
{
    struct baseline *baseline = calloc(1, sizeof *baseline);
    if (!baseline) {
        return NULL;
    }
    baseline->file = arena_strdup(&baseline->arena, file);
    baseline->lines =
        arena_array(&baseline->arena, lines, sizeof *baseline->lines);
    if (!baseline->file || !baseline->lines) {
        baseline_free(baseline);
        return NULL;
    }
    return baseline;
}

struct baseline *baseline_read(const char *file, const char *bytes, size_t size,
                               const struct baseline_names *names,
                               struct error *error)
{
    if (is_too_large(file, bytes, size, error)) {
        return NULL;
    }
    struct baseline *baseline = create(file, count_lines(bytes, size));
    if (!baseline) {
        error_add(error, PROBLEM_MEMORY, "out of memory");
        return NULL;
    }
    int problems = error->count + error->dropped;
    struct reader reader = {baseline, names, error, NULL};
    for (size_t at = 0; at < size;) {
        const char *end = memchr(bytes + at, '\n', size - at);
        size_t length = end ? (size_t)(end - bytes) - at : size - at;
        add_line(&reader, bytes + at, length);
        at += length + 1;
    }
    if (error->count + error->dropped > problems) {
        baseline_free(baseline);
        return NULL;
    }
    return baseline;
}

struct baseline *baseline_read_file(const char *file, bool may_be_missing,
                                    const struct baseline_names *names,
                                    struct error *error)
{
    FILE *in = fopen(file, "re");
    if (!in && errno == ENOENT && may_be_missing) {
        return baseline_read(file, "", 0, names, error);
    }
    char *bytes = in ? malloc(BASELINE_BYTES_MAX + 1) : NULL;
    struct baseline *baseline = NULL;
    errno = in ? ENOMEM : errno;
    size_t size = 0;
    bool is_read = false;
    if (bytes) {
        errno = 0;
        size = fread(bytes, 1, BASELINE_BYTES_MAX + 1, in);
        is_read = !ferror(in);
    }
    if (is_read) {
        baseline = baseline_read(file, bytes, size, names, error);
    } else {
        error_add_errno(error, errno, "can't read the baseline %s", file)
            ->kind = PROBLEM_INPUT;
    }
    free(bytes);
    if (in) {
        fclose(in);
    }
    return baseline;
}

void baseline_free(struct baseline *baseline)
{
    if (!baseline) {
        return;
    }
    arena_deinit(&baseline->arena);
    free(baseline);
}
