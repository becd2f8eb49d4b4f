#include "judge/answers.h"

#include "model/json_pointer.h"

static void add(struct answers *answers, const struct reply *reply,
                bool parses_bodies)
{
    size_t known = answers->places->count;
    if (!reply->where || names_add(answers->places, reply->where) < known)
        return;
    struct json_text body = {.bytes = reply->body,
                             .size = (size_t)reply->body_size};
    answers->items[known] = (struct scripted){
        .reply = reply,
        .json = parses_bodies ? json_pointer_parse(&body) : NULL,
    };
}

static size_t count(const struct scenario *scenario)
{
    size_t count = 0;
    for (size_t i = 0; i < scenario->route_count; i++) {
        count +=
            scenario->routes[i].step_count + scenario->routes[i].window_count;
    }
    return count;
}

bool answers_init(struct answers *answers, const struct scenario *scenario,
                  bool parses_bodies, struct arena *arena)
{
    size_t most = count(scenario);
    *answers = (struct answers){
        .places = names_create(arena, most),
        .items = arena_array(arena, most, sizeof *answers->items),
    };
    if (!answers->places || !answers->items)
        return false;
    for (size_t i = 0; i < scenario->route_count; i++) {
        const struct route *route = &scenario->routes[i];
        for (size_t k = 0; k < route->step_count; k++)
            add(answers, &route->steps[k].reply, parses_bodies);
        for (size_t k = 0; k < route->window_count; k++)
            add(answers, &route->windows[k].reply, parses_bodies);
    }
    return true;
}

void answers_deinit(struct answers *answers)
{
    for (size_t i = 0; answers->places && i < answers->places->count; i++)
        json_pointer_free(answers->items[i].json);
}

const struct scripted *answers_find(const struct answers *answers,
                                    const char *where)
{
    long number = names_find(answers->places, where);
    return number == NAMES_NONE ? NULL : &answers->items[number];
}
