#include "compare/compare.h"

#include <stdlib.h>
#include <string.h>

#include "compare/aspect.h"
#include "compare/requests.h"

const char *const row_verdict_json_words[] = {
#define X(constant, json, people) json,
    ROW_VERDICT_LIST(X)
#undef X
};
const char *const row_verdict_people_words[] = {
#define X(constant, json, people) people,
    ROW_VERDICT_LIST(X)
#undef X
};
const char *const severity_words[] = {
#define X(constant, word) word,
    SEVERITY_LIST(X)
#undef X
};
const char *const aspect_group_words[] = {
#define X(constant, word) word,
    ASPECT_GROUP_LIST(X)
#undef X
};

static const struct aspect_table *const tables[] = {
    &patience_aspects,     &classification_aspects, &delays_aspects,
    &header_forms_aspects, &shared_aspects,         &wire_aspects,
};
enum { TABLES = sizeof tables / sizeof tables[0] };

int aspect_layer(const struct subject *subject, int i)
{
    const struct profile *profile = subject->profile;
    for (i++; i < (int)profile->layer_count; i++) {
        if (layer_covers(&profile->layers[i], subject->request.method,
                         subject->request.path))
            return i;
    }
    return -1;
}

/* -- one row --------------------------------------------------------------- */

static bool keep(struct arena *arena, const struct words *words,
                 const char **text)
{
    *text = arena_strndup(arena, words->text, words->used);
    return *text != NULL;
}

static bool tell(const struct question *question, struct arena *arena,
                 struct compare_side *side)
{
    struct words words = {0};
    question->aspect->tell(question, &words);
    side->is_absent = words.is_absent;
    side->fate = words.fate;
    return keep(arena, &words, &side->words);
}

static bool is_of_one(enum row_verdict verdict)
{
    return verdict == ROW_ONLY_A || verdict == ROW_ONLY_B;
}

static enum row_verdict verdict_of(const struct compare_side *a,
                                   const struct compare_side *b)
{
    if (a->is_absent && b->is_absent)
        return ROW_NEITHER;
    if (a->is_absent || b->is_absent)
        return a->is_absent ? ROW_ONLY_B : ROW_ONLY_A;
    return strcmp(a->words, b->words) == 0 ? ROW_SAME : ROW_DIFFERENT;
}

static enum severity severity_of(const struct compare_row *row)
{
    bool fates_differ = row->a.fate != row->b.fate &&
                        row->a.fate != FATE_UNTOLD &&
                        row->b.fate != FATE_UNTOLD;
    return fates_differ ? SEVERITY_CRITICAL : row->aspect->severity;
}

static bool is_detail(const struct compare_part *part,
                      const struct aspect *aspect)
{
    const struct compare_row *whole =
        aspect->of ? compare_find(part, aspect->of) : NULL;
    return whole && (is_of_one(whole->verdict) || whole->verdict == ROW_DETAIL);
}

/* Adds the row of both questions. */
static bool compare_row(struct compare_part *part,
                        const struct question questions[2], struct arena *arena)
{
    struct compare_row *row = &part->rows[part->count];
    row->aspect = questions[0].aspect;
    if (!tell(&questions[0], arena, &row->a) ||
        !tell(&questions[1], arena, &row->b))
        return false;
    row->verdict = verdict_of(&row->a, &row->b);
    row->severity = severity_of(row);
    if (row->verdict != ROW_NEITHER && is_detail(part, row->aspect))
        row->verdict = ROW_DETAIL;
    part->count++;
    if (row->verdict != ROW_DIFFERENT || !row->aspect->contrast)
        return true;
    struct words words = {0};
    row->aspect->contrast(&questions[0], &questions[1], &words);
    return keep(arena, &words, &row->contrast);
}

/* -- all rows for one request ---------------------------------------------- */

static bool is_retried(const struct subject *subject,
                       const struct answer *answer)
{
    struct probe probe;
    probe_once(&probe, subject, answer);
    return probe_is_waiting(&probe);
}

static const struct {
    struct answer answer;
    const char *words;
} failures[] = {
    {{.status = 503}, "503"},
    {{.status = 500}, "500"},
    {{.status = 429}, "429"},
    {{.status = 408}, "408"},
    {{.end = END_REFUSED}, "refused connect"},
};
enum { FAILURES = sizeof failures / sizeof failures[0] };

/* A failure that both try again shows their delays. */
static size_t common_failure(const struct subject subjects[2])
{
    for (size_t i = 0; i < FAILURES; i++) {
        if (is_retried(&subjects[0], &failures[i].answer) &&
            is_retried(&subjects[1], &failures[i].answer))
            return i;
    }
    return 0;
}

static size_t row_count(void)
{
    size_t count = 0;
    for (size_t i = 0; i < TABLES; i++)
        count += tables[i]->count;
    return count;
}

static bool compare_part(struct comparison *comparison,
                         const struct request_name *request,
                         struct compare_part *part)
{
    struct arena *arena = &comparison->arena;
    const struct retry_request asked = {.method = request->method,
                                        .path = request->path};
    const struct subject subjects[] = {{comparison->a, asked},
                                       {comparison->b, asked}};
    size_t failure = common_failure(subjects);
    const struct answer *answer = &failures[failure].answer;
    *part = (struct compare_part){
        .method = request->method,
        .path = request->path,
        .failure = failures[failure].words,
        .rows = arena_array(arena, row_count(), sizeof *part->rows),
    };
    for (size_t i = 0; part->rows && i < TABLES; i++) {
        /* What is the same for every request is told once. */
        if (tables[i] == &wire_aspects && part != comparison->parts)
            continue;
        for (size_t k = 0; k < tables[i]->count; k++) {
            const struct aspect *aspect = &tables[i]->items[k];
            const struct question questions[] = {
                {&subjects[0], aspect, answer}, {&subjects[1], aspect, answer}};
            if (!compare_row(part, questions, arena))
                return false;
        }
    }
    return part->rows != NULL;
}

/* -- the whole ------------------------------------------------------------- */

static bool compare_parts(struct comparison *comparison,
                          const struct request_list *requests)
{
    comparison->parts = arena_array(&comparison->arena, requests->count,
                                    sizeof *comparison->parts);
    for (size_t i = 0; comparison->parts && i < requests->count; i++) {
        if (!compare_part(comparison, &requests->items[i],
                          &comparison->parts[comparison->part_count++]))
            return false;
    }
    return comparison->parts != NULL;
}

struct comparison *compare_run(const struct profile *a, const struct profile *b,
                               const char *request, struct error *error)
{
    const struct profile *const profiles[] = {a, b};
    struct request_list requests;
    struct comparison *comparison = calloc(1, sizeof *comparison);
    if (!comparison) {
        error_add(error, PROBLEM_MEMORY, "out of memory");
        return NULL;
    }
    comparison->a = a;
    comparison->b = b;
    if (!requests_find(profiles, request, &comparison->arena, &requests,
                       error)) {
        compare_free(comparison);
        return NULL;
    }
    if (!compare_parts(comparison, &requests)) {
        error_add(error, PROBLEM_MEMORY, "out of memory");
        compare_free(comparison);
        return NULL;
    }
    return comparison;
}

void compare_free(struct comparison *comparison)
{
    arena_deinit(&comparison->arena);
    free(comparison);
}

bool compare_counts(enum row_verdict verdict)
{
    return verdict == ROW_SAME || verdict == ROW_DIFFERENT ||
           is_of_one(verdict);
}

struct compare_score compare_score(const struct comparison *comparison)
{
    struct compare_score score = {0};
    for (size_t i = 0; i < comparison->part_count; i++) {
        const struct compare_part *part = &comparison->parts[i];
        for (size_t k = 0; k < part->count; k++) {
            score.rows += compare_counts(part->rows[k].verdict);
            score.same += part->rows[k].verdict == ROW_SAME;
        }
    }
    return score;
}

double compare_percent(struct compare_score score)
{
    return score.rows == 0 ? 100
                           : 100 * (double)score.same / (double)score.rows;
}

const struct compare_row *compare_find(const struct compare_part *part,
                                       const char *aspect)
{
    for (size_t i = 0; i < part->count; i++) {
        if (strcmp(part->rows[i].aspect->id, aspect) == 0)
            return &part->rows[i];
    }
    return NULL;
}

struct aspect_description compare_describe(const struct aspect *aspect)
{
    return (struct aspect_description){
        .id = aspect->id,
        .title = aspect->title,
        .requirements = aspect->requirements,
        .group = aspect->group,
    };
}
