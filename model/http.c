#include "model/http.h"

#include <strings.h>

const char *const attempt_end_words[] = {
#define X(constant, word) word,
    ATTEMPT_END_LIST(X)
#undef X
        NULL,
};

/* Most differ in their first letter, which takes no call to see: in ASCII the
 * two cases of one are a bit apart. */
bool http_names_are_alike(const char *a, const char *b)
{
    enum { CASE_BIT = 'a' ^ 'A' };
    return ((*a ^ *b) & ~CASE_BIT) == 0 && strcasecmp(a, b) == 0;
}

const char *http_header_get(const struct http_headers *headers,
                            const char *name)
{
    for (size_t i = 0; i < headers->count; i++) {
        if (http_names_are_alike(headers->items[i].name, name))
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
    unsigned place = (unsigned)status; /* a negative one is far beyond */
    return place < STATUS_SET_SIZE && set->bits[place / 64] >> (place % 64) & 1;
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
