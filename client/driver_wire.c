#include <errno.h>
#include <poll.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "client/curl_api.h"
#include "client/driver_clock.h"
#include "client/driver_parts.h"
#include "model/units.h"

enum { EVENTS_MAX = 256 };

/* -- what libcurl wants to know ---------------------------------------------
 */

static uint32_t epoll_events(int what)
{
    return (what & CURL_POLL_IN ? (uint32_t)EPOLLIN : 0u) |
           (what & CURL_POLL_OUT ? (uint32_t)EPOLLOUT : 0u);
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *context,
                     void *known)
{
    struct driver *driver = context;
    struct epoll_event event = {.events = epoll_events(what), .data.fd = fd};
    (void)easy, (void)known;
    if (what == CURL_POLL_REMOVE) {
        epoll_ctl(driver->epoll, EPOLL_CTL_DEL, fd, &event);
    } else if (epoll_ctl(driver->epoll, EPOLL_CTL_MOD, fd, &event) != 0 &&
               epoll_ctl(driver->epoll, EPOLL_CTL_ADD, fd, &event) != 0 &&
               !driver->has_failed) {
        driver->has_failed = true;
        error_add_errno(driver->error, errno, "epoll_ctl");
    }
    return 0;
}

static int on_multi_timer(CURLM *multi, long ms, void *context)
{
    struct driver *driver = context;
    (void)multi;
    driver_arm(driver, &driver->multi_timer,
               ms < 0 ? NS_FOREVER : driver_clock_ns() + ms * NS_PER_MS);
    return 0;
}

/* Connections of calls that wait must stay open as long as the server lets
 * them: libcurl would else keep four for each request in flight. */
static long connections_max(const struct driver *driver)
{
    const struct workload *workload = &driver->options->plan->workload;
    int64_t concurrency = workload->concurrency < workload->calls
                              ? workload->concurrency
                              : workload->calls;
    int64_t connections = workload->clients * concurrency;
    return connections < 1000000 ? (long)connections + 1 : 1000000;
}

bool driver_wire_init(struct driver *driver)
{
    driver->multi_timer = (struct timer){.owner = driver, .kind = TIMER_MULTI};
    driver->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (driver->epoll < 0) {
        error_add_errno(driver->error, errno, "epoll_create1");
        return false;
    }
    driver->multi = curl_api.multi_init();
    if (!driver->multi) {
        driver_fail_memory(driver);
        return false;
    }
    curl_api.multi_setopt(driver->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_api.multi_setopt(driver->multi, CURLMOPT_SOCKETDATA, driver);
    curl_api.multi_setopt(driver->multi, CURLMOPT_TIMERFUNCTION,
                          on_multi_timer);
    curl_api.multi_setopt(driver->multi, CURLMOPT_TIMERDATA, driver);
    curl_api.multi_setopt(driver->multi, CURLMOPT_MAXCONNECTS,
                          connections_max(driver));
    curl_api.multi_setopt(driver->multi, CURLMOPT_PIPELINING,
                          (long)CURLPIPE_NOTHING);
    return true;
}

void driver_wire_deinit(struct driver *driver)
{
    curl_api.multi_cleanup(driver->multi);
    if (driver->epoll >= 0) {
        close(driver->epoll);
    }
}

/* -- letting it work --------------------------------------------------------
 */

static void collect_ended(struct driver *driver)
{
    int left;
    CURLMsg *message;
    while ((message = curl_api.multi_info_read(driver->multi, &left))) {
        char *owner = NULL;
        CURLcode code = message->data.result;
        curl_api.easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &owner);
        driver_attempt_on_transfer((struct driver_call *)(void *)owner, code);
    }
}

static void work(struct driver *driver, curl_socket_t fd, int what)
{
    int running;
    curl_api.multi_socket_action(driver->multi, fd, what, &running);
    collect_ended(driver);
}

void driver_wire_on_timer(struct driver *driver)
{
    driver_arm(driver, &driver->multi_timer, NS_FOREVER);
    work(driver, CURL_SOCKET_TIMEOUT, 0);
}

static int curl_events(uint32_t events)
{
    return (events & EPOLLIN ? CURL_CSELECT_IN : 0) |
           (events & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
           (events & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0);
}

static void sleep_until(const struct driver *driver, int64_t until_ns)
{
    int64_t left_ns = until_ns - driver_clock_ns();
    left_ns = left_ns < 0 ? 0 : left_ns;
    struct timespec left = {left_ns / NS_PER_S, left_ns % NS_PER_S};
    struct pollfd ready = {driver->epoll, POLLIN, 0};
    ppoll(&ready, 1, &left, NULL);
}

void driver_wire_wait(struct driver *driver, int64_t until_ns)
{
    struct epoll_event events[EVENTS_MAX];
    sleep_until(driver, until_ns);
    int count = epoll_wait(driver->epoll, events, EVENTS_MAX, 0);
    for (int i = 0; i < count; i++) {
        work(driver, events[i].data.fd, curl_events(events[i].events));
    }
}
