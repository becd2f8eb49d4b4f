#include "reports/counts.h"

#include <stdio.h>

bool counts_is_excused_failure(const struct verdict *verdict)
{
    return verdict_is_excused(verdict) &&
           (verdict->word == VERDICT_FAIL || verdict->word == VERDICT_WARN ||
            verdict->word == VERDICT_NOT_EXERCISED);
}

static void count_check(const struct verdict *verdict,
                        struct report_counts *counts)
{
    counts->checks++;
    counts->not_applicable += verdict->word == VERDICT_NA;
    counts->known += counts_is_excused_failure(verdict);
    counts->expired += verdict->known == KNOWN_EXPIRED;
    counts->stale += verdict->known == KNOWN_STALE;
    counts->flips += verdict_flips(verdict);
}

static void count_scenario(const struct scenario_report *report,
                           struct report_counts *counts)
{
    for (size_t i = 0; i < report->verdict_count; i++)
        count_check(&report->verdicts[i], counts);
    if (report->client_fault == CLIENT_SKIPPED) {
        counts->skipped++;
        return;
    }
    enum verdict_word word = scenario_report_word(report);
    if (report->client_fault != CLIENT_OK && word != VERDICT_FAIL) {
        counts->client++;
        return;
    }
    switch (word) {
    case VERDICT_FAIL:
        counts->failed++;
        return;
    case VERDICT_WARN:
        counts->warned++;
        counts->conform++;
        return;
    case VERDICT_NOT_EXERCISED:
        counts->unexercised++;
        return;
    case VERDICT_INCONCLUSIVE:
        counts->inconclusive++;
        return;
    case VERDICT_PASS:
        counts->conform++;
        return;
    case VERDICT_NA:
        counts->unjudged++;
        return;
    }
}

struct report_counts counts_of_run(const struct run_report *run)
{
    struct report_counts counts = {0};
    for (size_t i = 0; i < run->count; i++)
        count_scenario(run->scenarios[i], &counts);
    return counts;
}

static bool has_open_failure(const struct run_report *run)
{
    for (size_t i = 0; i < run->count; i++)
        for (size_t k = 0; k < run->scenarios[i]->verdict_count; k++) {
            const struct verdict *verdict = &run->scenarios[i]->verdicts[k];
            if (counts_check_end(run, verdict) == CHECK_FAILED &&
                verdict->known != KNOWN_STALE &&
                verdict->known != KNOWN_EXPIRED)
                return true;
        }
    return false;
}

static const char *failed_text(const struct run_report *run)
{
    if (has_open_failure(run))
        return run->baseline ? "a check failed that the baseline does not list"
                             : "the client does not conform";
    return "the baseline has lines that no longer hold";
}

/* Of the scenarios that leave something unjudged, the first of its kind. */
static const char *gap_text(const struct run_report *run)
{
    const char *text = "a check saw nothing to judge (NOT-EXERCISED)";
    for (size_t i = 0; i < run->count; i++) {
        enum client_fault fault = run->scenarios[i]->client_fault;
        if (fault == CLIENT_TIMED_OUT)
            text = "a client did not end in its time";
        else if (fault != CLIENT_OK && fault != CLIENT_SKIPPED)
            return "the client could not be judged: fix the adapter";
    }
    return text;
}

const char *counts_exit_text(const struct run_report *run)
{
    switch (run_report_exit_code(run)) {
    case 0:
        return counts_of_run(run).known > 0
                   ? "everything judged conforms, but for known failures"
                   : "everything judged conforms";
    case 1:
        return failed_text(run);
    case 3:
        return gap_text(run);
    case 4:
        return "nothing was judged";
    case 5:
        return "the machine was too slow to tell: run again";
    }
    return "interrupted";
}

static enum check_end failure_end(const struct verdict *verdict)
{
    return verdict_is_excused(verdict) ? CHECK_KNOWN : CHECK_FAILED;
}

enum check_end counts_check_end(const struct run_report *run,
                                const struct verdict *verdict)
{
    switch (verdict->word) {
    case VERDICT_FAIL:
        return failure_end(verdict);
    case VERDICT_WARN:
        return run->strict ? failure_end(verdict) : CHECK_WARNED;
    case VERDICT_NOT_EXERCISED:
        return verdict_is_excused(verdict) ? CHECK_KNOWN : CHECK_UNJUDGED;
    case VERDICT_INCONCLUSIVE:
        return run->passes_inconclusive ? CHECK_SKIPPED : CHECK_UNJUDGED;
    case VERDICT_NA:
    case VERDICT_PASS:
        break;
    }
    if (verdict->known == KNOWN_STALE)
        return CHECK_FAILED;
    return verdict->word == VERDICT_NA ? CHECK_SKIPPED : CHECK_OK;
}

static const char *known_text(enum known known)
{
    switch (known) {
    case KNOWN_NOT:
        return "";
    case KNOWN_FAILURE:
        return "known failure";
    case KNOWN_FLAKY:
        return "known to be flaky";
    case KNOWN_EXPIRED:
        return "known failure, but its time is over";
    case KNOWN_STALE:
        return "listed as a failure, but does not fail: remove the line";
    }
    return "";
}

char *counts_check_note(const struct verdict *verdict,
                        char text[CHECK_NOTE_MAX])
{
    int used = 0;
    text[0] = '\0';
    if (verdict->known != KNOWN_NOT)
        used = snprintf(text, CHECK_NOTE_MAX, "%s (baseline line %d): %.300s",
                        known_text(verdict->known), verdict->known_line,
                        verdict->known_reason ? verdict->known_reason : "");
    if (verdict_flips(verdict))
        snprintf(text + used, (size_t)(CHECK_NOTE_MAX - used),
                 "%sflaky: failed in %lld of %lld runs", used ? "; " : "",
                 (long long)verdict->runs_bad, (long long)verdict->runs);
    return text;
}
