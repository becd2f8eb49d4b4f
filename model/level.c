#include "model/level.h"

const char *level_json_word(enum level level)
{
    return level == LEVEL_SHOULD ? "should" : "must";
}

const char *level_people_word(enum level level)
{
    return level == LEVEL_SHOULD ? "SHOULD" : "MUST";
}

bool level_read(const struct jsonc_value *at, enum level *level)
{
    static const char *const words[] = {"must", "should", NULL};
    int index;
    if (!jsonc_choice(at, words, &index)) {
        return false;
    }
    *level = index == 0 ? LEVEL_MUST : LEVEL_SHOULD;
    return true;
}
