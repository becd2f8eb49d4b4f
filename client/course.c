#include "client/course.h"

#include <stddef.h>

#include "client/caller.h"
#include "client/deadline.h"
#include "model/units.h"

static int64_t now(const struct course *course)
{
    return course->world->now_ns(course);
}

/* -- when to look at it again -----------------------------------------------
 */

/* Until when it may queue. Who waits at first has no deadline but the caller's
 * patience: the engine's clocks begin with the slots. */
static int64_t queue_deadline(const struct course *course)
{
    const struct retry_call *engine = &course->engine;
    switch (course->grant) {
    case GRANT_START:
        return NS_FOREVER;
    case GRANT_TIMER:
        return units_min(deadline_abort(engine), deadline_present_call(engine));
    case GRANT_SEND:
        return units_min(course->until_ns, course->wake_ns);
    }
    return NS_FOREVER;
}

/* When our own limit ends the attempt in flight. The engine itself knows the
 * end of a total limit; the other two depend on what the wire shows. */
static int64_t attempt_deadline(const struct course *course)
{
    const struct course_world *world = course->world;
    int64_t limit_ns = course->limit.limit_ns;
    switch (course->limit.kind) {
    case TIMEOUT_TOTAL:
        return NS_FOREVER;
    case TIMEOUT_HEAD:
        return world->look(course).has_head
                   ? NS_FOREVER
                   : units_add(course->attempt_ns, limit_ns);
    case TIMEOUT_INACTIVITY:
        return units_add(world->look(course).last_byte_ns, limit_ns);
    }
    return NS_FOREVER;
}

static int64_t next_look(const struct course *course)
{
    int64_t at_ns = units_min(course->until_ns, course->wake_ns);
    switch (course->state) {
    case COURSE_QUEUED:
        return units_min(course->again_ns, queue_deadline(course));
    case COURSE_SENDING:
        return units_min(at_ns, attempt_deadline(course));
    case COURSE_WAITING:
        return at_ns;
    }
    return at_ns;
}

static void arm(struct course *course)
{
    course->world->arm(course,
                       units_min(course->give_up_ns, next_look(course)));
}

/* -- slots ------------------------------------------------------------------
 */

static struct course *owner_of(struct pooled_call *pooled)
{
    return (struct course *)(void *)((char *)pooled -
                                     offsetof(struct course, pooled));
}

/* Who was served goes on from its own timer, not from inside this call. */
static void tell(struct pooled_call *served)
{
    for (; served; served = served->also) {
        struct course *course = owner_of(served);
        course->is_served = true;
        course->world->arm(course, now(course));
    }
}

static void step(struct course *course, enum retry_event_kind kind)
{
    struct retry_event event = {
        .kind = kind,
        .now_ns = now(course),
        .u = rng_uniform(&course->timing),
    };
    struct retry_action action = retry_step(&course->engine, &event);
    course_act(course, &action);
}

static void send_attempt(struct course *course)
{
    course->state = COURSE_SENDING;
    course->attempt_ns = now(course);
    course->limit = caller_timeout(&course->to_send.attempt_timeout,
                                   course->workload->read_timeout_ns);
    course->last = (struct attempt_outcome){.end = END_UNFINISHED};
    course->resends = 0;
    course->world->begin_attempt(course);
    arm(course);
}

static void go_on(struct course *course)
{
    switch (course->grant) {
    case GRANT_START:
        if (course->world->entered) {
            course->world->entered(course);
        }
        step(course, RETRY_START);
        return;
    case GRANT_TIMER:
        step(course, RETRY_TIMER);
        return;
    case GRANT_SEND:
        send_attempt(course);
        return;
    }
}

static void ask(struct course *course)
{
    int64_t now_ns = now(course);
    course->is_served = false;
    course->again_ns = NS_FOREVER;
    if (pools_acquire(&course->pooled, now_ns)) {
        go_on(course);
        return;
    }
    course->again_ns = pools_ask_again_ns(&course->pooled, now_ns,
                                          rng_uniform(&course->timing));
    if (!course->was_queued && course->grant == GRANT_START) {
        course->was_queued = true;
        if (course->world->queued) {
            course->world->queued(course);
        }
    }
    arm(course);
}

/* Goes on once every slot is held. */
static void queue(struct course *course, enum course_grant grant)
{
    course->state = COURSE_QUEUED;
    course->grant = grant;
    ask(course);
}

/* -- what the engine says ---------------------------------------------------
 */

static void begin_send(struct course *course, const struct retry_action *action)
{
    tell(pools_release_for_step(&course->pooled));
    course->to_send = *action;
    course->until_ns = action->until_ns;
    course->wake_ns = action->wake_ns;
    queue(course, GRANT_SEND);
}

/* A limiter is waited for with all slots held. Another wait ends runs, and the
 * call may go back to its first request. */
static void begin_wait(struct course *course, const struct retry_action *action)
{
    course->state = COURSE_WAITING;
    if (course->world->waits) {
        course->world->waits(course, action);
    }
    if (action->wait_kind != WAIT_LIMITER) {
        tell(pools_release_for_wait(&course->pooled));
        tell(pools_release_for_step(&course->pooled));
    }
}

/* The answer to a timer with nothing due is the same attempt or wait as before.
 */
static void begin_or_keep_wait(struct course *course,
                               const struct retry_action *action)
{
    bool is_new = course->state != COURSE_SENDING &&
                  (course->state != COURSE_WAITING ||
                   course->until_ns != action->until_ns);
    course->until_ns = action->until_ns;
    course->wake_ns = action->wake_ns;
    if (is_new) {
        begin_wait(course, action);
    }
    arm(course);
}

static void finish(struct course *course, const struct retry_action *action)
{
    tell(pools_release(&course->pooled));
    course->world->finish(course, action);
}

void course_act(struct course *course, const struct retry_action *action)
{
    switch (action->kind) {
    case RETRY_SEND:
        begin_send(course, action);
        return;
    case RETRY_WAIT:
        begin_or_keep_wait(course, action);
        return;
    case RETRY_ABORT:
        if (course->state == COURSE_SENDING) {
            course->last = (struct attempt_outcome){.end = END_CANCELLED};
            course->world->abandon(course, action);
        }
        finish(course, action);
        return;
    case RETRY_DONE:
        finish(course, action);
        return;
    }
}

/* -- the end of an attempt --------------------------------------------------
 */

bool course_resends(struct course *course,
                    const struct attempt_outcome *outcome)
{
    const struct resend *resend = &course->engine.shared->profile->resend;
    if (!caller_resends(resend, outcome, course->resends)) {
        return false;
    }
    course->resends++;
    return true;
}

void course_sent_again(struct course *course)
{
    arm(course);
}

struct retry_action course_end(struct course *course,
                               const struct attempt_outcome *outcome,
                               int64_t wall_ns)
{
    struct retry_event event = {
        .kind = RETRY_ENDED,
        .now_ns = now(course),
        .wall_ns = wall_ns,
        .u = rng_uniform(&course->delays),
        .outcome = outcome,
    };
    course->state = COURSE_QUEUED; /* neither in flight nor in a known wait */
    course->last = *outcome;
    course->last.body = NULL;
    course->last.body_size = 0;
    return retry_step(&course->engine, &event);
}

/* -- timers -----------------------------------------------------------------
 */

static void on_due_in_flight(struct course *course, int64_t now_ns)
{
    int64_t end_ns = units_min(course->until_ns, attempt_deadline(course));
    if (end_ns <= now_ns) {
        course->world->time_out(course);
    } else if (course->wake_ns <= now_ns) {
        step(course, RETRY_TIMER);
    } else {
        arm(course);
    }
}

/* The time of a call is over, or that of an attempt before it could be sent. */
static void end_queue(struct course *course, int64_t now_ns)
{
    if (course->grant == GRANT_SEND && course->until_ns <= now_ns) {
        course->attempt_ns = now_ns;
        course->world->time_out(course);
    } else {
        step(course, RETRY_TIMER);
    }
}

static void on_due_in_queue(struct course *course, int64_t now_ns)
{
    if (queue_deadline(course) <= now_ns) {
        end_queue(course, now_ns);
    } else if (course->is_served || course->again_ns <= now_ns) {
        ask(course);
    } else {
        arm(course);
    }
}

static void on_due_wait(struct course *course, int64_t now_ns)
{
    if (course->until_ns <= now_ns) {
        queue(course, GRANT_TIMER);
    } else if (course->wake_ns <= now_ns) {
        step(course, RETRY_TIMER);
    } else {
        arm(course);
    }
}

void course_on_timer(struct course *course)
{
    int64_t now_ns = now(course);
    if (course->give_up_ns <= now_ns) {
        course_cancel(course);
        return;
    }
    switch (course->state) {
    case COURSE_QUEUED:
        on_due_in_queue(course, now_ns);
        return;
    case COURSE_SENDING:
        on_due_in_flight(course, now_ns);
        return;
    case COURSE_WAITING:
        on_due_wait(course, now_ns);
        return;
    }
}

void course_cancel(struct course *course)
{
    step(course, RETRY_CANCEL);
}

/* -- the beginning ----------------------------------------------------------
 */

void course_init(struct course *course, const struct course_world *world,
                 void *owner, const struct workload *workload)
{
    course->world = world;
    course->owner = owner;
    course->workload = workload;
    int64_t patience_ns = workload->give_up_ns;
    course->give_up_ns =
        patience_ns > 0 ? units_add(now(course), patience_ns) : NS_FOREVER;
    course->until_ns = course->wake_ns = course->again_ns = NS_FOREVER;
}

void course_begin(struct course *course)
{
    queue(course, GRANT_START);
}
