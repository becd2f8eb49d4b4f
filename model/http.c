#include "model/http.h"

#include <strings.h>

const char *const attempt_end_words[] = {
#define X(constant, word) word,
    ATTEMPT_END_LIST(X)
#undef X
        NULL,
};

const char *http_header_get(const struct http_headers *headers,
                            const char *name)
{
    for (size_t i = 0; i < headers->count; i++) {
        if (strcasecmp(headers->items[i].name, name) == 0)
            return headers->items[i].value;
    }
    return NULL;
}

enum { STATUS_SET_SIZE = 1024 };

static uint64_t status_bit(int status)
{
    return UINT64_C(1) << (status % 64);
}

bool status_set_has(const struct status_set *set, int status)
{
    if (status < 0 || status >= STATUS_SET_SIZE)
        return false;
    return set->bits[status / 64] & status_bit(status);
}

static int first_of(int from)
{
    return from < 0 ? 0 : from;
}

static int last_of(int to)
{
    return to >= STATUS_SET_SIZE ? STATUS_SET_SIZE - 1 : to;
}

void status_set_add(struct status_set *set, int from, int to)
{
    for (int status = first_of(from); status <= last_of(to); status++)
        set->bits[status / 64] |= status_bit(status);
}

void status_set_remove(struct status_set *set, int from, int to)
{
    for (int status = first_of(from); status <= last_of(to); status++)
        set->bits[status / 64] &= ~status_bit(status);
}
