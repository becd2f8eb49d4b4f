#include "runner/cpu_wait.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct thread {
    pid_t id;
    int64_t wait_ns; /* since it began */
};

struct threads {
    struct thread
        items[CPU_WAIT_THREADS_MAX]; /* sorted by id once all are in */
    size_t count;
};

struct cpu_wait {
    struct threads looks[2]; /* the last one and this one */
    int last;
};

struct cpu_wait *cpu_wait_create(void)
{
    return calloc(1, sizeof(struct cpu_wait));
}

void cpu_wait_free(struct cpu_wait *waits)
{
    free(waits);
}

static int compare_threads(const void *a, const void *b)
{
    const struct thread *left = a, *right = b;
    return (left->id > right->id) - (left->id < right->id);
}

/* A look that goes on. */
struct look {
    const struct threads *before;
    struct threads *now;
    pid_t processes[CPU_WAIT_THREADS_MAX]; /* of the tree, to be visited */
    size_t process_count;
    int64_t sum_ns, longest_ns; /* of the tree */
};

/* The text of a file of a thread; "" if it is gone. */
static void read_file(pid_t process, pid_t thread, const char *name,
                      char text[4096])
{
    char path[80];
    snprintf(path, sizeof path, "/proc/%d/task/%d/%s", (int)process,
             (int)thread, name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t size = fd >= 0 ? read(fd, text, 4095) : 0;
    text[size > 0 ? size : 0] = '\0';
    if (fd >= 0) {
        close(fd);
    }
}

static void add_children(struct look *look, char *text)
{
    char *end = text;
    for (;; text = end) {
        long child = strtol(text, &end, 10);
        if (end == text || look->process_count == CPU_WAIT_THREADS_MAX) {
            return;
        }
        look->processes[look->process_count++] = (pid_t)child;
    }
}

/* An id that was taken again counts from 0 again. */
static void add_wait(struct look *look, const struct thread *thread)
{
    const struct thread *before =
        bsearch(thread, look->before->items, look->before->count,
                sizeof *thread, compare_threads);
    int64_t wait_ns = thread->wait_ns;
    if (before && before->wait_ns <= wait_ns) {
        wait_ns -= before->wait_ns;
    }
    look->sum_ns += wait_ns;
    look->longest_ns = wait_ns > look->longest_ns ? wait_ns : look->longest_ns;
    look->now->items[look->now->count++] = *thread;
}

static void visit_thread(struct look *look, pid_t process, pid_t id)
{
    char text[4096];
    char *end;
    if (look->now->count == CPU_WAIT_THREADS_MAX) {
        return;
    }
    read_file(process, id, "schedstat", text);
    strtoll(text, &end, 10); /* the time that it ran */
    add_wait(look, &(struct thread){id, strtoll(end, NULL, 10)});
    read_file(process, id, "children", text);
    add_children(look, text);
}

static void visit_process(struct look *look, pid_t process)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/task", (int)process);
    DIR *folder = opendir(path);
    const struct dirent *entry;
    while (folder && (entry = readdir(folder))) {
        if (isdigit((unsigned char)entry->d_name[0])) {
            visit_thread(look, process, (pid_t)atoi(entry->d_name));
        }
    }
    if (folder) {
        closedir(folder);
    }
}

static int64_t visit_tree(struct look *look, pid_t root, int64_t span_ns)
{
    look->sum_ns = look->longest_ns = 0;
    look->processes[0] = root;
    look->process_count = 1;
    for (size_t i = 0; i < look->process_count; i++) {
        visit_process(look, look->processes[i]);
    }
    int64_t sum_ns = look->sum_ns < span_ns ? look->sum_ns : span_ns;
    return sum_ns > look->longest_ns ? sum_ns : look->longest_ns;
}

int64_t cpu_wait_look(struct cpu_wait *waits, const pid_t *processes,
                      size_t count, int64_t span_ns)
{
    struct look look = {.before = &waits->looks[waits->last],
                        .now = &waits->looks[1 - waits->last]};
    int64_t most_ns = 0;
    look.now->count = 0;
    for (size_t i = 0; i < count; i++) {
        int64_t wait_ns = visit_tree(&look, processes[i], span_ns);
        most_ns = wait_ns > most_ns ? wait_ns : most_ns;
    }
    qsort(look.now->items, look.now->count, sizeof *look.now->items,
          compare_threads);
    waits->last = 1 - waits->last;
    return most_ns;
}
