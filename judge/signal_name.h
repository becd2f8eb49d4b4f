/* Names of signals, for people. */
#ifndef RETRYSPEC_JUDGE_SIGNAL_NAME_H
#define RETRYSPEC_JUDGE_SIGNAL_NAME_H

enum { SIGNAL_NAME_MAX = 24 };

/* "SIGSEGV", or "signal 64" for one without a name. */
const char *signal_name(int number, char text[SIGNAL_NAME_MAX]);

#endif
