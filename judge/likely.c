#include "judge/likely.h"

#include <string.h>

#include "judge/accept.h"
#include "judge/misreadings.h"
#include "judge/rules_budget.h"
#include "judge/rules_rate.h"
#include "judge/rules_request.h"
#include "judge/rules_slots.h"
#include "judge/rules_throttle.h"

/* Small claims first, here as inside a theme. */
static const struct misreadings *const themes[] = {
    &misreadings_sent,   &misreadings_header,  &misreadings_retried,
    &misreadings_budget, &misreadings_backoff, &misreadings_shared,
    &misreadings_jitter,
};

/* -- which rules go together ----------------------------------------------- */

/* A rule on its own, or those of the acceptor: bits of sets. */
enum group {
    GROUP_NONE = 0, /* the profile has no part in it */
    GROUP_WALK = 1,
    GROUP_KEYS = 2,
    GROUP_SLOTS = 4,
    GROUP_RATE = 8,
    GROUP_COUNT = 16,
};

static enum group group_of(enum judge_rule rule)
{
    if (rule >= JUDGE_AT_1 && rule <= JUDGE_PT_1) {
        return GROUP_WALK;
    }
    if (rule == JUDGE_HID_1 || rule == JUDGE_OVER_1) {
        return GROUP_WALK;
    }
    return rule == JUDGE_REQ_2   ? GROUP_KEYS
           : rule == JUDGE_REQ_3 ? GROUP_COUNT
           : rule == JUDGE_CC_1  ? GROUP_SLOTS
           : rule == JUDGE_RL_3  ? GROUP_RATE
                                 : GROUP_NONE;
}

static bool is_broken(const struct tally *tally, enum judge_rule rule)
{
    return tally->rules[rule].violations > 0 && !tally->is_waived[rule];
}

/* A cause explains without a doubt. */
static bool is_refused(const struct tally *tally, enum judge_rule rule)
{
    return is_broken(tally, rule) ||
           (tally->rules[rule].doubtful > 0 && !tally->is_waived[rule]);
}

/* The groups of the rules of which that holds. */
static unsigned groups_where(const struct tally *tally,
                             bool (*holds)(const struct tally *tally,
                                           enum judge_rule rule))
{
    unsigned groups = 0;
    for (int i = 0; i < JUDGE_RULES; i++) {
        enum judge_rule rule = (enum judge_rule)i;
        groups |= holds(tally, rule) ? (unsigned)group_of(rule) : 0;
    }
    return groups;
}

/* -- one misreading -------------------------------------------------------- */

static bool change_rules(struct variant *variant,
                         bool (*change)(struct profile_rule *rule))
{
    bool is_changed = false;
    for (struct variant_place at = {0}; variant_next_rule(variant, &at);) {
        is_changed |= change(at.rule);
    }
    return is_changed;
}

static bool change_layers(struct variant *variant,
                          bool (*change)(struct layer *layer))
{
    bool is_changed = false;
    for (size_t i = 0; i < variant->profile.layer_count; i++) {
        is_changed |= change(&variant->layers[i]);
    }
    return is_changed;
}

static bool misread(const struct misreading *misreading,
                    struct variant *variant)
{
    if (misreading->rule) {
        return change_rules(variant, misreading->rule);
    }
    return misreading->layer ? change_layers(variant, misreading->layer)
                             : misreading->whole(variant);
}

struct search {
    const struct judging *judging;
    unsigned broken;   /* groups, under the profile */
    unsigned unsolved; /* those of them without a cause */
    int64_t work;      /* done so far */
    struct likely found;
};

static int64_t work_of(const struct tally *tally)
{
    int64_t work = 1 + tally->prepared;
    for (int i = 0; i < JUDGE_RULES; i++) {
        work += tally->rules[i].exercised;
    }
    return work;
}

/* With these groups left broken, is there still something that the misreading
 * explains? One that was not broken before refuses it. */
static bool may_explain(const struct search *search, unsigned left)
{
    return !(left & ~search->broken) && (search->unsolved & ~left);
}

/* The groups that the misreading leaves broken; once it can explain nothing,
 * not all of them. */
static unsigned judge_again(struct search *search,
                            const struct profile *misread_profile,
                            bool waives_count, struct arena *scratch)
{
    struct tally tally = {.arena = scratch, .is_silent = true};
    struct judging again = *search->judging;
    memcpy(tally.is_waived, again.tally->is_waived, sizeof tally.is_waived);
    tally.is_waived[JUDGE_REQ_3] |= waives_count;
    /* No policy decides what becomes of a connection. */
    tally.is_waived[JUDGE_CONN_1] = tally.is_waived[JUDGE_CONN_2] = true;
    again.profile = misread_profile;
    again.tally = &tally;
    bool is_done = accept_calls(&again, scratch);
    if (is_done && may_explain(search, groups_where(&tally, is_refused))) {
        is_done = rules_request_judge(&again, scratch) &&
                  rules_rate_judge(&again, scratch) &&
                  rules_budget_judge(&again, scratch) &&
                  rules_throttle_judge(&again, scratch) &&
                  rules_slots_judge(&again, scratch);
    }
    search->work += work_of(&tally);
    return is_done ? groups_where(&tally, is_refused) : ~0U;
}

/* The acceptor stops at the first thing that is wrong, be it a count (REQ-3) or
 * something else; and a client may do both wrong. But a count that stood still
 * over a re-send (HID-1) is evidence, and no second mistake. */
static unsigned left_broken(struct search *search,
                            const struct profile *misread_profile,
                            struct arena *scratch)
{
    unsigned walked = GROUP_WALK | GROUP_COUNT;
    unsigned left = judge_again(search, misread_profile, false, scratch);
    if (!(left & walked)) {
        return left;
    }
    if (is_broken(search->judging->tally, JUDGE_HID_1)) {
        return left | (search->broken & walked);
    }
    if ((search->unsolved & walked) == walked) {
        left = judge_again(search, misread_profile, true, scratch) |
               (unsigned)GROUP_COUNT;
    }
    return left & GROUP_WALK ? left | (search->broken & GROUP_COUNT) : left;
}

static void note(struct search *search, unsigned solved, const char *text)
{
    const struct tally *tally = search->judging->tally;
    search->unsolved &= ~solved;
    for (int i = 0; i < JUDGE_RULES; i++) {
        enum judge_rule rule = (enum judge_rule)i;
        if (is_broken(tally, rule) && (group_of(rule) & solved)) {
            search->found.of_rule[i] = text;
        }
    }
}

static void try_misreading(struct search *search,
                           const struct misreading *misreading)
{
    struct arena scratch = {0};
    struct variant variant;
    if (variant_init(&variant, search->judging->profile, &scratch) &&
        misread(misreading, &variant)) {
        unsigned left = left_broken(search, &variant.profile, &scratch);
        if (may_explain(search, left)) {
            note(search, search->unsolved & ~left, misreading->text);
        }
    }
    arena_deinit(&scratch);
}

/* -- the catalogue --------------------------------------------------------- */

enum { THEMES = sizeof themes / sizeof *themes };

static const struct misreading *catalogue_at(size_t index)
{
    for (size_t i = 0; i < THEMES; i++) {
        if (index < themes[i]->count) {
            return &themes[i]->items[index];
        }
        index -= themes[i]->count;
    }
    return NULL;
}

const char *likely_text(size_t index)
{
    const struct misreading *misreading = catalogue_at(index);
    return misreading ? misreading->text : NULL;
}

static bool has_attempt(const struct call *call, int64_t id)
{
    for (size_t i = 0; i < call->count; i++) {
        if (call->attempts[i]->id == id) {
            return true;
        }
    }
    return false;
}

/* The call that broke a rule first: most misreadings fail on it already. */
static size_t suspect(const struct judging *judging)
{
    int rule = 0;
    while (rule < JUDGE_RULES &&
           !(is_broken(judging->tally, (enum judge_rule)rule) &&
             group_of((enum judge_rule)rule) == GROUP_WALK)) {
        rule++;
    }
    if (rule == JUDGE_RULES) {
        return 0;
    }
    int64_t id = judging->tally->rules[rule].first.attempt;
    for (size_t i = 0; i < judging->calls->count; i++) {
        if (has_attempt(&judging->calls->items[i], id)) {
            return i;
        }
    }
    return 0;
}

struct likely likely_find(const struct judging *judging)
{
    struct judging again = *judging;
    struct search search = {.judging = &again,
                            .broken = groups_where(judging->tally, is_broken)};
    again.first_call = search.broken ? suspect(judging) : 0;
    const struct misreading *misreading;
    search.unsolved = search.broken;
    int64_t most = LIKELY_WORK_MAX - judging->tally->prepared;
    for (size_t i = 0; search.unsolved && search.work < most &&
                       (misreading = catalogue_at(i));
         i++) {
        try_misreading(&search, misreading);
    }
    return search.found;
}
