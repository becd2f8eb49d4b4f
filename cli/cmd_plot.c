/* Figures: from profiles, worlds, sweeps and traces, by gnuplot. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/plot.h"

static const char usage[] =
    "Usage: retryspec plot backoff PROFILE... [OPTION...]\n"
    "       retryspec plot arrivals|success WORLD -p PROFILE... [OPTION...]\n"
    "       retryspec plot arrivals|success TRACE... [OPTION...]\n"
    "       retryspec plot sweep FILE --x PATH [--y PATH] [OPTION...]\n"
    "       retryspec plot timeline TRACE [OPTION...]\n"
    "       retryspec plot gaps TRACE [-p PROFILE] [OPTION...]\n"
    "\n"
    "Draws a figure by gnuplot. Beside FIGURE.svg stand its data, FIGURE.dat,\n"
    "and its script, FIGURE.gp, to draw it again or in another way.\n\n"
    "  backoff   delays before each retry when every answer is the same\n"
    "  arrivals  attempts by time at the server of a world, or of a run\n"
    "  success   how long calls took until they had their answer\n"
    "  sweep     a metric over an axis, of what retryspec explore --out left;\n"
    "            with --y as colours over two axes\n"
    "  timeline  attempts, waits and outages of a run, a row a call\n"
    "  gaps      what a run's delays were, and what its profile's law says\n\n"
    "Options:\n"
    "      --out FILE           .svg, .png, .pdf or .html (the figure's kind,\n"
    "                           .svg)\n"
    "      --add                to the figures that the .html has\n"
    "      --title TEXT         instead of what the figure shows\n"
    "      --log                the axis of time or, of arrivals and sweeps,\n"
    "                           of the counts or the metric\n"
    "      --seed N             of every draw (1)\n"
    "  -p, --profile NAME|FILE  what clients do; at most 6. gaps: the law, if\n"
    "                           not of the profile that the run had\n"
    "      --as STYLE           backoff: violin, histogram or ecdf (violin)\n"
    "      --status CODE        backoff: of every answer (503)\n"
    "      --retries N          backoff: at most so many (8)\n"
    "      --samples N          backoff: calls (20000)\n"
    "      --sum                backoff: since the first attempt\n"
    "      --x PATH, --y PATH   sweep: the axes\n"
    "      --metric NAME        sweep: what is drawn (attempts_per_success)\n"
    "      --where PATH=VALUE   sweep: only points with that value\n"
    "      --scenario ID|FILE   timeline, arrivals of a run: what it met, for\n"
    "                           its outages (the shipped one of that name)\n"
    "  -h, --help               this text\n\n"
    "Examples:\n"
    "  retryspec plot backoff tinker-http openai-python --status 500\n"
    "  retryspec plot backoff my-profile.jsonc --sum --out wait.pdf\n"
    "  retryspec plot backoff tinker-http --as histogram --out page.html\n"
    "  retryspec plot arrivals outage-2min -p tinker-retry-handler --log\n"
    "  retryspec plot success outage-2min -p tinker-retry-handler \\\n"
    "      --out page.html --add\n"
    "  retryspec plot sweep cap.jsonl --x backoff.cap --metric wait_p99_s\n"
    "  retryspec plot sweep two.jsonl --x backoff.cap --y clients --log\n"
    "  retryspec plot timeline retryspec-out/outage/refused/trace.ndjson\n"
    "  retryspec plot gaps trace.ndjson -p my-profile.jsonc\n";

static const struct option options[] = {
    {"out", required_argument, NULL, 'o'},
    {"add", no_argument, NULL, 'A'},
    {"title", required_argument, NULL, 't'},
    {"log", no_argument, NULL, 'l'},
    {"seed", required_argument, NULL, 's'},
    {"profile", required_argument, NULL, 'p'},
    {"as", required_argument, NULL, 'a'},
    {"status", required_argument, NULL, 'S'},
    {"retries", required_argument, NULL, 'r'},
    {"samples", required_argument, NULL, 'n'},
    {"sum", no_argument, NULL, 'u'},
    {"x", required_argument, NULL, 'x'},
    {"y", required_argument, NULL, 'y'},
    {"metric", required_argument, NULL, 'm'},
    {"where", required_argument, NULL, 'w'},
    {"scenario", required_argument, NULL, 'c'},
    {"help", no_argument, NULL, 'h'},
    {0},
};

/* -- the command line ------------------------------------------------------
 */

static bool read_count(const char *text, long most, long *count)
{
    char *end;
    errno = 0;
    *count = strtol(text, &end, 10);
    return end != text && !*end && errno == 0 && *count >= 1 && *count <= most;
}

static int read_number(const char *option, long most, long *count)
{
    if (read_count(optarg, most, count))
        return -1;
    return cli_usage_error("plot", "%s \"%s\" is no number from 1 to %ld",
                           option, optarg, most);
}

static int add_profile(struct plot *plot, const char *name)
{
    if (plot->profile_count == FIGURE_SERIES_MAX)
        return cli_usage_error("plot", "at most %d profiles in a figure",
                               FIGURE_SERIES_MAX);
    plot->profiles[plot->profile_count++] = name;
    return -1;
}

static int add_where(struct plot *plot, const char *text)
{
    if (!strchr(text, '='))
        return cli_usage_error("plot", "--where \"%s\" is no PATH=VALUE", text);
    if (plot->where_count == PLOT_WHERE_MAX)
        return cli_usage_error("plot", "at most %d times --where",
                               PLOT_WHERE_MAX);
    plot->where[plot->where_count++] = text;
    return -1;
}

static int read_style(struct plot *plot, const char *text)
{
    static const char *const words[] = {
#define X(constant, word) [constant] = word,
        PLOT_STYLE_LIST(X)
#undef X
    };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strcmp(text, words[i]) != 0)
            continue;
        plot->style = (enum plot_style)i;
        return -1;
    }
    return cli_usage_error("plot", "--as \"%s\": violin, histogram or ecdf",
                           text);
}

/* -1: go on; else the exit code. */
static int read_option(struct plot *plot, int c, char **argv)
{
    switch (c) {
    case 'h':
        fputs(usage, stdout);
        return EXIT_SUCCESS;
    case 'o':
        plot->out = optarg;
        return -1;
    case 'A':
        plot->is_added = true;
        return -1;
    case 't':
        plot->title = optarg;
        return -1;
    case 'l':
        plot->is_log = true;
        return -1;
    case 's':
        return cli_parse_seed(optarg, &plot->seed)
                   ? -1
                   : cli_usage_error("plot", "--seed \"%s\" is no seed",
                                     optarg);
    case 'p':
        return add_profile(plot, optarg);
    case 'S':
        return read_number("--status", 999, &plot->status);
    case 'r':
        return read_number("--retries", DELAYS_RETRIES_MAX, &plot->retries);
    case 'n':
        return read_number("--samples", DELAYS_SAMPLES_MAX, &plot->samples);
    case 'u':
        plot->is_summed = true;
        return -1;
    case 'a':
        return read_style(plot, optarg);
    case 'w':
        return add_where(plot, optarg);
    case 'y':
        plot->y = optarg;
        return -1;
    case 'x':
        plot->x = optarg;
        return -1;
    case 'c':
        plot->scenario = optarg;
        return -1;
    case 'm':
        plot->metric = optarg;
        return -1;
    default:
        return cli_option_error("plot", c, argv, options);
    }
}

static bool is_plain(const char *text)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRST"
                                "UVWXYZ0123456789_./=:,@%+-";
    return *text && text[strspn(text, plain)] == '\0';
}

/* As it can be typed again in a shell; control characters go. */
static void write_word(const char *text, FILE *out)
{
    bool is_quoted = !is_plain(text);
    fputs(is_quoted ? " '" : " ", out);
    for (; *text; text++) {
        if (*text == '\'')
            fputs("'\\''", out);
        else
            fputc((unsigned char)*text < ' ' ? ' ' : *text, out);
    }
    fputs(is_quoted ? "'" : "", out);
}

/* Before getopt puts the words into another order. NULL without memory. */
static char *command_of(int argc, char **argv)
{
    char *command = NULL;
    size_t size;
    FILE *out = open_memstream(&command, &size);
    if (!out)
        return NULL;
    fputs("retryspec plot", out);
    for (int i = 1; i < argc; i++)
        write_word(argv[i], out);
    return fclose(out) == 0 ? command : NULL;
}

static int read_arguments(int argc, char **argv, struct plot *plot)
{
    int code = -1;
    opterr = 0;
    for (int c; code < 0 &&
                (c = getopt_long(argc, argv, ":p:h", options, NULL)) != -1;)
        code = read_option(plot, c, argv);
    if (code < 0 && argc - optind < 2)
        return cli_usage_error("plot", "what, and of what? \"retryspec plot "
                                       "--help\" shows examples");
    plot->kind = argv[optind];
    plot->names = argv + optind + 1;
    plot->count = (size_t)(argc - optind - 1);
    return code;
}

/* -- all of them -----------------------------------------------------------
 */

static int execute(struct plot *plot)
{
    static const struct {
        const char *kind;
        bool (*fill)(struct plot *plot);
    } kinds[] = {{"backoff", plot_backoff},   {"arrivals", plot_arrivals},
                 {"success", plot_success},   {"sweep", plot_sweep},
                 {"timeline", plot_timeline}, {"gaps", plot_gaps}};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (strcmp(plot->kind, kinds[i].kind) != 0)
            continue;
        bool is_filled = kinds[i].fill(plot);
        bool is_written = plot_close(plot);
        return is_filled && is_written && plot_draw(plot)
                   ? EXIT_SUCCESS
                   : cli_fail(&plot->error);
    }
    return cli_usage_error("plot",
                           "there is no figure \"%s\": backoff, arrivals, "
                           "success, sweep, timeline or gaps",
                           plot->kind);
}

int cmd_plot(int argc, char **argv)
{
    struct plot *plot = calloc(1, sizeof *plot);
    char *command = command_of(argc, argv);
    if (!plot || !command) {
        perror("retryspec plot");
        free(plot);
        free(command);
        return EXIT_SYSTEM;
    }
    plot->kind = "";
    plot->command = command;
    plot->metric = "attempts_per_success";
    plot->status = 503;
    plot->retries = 8;
    plot->samples = 20000;
    plot->seed = 1;
    int code = read_arguments(argc, argv, plot);
    if (code < 0)
        code = execute(plot);
    free(command);
    free(plot);
    return code;
}
