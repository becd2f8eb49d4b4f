/* Verdicts: one rule applied to one trace, with its evidence. */
#ifndef RETRYSPEC_MODEL_VERDICT_H
#define RETRYSPEC_MODEL_VERDICT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/arena.h"
#include "model/error.h"
#include "model/scenario.h"
#include "model/trace.h"

/* X(constant, word in JSON, word for people) */
#define VERDICT_LIST(X)                                                   \
    X(VERDICT_PASS, "pass", "PASS")                                       \
    X(VERDICT_FAIL, "fail", "FAIL")                                       \
    X(VERDICT_WARN, "warn", "WARN") /* a SHOULD was not met */            \
    X(VERDICT_NA, "n/a", "n/a")     /* does not apply; reason says why */ \
    X(VERDICT_NOT_EXERCISED, "not-exercised", "NOT-EXERCISED")            \
    X(VERDICT_INCONCLUSIVE, "inconclusive", "INCONCLUSIVE")

enum verdict_word {
#define X(constant, json, people) constant,
    VERDICT_LIST(X)
#undef X
};
extern const char *const verdict_json_words[];
extern const char *const verdict_people_words[];

/* Whose doing it is that a time seen is not the time meant. X(constant, word)
 */
#define TOLERANCE_LIST(X)                                                    \
    X(TOLERANCE_CLIENT_TIMER, "client-timer") /* tolerance.early */          \
    X(TOLERANCE_CLIENT_WORK, "client-work")   /* tolerance.late */           \
    X(TOLERANCE_MEASURED_LAG, "measured-lag") /* of this run's own timers */ \
    X(TOLERANCE_CPU_WAIT, "cpu-wait")         /* the trace's "starved" */    \
    X(TOLERANCE_NETWORK, "network")           /* the kernel's included */    \
    X(TOLERANCE_WHOLE_SECONDS, "whole-seconds")                              \
    X(TOLERANCE_PROFILE, "profile") /* a time that the profile allows */     \
    X(TOLERANCE_CHANCE, "chance")   /* --false-alarm */

enum tolerance_source {
#define X(constant, word) constant,
    TOLERANCE_LIST(X)
#undef X
};
extern const char *const tolerance_words[]; /* NULL-ended */

struct rule_tolerance {
    enum tolerance_source source;
    const char *allows;
};

/* One rule of scenarios/rules.jsonc. */
struct rule {
    const char *id;    /* stable, never reused: "RA-1" */
    const char *title; /* "wait at least Retry-After before the next attempt" */
    enum level level;  /* LEVEL_MUST or LEVEL_SHOULD */
    const char *text, *source, *computed, *causes;
    const char *includes; /* parts of it that people look for; NULL: none */
    const struct rule_tolerance *tolerances; /* what the judge grants */
    size_t tolerance_count;
};

struct rule_catalogue {
    struct arena arena;
    struct rule *rules;
    size_t count;
};

/* NULL and a problem on failure. */
struct rule_catalogue *rules_read(const char *file, const char *bytes,
                                  size_t size, struct error *error);
void rules_free(struct rule_catalogue *rules);
const struct rule *rules_find(const struct rule_catalogue *rules,
                              const char *id);

/* What a baseline says of a verdict. X(constant, word in JSON) */
#define KNOWN_LIST(X)                                                       \
    X(KNOWN_NOT, "")          /* no line of it: a finding counts */         \
    X(KNOWN_FAILURE, "xfail") /* fails as it is listed */                   \
    X(KNOWN_FLAKY, "flaky")   /* listed as one that passes now and then */  \
    X(KNOWN_EXPIRED,                                                        \
      "expired")            /* fails as listed, but for too long: counts */ \
    X(KNOWN_STALE, "stale") /* listed, and passes: the line must go */

enum known {
#define X(constant, word) constant,
    KNOWN_LIST(X)
#undef X
};
extern const char *const known_words[];

/* Who gave a verdict its level. X(constant, word) */
#define LEVEL_GIVER_LIST(X)            \
    X(LEVEL_OF_CATALOGUE, "catalogue") \
    X(LEVEL_OF_PROFILE, "profile")     \
    X(LEVEL_OF_SCENARIO, "scenario")
enum level_giver {
#define X(constant, word) constant,
    LEVEL_GIVER_LIST(X)
#undef X
};
extern const char *const level_giver_words[];

/* A rule's verdict on one scenario. Strings live in the report's arena. */
struct verdict {
    const struct rule *rule;
    enum verdict_word word;
    enum level level; /* MUST or SHOULD, as it was applied */
    enum level_giver level_giver;
    int64_t exercised; /* how many times the rule had something to say */
    int64_t violations;
    int64_t attempt;      /* id of the first attempt at fault; 0 if none */
    const char *expected; /* "gap >= 2.000 s (header 2 s; early 10 ms)" */
    const char *observed; /* "gap = 0.412 s" */
    const char *likely;   /* likely cause; NULL if none is known */
    const char *source;   /* profile rule and spec */
    const char *reason;   /* n/a, not exercised, inconclusive: why */
    enum known known;
    int known_line;           /* of the baseline; 0: none */
    const char *known_reason; /* as written there; NULL: none */
    /* Of a repeated run: how many runs had a verdict on this, and how many a
     * bad one. It flips if that is neither none nor all. 0: not repeated. */
    int64_t runs, runs_bad;
};

bool verdict_flips(const struct verdict *verdict);

/* "SHOULD"; "SHOULD (profile)" where the level is not the catalogue's. */
const char *verdict_level_words(const struct verdict *verdict);

/* The delay before one attempt beside what the profile's law, Retry-After and
 * rate limiters allowed for it, without tolerance. */
struct delay_seen {
    int64_t attempt; /* id of the attempt after the delay */
    const char *call;
    int64_t n; /* 1: before the second attempt of its call */
    int64_t delay_ns, min_ns, max_ns; /* max_ns may be NS_FOREVER */
    bool is_kept; /* inside the law, the tolerances included */
};
enum { DELAYS_SEEN_MAX = 2000 };

/* Why a scenario could not be judged, if it could not. X(constant, word, text)
 */
#define CLIENT_FAULT_LIST(X)                                              \
    X(CLIENT_OK, "ok", "")                                                \
    X(CLIENT_COULD_NOT_START, "could-not-start", "could not be started")  \
    X(CLIENT_CRASHED, "crashed", "crashed")                               \
    X(CLIENT_NEVER_CALLED, "never-called", "never called the server")     \
    X(CLIENT_IGNORED_PLAN, "ignored-plan", "did not run the plan")        \
    X(CLIENT_NO_RESULTS, "no-results", "left no results")                 \
    X(CLIENT_BAD_RESULTS, "bad-results", "left results that do not read") \
    X(CLIENT_SKIPPED, "skipped", "can't do this scenario")                \
    X(CLIENT_TIMED_OUT, "timed-out", "was stopped at the deadline")       \
    X(CLIENT_LEFT_PROCESSES, "left-processes", "left processes behind")   \
    X(CLIENT_FLOODED, "flooded", "flooded its output")

enum client_fault {
#define X(constant, word, text) constant,
    CLIENT_FAULT_LIST(X)
#undef X
};
extern const char *const client_fault_words[];
extern const char *const client_fault_texts[];

/* All verdicts on one run of one scenario: what reports are made of. Lives on
 * the heap (calloc); what it points to and does not borrow, in its arena. */
struct scenario_report {
    struct arena arena;
    const struct scenario *scenario; /* not owned */
    const struct trace *trace;       /* not owned; NULL if there is none */
    struct verdict *verdicts;
    size_t verdict_count;
    enum client_fault client_fault;
    const char *client_detail; /* "killed by SIGSEGV"; "" if none */
    int64_t took_ns;
    /* Calls that were seen, what they sent, and the most that one sent: how a
     * client multiplies the load of its callers (S0-74). */
    struct load {
        int64_t calls, attempts, most;
    } load;
    const struct delay_seen *delays; /* the first DELAYS_SEEN_MAX */
    size_t delay_count;
    const char *folder; /* where trace, verdict and output are; NULL: none */
};

/* How bad a word is; larger is worse. */
int verdict_weight(enum verdict_word word);

/* Does a baseline take the failure for known? */
bool verdict_is_excused(const struct verdict *verdict);

/* The worst word: FAIL > NOT-EXERCISED > INCONCLUSIVE > WARN > PASS > n/a. What
 * is excused counts as PASS. */
enum verdict_word scenario_report_word(const struct scenario_report *report);
void scenario_report_free(struct scenario_report *report);

struct baseline;

/* Rules that are tests of statistics may all together raise one false alarm in
 * so many runs of a suite: the rate is its inverse. docs/statistics.md */
#define FALSE_ALARM_USUAL 1e-6
#define FALSE_ALARM_LEAST 1e-12
#define FALSE_ALARM_MOST  0.1

/* All scenarios of one `retryspec run`. */
struct run_report {
    const char *program;      /* how this one was called; NULL: retryspec */
    const char *profile_word; /* id or file, as it was given; NULL: the id */
    const char *profile, *profile_source, *edition, *version, *config;
    uint64_t seed;
    double false_alarm; /* 0: FALSE_ALARM_USUAL */
    int jobs;
    int64_t lag_p99_ns;
    int64_t took_ns;
    bool interrupted;
    bool is_simulated;       /* by `retryspec sim`: there was no command */
    const char *const *argv; /* the command under test, NULL-ended */
    struct scenario_report **scenarios; /* in the order they were listed */
    size_t count;
    bool strict;                     /* SHOULD counts like MUST */
    bool passes_inconclusive;        /* the user says that 5 is 0 */
    int64_t repeats;                 /* runs of each scenario; 0: one */
    const struct baseline *baseline; /* settled; NULL: none */
};

/* Over all scenarios. */
struct load run_report_load(const struct run_report *report);

/* The rate that was given, else the usual one. */
double run_report_false_alarm(const struct run_report *report);

/* The share of checks that passed, of those that apply, in percent; -1 if none
 * applies. */
double run_report_score(const struct run_report *report);

/* Exit code as documented: 0 conforms; 1 a MUST is not met; 3 the adapter could
 * not be judged; 4 nothing was judged; 5 only inconclusive stands in the way.
 */
int run_report_exit_code(const struct run_report *report);

#endif
