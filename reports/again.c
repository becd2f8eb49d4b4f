#include <string.h>

#include "reports/report.h"

/* Quotes for a POSIX shell when needed. */
static void write_word(const char *word, FILE *out)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
                                "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                "0123456789-_./=:,@%+";
    if (word[0] && strspn(word, plain) == strlen(word)) {
        fputs(word, out);
        return;
    }
    fputc('\'', out);
    for (const char *c = word; *c; c++) {
        if (*c == '\'')
            fputs("'\\''", out);
        else
            fputc(*c, out);
    }
    fputc('\'', out);
}

void report_again(const struct run_report *run, const char *scenario_id,
                  FILE *out)
{
    fputs("retryspec run ", out);
    write_word(scenario_id, out);
    fputs(" -p ", out);
    write_word(run->profile, out);
    fprintf(out, " --seed %llu --", (unsigned long long)run->seed);
    for (const char *const *word = run->argv; word && *word; word++) {
        fputc(' ', out);
        write_word(*word, out);
    }
}
