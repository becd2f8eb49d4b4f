#include "judge/misreadings.h"

/* -- headers --------------------------------------------------------------- */

static bool shift_count(struct variant *variant, int64_t from)
{
    struct telling_headers *headers = &variant->profile.headers;
    bool is_changed = headers->retry_count && headers->retry_count_from != from;
    headers->retry_count_from = from;
    return is_changed;
}

static bool counted_from_1(struct variant *variant)
{
    return shift_count(variant, 1);
}

static bool counted_from_0(struct variant *variant)
{
    return shift_count(variant, 0);
}

static bool set_scope(struct variant *variant, enum key_scope scope)
{
    struct telling_headers *headers = &variant->profile.headers;
    bool is_changed =
        headers->idempotency_key && headers->idempotency_scope != scope;
    headers->idempotency_scope = scope;
    return is_changed;
}

static bool key_of_attempt(struct variant *variant)
{
    return set_scope(variant, KEY_PER_ATTEMPT);
}

static bool key_of_call(struct variant *variant)
{
    return set_scope(variant, KEY_PER_CALL);
}

/* -- re-sends -------------------------------------------------------------- */

static bool resent_below(struct variant *variant)
{
    struct resend *resend = &variant->profile.resend;
    bool was_used = resend->is_used && resend->on_stale_connection;
    resend->is_used = true;
    resend->on_stale_connection = true;
    resend->limit = resend->limit > 0 ? resend->limit : 1;
    return !was_used;
}

static const struct misreading items[] = {
    {.whole = counted_from_1,
     .text = "the retry count begins with 1: the first attempt is 0"},
    {.whole = counted_from_0,
     .text = "the retry count begins with 0: the first attempt is 1"},
    {.whole = key_of_attempt,
     .text = "a new idempotency key was made for each attempt"},
    {.whole = key_of_call,
     .text = "the idempotency key was kept over all attempts of a call"},
    {.whole = resent_below,
     .text = "a reused connection had died and a library below repeated the "
             "request"},
};

const struct misreadings misreadings_sent = {items,
                                             sizeof items / sizeof *items};
