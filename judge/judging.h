/* What every part of the judge works on. */
#ifndef RETRYSPEC_JUDGE_JUDGING_H
#define RETRYSPEC_JUDGE_JUDGING_H

#include "judge/answers.h"
#include "judge/calls.h"
#include "judge/judge.h"
#include "judge/spans.h"
#include "judge/tally.h"

struct stats_samples;

struct judging {
    const struct profile *profile; /* as judged: perhaps a misreading of it */
    const struct scenario *scenario;
    const struct answers *answers; /* of the scenario */
    const struct trace *trace;
    const struct calls *calls;
    const struct spans *spans;
    const struct names *reported; /* calls that have a result */
    struct tally *tally;
    struct stats_samples *samples; /* drawn delays; NULL: none are kept */
    bool tests_length;             /* seen_tests_length() */
    bool tests_body;               /* seen_tests_body() */
    bool ends_unseen;  /* with a second request that is not judged */
    double alarm_rate; /* false alarms of one test of statistics */
    int64_t early_ns;  /* tolerance of early bounds */
    int64_t lag_ns;    /* this run's worst */
    int64_t late_ns;   /* tolerance of late bounds plus that lag */
    /* When the client stopped without having ended by itself, NS_FOREVER if it
     * did end by itself; and how, for people. */
    int64_t stop_ns;
    const char *stop_reason;
    int64_t largest_body; /* bytes, of all requests */
    int64_t end_ns;       /* last instant that the trace knows of */
    bool *may_be_cut; /* by call: its time was perhaps over with its last answer
                       */
    size_t first_call; /* the acceptor begins with it; order is free */
};

#endif
