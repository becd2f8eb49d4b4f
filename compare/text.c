#include "compare/text.h"

#include <string.h>

#include "compare/matrix.h"

enum { WIDTH_USUAL = 100, WIDTH_LEAST = 60, TITLE_WIDTH = 32, INDENT = 2 };

struct printer {
    const struct text_style *style;
    FILE *out;
    int value_width; /* of each of the two columns */
};

static const char *color(const struct printer *printer, enum severity severity)
{
    static const char *const colors[] = {
        [SEVERITY_CRITICAL] = "\033[1;31m",
        [SEVERITY_HIGH] = "\033[33m",
        [SEVERITY_LOW] = "\033[2m",
    };
    return printer->style->has_color ? colors[severity] : "";
}

static const char *color_end(const struct printer *printer)
{
    return printer->style->has_color ? "\033[0m" : "";
}

/* Bytes of the next line of a cell: up to the last blank that fits, or as many
 * as fit. */
static int cell_length(const char *text, int width)
{
    int length = (int)strlen(text);
    if (length <= width)
        return length;
    for (length = width; length > 0 && text[length] != ' ';)
        length--;
    return length > 0 ? length : width;
}

static const char *skip(const char *text, int length)
{
    text += length;
    return text + strspn(text, " ");
}

/* A title and two cells, wrapped side by side. */
static void print_cells(const struct printer *printer, const char *title,
                        const char *a, const char *b)
{
    int width = printer->value_width;
    while (*title || *a || *b) {
        int title_length = cell_length(title, TITLE_WIDTH - 1);
        int a_length = cell_length(a, width - 1);
        int b_length = cell_length(b, width);
        int a_pad = *a || *b ? TITLE_WIDTH - title_length : 0;
        int b_pad = *b ? width - a_length : 0;
        fprintf(printer->out, "%*s%.*s%*s%.*s%*s%.*s\n", INDENT, "",
                title_length, title, a_pad, "", a_length, a, b_pad, "",
                b_length, b);
        title = skip(title, title_length);
        a = skip(a, a_length);
        b = skip(b, b_length);
    }
}

/* Text under the value columns. */
static void print_note(const struct printer *printer, const char *text)
{
    int width = 2 * printer->value_width;
    while (*text) {
        int length = cell_length(text, width);
        fprintf(printer->out, "%*s%.*s\n", INDENT + TITLE_WIDTH, "", length,
                text);
        text = skip(text, length);
    }
}

static bool is_difference(const struct compare_row *row)
{
    return compare_counts(row->verdict) && row->verdict != ROW_SAME;
}

static void print_severity(const struct printer *printer,
                           const struct compare_part *part,
                           enum severity severity)
{
    bool has_heading = false;
    for (size_t i = 0; i < part->count; i++) {
        const struct compare_row *row = &part->rows[i];
        if (!is_difference(row) || row->severity != severity)
            continue;
        if (!has_heading)
            fprintf(printer->out, "%s%s%s\n", color(printer, severity),
                    severity_words[severity], color_end(printer));
        has_heading = true;
        print_cells(printer, compare_describe(row->aspect).title, row->a.words,
                    row->b.words);
        if (row->contrast)
            print_note(printer, row->contrast);
    }
}

/* The ids of the rows that are the same, in lines. */
static void print_same(const struct printer *printer,
                       const struct compare_part *part)
{
    int column = 0, width = INDENT + TITLE_WIDTH + 2 * printer->value_width;
    for (size_t i = 0; i < part->count; i++) {
        if (part->rows[i].verdict != ROW_SAME)
            continue;
        const char *id = compare_describe(part->rows[i].aspect).id;
        int length = (int)strlen(id);
        if (column == 0)
            column = fprintf(printer->out, "same: %s", id);
        else if (column + 2 + length < width)
            column += fprintf(printer->out, ", %s", id);
        else
            column = fprintf(printer->out, ",\n  %s", id) - 2;
    }
    fputs(column > 0 ? "\n" : "", printer->out);
}

static void print_with(const struct printer *printer,
                       const struct compare_part *part,
                       enum row_verdict verdict)
{
    bool has_heading = false;
    for (size_t i = 0; i < part->count; i++) {
        const struct compare_row *row = &part->rows[i];
        if (row->verdict != verdict)
            continue;
        if (!has_heading)
            fprintf(printer->out, "%s\n", row_verdict_people_words[verdict]);
        has_heading = true;
        print_cells(printer, compare_describe(row->aspect).title, row->a.words,
                    row->b.words);
    }
}

static void print_part(const struct printer *printer,
                       const struct compare_part *part)
{
    fprintf(printer->out, "\n%s %s; waits are those after a %s\n", part->method,
            part->path, part->failure);
    print_cells(printer, "", "A", "B");
    print_severity(printer, part, SEVERITY_CRITICAL);
    print_severity(printer, part, SEVERITY_HIGH);
    print_severity(printer, part, SEVERITY_LOW);
    if (!printer->style->shows_all) {
        print_same(printer, part);
        return;
    }
    print_with(printer, part, ROW_DETAIL);
    print_with(printer, part, ROW_SAME);
}

/* -- scenarios ------------------------------------------------------------- */

static bool shows_the_same(const struct compare_scenario *a,
                           const struct compare_scenario *b)
{
    return strcmp(a->rules_a, b->rules_a) == 0 &&
           strcmp(a->rules_b, b->rules_b) == 0;
}

/* Is there one before it that breaks the same rules? */
static bool is_listed(const struct comparison *comparison, size_t i)
{
    for (size_t k = 0; k < i; k++) {
        if (shows_the_same(&comparison->scenarios[k],
                           &comparison->scenarios[i]))
            return true;
    }
    return false;
}

static void print_scenario(const struct printer *printer,
                           const struct comparison *comparison, size_t i)
{
    const struct compare_scenario *scenario = &comparison->scenarios[i];
    size_t more = 0;
    char title[128];
    for (size_t k = i + 1; k < comparison->scenario_count; k++)
        more += shows_the_same(scenario, &comparison->scenarios[k]);
    if (printer->style->shows_all || more == 0)
        snprintf(title, sizeof title, "%s", scenario->id);
    else
        snprintf(title, sizeof title, "%s, %zu more", scenario->id, more);
    print_cells(printer, title, *scenario->rules_a ? scenario->rules_a : "-",
                *scenario->rules_b ? scenario->rules_b : "-");
}

static void print_scenarios(const struct printer *printer,
                            const struct comparison *comparison)
{
    FILE *out = printer->out;
    if (comparison->scenarios_played == 0)
        return;
    fprintf(out, "\n%zu of %zu scenarios show it", comparison->scenario_count,
            comparison->scenarios_played);
    if (comparison->scenario_count > 0) {
        fputs("; rules that a client of one breaks by the other's judge\n",
              out);
        print_cells(printer, "", "client of A", "client of B");
    } else {
        fputs("\n", out);
    }
    for (size_t i = 0; i < comparison->scenario_count; i++) {
        if (printer->style->shows_all || !is_listed(comparison, i))
            print_scenario(printer, comparison, i);
    }
}

/* -- levels of rules ------------------------------------------------------- */

static void print_levels(const struct printer *printer,
                         const struct comparison *comparison)
{
    if (comparison->level_count > 0)
        fputs("\nlevels of rules\n", printer->out);
    for (size_t i = 0; i < comparison->level_count; i++) {
        const struct compare_level *level = &comparison->levels[i];
        print_cells(printer, level->rule, level_people_word(level->a),
                    level_people_word(level->b));
    }
}

/* -- the gap matrix -------------------------------------------------------- */

static const char *matrix_words(enum row_verdict verdict)
{
    switch (verdict) {
    case ROW_SAME:
        return "same";
    case ROW_DIFFERENT:
        return "different";
    case ROW_ONLY_A:
        return "missing in B";
    case ROW_ONLY_B:
        return "missing in A";
    case ROW_NEITHER:
    case ROW_DETAIL:
        return "in neither";
    case ROW_UNTOLD:
        return "not told";
    }
    return "";
}

static void print_matrix_row(const struct printer *printer,
                             const struct comparison *comparison,
                             const struct matrix_row *row)
{
    const struct compare_row *told;
    enum row_verdict verdict = matrix_verdict(row, comparison, &told);
    char title[128];
    snprintf(title, sizeof title, "%-7s%s", row->requirement, row->title);
    fprintf(printer->out, "  %-42s %-13s %s\n", title,
            matrix_words(row->document), matrix_words(verdict));
    if (told)
        fprintf(printer->out, "         %s: %s | %s\n",
                compare_describe(told->aspect).title, told->a.words,
                told->b.words);
    if (row->note && verdict != row->document)
        fprintf(printer->out, "         %s\n", row->note);
}

static void print_side(const struct printer *printer, const char *name,
                       const struct profile *profile)
{
    fprintf(printer->out, "%s  %s: %s\n", name, profile->id,
            profile->title ? profile->title : "");
}

static struct printer printer_of(const struct text_style *style, FILE *out)
{
    int width = style->width > 0 ? style->width : WIDTH_USUAL;
    width = width < WIDTH_LEAST ? WIDTH_LEAST : width;
    return (struct printer){style, out, (width - INDENT - TITLE_WIDTH) / 2};
}

static void print_sides(const struct printer *printer,
                        const struct comparison *comparison)
{
    print_side(printer, "A", comparison->a);
    print_side(printer, "B", comparison->b);
}

void text_print(const struct comparison *comparison,
                const struct text_style *style, FILE *out)
{
    struct printer printer = printer_of(style, out);
    struct compare_score score = compare_score(comparison);
    print_sides(&printer, comparison);
    fprintf(out, "%zu of %zu rows are the same: %.0f %%\n", score.same,
            score.rows, compare_percent(score));
    for (size_t i = 0; i < comparison->part_count; i++)
        print_part(&printer, &comparison->parts[i]);
    print_levels(&printer, comparison);
    print_scenarios(&printer, comparison);
}

void text_print_matrix(const struct comparison *comparison,
                       const struct text_style *style, FILE *out)
{
    struct printer printer = printer_of(style, out);
    struct compare_score score = matrix_score(comparison);
    print_sides(&printer, comparison);
    fprintf(out, "%zu of %zu rows that profiles tell are the same: %.0f %%\n",
            score.same, score.rows, compare_percent(score));
    fprintf(out, "\n  %-42s %-13s %s\n", "", "document", "profiles");
    for (const struct matrix_table *table = matrix_tables; table->title;
         table++) {
        fprintf(out, "%s\n", table->title);
        for (size_t i = 0; i < table->count; i++)
            print_matrix_row(&printer, comparison, &table->rows[i]);
    }
}
