/* The yardstick of scripts/bench: the least that a libmicrohttpd server can do
 * for the same requests. One epoll thread inside libmicrohttpd, no trace, no
 * script.
 *
 *   GET /static   503 and 12 bytes
 *   GET /seq      429, 429, 200 by turns for each value of the header x-key
 *   GET /delay    200 after 100 ms
 *   GET /hang     never answered
 *   GET /ok       200
 */
#include <microhttpd.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { KEYS = 1 << 16, DELAYED_MAX = 1 << 16 };
static const int64_t DELAY_NS = 100 * INT64_C(1000000);

struct key {
    char name[32];
    unsigned count;
};

static struct key keys[KEYS];
static pthread_mutex_t keys_lock = PTHREAD_MUTEX_INITIALIZER;
static struct MHD_Response *body;

/* Delays are all alike, so a queue is a timer heap. */
static struct {
    struct MHD_Connection *connection;
    int64_t due_ns;
} delayed[DELAYED_MAX];
static unsigned delayed_first, delayed_last;
static pthread_mutex_t delayed_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t delayed_some = PTHREAD_COND_INITIALIZER;

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static void *resume_when_due(void *unused)
{
    (void)unused;
    for (;;) {
        pthread_mutex_lock(&delayed_lock);
        while (delayed_first == delayed_last)
            pthread_cond_wait(&delayed_some, &delayed_lock);
        int64_t due_ns = delayed[delayed_first % DELAYED_MAX].due_ns;
        pthread_mutex_unlock(&delayed_lock);
        struct timespec due = {due_ns / 1000000000, due_ns % 1000000000};
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL);
        pthread_mutex_lock(&delayed_lock);
        MHD_resume_connection(
            delayed[delayed_first++ % DELAYED_MAX].connection);
        pthread_mutex_unlock(&delayed_lock);
    }
    return NULL;
}

static void delay(struct MHD_Connection *connection)
{
    MHD_suspend_connection(connection);
    pthread_mutex_lock(&delayed_lock);
    unsigned at = delayed_last++ % DELAYED_MAX;
    delayed[at].connection = connection;
    delayed[at].due_ns = now_ns() + DELAY_NS;
    pthread_cond_signal(&delayed_some);
    pthread_mutex_unlock(&delayed_lock);
}

static unsigned next_status(const char *name)
{
    uint32_t hash = 2166136261u;
    for (const char *c = name; *c; c++)
        hash = (hash ^ (unsigned char)*c) * 16777619u;
    pthread_mutex_lock(&keys_lock);
    struct key *key = &keys[hash % KEYS];
    while (key->name[0] && strcmp(key->name, name) != 0)
        key = &keys[(size_t)(key - keys + 1) % KEYS];
    snprintf(key->name, sizeof key->name, "%s", name);
    unsigned count = key->count++;
    pthread_mutex_unlock(&keys_lock);
    return count % 3 == 2 ? 200 : 429;
}

static enum MHD_Result answer(void *unused, struct MHD_Connection *connection,
                              const char *url, const char *method,
                              const char *version, const char *data,
                              size_t *data_size, void **state)
{
    static int seen, resumed;
    (void)unused, (void)method, (void)version, (void)data;
    if (!*state) {
        *state = &seen;
        return MHD_YES;
    }
    *data_size = 0;
    if (strcmp(url, "/static") == 0)
        return MHD_queue_response(connection, 503, body);
    if (strcmp(url, "/seq") == 0) {
        const char *key =
            MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "x-key");
        return MHD_queue_response(connection, next_status(key ? key : "-"),
                                  body);
    }
    if (strcmp(url, "/delay") == 0 && *state == &seen) {
        *state = &resumed;
        delay(connection);
        return MHD_YES;
    }
    if (strcmp(url, "/hang") == 0) {
        MHD_suspend_connection(connection);
        return MHD_YES;
    }
    return MHD_queue_response(connection, 200, body);
}

int main(int argc, char **argv)
{
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    static char text[] = "{\"ok\":true}\n";
    body = MHD_create_response_from_buffer(12, text, MHD_RESPMEM_PERSISTENT);
    MHD_add_response_header(body, "Content-Type", "application/json");
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons((uint16_t)atoi(argc > 1 ? argv[1] : "0")),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct MHD_Daemon *daemon = MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL,
        answer, NULL, MHD_OPTION_SOCK_ADDR, &address,
        MHD_OPTION_CONNECTION_LIMIT, 16384u, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)8192, MHD_OPTION_LISTEN_BACKLOG_SIZE, 4096u, MHD_OPTION_END);
    if (!daemon) {
        perror("bare_mhd");
        return 1;
    }
    pthread_t thread;
    pthread_create(&thread, NULL, resume_when_due, NULL);
    pause();
    return 0;
}
