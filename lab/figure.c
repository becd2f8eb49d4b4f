#include "lab/figure.h"

#include <string.h>

#include "model/units.h"

/* Told apart also by the colour-blind (Okabe and Ito, 2008); black is for what
 * all series have in common. */
static const char *const colours[] = {"#0072B2", "#E69F00", "#009E73",
                                      "#CC79A7", "#D55E00", "#56B4E9"};

const char *figure_colour(size_t series)
{
    return colours[series % (sizeof colours / sizeof *colours)];
}

int figure_dash(size_t series)
{
    static const int dashes[] = {1, 2, 4, 5, 3, 6};
    return dashes[series % (sizeof dashes / sizeof *dashes)];
}

/* On a page these are names of its colours: reports/svg.c. */
const char *figure_ink(const struct figure *figure, enum figure_ink ink)
{
    static const char *const inks[][INK_ALL] = {
        {[INK_TEXT] = "#000000",
         [INK_SOFT] = "#505050",
         [INK_LINE] = "#404040",
         [INK_GRID] = "#c8c8c8",
         [INK_SHADE] = "#e4e4e4"},
        {[INK_TEXT] = "#000000",
         [INK_SOFT] = "#000000",
         [INK_LINE] = "#010207",
         [INK_GRID] = "#010206",
         [INK_SHADE] = "#010208"},
    };
    return inks[figure->format == FIGURE_PAGE][ink];
}

double figure_seconds(int64_t ns)
{
    return (double)ns / (double)NS_PER_S;
}

void figure_end_block(size_t lines, FILE *data)
{
    fputs(lines > 0 ? "\n\n" : "NaN NaN\n\n\n", data);
}

/* In single quotes nothing but the quote itself means anything, yet a backslash
 * before one does. Text with these goes in double quotes, and all that means
 * something there as an octal number. */
static void write_quoted(const char *text, size_t length, FILE *script)
{
    bool is_hard = memchr(text, '\'', length) || memchr(text, '\\', length);
    char quote = is_hard ? '"' : '\'';
    fputc(quote, script);
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text[i];
        if (is_hard && strchr("\"\\`@$", c))
            fprintf(script, "\\%03o", c);
        else
            fputc(c < ' ' ? ' ' : c, script);
    }
    fputc(quote, script);
}

void figure_quoted(const char *text, FILE *script)
{
    write_quoted(text, strlen(text), script);
}

/* -- title and small print ------------------------------------------------ */

/* Sizes of letters; the smallest can be read at half the figure's size. */
static const struct {
    int title, small;
} letters[] = {[FIGURE_SVG] = {18, 11},
               [FIGURE_PNG] = {32, 19},
               [FIGURE_PDF] = {13, 8},
               [FIGURE_PAGE] = {0, 0}};

static void set_terminal(enum figure_format format, FILE *script)
{
    switch (format) {
    case FIGURE_SVG:
        fputs("set terminal svg size 900,560 dynamic noenhanced "
              "font 'Helvetica,15' background '#ffffff'\n",
              script);
        return;
    case FIGURE_PNG:
        fputs("set terminal pngcairo size 1800,1120 noenhanced "
              "font 'Helvetica,26' linewidth 2 pointscale 2\n",
              script);
        return;
    case FIGURE_PDF:
        fputs("set terminal pdfcairo size 18cm,11.2cm noenhanced "
              "font 'Helvetica,11'\n",
              script);
        return;
    case FIGURE_PAGE:
        fputs("set terminal svg size 760,500 dynamic noenhanced "
              "font 'sans-serif,17'\n",
              script);
        return;
    }
}

/* Not inside a character of UTF-8. */
static size_t begin_of_character(const char *text, size_t at)
{
    while (at > 0 && ((unsigned char)text[at] & 0xC0) == 0x80)
        at--;
    return at;
}

/* How much of a text fits on a line, to the end of a word if there is one. */
static size_t line_length(const char *text)
{
    enum { COLUMNS = 150 };
    size_t length = strlen(text);
    if (length <= COLUMNS)
        return length;
    for (size_t i = COLUMNS; i > COLUMNS / 2; i--) {
        if (text[i] == ' ')
            return i;
    }
    return begin_of_character(text, COLUMNS);
}

/* From the bottom up: the command on up to two lines, over it the note. */
static void write_small_print(const struct figure *figure, FILE *script)
{
    const char *command = figure->command;
    size_t first = line_length(command);
    const char *rest = command + first;
    rest += *rest == ' ';
    const struct {
        const char *text;
        size_t length;
    } lines[] = {{figure->note, strlen(figure->note)},
                 {command, first},
                 {rest, line_length(rest)}};
    for (int i = 0; i < 3; i++) {
        fprintf(script, "set label %d ", i + 1);
        write_quoted(lines[i].text, lines[i].length, script);
        fprintf(script,
                " at screen 0.012, screen %.3f left font ',%d' textcolor "
                "'%s'\n",
                0.078 - 0.027 * i, letters[figure->format].small,
                figure_ink(figure, INK_SOFT));
    }
}

/* Smaller letters for a long one; what is longer still is cut. */
static void write_title(const struct figure *figure, FILE *script)
{
    enum { FULL = 70, MOST = 112 };
    size_t length = strlen(figure->title);
    int size = letters[figure->format].title;
    if (length > FULL)
        size = size * FULL / (int)(length < MOST ? length : MOST);
    if (length > MOST)
        length = begin_of_character(figure->title, MOST);
    fputs("set label 4 ", script);
    write_quoted(figure->title, length, script);
    fprintf(script, " at screen 0.012, screen 0.955 left font ',%d'\n", size);
}

static void write_frame(const struct figure *figure, FILE *script)
{
    bool is_page = figure->format == FIGURE_PAGE;
    if (!is_page) {
        write_title(figure, script);
        write_small_print(figure, script);
    }
    fprintf(script,
            "set tmargin at screen %s\nset bmargin at screen %s\n"
            "set rmargin at screen 0.975\n"
            "set key at screen 0.012, screen %s left top horizontal maxrows 2 "
            "Left reverse samplen 2\n",
            is_page ? "0.86" : "0.82", is_page ? "0.16" : "0.215",
            is_page ? "0.985" : "0.92");
}

/* `command` is for those who read the script. */
void figure_begin(const struct figure *figure, FILE *script)
{
    fputs("command = ", script);
    figure_quoted(figure->command, script);
    fputc('\n', script);
    set_terminal(figure->format, script);
    fputs("set output ", script);
    figure_quoted(figure->picture, script);
    fputs("\ndata = ", script);
    figure_quoted(figure->data, script);
    fputc('\n', script);
    write_frame(figure, script);
    fprintf(script,
            "set border 3 linecolor '%s'\n"
            "set tics nomirror textcolor '%s'\n"
            "set errorbars 0.6\n"
            "set grid ytics linecolor '%s' linewidth 0.7 dashtype 1\n",
            figure_ink(figure, INK_LINE), figure_ink(figure, INK_TEXT),
            figure_ink(figure, INK_GRID));
}

void figure_shade(const struct figure *figure, FILE *script)
{
    for (size_t i = 0; i < figure->span_count; i++) {
        const struct figure_span *span = &figure->spans[i];
        fprintf(script, "set object rectangle from %.3f,graph 0 to ",
                figure_seconds(span->from_ns));
        if (span->to_ns == NS_FOREVER)
            fputs("graph 1,graph 1", script);
        else
            fprintf(script, "%.3f,graph 1", figure_seconds(span->to_ns));
        fprintf(script, " fillcolor '%s' fillstyle solid noborder behind\n",
                figure_ink(figure, INK_SHADE));
    }
}
