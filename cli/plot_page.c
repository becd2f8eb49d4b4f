#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/plot.h"
#include "cli/text_file.h"
#include "reports/escape.h"
#include "reports/html.h"
#include "reports/svg.h"

/* Series in the dark are lighter; a phone scrolls a figure, not the page. */
static const char style[] =
    ":root{--s1:#0072b2;--s2:#e69f00;--s3:#009e73;--s4:#cc79a7;--s5:#d55e00;"
    "--s6:#56b4e9}@media(prefers-color-scheme:dark){:root{--s1:#4aa8e0;--s2:"
    "#f0b429;--s3:#2fc495;--s4:#e09cc4;--s5:#f07f33;--s6:#8fd0f5}}\n"
    "figure.lab{max-width:60rem;margin:1.5rem 0}.scroll{overflow-x:auto}"
    "figure.lab svg{min-width:34rem}figure.lab svg "
    "text{fill:inherit}figure.lab details{margin:.4rem 0}"
    "figure.lab details pre{max-height:24rem;overflow:auto}\n";

/* What a page ends with, and what begins a figure: --add looks for both. */
static const char tail[] = "</main></body></html>\n",
                  begin[] = "<figure class=\"lab\">\n";

size_t plot_page_count(const char *path)
{
    char *page = text_file_read(path);
    size_t count = 0;
    for (const char *at = page; at && (at = strstr(at, begin)); at++)
        count++;
    free(page);
    return count;
}

static void write_head(FILE *out)
{
    fprintf(out,
            "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
            "<meta name=\"viewport\" content=\"width=device-width,"
            "initial-scale=1\"><title>Retry figures</title>\n"
            "<style>\n%s%s</style></head>\n<body><main>\n",
            html_style, style);
    svg_write_marks(out);
    fputs("<p class=\"brand\">retryspec plot</p><h1>Retry figures</h1>\n", out);
}

/* What is to be a part of the page. NULL and a problem. */
static char *read_part(struct plot *plot, const char *path)
{
    char *part = text_file_read(path);
    struct stat about;
    bool is_large =
        stat(path, &about) == 0 && about.st_size >= (off_t)TEXT_FILE_BYTES_MAX;
    if (is_large)
        error_add(&plot->error, PROBLEM_INPUT,
                  "%s has %lld MiB, and a page takes less than %d of a file: "
                  "draw an .svg, .png or .pdf",
                  path, (long long)(about.st_size >> 20),
                  TEXT_FILE_BYTES_MAX >> 20);
    else if (!part)
        error_add(&plot->error, PROBLEM_SYSTEM, "can't read %s", path);
    return part;
}

/* False and a problem: gnuplot drew something else. */
static bool embed(struct plot *plot, const char *picture, FILE *out)
{
    if (svg_embed(picture, plot->figure.title, out))
        return true;
    error_add(&plot->error, PROBLEM_SYSTEM,
              "gnuplot drew a picture that does not fit into a page");
    return false;
}

static bool write_figure(struct plot *plot, FILE *out)
{
    const struct figure *figure = &plot->figure;
    char *picture = read_part(plot, plot->picture);
    char *data = picture ? read_part(plot, plot->data_path) : NULL;
    if (!data) {
        free(picture);
        return false;
    }
    fprintf(out, "%s<h2>", begin);
    escape_xml(figure->title, out);
    fputs("</h2>\n<div class=\"scroll\">\n", out);
    bool is_good = embed(plot, picture, out);
    fputs("</div>\n<figcaption>", out);
    escape_xml(figure->note, out);
    fputs("</figcaption>\n<pre class=\"command\">", out);
    escape_xml(figure->command, out);
    fputs("</pre>\n<details><summary>Data (", out);
    escape_xml(figure->data, out);
    fputs(")</summary><pre>", out);
    escape_xml(data, out);
    fputs("</pre></details>\n</figure>\n", out);
    free(data);
    free(picture);
    return is_good;
}

/* The page as it is, without its end. */
static bool copy_page(struct plot *plot, FILE *out)
{
    char *page = read_part(plot, plot->page);
    if (!page)
        return false;
    size_t size = strlen(page), end = sizeof tail - 1;
    bool is_ours = size > end && strcmp(page + size - end, tail) == 0;
    if (is_ours)
        fwrite(page, 1, size - end, out);
    else
        error_add(&plot->error, PROBLEM_INPUT,
                  "can't add to %s: it is no page of retryspec plot",
                  plot->page);
    free(page);
    return is_ours;
}

static bool write_page(struct plot *plot, FILE *out)
{
    if (!plot->is_added || access(plot->page, F_OK) != 0)
        write_head(out);
    else if (!copy_page(plot, out))
        return false;
    return write_figure(plot, out) && fputs(tail, out) >= 0;
}

/* Beside the page first, so that one that fails leaves the old one whole. */
bool plot_page_write(struct plot *plot)
{
    char path[PLOT_PATH_SIZE + 8];
    snprintf(path, sizeof path, "%s.new", plot->page);
    FILE *out = fopen(path, "we");
    bool is_good = out && write_page(plot, out);
    bool is_written = out && fclose(out) == 0;
    if (is_good && is_written && rename(path, plot->page) == 0)
        return true;
    if (!out || is_good)
        error_add_errno(&plot->error, errno, "can't write %s", plot->page);
    unlink(path);
    return false;
}
