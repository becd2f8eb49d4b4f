#include "runner/output.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

static const char *const file_names[] = {
    [OUTPUT_STDOUT] = "client.stdout",
    [OUTPUT_STDERR] = "client.stderr",
};

bool output_open(struct output *output, const char *folder, struct error *error)
{
    *output = (struct output){.files = {-1, -1}, .kept_max = OUTPUT_KEPT_MAX};
    for (int stream = 0; stream < OUTPUT_STREAMS; stream++) {
        char path[PATH_MAX];
        snprintf(path, sizeof path, "%s/%s", folder, file_names[stream]);
        int flags = O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC;
        output->files[stream] = open(path, flags, 0666);
        if (output->files[stream] < 0) {
            error_add_errno(error, errno, "can't write %s", path);
            output_close(output);
            return false;
        }
    }
    return true;
}

void output_close(struct output *output)
{
    for (int stream = 0; stream < OUTPUT_STREAMS; stream++) {
        if (output->files[stream] >= 0) {
            close(output->files[stream]);
            output->files[stream] = -1;
        }
    }
}

static void keep_tail(struct output *output, const char *bytes, size_t size)
{
    if (size >= OUTPUT_TAIL_MAX) {
        memcpy(output->tail, bytes + size - OUTPUT_TAIL_MAX, OUTPUT_TAIL_MAX);
        output->tail_size = OUTPUT_TAIL_MAX;
        return;
    }
    size_t room = OUTPUT_TAIL_MAX - size;
    size_t stays = output->tail_size < room ? output->tail_size : room;
    memmove(output->tail, output->tail + output->tail_size - stays, stays);
    memcpy(output->tail + stays, bytes, size);
    output->tail_size = stays + size;
}

static void write_all(int file, const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t written = write(file, bytes, size);
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written <= 0) {
            return;
        }
        bytes += written;
        size -= (size_t)written;
    }
}

void output_add(struct output *output, enum output_stream stream,
                const char *bytes, size_t size)
{
    int64_t room = output->kept_max - output->bytes[stream];
    if (room > 0 && output->files[stream] >= 0) {
        size_t kept = (int64_t)size < room ? size : (size_t)room;
        write_all(output->files[stream], bytes, kept);
    }
    output->bytes[stream] += (int64_t)size;
    if (stream == OUTPUT_STDERR) {
        keep_tail(output, bytes, size);
    }
}

int64_t output_bytes(const struct output *output)
{
    return output->bytes[OUTPUT_STDOUT] + output->bytes[OUTPUT_STDERR];
}

int64_t output_lost(const struct output *output)
{
    int64_t lost = 0;
    for (int stream = 0; stream < OUTPUT_STREAMS; stream++) {
        int64_t over = output->bytes[stream] - output->kept_max;
        lost += over > 0 ? over : 0;
    }
    return lost;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

char *output_last_line(const struct output *output, char *text, size_t size)
{
    const char *tail = output->tail;
    size_t end = output->tail_size;
    while (end > 0 && is_blank(tail[end - 1])) {
        end--;
    }
    size_t from = end;
    while (from > 0 && tail[from - 1] != '\n') {
        from--;
    }
    size_t length = 0;
    for (size_t i = from; i < end && length + 1 < size; i++) {
        text[length] = '?';
        if (tail[i] >= ' ' && tail[i] <= '~') {
            text[length] = tail[i];
        }
        length++;
    }
    text[length] = '\0';
    return text;
}
