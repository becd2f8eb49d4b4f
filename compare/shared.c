/* What calls share: slots, limiters, breakers, tokens, handlers. */
#include <string.h>

#include "compare/aspect.h"
#include "model/units.h"

/* Requests above this are large to tinker and tinkex. */
enum { LARGE_BYTES = 131072 };

static const struct layer *layer_at(const struct question *question, int i)
{
    return &question->subject->profile->layers[i];
}

/* Is `word` one of the list that words_next() parts? */
static bool is_listed(const struct words *list, const char *word)
{
    size_t length = strlen(word);
    const char *at = list->text;
    while ((at = strstr(at, word))) {
        bool begins = at == list->text || at[-1] == ' ';
        bool ends = at[length] == '\0' || at[length] == ',';
        if (begins && ends)
            return true;
        at += length;
    }
    return false;
}

/* Lists what the layers that cover the request have of a kind, each once. */
static void each_layer(const struct question *question, struct words *words,
                       void (*add)(const struct layer *, struct words *))
{
    for (int i = -1; (i = aspect_layer(question->subject, i)) >= 0;) {
        struct words one = {0};
        add(layer_at(question, i), &one);
        if (one.used == 0 || is_listed(words, one.text))
            continue;
        words_next(words);
        words_add(words, "%s", one.text);
    }
    if (words->used == 0)
        words_absent(words, "none");
}

/* -- slots ----------------------------------------------------------------- */

static void add_slots(const struct layer *layer, struct words *words)
{
    if (layer->slots.limit > 0) {
        words_add(words, "%lld", (long long)layer->slots.limit);
    }
}

static bool has_slots(const struct slots *slots)
{
    return slots->limit > 0 || slots->throttled_limit > 0 ||
           slots->byte_limit > 0;
}

static void add_scope(const struct layer *layer, struct words *words)
{
    static const char *const scopes[] = {
        [SLOTS_HANDLER] = "handler",         [SLOTS_SESSION] = "session",
        [SLOTS_CLIENT] = "client",           [SLOTS_GLOBAL] = "process",
        [SLOTS_URL_AND_KEY] = "URL and key",
    };
    if (has_slots(&layer->slots)) {
        words_add(words, "%s", scopes[layer->slots.scope]);
    }
}

static void add_held(const struct layer *layer, struct words *words)
{
    if (has_slots(&layer->slots)) {
        words_add(words, "%s",
                  layer->slots.held == SLOT_HELD_CALL ? "waits included"
                                                      : "each attempt");
    }
}

static void add_throttled(const struct layer *layer, struct words *words)
{
    if (layer->slots.throttled_limit > 0) {
        words_add(words, "%lld, until ",
                  (long long)layer->slots.throttled_limit);
        words_time(words, layer->slots.throttled_window_ns);
        words_add(words, " after");
    }
}

static void add_bytes(const struct layer *layer, struct words *words)
{
    char size[UNITS_TEXT_MAX];
    if (layer->slots.byte_limit > 0) {
        words_add(
            words, "%s",
            units_format_size(layer->slots.byte_limit, size, sizeof size));
        if (layer->slots.byte_penalty > 0)
            words_add(words, ", %g-fold while throttled",
                      layer->slots.byte_penalty);
    }
}

static void add_ask_again(const struct layer *layer, struct words *words)
{
    const struct slots *slots = &layer->slots;
    if (!has_slots(slots))
        return;
    if (slots->ask_again.schedule == SCHEDULE_NONE) {
        words_add(words, "is told");
        return;
    }
    struct delay_law law = {.backoff = &slots->ask_again, .cut_ns = NS_FOREVER};
    words_add(words, "asks after ");
    words_range(words, backoff_range(&law));
}

static void tell_slots(const struct question *question, struct words *words)
{
    each_layer(question, words, add_slots);
}

static void tell_scope(const struct question *question, struct words *words)
{
    each_layer(question, words, add_scope);
}

static void tell_held(const struct question *question, struct words *words)
{
    each_layer(question, words, add_held);
}

static void tell_throttled(const struct question *question, struct words *words)
{
    each_layer(question, words, add_throttled);
}

static void tell_bytes(const struct question *question, struct words *words)
{
    each_layer(question, words, add_bytes);
}

static void tell_ask_again(const struct question *question, struct words *words)
{
    each_layer(question, words, add_ask_again);
}

/* Calls whose attempts may be under way at once: the smallest of its limits. */
static void tell_in_flight(const struct question *question, struct words *words)
{
    int64_t least = 0;
    for (int i = -1; (i = aspect_layer(question->subject, i)) >= 0;) {
        int64_t limit = layer_at(question, i)->slots.limit;
        if (limit > 0 && (least == 0 || limit < least))
            least = limit;
    }
    if (least == 0)
        words_absent(words, "any number");
    else
        words_add(words, "%lld", (long long)least);
}

/* -- rate limiters --------------------------------------------------------- */

static void add_limiter_scope(const struct layer *layer, struct words *words)
{
    if (layer->rate_limiter.is_used) {
        words_add(words, "%s",
                  layer->rate_limiter.scope == LIMITER_HOLDER ? "client"
                                                              : "URL and key");
    }
}

static void add_limiter_poll(const struct layer *layer, struct words *words)
{
    if (!layer->rate_limiter.is_used)
        return;
    if (layer->rate_limiter.poll_ns == 0) {
        words_add(words, "in one sleep");
        return;
    }
    words_add(words, "in steps of ");
    words_time(words, layer->rate_limiter.poll_ns);
}

static void add_limiter_clears(const struct layer *layer, struct words *words)
{
    if (layer->rate_limiter.is_used) {
        words_add(words, "%s",
                  layer->rate_limiter.clears_on_success ? "by a success"
                                                        : "by time only");
    }
}

static void add_pace(const struct layer *layer, struct words *words)
{
    if (layer->rate_limiter.is_used && layer->rate_limiter.per_second > 0) {
        words_add(words, "%g a second, %g at once",
                  layer->rate_limiter.per_second, layer->rate_limiter.burst);
    }
}

static void tell_limiter_scope(const struct question *question,
                               struct words *words)
{
    each_layer(question, words, add_limiter_scope);
}

static void tell_limiter_poll(const struct question *question,
                              struct words *words)
{
    each_layer(question, words, add_limiter_poll);
}

static void tell_limiter_clears(const struct question *question,
                                struct words *words)
{
    each_layer(question, words, add_limiter_clears);
}

static void tell_pace(const struct question *question, struct words *words)
{
    each_layer(question, words, add_pace);
}

/* For how long an answer closes a limiter that the request passes; -1: not. */
static int64_t window_ns(const struct question *question, int64_t body_bytes)
{
    struct subject subject = *question->subject;
    struct probe probe;
    int64_t window = -1;
    subject.request.body_bytes = body_bytes;
    probe_once(&probe, &subject, &question->aspect->answer);
    for (int i = -1; (i = aspect_layer(&subject, i)) >= 0;) {
        const struct retry_limiter *limiter = &probe.shared.layers[i].limiter;
        if (limiter->is_closed && limiter->until_ns > window)
            window = limiter->until_ns;
    }
    return window;
}

static void tell_window(const struct question *question, struct words *words)
{
    int64_t window = window_ns(question, question->aspect->number);
    if (window < 0)
        words_absent(words, "no limiter");
    else
        words_time(words, window);
}

/* -- breakers and tokens --------------------------------------------------- */

static void add_breaker(const struct layer *layer, struct words *words)
{
    const struct circuit_breaker *breaker = &layer->breaker;
    if (!breaker->is_used)
        return;
    words_add(words, "%lld failures open it for ",
              (long long)breaker->failures);
    words_time(words, breaker->reset_ns);
    words_add(words, ", then %lld at a time, tested for each %s",
              (long long)breaker->half_open_calls,
              breaker->checked == BREAKER_PER_CALL ? "call" : "attempt");
    words_add(words, breaker->is_retryable ? ", tried again when open" : "");
}

static void add_tokens(const struct layer *layer, struct words *words)
{
    static const char *const costs[] = {"a retry", "a failure",
                                        "a failure of a retried kind"};
    const struct token_bucket *tokens = &layer->budget.tokens;
    if (!tokens->is_used)
        return;
    words_add(words, "%g, %s costs %g (timeout %g), success brings %g",
              tokens->capacity, costs[tokens->failures_cost], tokens->cost,
              tokens->timeout_cost, tokens->refund);
    if (tokens->returns_cost)
        words_add(words, ", a retry its cost");
    if (tokens->per_call > 0)
        words_add(words, ", a call %g", tokens->per_call);
    if (tokens->threshold > 0)
        words_add(words, ", more than %g needed", tokens->threshold);
}

static void add_allowance(const struct layer *layer, struct words *words)
{
    const struct allowance *allowance = &layer->budget.allowance;
    static const char *const what[] = {NULL, "calls", "attempts in flight",
                                       "calls failing at most"};
    if (allowance->kind == ALLOWANCE_NONE || layer->is_disabled)
        return;
    words_add(words, "%g of %s", allowance->share, what[allowance->kind]);
    if (allowance->kind == ALLOWANCE_RATIO)
        words_add(words, ", %lld a second", (long long)allowance->least);
    if (allowance->kind == ALLOWANCE_CONCURRENT)
        words_add(words, ", at least %lld", (long long)allowance->least);
    if (allowance->window_ns != NS_FOREVER) {
        words_add(words, ", window ");
        words_time(words, allowance->window_ns);
    }
}

static void add_throttle(const struct layer *layer, struct words *words)
{
    const struct throttle *throttle = &layer->throttle;
    if (!throttle->is_used || layer->is_disabled)
        return;
    words_add(words, "k %g, window ", throttle->k);
    words_time(words, throttle->window_ns);
    words_add(words,
              throttle->is_retryable ? ", tried again when not sent" : "");
}

static void tell_breaker(const struct question *question, struct words *words)
{
    each_layer(question, words, add_breaker);
}

static void tell_tokens(const struct question *question, struct words *words)
{
    each_layer(question, words, add_tokens);
}

static void tell_allowance(const struct question *question, struct words *words)
{
    each_layer(question, words, add_allowance);
}

static void tell_throttle(const struct question *question, struct words *words)
{
    each_layer(question, words, add_throttle);
}

static void tell_handlers(const struct question *question, struct words *words)
{
    int64_t handlers = question->subject->profile->handler_cache;
    if (handlers == 0)
        words_absent(words, "none, one handler a client");
    else
        words_add(words, "%lld handlers", (long long)handlers);
}

#define SLOTS(id_, of_, title_, severity_, tell_, requirements_)           \
    {                                                                      \
        .id = (id_), .of = (of_), .title = (title_), .group = GROUP_SLOTS, \
        .severity = (severity_), .tell = (tell_),                          \
        .requirements = (requirements_),                                   \
    }
#define RATE(id_, of_, title_, severity_, tell_, requirements_)           \
    {                                                                     \
        .id = (id_), .of = (of_), .title = (title_), .group = GROUP_RATE, \
        .severity = (severity_), .tell = (tell_),                         \
        .requirements = (requirements_),                                  \
    }

static const struct aspect items[] = {
    SLOTS("slots", NULL, "calls at a time", SEVERITY_CRITICAL, tell_slots,
          "S0-48, S0-57, S1-07, S1-37, S1-83, S1-92, S1-96"),
    SLOTS("slot-scope", "slots", "slots are of the", SEVERITY_HIGH, tell_scope,
          "S1-69"),
    SLOTS("slot-held", "slots", "a slot is held", SEVERITY_HIGH, tell_held,
          "S1-18"),
    SLOTS("in-flight", "slots", "calls under way at once", SEVERITY_HIGH,
          tell_in_flight, "C-11"),
    SLOTS("throttled", NULL, "slots while throttled", SEVERITY_HIGH,
          tell_throttled, NULL),
    SLOTS("bytes", NULL, "bytes under way", SEVERITY_HIGH, tell_bytes, NULL),
    SLOTS("ask-again", "slots", "who waits for a slot", SEVERITY_LOW,
          tell_ask_again, NULL),
    SLOTS("handler-cache", NULL, "cache of handlers", SEVERITY_LOW,
          tell_handlers, "S1-14, S1-67, S1-100"),
    {.id = "limiter-window",
     .title = "a 429 closes the limiter for",
     .group = GROUP_RATE,
     .severity = SEVERITY_HIGH,
     .tell = tell_window,
     .answer = {.status = 429},
     .requirements = "S0-52, S1-52, S1-55"},
    {.id = "limiter-large",
     .of = "limiter-window",
     .title = "... of a request above 128 KiB",
     .group = GROUP_RATE,
     .severity = SEVERITY_HIGH,
     .tell = tell_window,
     .answer = {.status = 429},
     .number = LARGE_BYTES + 1,
     .requirements = "S1-55"},
    {.id = "limiter-header",
     .of = "limiter-window",
     .title = "... with Retry-After: 2",
     .group = GROUP_RATE,
     .severity = SEVERITY_HIGH,
     .tell = tell_window,
     .answer = {.status = 429, .header = "Retry-After", .value = "2"},
     .requirements = "S1-55, C-09"},
    RATE("limiter-scope", "limiter-window", "the limiter is of the",
         SEVERITY_HIGH, tell_limiter_scope, "S1-53, S1-57"),
    RATE("limiter-poll", "limiter-window", "the window is waited for",
         SEVERITY_LOW, tell_limiter_poll, "S1-54, S1-59"),
    RATE("limiter-clears", "limiter-window", "the window ends", SEVERITY_HIGH,
         tell_limiter_clears, "S1-56"),
    RATE("pace", NULL, "attempts sent", SEVERITY_HIGH, tell_pace, NULL),
    RATE("tokens", NULL, "retry tokens", SEVERITY_CRITICAL, tell_tokens, NULL),
    RATE("retry-budget", NULL, "retry budget", SEVERITY_CRITICAL,
         tell_allowance, NULL),
    RATE("throttle", NULL, "client-side throttling", SEVERITY_CRITICAL,
         tell_throttle, NULL),
    RATE("breaker", NULL, "circuit breaker", SEVERITY_CRITICAL, tell_breaker,
         NULL),
};

const struct aspect_table shared_aspects = {items,
                                            sizeof items / sizeof items[0]};
