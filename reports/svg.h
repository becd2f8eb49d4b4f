/* A picture of gnuplot made part of a page: its frame, its definitions and what
 * draws nothing go; colours become variables of the page's style, so that the
 * picture follows it into the dark. */
#ifndef RETRYSPEC_REPORTS_SVG_H
#define RETRYSPEC_REPORTS_SVG_H

#include <stdbool.h>
#include <stdio.h>

/* Once a page: the marks that pictures refer to. */
void svg_write_marks(FILE *out);

/* `label` is read to those who can't see. False, and nothing written, if `svg`
 * is none of gnuplot's. */
bool svg_embed(const char *svg, const char *label, FILE *out);

#endif
