#include "compare/words.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include "model/units.h"

#define MINUTE_NS (60 * NS_PER_S)

enum { STATUS_FIRST = 100, STATUS_LAST = 999 };

void words_add(struct words *words, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    size_t room = sizeof words->text - words->used;
    int length = vsnprintf(words->text + words->used, room, format, arguments);
    va_end(arguments);
    if (length > 0)
        words->used += (size_t)length < room ? (size_t)length : room - 1;
}

void words_next(struct words *words)
{
    if (words->used > 0)
        words_add(words, ", ");
}

/* To the millisecond, so that rounding in a client is no difference; short
 * times to the microsecond. */
static double rounded_s(int64_t ns)
{
    double s = (double)ns / (double)NS_PER_S;
    double step = ns < 10 * NS_PER_MS ? 1e6 : 1e3;
    return round(s * step) / step;
}

void words_time(struct words *words, int64_t ns)
{
    double s = rounded_s(ns);
    if (ns == NS_FOREVER)
        words_add(words, "for ever");
    else if (ns >= 180 * MINUTE_NS && ns % (60 * MINUTE_NS) == 0)
        words_add(words, "%lld h", (long long)(ns / (60 * MINUTE_NS)));
    else if (ns >= 2 * MINUTE_NS && ns % MINUTE_NS == 0)
        words_add(words, "%lld min", (long long)(ns / MINUTE_NS));
    else if (s > 0 && s < .1)
        words_add(words, "%.10g ms", s * 1e3);
    else
        words_add(words, "%.10g s", s);
}

void words_range(struct words *words, struct delay_range range)
{
    if (range.max_ns != NS_FOREVER &&
        rounded_s(range.min_ns) == rounded_s(range.max_ns)) {
        words_time(words, range.min_ns);
        return;
    }
    words_add(words, "%.10g to ", rounded_s(range.min_ns));
    if (range.max_ns == NS_FOREVER)
        words_time(words, range.max_ns);
    else
        words_add(words, "%.10g s", rounded_s(range.max_ns));
}

void words_statuses(struct words *words, const struct status_set *set)
{
    size_t before = words->used;
    for (int from = STATUS_FIRST; from <= STATUS_LAST; from++) {
        if (!status_set_has(set, from))
            continue;
        int to = from;
        while (to < STATUS_LAST && status_set_has(set, to + 1))
            to++;
        words_add(words, "%s%d", words->used > before ? ", " : "", from);
        if (to > from)
            words_add(words, "-%d", to);
        from = to;
    }
    if (words->used == before)
        words_add(words, "none");
}

void words_absent(struct words *words, const char *text)
{
    words->is_absent = true;
    words_add(words, "%s", text);
}
