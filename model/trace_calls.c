#include "model/trace_calls.h"

#include <stdlib.h>
#include <string.h>

struct keyed {
    const char *call;
    size_t index;
};

static int by_call(const void *left, const void *right)
{
    const struct keyed *a = left, *b = right;
    int order = strcmp(a->call, b->call);
    return order ? order : (a->index > b->index) - (a->index < b->index);
}

static bool is_same_call(const struct keyed *keyed, size_t i)
{
    return strcmp(keyed[i].call, keyed[i - 1].call) == 0;
}

/* Sorted by call: calls get their numbers by their first attempts. */
static void number(struct trace_calls *calls, const struct keyed *keyed,
                   size_t count)
{
    for (size_t i = 0; i < count; i++) {
        calls->next[i] = SIZE_MAX;
        calls->of[i] = SIZE_MAX;
    }
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && is_same_call(keyed, i))
            calls->next[keyed[i - 1].index] = keyed[i].index;
        else
            calls->of[keyed[i].index] = 0;
    }
    for (size_t i = 0; i < count; i++) {
        if (calls->of[i] == 0)
            calls->of[i] = calls->count++;
    }
    for (size_t i = 1; i < count; i++) {
        if (is_same_call(keyed, i))
            calls->of[keyed[i].index] = calls->of[keyed[i - 1].index];
    }
}

bool trace_calls_init(struct trace_calls *calls, const struct trace *trace,
                      size_t attempts)
{
    struct keyed *keyed = calloc(attempts + 1, sizeof *keyed);
    *calls = (struct trace_calls){
        .of = calloc(attempts + 1, sizeof *calls->of),
        .next = calloc(attempts + 1, sizeof *calls->next),
    };
    bool has_room = keyed && calls->of && calls->next;
    if (has_room) {
        for (size_t i = 0; i < attempts; i++)
            keyed[i] = (struct keyed){trace->attempts[i].call, i};
        qsort(keyed, attempts, sizeof *keyed, by_call);
        number(calls, keyed, attempts);
    }
    free(keyed);
    return has_room;
}

void trace_calls_deinit(struct trace_calls *calls)
{
    free(calls->of);
    free(calls->next);
    *calls = (struct trace_calls){0};
}

enum trace_ending trace_ending(const struct trace_attempt *attempt)
{
    switch (attempt->end) {
    case END_STATUS:
        return attempt->status < 400 ? ENDED_OK : ENDED_STATUS;
    case END_REFUSED:
    case END_UNREACHABLE:
    case END_RESET:
    case END_CLOSE:
    case END_RESET_BODY:
    case END_CUT:
    case END_GARBAGE:
        return ENDED_FAULT;
    case END_TIMEOUT:
    case END_CANCELLED:
    case END_UNFINISHED:
        break;
    }
    return ENDED_LEFT;
}

int64_t trace_over_ns(const struct trace_attempt *attempt)
{
    int64_t over_ns = attempt->last_byte_ns;
    if (attempt->gone_ns != TRACE_NEVER &&
        (attempt->end == END_TIMEOUT || attempt->end == END_CANCELLED))
        over_ns = attempt->gone_ns;
    return over_ns > attempt->head_ns ? over_ns : attempt->head_ns;
}
