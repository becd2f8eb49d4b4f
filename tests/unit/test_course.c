/* The course of a call, in a world whose clock the test sets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "client/course.h"
#include "lab_kit.h"
#include "model/units.h"

struct stage {
    struct course course;
    struct profile *profile;
    struct workload workload;
    struct retry_shared shared;
    struct pool pools[POOL_SCOPES][1];
    struct course_sight sight;
    int64_t now_ns, armed_ns;
    int begun, timed_out, abandoned, finished;
    int queued, entered;
    bool is_ok;
};

static struct stage *stage_of(const struct course *course)
{
    return course->owner;
}

static int64_t now_ns(const struct course *course)
{
    return stage_of(course)->now_ns;
}

static void arm(struct course *course, int64_t at_ns)
{
    stage_of(course)->armed_ns = at_ns;
}

static void begin_attempt(struct course *course)
{
    stage_of(course)->begun++;
    stage_of(course)->sight.last_byte_ns = stage_of(course)->now_ns;
}

static struct course_sight look(const struct course *course)
{
    return stage_of(course)->sight;
}

static void end(struct course *course, enum attempt_end how, int status)
{
    struct attempt_outcome outcome = {.end = how, .status = status};
    struct retry_action action = course_end(course, &outcome, 0);
    course_act(course, &action);
}

static void time_out(struct course *course)
{
    stage_of(course)->timed_out++;
    end(course, END_TIMEOUT, 0);
}

static void abandon(struct course *course, const struct retry_action *action)
{
    (void)action;
    stage_of(course)->abandoned++;
}

static void finish(struct course *course, const struct retry_action *action)
{
    stage_of(course)->finished++;
    stage_of(course)->is_ok = action->is_ok;
}

static void queued(struct course *course)
{
    stage_of(course)->queued++;
}

static void entered(struct course *course)
{
    stage_of(course)->entered++;
}

static const struct course_world world = {
    .now_ns = now_ns,
    .arm = arm,
    .begin_attempt = begin_attempt,
    .look = look,
    .time_out = time_out,
    .abandon = abandon,
    .finish = finish,
    .queued = queued,
    .entered = entered,
};

/* Two retries, each a second after the failure. `pools` of another stage: they
 * share its slots; NULL: its own. */
static void set_stage(struct stage *stage, const char *members,
                      struct pool (*pools)[1])
{
    static const struct retry_request request = {.method = "GET", .path = "/"};
    stage->profile =
        lab_profile(members, "{'schedule':'constant','base':'1s'}");
    retry_shared_init(&stage->shared, stage->profile, 0);
    retry_call_init(&stage->course.engine, &stage->shared, &request);
    struct pool *owners[POOL_SCOPES];
    for (int i = 0; i < POOL_SCOPES; i++) {
        pools_init(stage->pools[i], stage->profile);
        owners[i] = pools ? pools[i] : stage->pools[i];
    }
    pools_call_init(&stage->course.pooled, &stage->course.engine, owners);
    course_init(&stage->course, &world, stage, &stage->workload);
}

static void at(struct stage *stage, int64_t ms)
{
    stage->now_ns = ms * NS_PER_MS;
    course_on_timer(&stage->course);
}

static void armed_at(const struct stage *stage, int64_t ms)
{
    assert_int_equal(stage->armed_ns, ms * NS_PER_MS);
}

#define RETRIES "'budget':{'attempts':3},"

static void an_attempt_a_wait_an_attempt(void **state)
{
    (void)state;
    struct stage stage = {0};
    set_stage(&stage, RETRIES, NULL);
    course_begin(&stage.course);
    assert_int_equal(stage.entered, 1);
    assert_int_equal(stage.begun, 1);
    assert_int_equal(stage.course.state, COURSE_SENDING);
    end(&stage.course, END_STATUS, 503);
    assert_int_equal(stage.course.state, COURSE_WAITING);
    armed_at(&stage, 1000);
    at(&stage, 999);
    assert_int_equal(stage.begun, 1);
    at(&stage, 1000);
    assert_int_equal(stage.begun, 2);
    end(&stage.course, END_STATUS, 200);
    assert_int_equal(stage.finished, 1);
    assert_true(stage.is_ok);
    profile_free(stage.profile);
}

/* The limit of silence moves with every byte, that of the head ends with it. */
static void limits_that_the_wire_moves(void **state)
{
    (void)state;
    struct stage silence = {0}, head = {0};
    set_stage(&silence,
              RETRIES "'attempt_timeout':{'limit':'5s','kind':'inactivity'},",
              NULL);
    set_stage(&head, RETRIES "'attempt_timeout':{'limit':'5s','kind':'head'},",
              NULL);
    course_begin(&silence.course);
    course_begin(&head.course);
    armed_at(&silence, 5000);
    armed_at(&head, 5000);
    silence.sight.last_byte_ns = 3 * NS_PER_S;
    head.sight.has_head = true;
    at(&silence, 5000);
    at(&head, 5000);
    armed_at(&silence, 8000);
    assert_int_equal(head.armed_ns, NS_FOREVER);
    at(&silence, 8000);
    assert_int_equal(silence.timed_out, 1);
    armed_at(&silence, 9000); /* the wait before the next one */
    profile_free(silence.profile);
    profile_free(head.profile);
}

static void who_waits_for_a_slot_is_told_and_goes_on(void **state)
{
    (void)state;
    const char *slots = RETRIES "'slots':{'limit':1,'scope':'global'},";
    struct stage first = {0}, second = {0};
    set_stage(&first, slots, NULL);
    set_stage(&second, slots, first.pools);
    course_begin(&first.course);
    course_begin(&second.course);
    assert_int_equal(second.begun, 0);
    assert_int_equal(second.queued, 1);
    assert_int_equal(second.armed_ns, NS_FOREVER);
    second.now_ns = 7 * NS_PER_MS;
    end(&first.course, END_STATUS, 200);
    armed_at(&second, 7);
    at(&second, 7);
    assert_int_equal(second.begun, 1);
    profile_free(first.profile);
    profile_free(second.profile);
}

/* In flight or in a wait: patience ends both. */
static void a_caller_gives_up(void **state)
{
    (void)state;
    for (int where = 0; where < 2; where++) {
        struct stage stage = {.workload.give_up_ns = 500 * NS_PER_MS};
        set_stage(&stage, RETRIES, NULL);
        course_begin(&stage.course);
        if (where == 1) {
            end(&stage.course, END_RESET, 0);
        }
        armed_at(&stage, 500);
        at(&stage, 500);
        assert_int_equal(stage.finished, 1);
        assert_false(stage.is_ok);
        assert_int_equal(stage.abandoned, where == 0);
        profile_free(stage.profile);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_attempt_a_wait_an_attempt),
        cmocka_unit_test(limits_that_the_wire_moves),
        cmocka_unit_test(who_waits_for_a_slot_is_told_and_goes_on),
        cmocka_unit_test(a_caller_gives_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
