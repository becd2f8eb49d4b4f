/* A file that this program wrote or had written, read back whole. */
#ifndef RETRYSPEC_CLI_TEXT_FILE_H
#define RETRYSPEC_CLI_TEXT_FILE_H

/* Its bytes and a NUL, on the heap. NULL if there is none, if it is empty or
 * has 64 MiB, or without memory. */
char *text_file_read(const char *path);

#endif
