#include "reports/svg.h"

#include <stdlib.h>
#include <string.h>

#include "reports/escape.h"

void svg_write_marks(FILE *out)
{
    fputs("<svg class=\"marks\" width=\"0\" height=\"0\" aria-hidden=\"true\">"
          "<defs>\n"
          "<path id=\"gpPt1\" stroke=\"currentColor\" stroke-width=\".5\" "
          "d=\"M-1-1 1 1M1-1-1 1\"/>\n"
          "<path id=\"gpPt4\" fill=\"currentColor\" stroke=\"none\" "
          "d=\"M-1-1H1V1H-1z\"/>\n"
          "<circle id=\"gpPt5\" stroke=\"currentColor\" stroke-width=\".25\" "
          "fill=\"none\" r=\"1\"/>\n"
          "<circle id=\"gpPt6\" fill=\"currentColor\" stroke=\"none\" "
          "r=\"1\"/>\n"
          "<path id=\"gpPt8\" fill=\"currentColor\" stroke=\"none\" "
          "d=\"M0-1.33-1.33.67H1.33z\"/>\n"
          "<path id=\"gpPt10\" fill=\"currentColor\" stroke=\"none\" "
          "d=\"M0 1.33-1.33-.67H1.33z\"/>\n"
          "<path id=\"gpPt12\" fill=\"currentColor\" stroke=\"none\" "
          "d=\"M0-1.3-1.3 0 0 1.3 1.3 0z\"/>\n"
          "<path id=\"gpPt14\" fill=\"currentColor\" stroke=\"none\" "
          "d=\"M0 1.33 1.27.41.78-1.08H-.78L-1.27.41z\"/>\n"
          "</defs></svg>\n",
          out);
}

/* What gnuplot calls a colour, and what the page does. */
static const struct {
    const char *from, *to;
} colors[] = {
    {"rgb(  1,   2,   1)", "var(--good)"},
    {"rgb(  1,   2,   2)", "var(--bad)"},
    {"rgb(  1,   2,   3)", "var(--fault)"},
    {"rgb(  1,   2,   4)", "var(--gone)"},
    {"rgb(  1,   2,   5)", "var(--band)"},
    {"rgb(  1,   2,   6)", "var(--grid)"},
    {"rgb(  1,   2,   7)", "var(--line)"},
    {"rgb(  1,   2,   8)", "var(--outage)"},
    {"rgb(  1,   2,   9)", "var(--ink)"},
    {"rgb(  0,   0,   0)", "var(--ink)"},
    {"rgb(0,0,0)", "var(--ink)"},
    {"rgb(  0, 114, 178)", "var(--s1)"},
    {"rgb(230, 159,   0)", "var(--s2)"},
    {"rgb(  0, 158, 115)", "var(--s3)"},
    {"rgb(204, 121, 167)", "var(--s4)"},
    {"rgb(213,  94,   0)", "var(--s5)"},
    {"rgb( 86, 180, 233)", "var(--s6)"},
    {"'black'", "'var(--ink)'"},
    {"\"black\"", "\"var(--ink)\""},
    {"xlink:href='", "href='"},
};

static size_t write_color(const char *at, FILE *out)
{
    for (size_t i = 0; i < sizeof colors / sizeof *colors; i++) {
        size_t length = strlen(colors[i].from);
        if (strncmp(at, colors[i].from, length) == 0) {
            fputs(colors[i].to, out);
            return length;
        }
    }
    fputc(*at, out);
    return 1;
}

/* "<g ...>\n</g>\n" draws nothing. Returns its length, 0 if it is none. */
static size_t empty_group(const char *at)
{
    static const char end[] = ">\n</g>\n";
    if (strncmp(at, "<g ", 3) != 0)
        return 0;
    size_t length = strcspn(at, ">");
    return strncmp(at + length, end, sizeof end - 1) == 0
               ? length + sizeof end - 1
               : 0;
}

/* ` id="gnuplot_plot_1"`: there are several on a page. Returns its length, 0
 * if it is none. */
static size_t identifier(const char *at)
{
    static const char begin[] = " id=\"";
    size_t skip = sizeof begin - 1;
    return strncmp(at, begin, skip) == 0 ? skip + strcspn(at + skip, "\"") + 1
                                         : 0;
}

static void write_body(const char *from, const char *end, FILE *out)
{
    for (const char *at = from; at < end;) {
        size_t skipped = empty_group(at) + identifier(at);
        at += skipped;
        if (skipped == 0)
            at += write_color(at, out);
    }
}

bool svg_embed(const char *svg, const char *label, FILE *out)
{
    static const char defs[] = "</defs>", canvas[] = "</g>\n</svg>";
    const char *from = strstr(svg, defs), *end = NULL;
    double width, height;
    const char *box = strstr(svg, "viewBox=\"0 0 ");
    for (const char *at = from; at && (at = strstr(at, canvas)); at++)
        end = at;
    if (!end || !box ||
        sscanf(box, "viewBox=\"0 0 %lf %lf\"", &width, &height) != 2)
        return false;
    fprintf(out, "<svg viewBox=\"0 0 %.0f %.0f\" role=\"img\" aria-label=\"",
            width, height);
    escape_xml(label, out);
    fputs("\">\n", out);
    write_body(from + sizeof defs - 1, end, out);
    fputs("</svg>\n", out);
    return true;
}
