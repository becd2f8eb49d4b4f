#include "judge/judge.h"

#include <stdlib.h>
#include <string.h>

#include "judge/accept.h"
#include "judge/applies.h"
#include "judge/client.h"
#include "judge/likely.h"
#include "judge/names.h"
#include "judge/rules_budget.h"
#include "judge/rules_faults.h"
#include "judge/rules_herd.h"
#include "judge/rules_rate.h"
#include "judge/rules_release.h"
#include "judge/rules_request.h"
#include "judge/rules_results.h"
#include "judge/rules_slots.h"
#include "judge/rules_spread.h"
#include "judge/rules_throttle.h"
#include "judge/seen.h"
#include "judge/stats_samples.h"
#include "judge/stats_tests.h"
#include "judge/variant.h"
#include "model/units.h"

/* -- verdicts -------------------------------------------------------------- */

struct desk {
    const struct judging *judging;
    struct scenario_report *report;
    struct likely likely;
};

static const struct check *check_of(const struct scenario *scenario,
                                    const char *id)
{
    for (size_t i = 0; i < scenario->check_count; i++) {
        if (strcmp(scenario->checks[i].rule, id) == 0) {
            return &scenario->checks[i];
        }
    }
    return NULL;
}

static void set_evidence(const struct desk *desk, struct verdict *verdict,
                         const struct finding *finding)
{
    verdict->attempt = finding->attempt;
    verdict->expected = finding->expected;
    verdict->observed = finding->observed;
    verdict->source = verdict->rule->source && verdict->rule->source[0]
                          ? tally_text(desk->judging->tally, "%s (%s)",
                                       finding->source, verdict->rule->source)
                          : finding->source;
}

static void set_broken(const struct desk *desk, struct verdict *verdict,
                       enum judge_rule rule)
{
    const struct tally_rule *counts = &desk->judging->tally->rules[rule];
    if (counts->violations > 0) {
        verdict->word =
            verdict->level == LEVEL_SHOULD ? VERDICT_WARN : VERDICT_FAIL;
        set_evidence(desk, verdict, &counts->first);
        verdict->likely = counts->first.likely ? counts->first.likely
                                               : desk->likely.of_rule[rule];
        return;
    }
    verdict->word = VERDICT_INCONCLUSIVE;
    set_evidence(desk, verdict, &counts->first_doubtful);
    verdict->reason = counts->first_doubtful.reason;
}

/* Whatever mess it left, it did what it had to do. */
static bool is_at_end(enum client_fault fault)
{
    return fault == CLIENT_OK || fault == CLIENT_LEFT_PROCESSES ||
           fault == CLIENT_FLOODED;
}

/* Everything that was planned happened and nothing was held against it: what a
 * rule did not see, a client of this profile does not meet here. */
static bool was_played_through(const struct desk *desk)
{
    const struct tally *tally = desk->judging->tally;
    for (int i = 0; i < JUDGE_RULES; i++) {
        const char *cut = tally->rules[i].cut;
        if (cut && cut != tally_given_up && !tally->is_waived[i]) {
            return false;
        }
    }
    return is_at_end(desk->report->client_fault) &&
           tally_violations(tally) == 0 && desk->judging->trace->complete &&
           !desk->judging->trace->interrupted;
}

static const char *reason_unseen(const struct desk *desk, enum judge_rule rule)
{
    struct tally *tally = desk->judging->tally;
    const struct scenario_report *report = desk->report;
    if (tally->rules[rule].cut) {
        return tally->rules[rule].cut;
    }
    if (tally->rules[rule].too_few) {
        return tally->rules[rule].too_few;
    }
    if (report->client_fault != CLIENT_OK) {
        return tally_text(tally, "the client %s",
                          client_fault_texts[report->client_fault]);
    }
    if (rule == JUDGE_CC_1 || rule == JUDGE_CC_2) {
        return "the client never filled the profile's slots";
    }
    if (rule == JUDGE_BODY_1) {
        return "the results carry no sha256 of a body";
    }
    return "the run ended before anything that the rule looks at";
}

/* True if the verdict belongs into the report. */
static bool set_unseen(const struct desk *desk, struct verdict *verdict,
                       enum judge_rule rule)
{
    const struct judging *judging = desk->judging;
    if (!check_of(judging->scenario, verdict->rule->id)) {
        return rule == JUDGE_FLT_1 && judging->tally->rules[rule].cut;
    }
    verdict->word = VERDICT_NA;
    verdict->reason = applies_missing_part(judging, rule);
    if (verdict->reason) {
        return true;
    }
    bool is_of_adapter = rule == JUDGE_CC_1 || rule == JUDGE_BODY_1;
    const char *too_few = judging->tally->rules[rule].too_few;
    if (!is_of_adapter && was_played_through(desk)) {
        bool is_of_machine = judging->tally->rules[rule].is_of_machine;
        verdict->reason =
            is_of_machine ? too_few
            : too_few     ? tally_text(judging->tally,
                                       "%s; a client of this profile makes no more "
                                           "in this scenario",
                                       too_few)
                      : "a client of this profile does not get there in this "
                        "scenario";
        return true;
    }
    verdict->word = VERDICT_NOT_EXERCISED;
    verdict->reason = reason_unseen(desk, rule);
    return true;
}

/* Rules that a later attempt would break are not kept by a recording that
 * ended before the client did. */
static bool ended_too_soon(const struct desk *desk, enum judge_rule rule)
{
    const struct trace *trace = desk->judging->trace;
    bool is_cut = !trace->complete || trace->interrupted;
    return is_cut && (rule == JUDGE_AT_2 || rule == JUDGE_AT_3 ||
                      rule == JUDGE_ST_2 || rule == JUDGE_TF_2);
}

static bool decide(const struct desk *desk, struct verdict *verdict,
                   enum judge_rule rule)
{
    const struct tally_rule *counts = &desk->judging->tally->rules[rule];
    verdict->exercised = counts->exercised;
    verdict->violations = counts->violations;
    verdict->reason =
        applies_profile_reason(desk->judging->profile, verdict->rule->id);
    if (verdict->reason) {
        verdict->word = VERDICT_NA;
        return true;
    }
    if (counts->violations > 0 || counts->doubtful > 0) {
        set_broken(desk, verdict, rule);
        return true;
    }
    if (rule == JUDGE_FLT_1 && counts->cut) {
        verdict->word = VERDICT_NOT_EXERCISED;
        verdict->reason = counts->cut;
        return true;
    }
    if (counts->exercised > 0 && ended_too_soon(desk, rule)) {
        verdict->word = VERDICT_NOT_EXERCISED;
        verdict->reason = "the recording ended before the client did";
        return true;
    }
    if (counts->exercised > 0) {
        verdict->word = VERDICT_PASS;
        return true;
    }
    return set_unseen(desk, verdict, rule);
}

/* What stands nearest to the case at hand decides. */
static void set_level(struct verdict *verdict, const struct judging *judging)
{
    const struct check *check = check_of(judging->scenario, verdict->rule->id);
    enum level own = profile_level(judging->profile, verdict->rule->id);
    verdict->level = verdict->rule->level;
    if (check && check->level != LEVEL_PROFILE) {
        verdict->level = check->level;
        verdict->level_giver = LEVEL_OF_SCENARIO;
    } else if (own != LEVEL_PROFILE) {
        verdict->level = own;
        verdict->level_giver = LEVEL_OF_PROFILE;
    }
}

static bool write_verdicts(const struct desk *desk,
                           const struct rule_catalogue *rules)
{
    struct scenario_report *report = desk->report;
    report->verdicts =
        arena_array(&report->arena, JUDGE_RULES, sizeof *report->verdicts);
    if (!report->verdicts) {
        return false;
    }
    for (int i = 0; i < JUDGE_RULES; i++) {
        const struct rule *rule = rules_find(rules, tally_rule_ids[i]);
        if (!rule) {
            continue; /* a catalogue of fewer rules judges fewer */
        }
        struct verdict verdict = {.rule = rule};
        set_level(&verdict, desk->judging);
        if (decide(desk, &verdict, (enum judge_rule)i)) {
            report->verdicts[report->verdict_count++] = verdict;
        }
    }
    return true;
}

/* -- set-up ---------------------------------------------------------------- */

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int64_t last_instant(const struct trace *trace)
{
    int64_t last_ns = later(trace->ended_ns, 0);
    for (size_t i = 0; i < trace->attempt_count; i++) {
        const struct trace_attempt *attempt = &trace->attempts[i];
        last_ns = later(last_ns, attempt->head_ns);
        last_ns = later(last_ns, attempt->last_byte_ns);
        last_ns = later(last_ns, attempt->gone_ns);
    }
    for (size_t i = 0; i < trace->conn_count; i++) {
        last_ns = later(last_ns, trace->conns[i].closed_ns);
    }
    return last_ns;
}

static void set_clock(struct judging *judging)
{
    const struct trace *trace = judging->trace;
    judging->early_ns = judging->profile->tolerance.early_ns;
    judging->lag_ns = later(trace->lag_p99_ns, trace->lag_max_ns);
    judging->late_ns =
        units_add(judging->profile->tolerance.late_ns, judging->lag_ns);
    judging->end_ns = last_instant(trace);
    int64_t at_ns = judging->end_ns;
    judging->stop_ns = client_was_cut(trace, &at_ns, &judging->stop_reason)
                           ? at_ns
                           : NS_FOREVER;
}

/* Each gives back what it took to look at the trace: a million attempts take
 * no more than the greediest of them. */
static bool apply_rules(const struct judging *judging)
{
    static bool (*const rules[])(const struct judging *, struct arena *) = {
        accept_calls,        rules_request_judge, rules_rate_judge,
        rules_spread_judge,  rules_herd_judge,    rules_slots_judge,
        rules_release_judge, rules_budget_judge,  rules_throttle_judge,
    };
    bool has_room = true;
    rules_faults_judge(judging);
    for (size_t i = 0; has_room && i < sizeof rules / sizeof *rules; i++) {
        struct arena scratch = {0};
        has_room = rules[i](judging, &scratch);
        arena_deinit(&scratch);
    }
    rules_results_judge(judging); /* knows by now whose time was over */
    return has_room;
}

static void waive_rules(struct tally *tally, const struct profile *profile)
{
    for (int i = 0; i < JUDGE_RULES; i++) {
        tally->is_waived[i] =
            applies_profile_reason(profile, tally_rule_ids[i]) != NULL;
    }
}

static const struct names *reported_calls(const struct trace *trace,
                                          struct arena *scratch)
{
    struct names *names = names_create(scratch, trace->result_count);
    for (size_t i = 0; names && i < trace->result_count; i++) {
        names_add(names, trace->results[i].call);
    }
    return names;
}

/* Where the scenario does not serve the second request, or begins with it, each
 * call is one request. */
static bool serves_follow_up(const struct scenario *scenario,
                             const struct follow_up *second)
{
    const struct workload *workload = &scenario->workload;
    size_t length = strcspn(workload->path, "?#");
    if (strncmp(workload->path, second->path, length) == 0 &&
        second->path[length] == '\0') {
        return false;
    }
    for (size_t i = 0; i < scenario->route_count; i++) {
        const struct route *route = &scenario->routes[i];
        if (route_matches(route, second->method, second->path)) {
            return route->judged;
        }
    }
    return false;
}

static struct load load_of(const struct calls *calls)
{
    struct load load = {.calls = (int64_t)calls->count};
    for (size_t i = 0; i < calls->count; i++) {
        int64_t count = (int64_t)calls->items[i].count;
        load.attempts += count;
        load.most = later(load.most, count);
    }
    return load;
}

static int64_t largest_body(const struct trace *trace)
{
    int64_t largest = 0;
    for (size_t i = 0; i < trace->attempt_count; i++) {
        largest = later(largest, trace->attempts[i].body_size);
    }
    return largest;
}

static bool make_room_for_delays(struct tally *tally, const struct trace *trace)
{
    tally->delay_size = trace->attempt_count < DELAYS_SEEN_MAX
                            ? trace->attempt_count
                            : DELAYS_SEEN_MAX;
    tally->delays =
        arena_array(tally->arena, tally->delay_size, sizeof *tally->delays);
    return tally->delays != NULL;
}

static bool judge_all(const struct judge_input *input,
                      struct scenario_report *report,
                      const struct answers *answers, struct arena *scratch)
{
    struct tally tally = {.arena = &report->arena};
    struct variant variant;
    struct judging judging = {
        .scenario = input->scenario,
        .answers = answers,
        .trace = input->trace,
        .tally = &tally,
        .tests_length = seen_tests_length(input->profile),
        .tests_body = seen_tests_body(input->profile),
        .largest_body = largest_body(input->trace),
        .alarm_rate =
            (input->false_alarm > 0 ? input->false_alarm : FALSE_ALARM_USUAL) /
            STATS_SUITE_TESTS,
    };
    if (!variant_init(&variant, input->profile, scratch) ||
        !make_room_for_delays(&tally, input->trace)) {
        return false;
    }
    if (variant.profile.follow_up.path &&
        !serves_follow_up(input->scenario, &variant.profile.follow_up)) {
        variant.profile.follow_up = (struct follow_up){0};
        judging.ends_unseen = true;
    }
    judging.profile = &variant.profile;
    struct calls *calls = calls_group(&judging, scratch);
    judging.reported = reported_calls(input->trace, scratch);
    judging.samples =
        stats_samples_create(input->trace->attempt_count, scratch);
    struct spans *spans = calls && judging.reported && judging.samples
                              ? spans_create(input->trace, calls, scratch)
                              : NULL;
    if (!spans) {
        return false;
    }
    if (input->trace->level > 0 &&
        input->scenario->workload.read_timeout_ns > 0) {
        variant_set_read_timeout(&variant,
                                 input->scenario->workload.read_timeout_ns);
    }
    calls_cover(calls, judging.profile);
    judging.calls = calls;
    judging.spans = spans;
    judging.may_be_cut = arena_array(scratch, calls->count, sizeof(bool));
    waive_rules(&tally, input->profile);
    set_clock(&judging);
    if (!judging.may_be_cut || !apply_rules(&judging)) {
        return false;
    }
    client_find_fault(&judging, report);
    report->took_ns = judging.end_ns;
    report->load = load_of(calls);
    report->delays = tally.delays;
    report->delay_count = tally.delay_count;
    if (!client_allows_verdicts(report->client_fault)) {
        return true;
    }
    struct desk desk = {
        .judging = &judging,
        .report = report,
        .likely = likely_find(&judging),
    };
    return write_verdicts(&desk, input->rules);
}

struct scenario_report *judge_run(const struct judge_input *input)
{
    struct scenario_report *report = calloc(1, sizeof *report);
    struct arena scratch = {0};
    if (!report) {
        return NULL;
    }
    report->scenario = input->scenario;
    report->trace = input->trace;
    struct answers answers;
    bool is_done = answers_init(&answers, input->scenario,
                                seen_tests_body(input->profile), &scratch) &&
                   judge_all(input, report, &answers, &scratch);
    answers_deinit(&answers);
    arena_deinit(&scratch);
    if (!is_done) {
        scenario_report_free(report);
        return NULL;
    }
    return report;
}
