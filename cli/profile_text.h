/* A profile in words: what each layer does and the delays it gives. */
#ifndef RETRYSPEC_CLI_PROFILE_TEXT_H
#define RETRYSPEC_CLI_PROFILE_TEXT_H

#include <stdio.h>

#include "model/profile.h"

/* Each line begins with `prefix`. */
void profile_text_print(const struct profile *profile, const char *prefix,
                        FILE *out);

#endif
