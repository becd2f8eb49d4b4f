/* A file with "matrix" holds one scenario for each combination of its methods
 * and paths: "{method}" and "{path}" stand for them anywhere in its texts. */
#ifndef RETRYSPEC_MODEL_SCENARIO_MATRIX_H
#define RETRYSPEC_MODEL_SCENARIO_MATRIX_H

#include "model/jsonc.h"

enum { SCENARIO_MATRIX_MAX = 16 };

struct scenario_matrix {
    const char *methods[SCENARIO_MATRIX_MAX], *paths[SCENARIO_MATRIX_MAX];
    int method_count, path_count; /* 0: that axis is not there */
};

/* False after a problem. `root` has a member "matrix". */
bool scenario_matrix_read(const struct jsonc_value *root, struct arena *arena,
                          struct scenario_matrix *matrix);

/* How many scenarios the file holds. */
size_t scenario_matrix_count(const struct scenario_matrix *matrix);

/* What follows the file's id in the id of one of them: "/post-v1-echo". */
void scenario_matrix_suffix(const struct scenario_matrix *matrix, size_t index,
                            char *suffix, size_t size);

/* The file's text with the method and path of one of them in place; columns
 * move, lines do not. NULL without memory. */
char *scenario_matrix_text(const struct scenario_matrix *matrix, size_t index,
                           const char *bytes, size_t size);

#endif
