#include "model/baseline.h"

#include <fnmatch.h>
#include <string.h>

size_t baseline_size(const struct baseline *baseline)
{
    size_t count = 0;
    for (size_t i = 0; i < baseline->count; i++) {
        count += baseline->lines[i].rule != NULL;
    }
    return count;
}

static bool names_scenario(const struct baseline_line *line, const char *id)
{
    return line->rule && fnmatch(line->pattern, id, 0) == 0;
}

/* The line that lists a rule in a scenario: one with its very id before a
 * pattern, else the first. */
static const struct baseline_line *find_line(const struct baseline *baseline,
                                             const char *id, const char *rule)
{
    const struct baseline_line *found = NULL;
    for (size_t i = 0; i < baseline->count; i++) {
        const struct baseline_line *line = &baseline->lines[i];
        if (!names_scenario(line, id) || strcmp(line->rule, rule) != 0) {
            continue;
        }
        if (strcmp(line->pattern, id) == 0) {
            return line;
        }
        found = found ? found : line;
    }
    return found;
}

/* What a client does wrong early keeps it from what it would be asked later: a
 * check that was not exercised can be listed like one that failed. */
static bool is_broken(const struct verdict *verdict)
{
    return verdict->word == VERDICT_FAIL || verdict->word == VERDICT_WARN ||
           verdict->word == VERDICT_NOT_EXERCISED;
}

/* Neither kept nor broken: no word on whether the line is still true. */
static bool is_open(const struct verdict *verdict)
{
    return verdict->word == VERDICT_INCONCLUSIVE;
}

static enum known known_of(const struct baseline_line *line,
                           const struct verdict *verdict, const char *today)
{
    if (is_open(verdict)) {
        return KNOWN_NOT;
    }
    if (!is_broken(verdict)) {
        return line->is_flaky ? KNOWN_FLAKY : KNOWN_STALE;
    }
    if (line->until && strcmp(today, line->until) > 0) {
        return KNOWN_EXPIRED;
    }
    return line->is_flaky ? KNOWN_FLAKY : KNOWN_FAILURE;
}

void baseline_mark(const struct baseline *baseline,
                   struct scenario_report *report, const char *today)
{
    for (size_t i = 0; i < report->verdict_count; i++) {
        struct verdict *verdict = &report->verdicts[i];
        const struct baseline_line *line =
            find_line(baseline, report->scenario->id, verdict->rule->id);
        verdict->known = KNOWN_NOT;
        verdict->known_line = 0;
        verdict->known_reason = NULL;
        if (line) {
            verdict->known = known_of(line, verdict, today);
            verdict->known_line = line->line;
            verdict->known_reason = line->reason;
        }
    }
}

/* -- the lines after a run --------------------------------------------------
 */

static bool was_judged(const struct scenario_report *report)
{
    return report->client_fault == CLIENT_OK;
}

/* What one scenario says of a line that names it. */
static enum baseline_state state_in(const struct baseline_line *line,
                                    const struct scenario_report *report)
{
    for (size_t i = 0; i < report->verdict_count; i++) {
        const struct verdict *verdict = &report->verdicts[i];
        if (strcmp(verdict->rule->id, line->rule) != 0) {
            continue;
        }
        /* Another line, with the very id, may speak for it. */
        if (verdict->known_line != line->line || is_open(verdict)) {
            return BASELINE_OPEN;
        }
        return verdict->known == KNOWN_STALE ? BASELINE_STALE : BASELINE_HOLDS;
    }
    return was_judged(report) ? BASELINE_UNMET : BASELINE_OPEN;
}

/* A pattern holds as long as one of its scenarios fails. */
static enum baseline_state stronger(enum baseline_state a,
                                    enum baseline_state b)
{
    static const int weight[] = {[BASELINE_UNMET] = 0,
                                 [BASELINE_STALE] = 1,
                                 [BASELINE_OPEN] = 2,
                                 [BASELINE_HOLDS] = 3};
    return weight[a] > weight[b] ? a : b;
}

static void settle_line(struct baseline_line *line,
                        const struct run_report *run)
{
    bool is_named = false;
    line->state = BASELINE_OPEN;
    for (size_t i = 0; i < run->count; i++) {
        const struct scenario_report *report = run->scenarios[i];
        if (names_scenario(line, report->scenario->id)) {
            enum baseline_state state = state_in(line, report);
            line->state = is_named ? stronger(line->state, state) : state;
            is_named = true;
        }
    }
}

/* Where a pattern still holds elsewhere, what passes here is no news. */
static void forgive(const struct baseline *baseline,
                    const struct run_report *run)
{
    for (size_t i = 0; i < run->count; i++) {
        struct scenario_report *report = run->scenarios[i];
        for (size_t k = 0; k < report->verdict_count; k++) {
            struct verdict *verdict = &report->verdicts[k];
            if (verdict->known == KNOWN_STALE &&
                baseline->lines[verdict->known_line - 1].state !=
                    BASELINE_STALE) {
                verdict->known = KNOWN_NOT;
            }
        }
    }
}

void baseline_settle(struct baseline *baseline, const struct run_report *run)
{
    for (size_t i = 0; i < baseline->count; i++) {
        if (baseline->lines[i].rule) {
            settle_line(&baseline->lines[i], run);
        }
    }
    forgive(baseline, run);
}

/* -- writing ----------------------------------------------------------------
 */

static bool is_dropped(const struct baseline_line *line)
{
    return line->rule &&
           (line->state == BASELINE_STALE || line->state == BASELINE_UNMET);
}

/* One line of a reason. */
static void write_reason(const char *text, FILE *out)
{
    for (const char *c = text ? text : ""; *c; c++) {
        bool is_control = (unsigned char)*c < 0x20 || *c == 0x7F;
        fputc(is_control ? ' ' : *c, out);
    }
}

static const char *reason_of(const struct verdict *verdict)
{
    if (verdict->word == VERDICT_NOT_EXERCISED) {
        return verdict->reason;
    }
    return verdict->likely && verdict->likely[0] ? verdict->likely
                                                 : verdict->observed;
}

static void write_new(const struct scenario_report *report,
                      const struct verdict *verdict, FILE *out)
{
    int width = fprintf(out, "%s:%s", report->scenario->id, verdict->rule->id);
    fprintf(out, "%*s   unexplained: ", width < 44 ? 44 - width : 0, "");
    write_reason(reason_of(verdict), out);
    fputc('\n', out);
}

/* Of a client that crashed or never called there is nothing to know yet. */
static bool is_worth_a_line(const struct run_report *run,
                            const struct scenario_report *report,
                            const struct verdict *verdict)
{
    switch (verdict->word) {
    case VERDICT_FAIL:
        return true;
    case VERDICT_WARN:
        return run->strict;
    case VERDICT_NOT_EXERCISED:
        return was_judged(report);
    case VERDICT_PASS:
    case VERDICT_NA:
    case VERDICT_INCONCLUSIVE:
        return false;
    }
    return false;
}

bool baseline_write(const struct baseline *baseline,
                    const struct run_report *run, FILE *out)
{
    if (baseline->count == 0) {
        fputs("# Known failures: SCENARIO:RULE, why, and perhaps "
              "until=YYYY-MM-DD or flaky.\n",
              out);
    }
    for (size_t i = 0; i < baseline->count; i++) {
        if (!is_dropped(&baseline->lines[i])) {
            fprintf(out, "%s\n", baseline->lines[i].text);
        }
    }
    for (size_t i = 0; i < run->count; i++) {
        const struct scenario_report *report = run->scenarios[i];
        for (size_t k = 0; k < report->verdict_count; k++) {
            const struct verdict *verdict = &report->verdicts[k];
            if (verdict->known == KNOWN_NOT &&
                is_worth_a_line(run, report, verdict)) {
                write_new(report, verdict, out);
            }
        }
    }
    return fflush(out) == 0 && !ferror(out);
}
