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

static void write_program(const struct run_report *run, FILE *out)
{
    write_word(run->program ? run->program : "retryspec", out);
}

void report_words(const char *const *argv, FILE *out)
{
    for (const char *const *word = argv; word && *word; word++) {
        fputc(' ', out);
        write_word(*word, out);
    }
}

void report_again(const struct run_report *run, const struct scenario *scenario,
                  FILE *out)
{
    bool has_id = scenario->is_shipped || !scenario->file;
    write_program(run, out);
    fputs(run->is_simulated ? " sim " : " run ", out);
    write_word(has_id ? scenario->id : scenario->file, out);
    fputs(" -p ", out);
    write_word(run->profile_word ? run->profile_word : run->profile, out);
    fprintf(out, " --seed %llu", (unsigned long long)run->seed);
    if (run_report_false_alarm(run) != FALSE_ALARM_USUAL)
        fprintf(out, " --false-alarm %g", run_report_false_alarm(run));
    if (!run->is_simulated) {
        fputs(" --", out);
        report_words(run->argv, out);
    }
}

void report_explain(const struct run_report *run, const char *rule_id,
                    FILE *out)
{
    write_program(run, out);
    fprintf(out, " explain %s", rule_id);
}
