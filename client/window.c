#include "client/window.h"

#include "model/units.h"

static void begin_slice(struct retry_window *window)
{
    window->slice = (uint8_t)((window->slice + 1) % RETRY_SLICES);
    for (int which = 0; which < 2; which++)
        window->counts[which][window->slice] = 0;
}

static void bring_up_to(struct retry_window *window, int64_t length_ns,
                        int64_t now_ns)
{
    int64_t slice_ns = units_max(length_ns / RETRY_SLICES, 1);
    int64_t ended = (now_ns - window->since_ns) / slice_ns;
    if (length_ns == NS_FOREVER || ended <= 0)
        return;
    for (int64_t i = 0; i < units_min(ended, RETRY_SLICES); i++)
        begin_slice(window);
    window->since_ns = now_ns;
}

void window_add(struct retry_window *window, int64_t length_ns, int64_t now_ns,
                int which)
{
    bring_up_to(window, length_ns, now_ns);
    window->counts[which][window->slice]++;
}

int64_t window_sum(struct retry_window *window, int64_t length_ns,
                   int64_t now_ns, int which)
{
    int64_t sum = 0;
    bring_up_to(window, length_ns, now_ns);
    for (int i = 0; i < RETRY_SLICES; i++)
        sum += window->counts[which][i];
    return sum;
}
