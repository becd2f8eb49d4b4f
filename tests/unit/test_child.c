/* Processes under test: how they end, what they print, what they leave. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "judge/signal_name.h"
#include "runner/child.h"
#include "runner/environment.h"
#include "runner/leftovers.h"

static char folder[] = "/tmp/retryspec-child-XXXXXX";

static int make_folder(void **state)
{
    (void)state;
    child_adopt_orphans();
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    char path[64];
    (void)state;
    snprintf(path, sizeof path, "%s/client.stdout", folder);
    unlink(path);
    snprintf(path, sizeof path, "%s/client.stderr", folder);
    unlink(path);
    return rmdir(folder);
}

struct fixture {
    struct arena arena;
    struct output output;
    struct child child;
};

static int start(struct fixture *fixture, const char *const *argv,
                 const struct environment_pair *pairs, size_t count)
{
    struct error error = {0};
    assert_true(output_open(&fixture->output, folder, &error));
    const struct child_options options = {
        .argv = argv,
        .environment = environment_create(&fixture->arena, pairs, count),
        .output = &fixture->output};
    assert_non_null(options.environment);
    return child_start(&fixture->child, &options);
}

static void start_shell(struct fixture *fixture, const char *script)
{
    const char *const argv[] = {"sh", "-c", script, NULL};
    const struct environment_pair pairs[] = {{"RETRYSPEC_RESULTS", folder}};
    assert_int_equal(start(fixture, argv, pairs, 1), 0);
}

/* Steps until the child is over; ten seconds are a hang. */
static void wait_for_end(struct fixture *fixture)
{
    time_t limit = time(NULL) + 10;
    while (!fixture->child.is_over) {
        struct pollfd fds[CHILD_FDS_MAX];
        poll(fds, child_fds(&fixture->child, fds), 1000);
        child_step(&fixture->child);
        assert_true(time(NULL) < limit);
    }
}

static void finish(struct fixture *fixture)
{
    child_reap(&fixture->child);
    output_close(&fixture->output);
    arena_deinit(&fixture->arena);
}

static char *read_file(const char *name, size_t *size)
{
    static char bytes[1 << 20];
    char path[64];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    *size = fread(bytes, 1, sizeof bytes - 1, file);
    bytes[*size] = '\0';
    fclose(file);
    return bytes;
}

static void exit_code_and_output(void **state)
{
    (void)state;
    struct fixture fixture = {0};
    size_t size;
    start_shell(&fixture, "echo out; echo first >&2; echo 'la\tst' >&2; "
                          "cat; exit 3");
    wait_for_end(&fixture);
    assert_false(fixture.child.is_signaled);
    assert_int_equal(fixture.child.code, 3);
    finish(&fixture);
    assert_string_equal(read_file("client.stdout", &size), "out\n");
    assert_string_equal(read_file("client.stderr", &size), "first\nla\tst\n");
    char line[5];
    assert_string_equal(output_last_line(&fixture.output, line, sizeof line),
                        "la?s");
}

static void a_crash_has_a_name(void **state)
{
    (void)state;
    struct fixture fixture = {0};
    char name[SIGNAL_NAME_MAX];
    start_shell(&fixture, "kill -SEGV $$");
    wait_for_end(&fixture);
    assert_true(fixture.child.is_signaled);
    assert_string_equal(signal_name(fixture.child.code, name), "SIGSEGV");
    assert_string_equal(signal_name(64, name), "signal 64");
    finish(&fixture);
}

static void a_missing_program_is_an_errno(void **state)
{
    (void)state;
    struct fixture fixture = {0};
    const char *const missing[] = {"retryspec-no-such-program", NULL};
    assert_int_equal(start(&fixture, missing, NULL, 0), ENOENT);
    output_close(&fixture.output);
    const char *const forbidden[] = {"/etc/passwd", NULL};
    assert_int_equal(start(&fixture, forbidden, NULL, 0), EACCES);
    output_close(&fixture.output);
    arena_deinit(&fixture.arena);
}

/* Ends by TERM to the group, children included. */
static void one_that_never_exits_is_stopped(void **state)
{
    (void)state;
    struct fixture fixture = {0};
    start_shell(&fixture, "sleep 60; echo not reached");
    child_step(&fixture.child);
    assert_false(fixture.child.is_over);
    child_signal(&fixture.child, SIGTERM);
    wait_for_end(&fixture);
    assert_true(fixture.child.is_signaled);
    assert_int_equal(fixture.child.code, SIGTERM);
    finish(&fixture);
    assert_int_equal(fixture.output.bytes[OUTPUT_STDOUT], 0);
}

static void one_that_ignores_term_is_killed(void **state)
{
    (void)state;
    struct fixture fixture = {0};
    start_shell(&fixture, "trap '' TERM; echo ready; while :; do sleep 60; "
                          "done");
    while (fixture.output.bytes[OUTPUT_STDOUT] == 0) {
        child_step(&fixture.child);
    }
    child_signal(&fixture.child, SIGTERM);
    child_step(&fixture.child);
    assert_false(fixture.child.is_over);
    child_kill(&fixture.child);
    assert_true(fixture.child.is_over);
    assert_int_equal(fixture.child.code, SIGKILL);
    finish(&fixture);
}

static int64_t count_leftovers(const struct fixture *fixture)
{
    char mark[64];
    snprintf(mark, sizeof mark, "RETRYSPEC_RESULTS=%s", folder);
    const struct leftovers_search search = {
        .leaders = &fixture->child.pid, .leader_count = 1, .mark = mark};
    return leftovers_kill(&search);
}

static void wait_until_gone(pid_t pid)
{
    time_t limit = time(NULL) + 10;
    while (kill(pid, 0) == 0) {
        waitpid(pid, NULL, WNOHANG);
        usleep(1000);
        assert_true(time(NULL) < limit);
    }
}

/* The first stays in the session but hides its environment, the second leaves
 * the session but keeps its environment: both are found. */
static void grandchildren_are_found(void **state)
{
    (void)state;
    struct fixture fixture = {0};
    size_t size;
    start_shell(&fixture, "env -i /bin/sleep 61 & echo $!; "
                          "setsid sleep 62 & echo $!; exit 0");
    wait_for_end(&fixture);
    /* Time for both to become what they will be. */
    usleep(300 * 1000);
    assert_int_equal(count_leftovers(&fixture), 2);
    child_step(&fixture.child);
    int first, second;
    assert_int_equal(
        sscanf(read_file("client.stdout", &size), "%d %d", &first, &second), 2);
    wait_until_gone(first);
    wait_until_gone(second);
    assert_int_equal(count_leftovers(&fixture), 0);
    finish(&fixture);
}

static void one_that_leaves_nothing(void **state)
{
    (void)state;
    struct fixture fixture = {0};
    start_shell(&fixture, "sleep 0.01 | cat");
    wait_for_end(&fixture);
    assert_int_equal(count_leftovers(&fixture), 0);
    finish(&fixture);
}

/* The pipe is drained beyond the limit, or the client would hang. */
static void a_flood_is_cut_but_counted(void **state)
{
    (void)state;
    struct fixture fixture = {0};
    size_t size;
    start_shell(&fixture, "sleep 0.2; head -c 3000000 /dev/zero");
    fixture.output.kept_max = 1000;
    wait_for_end(&fixture);
    assert_int_equal(fixture.child.code, 0);
    finish(&fixture);
    assert_int_equal(fixture.output.bytes[OUTPUT_STDOUT], 3000000);
    assert_int_equal(output_bytes(&fixture.output), 3000000);
    assert_int_equal(output_lost(&fixture.output), 2999000);
    read_file("client.stdout", &size);
    assert_int_equal(size, 1000);
}

static void stdin_is_empty_and_session_own(void **state)
{
    (void)state;
    struct fixture fixture = {0};
    size_t size;
    start_shell(&fixture, "cat; cut -d' ' -f1,5,6 /proc/$$/stat");
    wait_for_end(&fixture);
    int pid, group, session;
    finish(&fixture);
    assert_int_equal(sscanf(read_file("client.stdout", &size), "%d %d %d", &pid,
                            &group, &session),
                     3);
    assert_int_equal(pid, group);
    assert_int_equal(pid, session);
}

static int run_env(struct fixture *fixture)
{
    const char *const argv[] = {"env", NULL};
    const struct environment_pair pairs[] = {
        {"RETRYSPEC_BASE_URL", "http://127.0.0.1:1"}, {"RETRYSPEC_SEED", "7"}};
    return start(fixture, argv, pairs, 2);
}

static void proxies_do_not_reach_the_client(void **state)
{
    (void)state;
    struct fixture fixture = {0};
    size_t size;
    setenv("http_proxy", "http://127.0.0.1:9", 1);
    setenv("HTTPS_PROXY", "http://127.0.0.1:9", 1);
    setenv("All_Proxy", "http://127.0.0.1:9", 1);
    setenv("NO_PROXY", "example.org", 1);
    setenv("RETRYSPEC_STALE", "1", 1);
    setenv("HTTP_PROXY_PASS", "kept", 1);
    assert_int_equal(run_env(&fixture), 0);
    wait_for_end(&fixture);
    finish(&fixture);
    const char *text = read_file("client.stdout", &size);
    assert_null(strstr(text, "127.0.0.1:9"));
    assert_null(strstr(text, "example.org"));
    assert_null(strstr(text, "RETRYSPEC_STALE"));
    assert_non_null(strstr(text, "\nHTTP_PROXY_PASS=kept\n"));
    assert_non_null(strstr(text, "\nNO_PROXY=127.0.0.1,localhost\n"));
    assert_non_null(strstr(text, "\nno_proxy=127.0.0.1,localhost\n"));
    assert_non_null(strstr(text, "\nRETRYSPEC_BASE_URL=http://127.0.0.1:1\n"));
    assert_non_null(strstr(text, "\nRETRYSPEC_SEED=7\n"));
    assert_non_null(strstr(text, "PATH="));
}

/* The server raises our limit of open files; clients keep the user's. */
static void limits_are_the_users(void **state)
{
    (void)state;
    struct fixture fixture = {0};
    struct error error = {0};
    const struct rlimit files = {.rlim_cur = 123, .rlim_max = 200};
    const char *const argv[] = {"sh", "-c", "ulimit -n", NULL};
    size_t size;
    assert_true(output_open(&fixture.output, folder, &error));
    const struct child_options options = {
        .argv = argv,
        .environment = environment_create(&fixture.arena, NULL, 0),
        .files = &files,
        .output = &fixture.output};
    assert_int_equal(child_start(&fixture.child, &options), 0);
    wait_for_end(&fixture);
    finish(&fixture);
    assert_string_equal(read_file("client.stdout", &size), "123\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exit_code_and_output),
        cmocka_unit_test(a_crash_has_a_name),
        cmocka_unit_test(a_missing_program_is_an_errno),
        cmocka_unit_test(one_that_never_exits_is_stopped),
        cmocka_unit_test(one_that_ignores_term_is_killed),
        cmocka_unit_test(grandchildren_are_found),
        cmocka_unit_test(one_that_leaves_nothing),
        cmocka_unit_test(a_flood_is_cut_but_counted),
        cmocka_unit_test(stdin_is_empty_and_session_own),
        cmocka_unit_test(proxies_do_not_reach_the_client),
        cmocka_unit_test(limits_are_the_users),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
