/* What processes wait for a CPU. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "model/units.h"
#include "runner/cpu_wait.h"

#define SPAN_NS (300 * NS_PER_MS)

static void sleep_for(int64_t ns)
{
    struct timespec time = {.tv_sec = ns / NS_PER_S, .tv_nsec = ns % NS_PER_S};
    nanosleep(&time, NULL);
}

/* On one CPU, with whatever it starts. */
static void stay_on_one_cpu(void)
{
    cpu_set_t all, one;
    CPU_ZERO(&one);
    sched_getaffinity(0, sizeof all, &all);
    for (size_t i = 0; i < CPU_SETSIZE; i++) {
        if (CPU_ISSET(i, &all)) {
            CPU_SET(i, &one);
            break;
        }
    }
    sched_setaffinity(0, sizeof one, &one);
}

/* A process with a child; both want the same CPU all the time, for 10 s. */
static pid_t start_rivals(void)
{
    pid_t pid = fork();
    if (pid == 0) {
        setpgid(0, 0);
        stay_on_one_cpu();
        alarm(10);
        if (fork() == 0) {
            alarm(10);
        }
        for (volatile int i = 0;; i++) {
        }
    }
    setpgid(pid, pid);
    return pid;
}

static pid_t start_sleeper(void)
{
    pid_t pid = fork();
    if (pid == 0) {
        setpgid(0, 0);
        alarm(10);
        for (;;) {
            pause();
        }
    }
    setpgid(pid, pid);
    return pid;
}

static void stop(pid_t pid)
{
    kill(-pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

/* Goal: of two that share a CPU one waits at any time, and the child is seen;
 * a sleeper waits for none; a look counts from the last one. */
static void counts_the_waits_of_a_tree(void **state)
{
    (void)state;
    struct cpu_wait *waits = cpu_wait_create();
    pid_t rivals = start_rivals(), sleeper = start_sleeper();
    sleep_for(SPAN_NS);
    int64_t of_both = cpu_wait_look(waits, &rivals, 1, NS_FOREVER);
    assert_true(of_both > SPAN_NS / 2);
    sleep_for(SPAN_NS);
    const pid_t both[] = {sleeper, rivals};
    int64_t since = cpu_wait_look(waits, both, 2, NS_FOREVER);
    assert_true(since > SPAN_NS / 2);
    assert_in_range(cpu_wait_look(waits, both, 2, 1), 0, SPAN_NS / 2);
    stop(rivals);
    assert_int_equal(cpu_wait_look(waits, &rivals, 1, NS_FOREVER), 0);
    stop(sleeper);
    cpu_wait_free(waits);
}

/* Goal: the waits of a process that ended count until it is collected. */
static void counts_what_has_ended(void **state)
{
    (void)state;
    struct cpu_wait *waits = cpu_wait_create();
    pid_t rivals = start_rivals();
    sleep_for(SPAN_NS);
    kill(rivals, SIGKILL);
    siginfo_t info;
    waitid(P_PID, (id_t)rivals, &info, WEXITED | WNOWAIT);
    assert_true(cpu_wait_look(waits, &rivals, 1, NS_FOREVER) > SPAN_NS / 6);
    stop(rivals);
    cpu_wait_free(waits);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_the_waits_of_a_tree),
        cmocka_unit_test(counts_what_has_ended),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
