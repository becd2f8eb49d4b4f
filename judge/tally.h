/* What the rules counted over one trace: how often each had something to say,
 * how often it was broken, and the evidence of the first time. */
#ifndef RETRYSPEC_JUDGE_TALLY_H
#define RETRYSPEC_JUDGE_TALLY_H

#include <stdbool.h>
#include <stdint.h>

#include "model/verdict.h"

/* X(constant, id in scenarios/rules.jsonc) */
#define JUDGE_RULE_LIST(X)    \
    X(JUDGE_OUT_1, "OUT-1")   \
    X(JUDGE_BODY_1, "BODY-1") \
    X(JUDGE_AT_1, "AT-1")     \
    X(JUDGE_AT_2, "AT-2")     \
    X(JUDGE_AT_3, "AT-3")     \
    X(JUDGE_ST_1, "ST-1")     \
    X(JUDGE_ST_2, "ST-2")     \
    X(JUDGE_TF_1, "TF-1")     \
    X(JUDGE_TF_2, "TF-2")     \
    X(JUDGE_BO_1, "BO-1")     \
    X(JUDGE_BO_2, "BO-2")     \
    X(JUDGE_RA_1, "RA-1")     \
    X(JUDGE_RA_2, "RA-2")     \
    X(JUDGE_RL_1, "RL-1")     \
    X(JUDGE_RL_2, "RL-2")     \
    X(JUDGE_CB_1, "CB-1")     \
    X(JUDGE_TB_1, "TB-1")     \
    X(JUDGE_TH_1, "TH-1")     \
    X(JUDGE_FU_1, "FU-1")     \
    X(JUDGE_TO_1, "TO-1")     \
    X(JUDGE_TO_2, "TO-2")     \
    X(JUDGE_PT_1, "PT-1")     \
    X(JUDGE_REQ_1, "REQ-1")   \
    X(JUDGE_REQ_2, "REQ-2")   \
    X(JUDGE_REQ_3, "REQ-3")   \
    X(JUDGE_HID_1, "HID-1")   \
    X(JUDGE_OVER_1, "OVER-1") \
    X(JUDGE_CC_1, "CC-1")     \
    X(JUDGE_RL_3, "RL-3")     \
    X(JUDGE_JIT_1, "JIT-1")   \
    X(JUDGE_JIT_2, "JIT-2")   \
    X(JUDGE_HERD_1, "HERD-1") \
    X(JUDGE_CONN_1, "CONN-1") \
    X(JUDGE_CONN_2, "CONN-2") \
    X(JUDGE_CC_2, "CC-2")     \
    X(JUDGE_FLT_1, "FLT-1")

enum judge_rule {
#define X(constant, id) constant,
    JUDGE_RULE_LIST(X)
#undef X
        JUDGE_RULES,
};
extern const char *const tally_rule_ids[JUDGE_RULES];

/* Evidence; texts live in the report's arena. */
struct finding {
    int64_t attempt; /* id in the trace; 0: none */
    const char *expected, *observed, *source;
    const char *reason; /* why this machine can't tell; NULL: it can */
    const char *likely; /* cause that the rule itself knows; NULL: none */
};

struct tally_rule {
    int64_t exercised, violations, doubtful;
    struct finding first;          /* of the violations */
    struct finding first_doubtful; /* of those that the lag may explain */
    const char *cut; /* why an occasion could not be judged; NULL: none was */
    const char *too_few; /* what a test saw and needs; NULL: it saw enough */
    bool is_of_machine;  /* it would have seen enough on one that is on time */
};

struct tally {
    struct arena *arena;
    bool is_silent;              /* count only: no texts (likely causes) */
    bool is_waived[JUDGE_RULES]; /* by the profile: not held against anyone */
    int64_t hangs;               /* calls that rightly wait for ever */
    int64_t prepared;          /* occasions to look before anything is judged */
    struct delay_seen *delays; /* room for `delay_size`; NULL: none are kept */
    size_t delay_count, delay_size;
    struct tally_rule rules[JUDGE_RULES];
};

void tally_exercise(struct tally *tally, enum judge_rule rule);

/* Counts a violation. Returns where its evidence goes if it is the first of its
 * kind and texts are wanted, else NULL. */
struct finding *tally_violate(struct tally *tally, enum judge_rule rule,
                              bool is_doubtful);

/* Keeps the delay if there is room. */
void tally_delay(struct tally *tally, const struct delay_seen *delay);

/* Why a call ended as the plan says: no gap in what was judged. */
extern const char tally_given_up[];

/* An occasion of the rule ended before it could be judged. */
void tally_cut(struct tally *tally, enum judge_rule rule, const char *why);

/* What a test of statistics looked at is fewer than it needs to tell. */
void tally_too_few(struct tally *tally, enum judge_rule rule, const char *why);

/* What was held against the client comes of what breaks another rule. */
void tally_retract(struct tally *tally, enum judge_rule rule, const char *why);

/* Of all rules that the profile does not waive. */
int64_t tally_violations(const struct tally *tally);

/* printf into the arena; "" without memory. */
const char *tally_text(struct tally *tally, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
