#include "model/verdict.h"

#include <stdlib.h>

#include "model/baseline.h"

const char *const verdict_json_words[] = {
#define X(constant, json, people) [constant] = json,
    VERDICT_LIST(X)
#undef X
        NULL,
};

const char *const verdict_people_words[] = {
#define X(constant, json, people) [constant] = people,
    VERDICT_LIST(X)
#undef X
        NULL,
};

const char *const known_words[] = {
#define X(constant, word) [constant] = word,
    KNOWN_LIST(X)
#undef X
        NULL,
};

const char *const tolerance_words[] = {
#define X(constant, word) [constant] = word,
    TOLERANCE_LIST(X)
#undef X
        NULL,
};

const char *const level_giver_words[] = {
#define X(constant, word) [constant] = word,
    LEVEL_GIVER_LIST(X)
#undef X
        NULL,
};

const char *verdict_level_words(const struct verdict *verdict)
{
    bool is_should = verdict->level == LEVEL_SHOULD;
    switch (verdict->level_giver) {
    case LEVEL_OF_CATALOGUE:
        break;
    case LEVEL_OF_PROFILE:
        return is_should ? "SHOULD (profile)" : "MUST (profile)";
    case LEVEL_OF_SCENARIO:
        return is_should ? "SHOULD (scenario)" : "MUST (scenario)";
    }
    return level_people_word(verdict->level);
}

bool verdict_flips(const struct verdict *verdict)
{
    return verdict->runs_bad > 0 && verdict->runs_bad < verdict->runs;
}

const char *const client_fault_words[] = {
#define X(constant, word, text) [constant] = word,
    CLIENT_FAULT_LIST(X)
#undef X
        NULL,
};

const char *const client_fault_texts[] = {
#define X(constant, word, text) [constant] = text,
    CLIENT_FAULT_LIST(X)
#undef X
        NULL,
};

/* How bad a word is for its scenario: a finding is not hidden by a gap in
 * the evidence, and a gap is not hidden by a pass. */
int verdict_weight(enum verdict_word word)
{
    switch (word) {
    case VERDICT_NA:
        return 0;
    case VERDICT_PASS:
        return 1;
    case VERDICT_WARN:
        return 2;
    case VERDICT_INCONCLUSIVE:
        return 3;
    case VERDICT_NOT_EXERCISED:
        return 4;
    case VERDICT_FAIL:
        return 5;
    }
    return 5;
}

bool verdict_is_excused(const struct verdict *verdict)
{
    return verdict->known == KNOWN_FAILURE || verdict->known == KNOWN_FLAKY;
}

enum verdict_word scenario_report_word(const struct scenario_report *report)
{
    enum verdict_word worst = VERDICT_NA;
    for (size_t i = 0; i < report->verdict_count; i++) {
        const struct verdict *verdict = &report->verdicts[i];
        enum verdict_word word =
            verdict_is_excused(verdict) ? VERDICT_PASS : verdict->word;
        if (verdict_weight(word) > verdict_weight(worst)) {
            worst = word;
        }
    }
    return worst;
}

void scenario_report_free(struct scenario_report *report)
{
    if (!report) {
        return;
    }
    arena_deinit(&report->arena);
    free(report);
}

/* What a run holds, as far as its exit code depends on it. */
struct run_findings {
    bool has_failure, has_gap, has_judged, has_inconclusive;
};

static void findings_add_verdict(struct run_findings *found,
                                 const struct verdict *verdict, bool strict)
{
    found->has_judged |= verdict->word != VERDICT_NA;
    found->has_failure |= verdict->known == KNOWN_STALE;
    bool is_excused = verdict_is_excused(verdict);
    switch (verdict->word) {
    case VERDICT_FAIL:
        found->has_failure |= !is_excused;
        break;
    case VERDICT_WARN:
        found->has_failure |= strict && !is_excused;
        break;
    case VERDICT_NOT_EXERCISED:
        found->has_gap |= !is_excused;
        break;
    case VERDICT_INCONCLUSIVE:
        found->has_inconclusive = true;
        break;
    case VERDICT_PASS:
    case VERDICT_NA:
        break;
    }
}

static void findings_add_report(struct run_findings *found,
                                const struct scenario_report *report,
                                bool strict)
{
    /* A scenario that the client says it can't do is no fault of it. */
    found->has_gap |= report->client_fault != CLIENT_OK &&
                      report->client_fault != CLIENT_SKIPPED;
    for (size_t i = 0; i < report->verdict_count; i++) {
        findings_add_verdict(found, &report->verdicts[i], strict);
    }
}

/* Lines of the baseline that no verdict carries. */
static bool has_unmet_line(const struct baseline *baseline)
{
    for (size_t i = 0; baseline && i < baseline->count; i++) {
        if (baseline->lines[i].state == BASELINE_UNMET) {
            return true;
        }
    }
    return false;
}

int run_report_exit_code(const struct run_report *report)
{
    struct run_findings found = {.has_failure =
                                     has_unmet_line(report->baseline)};
    for (size_t i = 0; i < report->count; i++) {
        findings_add_report(&found, report->scenarios[i], report->strict);
    }
    if (found.has_failure) {
        return 1;
    }
    if (found.has_gap) {
        return 3;
    }
    if (!found.has_judged) {
        return 4;
    }
    return found.has_inconclusive && !report->passes_inconclusive ? 5 : 0;
}

struct load run_report_load(const struct run_report *report)
{
    struct load sum = {0};
    for (size_t i = 0; i < report->count; i++) {
        const struct load *load = &report->scenarios[i]->load;
        sum.calls += load->calls;
        sum.attempts += load->attempts;
        sum.most = load->most > sum.most ? load->most : sum.most;
    }
    return sum;
}

double run_report_false_alarm(const struct run_report *report)
{
    return report->false_alarm > 0 ? report->false_alarm : FALSE_ALARM_USUAL;
}

double run_report_score(const struct run_report *report)
{
    size_t passed = 0, all = 0;
    for (size_t i = 0; i < report->count; i++) {
        const struct scenario_report *scenario = report->scenarios[i];
        for (size_t k = 0; k < scenario->verdict_count; k++) {
            passed += scenario->verdicts[k].word == VERDICT_PASS;
            all += scenario->verdicts[k].word != VERDICT_NA;
        }
    }
    return all > 0 ? 100.0 * (double)passed / (double)all : -1;
}
