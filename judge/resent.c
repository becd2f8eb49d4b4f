#include "judge/resent.h"

#include "model/units.h"

/* When a limit that the first attempt began ends what is sent again. That of
 * the time without a byte begins anew. */
static int64_t over_at(const struct hypothesis *sent)
{
    const struct attempt_timeout *timeout = &sent->action.attempt_timeout;
    int64_t head_ns =
        timeout->kind == TIMEOUT_HEAD
            ? units_after(sent->call.attempt_started_ns, timeout->limit_ns)
            : NS_FOREVER;
    return units_min(sent->action.until_ns, head_ns);
}

/* Whether it still was to connect then, nobody has seen. */
static void time_out(struct hypotheses *set, const struct hypothesis *before,
                     const struct hypotheses_ending *ending)
{
    static const enum attempt_end ends[] = {END_TIMEOUT, END_UNREACHABLE};
    struct hypothesis gone = *before;
    gone.hidden++;
    for (size_t i = 0; i < 2; i++) {
        struct attempt_outcome outcome = {.end = ends[i]};
        struct hypotheses_ending unseen = *ending;
        unseen.outcome = &outcome;
        hypotheses_end_all(set, &gone, &unseen);
    }
}

void resent_end(struct hypotheses *set, const struct hypothesis *before,
                const struct hypotheses_ending *ending)
{
    const struct resend *resend = &set->judging->profile->resend;
    if (before->resends >= resend->limit ||
        !hypotheses_may_resend(resend, ending->outcome)) {
        return;
    }
    struct hypothesis resent = *before;
    resent.is_resend = true;
    resent.resends++;
    hypotheses_add(set, &resent);
    if (over_at(before) <= units_add(ending->at_ns, set->judging->late_ns)) {
        time_out(set, before, ending);
    }
}
