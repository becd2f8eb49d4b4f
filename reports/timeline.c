#include "reports/timeline.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "model/units.h"

enum moment_kind { MOMENT_SENT, MOMENT_ENDED, MOMENT_OUTAGE, MOMENT_OPEN };

struct moment {
    int64_t t_ns;
    enum moment_kind kind;
    const struct trace_attempt *attempt;
    const struct trace_outage *outage;
};

static int moment_compare(const void *left, const void *right)
{
    const struct moment *a = left, *b = right;
    if (a->t_ns != b->t_ns)
        return a->t_ns < b->t_ns ? -1 : 1;
    if (a->attempt && b->attempt && a->attempt->id != b->attempt->id)
        return a->attempt->id < b->attempt->id ? -1 : 1;
    return (int)a->kind - (int)b->kind;
}

/* When the attempt was over for its client. */
static int64_t attempt_over_ns(const struct trace_attempt *attempt)
{
    if (attempt->gone_ns != TRACE_NEVER && attempt->end == END_TIMEOUT)
        return attempt->gone_ns;
    return attempt->last_byte_ns;
}

static size_t collect(const struct trace *trace, struct moment *moments)
{
    size_t count = 0;
    for (size_t i = 0; i < trace->attempt_count; i++) {
        const struct trace_attempt *attempt = &trace->attempts[i];
        moments[count++] = (struct moment){
            .t_ns = attempt->head_ns, .kind = MOMENT_SENT, .attempt = attempt};
        int64_t over = attempt_over_ns(attempt);
        if (over != TRACE_NEVER)
            moments[count++] = (struct moment){
                .t_ns = over, .kind = MOMENT_ENDED, .attempt = attempt};
    }
    for (size_t i = 0; i < trace->outage_count; i++) {
        const struct trace_outage *outage = &trace->outages[i];
        moments[count++] = (struct moment){
            .t_ns = outage->from_ns, .kind = MOMENT_OUTAGE, .outage = outage};
        if (outage->to_ns != TRACE_NEVER)
            moments[count++] = (struct moment){
                .t_ns = outage->to_ns, .kind = MOMENT_OPEN, .outage = outage};
    }
    qsort(moments, count, sizeof *moments, moment_compare);
    return count;
}

static void write_sent(const struct trace_attempt *attempt, const char *mark,
                       FILE *out)
{
    fprintf(out, "-> #%-3lld %s %s   conn %lld", (long long)attempt->id,
            attempt->method, attempt->target, (long long)attempt->conn);
    if (attempt->call[0])
        fprintf(out, "   %s", attempt->call);
    if (mark)
        fprintf(out, "   x %s", mark);
    fputc('\n', out);
}

/* Headers that steer a retry are worth a place in the story. */
static void write_steering_headers(const struct http_headers *headers,
                                   FILE *out)
{
    static const char *const names[] = {"Retry-After", "retry-after-ms",
                                        "x-should-retry"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *value = http_header_get(headers, names[i]);
        if (value)
            fprintf(out, "   %s: %s", names[i], value);
    }
}

static void write_ended(const struct trace_attempt *attempt, FILE *out)
{
    fprintf(out, "<- #%-3lld ", (long long)attempt->id);
    if (attempt->end == END_TIMEOUT)
        fprintf(out, "the client gave up (%s)",
                attempt->gone_by_reset ? "RST" : "FIN");
    else if (attempt->end == END_STATUS)
        fprintf(out, "%lld", (long long)attempt->status);
    else
        fprintf(out, "%s", attempt_end_words[attempt->end]);
    write_steering_headers(&attempt->reply_headers, out);
    if (attempt->fault_fired)
        fprintf(out, "   %s", attempt->proof);
    if (attempt->reason && attempt->reason[0])
        fprintf(out, "   %s", attempt->reason);
    fputc('\n', out);
}

static void write_moment(const struct moment *moment, int64_t origin_ns,
                         const char *mark, FILE *out)
{
    fprintf(out, "  %9.3f s  ",
            (double)(moment->t_ns - origin_ns) / (double)NS_PER_S);
    switch (moment->kind) {
    case MOMENT_SENT:
        write_sent(moment->attempt, mark, out);
        return;
    case MOMENT_ENDED:
        write_ended(moment->attempt, out);
        return;
    case MOMENT_OUTAGE:
        fprintf(out, "== the listener %s connections\n",
                moment->outage->kind == FAULT_REFUSE ? "refuses" : "stalls");
        return;
    case MOMENT_OPEN:
        fprintf(out, "== the listener is open again\n");
        return;
    }
}

/* The first lines, and a window around the moment in question. */
static bool is_shown(size_t index, size_t focus)
{
    enum { HEAD = TIMELINE_LINES_MAX / 2, AROUND = TIMELINE_LINES_MAX / 4 };
    if (index < HEAD)
        return true;
    return index + AROUND >= focus && index < focus + AROUND;
}

static size_t focus_index(const struct moment *moments, size_t count,
                          int64_t attempt)
{
    for (size_t i = 0; i < count; i++)
        if (moments[i].kind == MOMENT_SENT && moments[i].attempt->id == attempt)
            return i;
    return TIMELINE_LINES_MAX * 3 / 4;
}

void timeline_write(const struct trace *trace, int64_t attempt,
                    const char *mark, FILE *out)
{
    size_t room = 2 * (trace->attempt_count + trace->outage_count);
    struct moment *moments = calloc(room + 1, sizeof *moments);
    if (!moments)
        return;
    size_t count = collect(trace, moments);
    size_t focus = focus_index(moments, count, attempt);
    int64_t origin_ns = trace->attempt_count ? trace->attempts[0].head_ns : 0;
    size_t hidden = 0;
    for (size_t i = 0; i < count; i++) {
        if (count > TIMELINE_LINES_MAX && !is_shown(i, focus)) {
            hidden++;
            continue;
        }
        if (hidden)
            fprintf(out, "              ... %zu lines more in the trace\n",
                    hidden);
        hidden = 0;
        bool is_marked = moments[i].kind == MOMENT_SENT && attempt &&
                         moments[i].attempt->id == attempt;
        write_moment(&moments[i], origin_ns, is_marked ? mark : NULL, out);
    }
    if (hidden)
        fprintf(out, "              ... %zu lines more in the trace\n", hidden);
    free(moments);
}
