/* Text that others wrote, made safe for each format. Bytes that are no UTF-8
 * become U+FFFD; control characters that a format can't hold are dropped. NULL
 * is "". */
#ifndef RETRYSPEC_REPORTS_ESCAPE_H
#define RETRYSPEC_REPORTS_ESCAPE_H

#include <stdint.h>
#include <stdio.h>

/* The next character of `text`, which moves on; 0 at the end. */
uint32_t escape_next(const char **text);
void escape_put(uint32_t character, FILE *out);

/* XML 1.0 and HTML, element content and quoted attributes alike. */
void escape_xml(const char *text, FILE *out);
/* One line of Markdown, also inside a table's cell. */
void escape_markdown(const char *text, FILE *out);
/* A description of TAP 14, on one line: # and \ are escaped. */
void escape_tap(const char *text, FILE *out);
/* A double-quoted scalar of YAML, with its quotes. */
void escape_yaml(const char *text, FILE *out);
/* The message of a workflow command of GitHub; as a property also : and ,. */
void escape_github(const char *text, FILE *out);
void escape_github_property(const char *text, FILE *out);

/* As UTF-8 with nothing dropped, on the heap; NULL without memory. */
char *escape_utf8(const char *text);

#endif
