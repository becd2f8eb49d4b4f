/* Files that are both written and read, for Python's ctypes: each function
 * reads a text and writes what it read. Heap text, NULL if it does not read;
 * freed with props_free(). */
#ifndef RETRYSPEC_PROPS_FORMATS_H
#define RETRYSPEC_PROPS_FORMATS_H

/* A trace: its run line, then connections, attempts, outages, the client, the
 * results and the end, each as far as the reader keeps it. */
char *props_trace_again(const char *text);

/* The plan of a scenario; and a plan. */
char *props_plan_of(const char *scenario);
char *props_plan_again(const char *text);

/* A line of a results file. */
char *props_result_again(const char *line);

#endif
