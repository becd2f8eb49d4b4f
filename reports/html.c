#include "reports/html.h"

#include <stdlib.h>
#include <string.h>

#include "model/units.h"
#include "reports/counts.h"
#include "reports/escape.h"
#include "reports/report.h"
#include "reports/svg.h"

struct html_end html_end_of(enum check_end end)
{
    switch (end) {
    case CHECK_OK:
        return (struct html_end){"ok", "\xE2\x9C\x93", "PASS"};
    case CHECK_WARNED:
        return (struct html_end){"warn", "!", "WARN"};
    case CHECK_FAILED:
        return (struct html_end){"fail", "\xE2\x9C\x97", "FAIL"};
    case CHECK_KNOWN:
        return (struct html_end){"known", "~", "KNOWN"};
    case CHECK_UNJUDGED:
        return (struct html_end){"unjudged", "?", "NOT JUDGED"};
    case CHECK_SKIPPED:
        return (struct html_end){"skip", "\xE2\x80\x93", "n/a"};
    }
    return (struct html_end){"", "", ""};
}

enum check_end html_scenario_end(const struct run_report *run,
                                 const struct scenario_report *report)
{
    static const int weight[] = {
        [CHECK_SKIPPED] = 0, [CHECK_OK] = 1,       [CHECK_KNOWN] = 2,
        [CHECK_WARNED] = 3,  [CHECK_UNJUDGED] = 4, [CHECK_FAILED] = 5};
    enum check_end worst = CHECK_SKIPPED;
    if (report->client_fault != CLIENT_OK &&
        report->client_fault != CLIENT_SKIPPED)
        worst = CHECK_UNJUDGED;
    for (size_t i = 0; i < report->verdict_count; i++) {
        enum check_end end = counts_check_end(run, &report->verdicts[i]);
        if (weight[end] > weight[worst])
            worst = end;
    }
    return worst;
}

/* -- the head ---------------------------------------------------------------
 */

static struct html_end run_end(const struct run_report *run)
{
    if (run->interrupted)
        return (struct html_end){"unjudged", "?", "Interrupted"};
    switch (run_report_exit_code(run)) {
    case 0:
        return (struct html_end){"ok", "\xE2\x9C\x93", "Conforms"};
    case 1:
        return (struct html_end){"fail", "\xE2\x9C\x97", "Does not conform"};
    case 3:
        return (struct html_end){"unjudged", "?", "Could not be judged"};
    case 4:
        return (struct html_end){"skip", "\xE2\x80\x93", "Nothing was judged"};
    }
    return (struct html_end){"unjudged", "?", "Too slow a machine to tell"};
}

static void write_fact(const char *name, const char *value, FILE *out)
{
    if (!value || !value[0])
        return;
    fprintf(out, "<div><dt>%s</dt><dd>", name);
    escape_xml(value, out);
    fputs("</dd></div>\n", out);
}

static void write_numbers(const struct run_report *run, FILE *out)
{
    char text[64];
    struct load load = run_report_load(run);
    snprintf(text, sizeof text, "%llu", (unsigned long long)run->seed);
    write_fact("seed", text, out);
    snprintf(text, sizeof text, "%g a suite", run_report_false_alarm(run));
    write_fact("false alarms", text, out);
    snprintf(text, sizeof text, "%.1f s",
             (double)run->took_ns / (double)NS_PER_S);
    write_fact("took", text, out);
    if (run_report_score(run) >= 0) {
        snprintf(text, sizeof text, "%.1f %% of the checks that apply passed",
                 run_report_score(run));
        write_fact("score", text, out);
    }
    if (load.calls > 0) {
        snprintf(text, sizeof text, "%.2f on average, %lld at most",
                 (double)load.attempts / (double)load.calls,
                 (long long)load.most);
        write_fact("attempts per call", text, out);
    }
}

static void write_command(const struct run_report *run, FILE *out)
{
    char *text = NULL;
    size_t size = 0;
    FILE *memory =
        run->argv && run->argv[0] ? open_memstream(&text, &size) : NULL;
    if (!memory)
        return;
    report_words(run->argv, memory);
    fclose(memory);
    fputs("<div class=\"wide\"><dt>command</dt><dd><code>", out);
    escape_xml(text + 1, out); /* words begin with a space */
    fputs("</code></dd></div>\n", out);
    free(text);
}

static void write_facts(const struct run_report *run, FILE *out)
{
    fputs("<dl class=\"facts\">\n", out);
    write_fact("profile", run->profile, out);
    write_fact("edition", run->edition, out);
    write_numbers(run, out);
    write_command(run, out);
    fputs("</dl>\n", out);
}

static void write_count(size_t count, const char *text, FILE *out)
{
    if (count)
        fprintf(out, ", %zu %s", count, text);
}

static void write_tally(const struct run_report *run, FILE *out)
{
    struct report_counts counts = counts_of_run(run);
    fprintf(out, "<p>%zu of %zu scenarios conform", counts.conform, run->count);
    write_count(counts.failed, "failed", out);
    write_count(counts.client, "could not be judged", out);
    write_count(counts.unexercised, "not exercised", out);
    write_count(counts.inconclusive, "inconclusive", out);
    write_count(counts.skipped, "skipped", out);
    write_count(counts.unjudged, "not applicable", out);
    fprintf(out, ". %zu checks", counts.checks);
    write_count(counts.not_applicable, "not applicable", out);
    write_count(counts.known, "known to fail", out);
    write_count(counts.expired, "expired", out);
    write_count(counts.stale, "stale", out);
    write_count(counts.flips, "flaky", out);
    fputs(".</p>\n", out);
    if (!run->interrupted)
        fprintf(out, "<p class=\"soft\">Exit code %d: %s.</p>\n",
                run_report_exit_code(run), counts_exit_text(run));
}

static void write_head(const struct run_report *run, FILE *out)
{
    struct html_end end = run_end(run);
    fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n"
          "<meta charset=\"utf-8\">\n"
          "<meta name=\"viewport\" content=\"width=device-width, "
          "initial-scale=1\">\n"
          "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src "
          "'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'\">\n"
          "<meta name=\"color-scheme\" content=\"light dark\">\n<title>",
          out);
    fprintf(out, "%s: ", end.text);
    escape_xml(run->profile, out);
    fprintf(out, " - retryspec</title>\n<style>\n%s</style>\n</head>\n<body>\n",
            html_style);
    svg_write_marks(out);
    fputs("<header>\n<p class=\"brand\">retryspec ", out);
    escape_xml(run->version, out);
    fprintf(out, "</p>\n<h1><span class=\"%s\">%s %s</span></h1>\n", end.word,
            end.sign, end.text);
    write_tally(run, out);
    write_facts(run, out);
    fputs("</header>\n", out);
}

/* -- filters ----------------------------------------------------------------
 */

/* The words of a list, each once, in their order. */
struct words {
    const char **items;
    size_t count, size;
};

static void words_add(struct words *words, const char *word)
{
    for (size_t i = 0; i < words->count; i++)
        if (strcmp(words->items[i], word) == 0)
            return;
    if (words->count == words->size) {
        size_t size = words->size ? 2 * words->size : 32;
        const char **grown = realloc(words->items, size * sizeof *words->items);
        if (!grown)
            return; /* a filter less */
        words->items = grown;
        words->size = size;
    }
    words->items[words->count++] = word;
}

static int word_compare(const void *left, const void *right)
{
    const char *const *a = left, *const *b = right;
    return strcmp(*a, *b);
}

static void write_select(const char *name, struct words *words, FILE *out)
{
    if (words->count > 1)
        qsort(words->items, words->count, sizeof *words->items, word_compare);
    fprintf(out,
            "<label>%s <select name=\"%s\"><option value=\"\">any</option>",
            name, name);
    for (size_t i = 0; i < words->count; i++) {
        fputs("<option>", out);
        escape_xml(words->items[i], out);
        fputs("</option>", out);
    }
    fputs("</select></label>\n", out);
    free(words->items);
}

static void write_filter(const struct run_report *run, FILE *out)
{
    struct words tags = {0}, rules = {0};
    for (size_t i = 0; i < run->count; i++) {
        const struct scenario_report *report = run->scenarios[i];
        for (size_t k = 0; k < report->scenario->tag_count; k++)
            words_add(&tags, report->scenario->tags[k]);
        for (size_t k = 0; k < report->verdict_count; k++)
            words_add(&rules, report->verdicts[k].rule->id);
    }
    fputs("<form class=\"filter\" aria-label=\"Filter\" hidden>\n"
          "<label><input type=\"radio\" name=\"end\" value=\"all\" checked> "
          "all</label>\n"
          "<label><input type=\"radio\" name=\"end\" value=\"bad\"> "
          "failed</label>\n",
          out);
    write_select("tag", &tags, out);
    write_select("rule", &rules, out);
    fputs("<label>text <input type=\"search\" name=\"text\" size=\"14\">"
          "</label>\n<output name=\"count\"></output>\n</form>\n",
          out);
}

/* -- the whole --------------------------------------------------------------
 */

static void write_note(const char *text, FILE *out)
{
    if (!text)
        return;
    fputs("<p class=\"note\">", out);
    escape_xml(text, out);
    fputs("</p>\n", out);
}

bool report_html(const struct run_report *run,
                 const struct report_pictures *pictures, FILE *out)
{
    write_head(run, out);
    write_note(pictures->problem, out);
    write_filter(run, out);
    fputs("<main>\n", out);
    for (size_t i = 0; i < run->count; i++)
        html_scenario(run, i, pictures, out);
    fprintf(out, "</main>\n<script>\n%s</script>\n</body>\n</html>\n",
            html_script);
    return fflush(out) == 0 && !ferror(out);
}
