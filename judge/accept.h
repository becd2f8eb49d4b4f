/* The acceptor: walks the attempts of each call along the engine and labels
 * what it would not have allowed (AT, ST, TF, BO, RA, TO, PT, HID, OVER,
 * REQ-3). One cause gives one violation: after an attempt that should not have
 * been, the rest of the call is not held against the client. */
#ifndef RETRYSPEC_JUDGE_ACCEPT_H
#define RETRYSPEC_JUDGE_ACCEPT_H

#include "judge/judging.h"

/* False without memory; scratch is taken from `scratch`. */
bool accept_calls(const struct judging *judging, struct arena *scratch);

#endif
