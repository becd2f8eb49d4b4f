#include "cli/option_values.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "model/jsonc.h"
#include "model/units.h"

int option_values_choice(const struct option_text *text,
                         const char *const *words)
{
    char list[100] = "";
    for (int i = 0; words[i]; i++) {
        if (strcmp(words[i], text->value) == 0) {
            return i;
        }
        size_t used = strlen(list);
        snprintf(list + used, sizeof list - used, "%s%s", i ? ", " : "",
                 words[i]);
    }
    const char *nearest = jsonc_nearest(text->value, words);
    cli_usage_error(text->command, "%s %s: it is one of %s%s%s%s", text->option,
                    text->value, list, nearest ? "; did you mean " : "",
                    nearest ? nearest : "", nearest ? "?" : "");
    return -1;
}

int option_values_count(const struct option_text *text, int max)
{
    char *end;
    long count = strtol(text->value, &end, 10);
    if (end == text->value || *end || count < 1 || count > max) {
        cli_usage_error(text->command, "%s %s: it is a number from 1 to %d",
                        text->option, text->value, max);
        return -1;
    }
    return (int)count;
}

int option_values_duration(const struct option_text *text, int64_t *ns)
{
    if (units_parse_duration(text->value, ns)) {
        return 0;
    }
    return cli_usage_error(text->command,
                           "%s %s: it is a duration such as 500ms or 10s",
                           text->option, text->value);
}

int option_values_positive(const struct option_text *text, int64_t *ns)
{
    int code = option_values_duration(text, ns);
    if (code == 0 && *ns == 0) {
        return cli_usage_error(text->command, "%s %s: it is more than 0",
                               text->option, text->value);
    }
    return code;
}

int option_values_rate(const struct option_text *text, double least,
                       double most, double *rate)
{
    char *end;
    double value = strtod(text->value, &end);
    bool is_number =
        *text->value && !*end &&
        strspn(text->value, "0123456789.eE+-") == strlen(text->value);
    if (is_number && value >= least && value <= most) {
        *rate = value;
        return 0;
    }
    return cli_usage_error(text->command,
                           "%s %s: it is a number from %g to %g, such as 1e-6",
                           text->option, text->value, least, most);
}
