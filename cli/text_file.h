/* A file that this program wrote or had written, read back whole. */
#ifndef RETRYSPEC_CLI_TEXT_FILE_H
#define RETRYSPEC_CLI_TEXT_FILE_H

enum { TEXT_FILE_BYTES_MAX = 64 << 20 };

/* Its bytes and a NUL, on the heap. NULL if there is none, if it is empty or
 * has TEXT_FILE_BYTES_MAX, or without memory. */
char *text_file_read(const char *path);

#endif
