/* gnuplot as a child process. */
#ifndef RETRYSPEC_CLI_GNUPLOT_H
#define RETRYSPEC_CLI_GNUPLOT_H

#define GNUPLOT_MISSING \
    "gnuplot was not found. The Debian package gnuplot-nox brings it."

enum gnuplot_result { GNUPLOT_DREW, GNUPLOT_IS_MISSING, GNUPLOT_FAILED };

/* Runs a script in a folder, for at most a minute, and drops what it prints. */
enum gnuplot_result gnuplot_run(const char *folder, const char *script);

#endif
