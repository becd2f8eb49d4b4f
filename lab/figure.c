#include "lab/figure.h"

/* Told apart also by the colour-blind (Okabe and Ito, 2008); black is for what
 * all series have in common. */
static const char *const colours[] = {"#0072B2", "#E69F00", "#009E73",
                                      "#CC79A7", "#D55E00", "#56B4E9"};

const char *figure_colour(size_t series)
{
    return colours[series % (sizeof colours / sizeof *colours)];
}

/* Sizes of the smallest letters, so that a figure can be read at half its size.
 */
static const int small_print[] = {
    [FIGURE_SVG] = 11, [FIGURE_PNG] = 19, [FIGURE_PDF] = 8};

/* In single quotes nothing but the quote itself means anything. */
void figure_quoted(const char *text, FILE *script)
{
    fputc('\'', script);
    for (; *text; text++) {
        if (*text == '\'')
            fputc('\'', script);
        fputc((unsigned char)*text < ' ' ? ' ' : *text, script);
    }
    fputc('\'', script);
}

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
              "font 'Helvetica,26' linewidth 2\n",
              script);
        return;
    case FIGURE_PDF:
        fputs("set terminal pdfcairo size 18cm,11.2cm noenhanced "
              "font 'Helvetica,11'\n",
              script);
        return;
    }
}

void figure_begin(const struct figure *figure, FILE *script)
{
    set_terminal(figure->format, script);
    fputs("set output ", script);
    figure_quoted(figure->picture, script);
    fputs("\ndata = ", script);
    figure_quoted(figure->data, script);
    fputs("\nset title ", script);
    figure_quoted(figure->title, script);
    fputs("\nset label 1 ", script);
    figure_quoted(figure->note, script);
    fprintf(script,
            " at screen 0.01, screen 0.025 left font ',%d' textcolor "
            "'#505050'\n",
            small_print[figure->format]);
    fputs("set bmargin 5\n"
          "set border 3 linecolor '#404040'\n"
          "set tics nomirror\n"
          "set grid ytics linecolor '#c8c8c8' linewidth 0.7 dashtype 1\n"
          "set key outside top right horizontal maxrows 2\n",
          script);
    if (figure->is_log)
        fputs("set logscale y\n", script);
}
