/* What is compared: tables of aspects, one file a theme. Not for other folders.
 */
#ifndef RETRYSPEC_COMPARE_ASPECT_H
#define RETRYSPEC_COMPARE_ASPECT_H

#include "compare/compare.h"
#include "compare/probe.h"

/* One question. `tell` answers it for one policy. */
struct question {
    const struct subject *subject;
    const struct aspect *aspect;
    /* A failure that both policies try again, if there is one. */
    const struct answer *failure;
};

struct aspect {
    const char *id;    /* stable */
    const char *title; /* for people */
    enum aspect_group group;
    enum severity severity; /* of a difference; a difference of fates is
                               critical */
    void (*tell)(const struct question *question, struct words *words);
    /* The aspect that has this as a detail; NULL: none. It stands before. If
     * only one policy has that, its details are no rows of their own. */
    const char *of;
    /* What sets are told apart by, beside their words; may be NULL. */
    void (*contrast)(const struct question *a, const struct question *b,
                     struct words *words);
    struct answer answer; /* argument of `tell`, if it takes one */
    int64_t number;       /* likewise */
    const char *requirements;
};

struct aspect_table {
    const struct aspect *items;
    size_t count;
};

extern const struct aspect_table classification_aspects;
extern const struct aspect_table delays_aspects;
extern const struct aspect_table header_forms_aspects;
extern const struct aspect_table patience_aspects;
extern const struct aspect_table shared_aspects;
extern const struct aspect_table wire_aspects;

/* The next layer after `i` that covers the request, from -1; -1: none. */
int aspect_layer(const struct subject *subject, int i);

#endif
