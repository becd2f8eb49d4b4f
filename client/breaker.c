#include "client/breaker.h"

#include <assert.h>

#include "client/outcome.h"
#include "model/units.h"

static int64_t half_open_ns(const struct circuit_breaker *policy,
                            const struct retry_breaker *breaker)
{
    return units_after(breaker->opened_ns, policy->reset_ns);
}

bool breaker_is_open(const struct circuit_breaker *policy,
                     const struct retry_breaker *breaker, int64_t now_ns)
{
    switch (breaker->state) {
    case BREAKER_CLOSED:
        return false;
    case BREAKER_OPEN:
        return now_ns < half_open_ns(policy, breaker);
    case BREAKER_HALF_OPEN:
        return breaker->half_open >= policy->half_open_calls;
    }
    assert(false);
    return false;
}

bool breaker_admit(const struct circuit_breaker *policy,
                   struct retry_breaker *breaker, int64_t now_ns)
{
    if (breaker->state == BREAKER_CLOSED)
        return false;
    if (breaker->state == BREAKER_OPEN &&
        !breaker_is_open(policy, breaker, now_ns)) {
        breaker->state = BREAKER_HALF_OPEN;
        breaker->half_open = 0;
    }
    if (breaker->state == BREAKER_OPEN)
        return false;
    breaker->half_open++;
    return true;
}

static void open_circuit(struct retry_breaker *breaker, int64_t now_ns)
{
    breaker->state = BREAKER_OPEN;
    breaker->opened_ns = now_ns;
}

/* A probe of an earlier half-open time was sent before the circuit opened
 * again. */
static bool is_present_probe(const struct circuit_breaker *policy,
                             const struct retry_breaker *breaker,
                             const struct breaker_attempt *attempt)
{
    return breaker->state == BREAKER_HALF_OPEN && attempt->is_probe &&
           attempt->sent_ns >= half_open_ns(policy, breaker);
}

static void record_closed(const struct circuit_breaker *policy,
                          struct retry_breaker *breaker, bool is_success,
                          int64_t now_ns)
{
    breaker->failures = is_success ? 0 : breaker->failures + 1;
    if (breaker->failures >= policy->failures)
        open_circuit(breaker, now_ns);
}

void breaker_record(const struct circuit_breaker *policy,
                    struct retry_breaker *breaker,
                    const struct breaker_attempt *attempt,
                    const struct retry_event *ended)
{
    bool is_success = outcome_is_success(ended->outcome);
    if (breaker->state == BREAKER_CLOSED) {
        record_closed(policy, breaker, is_success, ended->now_ns);
        return;
    }
    if (!is_present_probe(policy, breaker, attempt))
        return;
    if (is_success)
        *breaker = (struct retry_breaker){.state = BREAKER_CLOSED};
    else
        open_circuit(breaker, ended->now_ns);
}

void breaker_give_back(const struct circuit_breaker *policy,
                       struct retry_breaker *breaker,
                       const struct breaker_attempt *attempt)
{
    if (is_present_probe(policy, breaker, attempt))
        breaker->half_open--;
}
