/* Figures: from profiles, worlds and sweeps, by gnuplot. */
#include <errno.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/gnuplot.h"
#include "cli/source.h"
#include "lab/figure.h"
#include "lab/fleet.h"
#include "model/units.h"

static const char usage[] =
    "Usage: retryspec plot backoff PROFILE... [OPTION...]\n"
    "       retryspec plot arrivals WORLD -p PROFILE [-p PROFILE...] "
    "[OPTION...]\n"
    "       retryspec plot sweep FILE --x PATH [OPTION...]\n"
    "\n"
    "Draws a figure by gnuplot. Beside FIGURE.svg stand its data, FIGURE.dat,\n"
    "and its script, FIGURE.gp, to draw it again or in another way.\n\n"
    "  backoff   delays before each retry when every answer is the same\n"
    "  arrivals  attempts a second at the server of a world\n"
    "  sweep     a metric over an axis, of what retryspec explore --out "
    "left\n\n"
    "Options:\n"
    "      --out FILE           .svg, .png or .pdf (the figure's kind, .svg)\n"
    "      --title TEXT         instead of what the figure shows\n"
    "      --log                the y axis\n"
    "      --seed N             of every draw (1)\n"
    "  -p, --profile NAME|FILE  arrivals: what the clients do; at most 6\n"
    "      --status CODE        backoff: of every answer (503)\n"
    "      --retries N          backoff: at most so many (8)\n"
    "      --samples N          backoff: calls (20000)\n"
    "      --sum                backoff: since the first attempt\n"
    "      --x PATH             sweep: the axis\n"
    "      --metric NAME        sweep: what is drawn (attempts_per_success)\n"
    "  -h, --help               this text\n\n"
    "Examples:\n"
    "  retryspec plot backoff tinker-http openai-python --status 500\n"
    "  retryspec plot backoff my-profile.jsonc --sum --out wait.pdf\n"
    "  retryspec plot arrivals outage-2min -p tinker-retry-handler --log\n"
    "  retryspec plot sweep cap.jsonl --x backoff.cap --metric wait_p99_s\n";

static const struct option options[] = {
    {"out", required_argument, NULL, 'o'},
    {"title", required_argument, NULL, 't'},
    {"log", no_argument, NULL, 'l'},
    {"seed", required_argument, NULL, 's'},
    {"profile", required_argument, NULL, 'p'},
    {"status", required_argument, NULL, 'S'},
    {"retries", required_argument, NULL, 'r'},
    {"samples", required_argument, NULL, 'n'},
    {"sum", no_argument, NULL, 'u'},
    {"x", required_argument, NULL, 'x'},
    {"metric", required_argument, NULL, 'm'},
    {"help", no_argument, NULL, 'h'},
    {0},
};

enum { PATH_SIZE = 1024, TEXT_SIZE = 512 };

struct plot {
    const char *kind;
    char *const *names; /* after the kind */
    size_t count;
    const char *out, *title, *x, *metric;
    const char *profiles[FIGURE_SERIES_MAX];
    size_t profile_count;
    bool is_log, is_summed;
    long status, retries, samples;
    uint64_t seed;
    struct error error;
    /* What is drawn, and where. */
    struct figure figure;
    char picture[PATH_SIZE], data_path[PATH_SIZE], script_path[PATH_SIZE];
    char shown[TEXT_SIZE], note[TEXT_SIZE];
    FILE *data, *script;
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
    case 'x':
        plot->x = optarg;
        return -1;
    case 'm':
        plot->metric = optarg;
        return -1;
    default:
        return cli_option_error("plot", c, argv, options);
    }
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

/* -- files -----------------------------------------------------------------
 */

static bool choose_format(struct plot *plot)
{
    static const char *const endings[] = {
        [FIGURE_SVG] = ".svg", [FIGURE_PNG] = ".png", [FIGURE_PDF] = ".pdf"};
    char fallback[64];
    snprintf(fallback, sizeof fallback, "%s.svg", plot->kind);
    snprintf(plot->picture, sizeof plot->picture, "%s",
             plot->out ? plot->out : fallback);
    const char *dot = strrchr(plot->picture, '.');
    for (size_t i = 0; dot && i < sizeof endings / sizeof *endings; i++) {
        if (strcmp(dot, endings[i]) != 0)
            continue;
        int length = (int)(dot - plot->picture);
        plot->figure.format = (enum figure_format)i;
        snprintf(plot->data_path, PATH_SIZE, "%.*s.dat", length, plot->picture);
        snprintf(plot->script_path, PATH_SIZE, "%.*s.gp", length,
                 plot->picture);
        return true;
    }
    error_add(&plot->error, PROBLEM_INPUT,
              "can't draw \"%s\": expected a name that ends in .svg, .png or "
              ".pdf",
              plot->picture);
    return false;
}

static FILE *create(struct plot *plot, const char *path)
{
    FILE *file = fopen(path, "we");
    if (!file)
        error_add_errno(&plot->error, errno, "can't write %s", path);
    return file;
}

static bool open_files(struct plot *plot)
{
    if (!choose_format(plot))
        return false;
    plot->data = create(plot, plot->data_path);
    plot->script = plot->data ? create(plot, plot->script_path) : NULL;
    plot->figure.picture = basename(plot->picture);
    plot->figure.data = basename(plot->data_path);
    plot->figure.title = plot->title ? plot->title : plot->shown;
    plot->figure.note = plot->note;
    plot->figure.is_log = plot->is_log;
    return plot->script;
}

static bool close_file(FILE **file)
{
    bool is_written = !*file || fclose(*file) == 0;
    *file = NULL;
    return is_written;
}

static bool close_files(struct plot *plot)
{
    bool is_written = close_file(&plot->data);
    return close_file(&plot->script) && is_written;
}

static bool draw(struct plot *plot)
{
    char folder[PATH_SIZE];
    snprintf(folder, sizeof folder, "%s", plot->script_path);
    switch (gnuplot_run(dirname(folder), basename(plot->script_path))) {
    case GNUPLOT_DREW:
        printf("%s\n", plot->picture);
        return true;
    case GNUPLOT_IS_MISSING:
        error_add(&plot->error, PROBLEM_SYSTEM, "no figure: %s",
                  GNUPLOT_MISSING);
        return false;
    case GNUPLOT_FAILED:
        error_add(&plot->error, PROBLEM_SYSTEM,
                  "gnuplot did not draw %s; its script is beside it",
                  plot->picture);
        return false;
    }
    return false;
}

/* -- back-off --------------------------------------------------------------
 */

struct backoff_plot {
    struct profile *profiles[FIGURE_SERIES_MAX];
    struct delays retries[FIGURE_SERIES_MAX][DELAYS_RETRIES_MAX];
    struct figure_series series[FIGURE_SERIES_MAX];
};

static bool sample(struct plot *plot, struct backoff_plot *backoff, size_t i)
{
    struct profile *profile = cli_load_profile(plot->names[i], &plot->error);
    const struct delays_request request = {
        .profile = profile,
        .status = (int)plot->status,
        .is_summed = plot->is_summed,
        .retries = (size_t)plot->retries,
        .samples = (size_t)plot->samples,
        .seed = plot->seed,
    };
    backoff->profiles[i] = profile;
    if (!profile)
        return false;
    backoff->series[i] = (struct figure_series){
        profile->id, backoff->retries[i], request.retries};
    if (!delays_sample(&request, backoff->retries[i])) {
        error_add(&plot->error, PROBLEM_MEMORY, "out of memory");
        return false;
    }
    if (backoff->retries[i][0].count == 0)
        error_add(&plot->error, PROBLEM_INPUT,
                  "%s does not retry %ld: choose another --status", profile->id,
                  plot->status);
    return backoff->retries[i][0].count > 0;
}

static bool plot_backoff(struct plot *plot)
{
    struct backoff_plot *backoff = calloc(1, sizeof *backoff);
    bool is_good = backoff && plot->count <= FIGURE_SERIES_MAX;
    if (!is_good)
        error_add(&plot->error, PROBLEM_INPUT,
                  "at most %d profiles in a figure", FIGURE_SERIES_MAX);
    for (size_t i = 0; is_good && i < plot->count; i++)
        is_good = sample(plot, backoff, i);
    snprintf(plot->shown, TEXT_SIZE, "%s when every answer is %ld",
             plot->is_summed ? "Time from the first attempt to each retry"
                             : "Delay before each retry",
             plot->status);
    snprintf(plot->note, TEXT_SIZE,
             "retryspec plot backoff: %ld calls of each, seed %llu; median and "
             "middle 90 %%; diamonds: share at exactly that value",
             plot->samples, (unsigned long long)plot->seed);
    is_good = is_good && open_files(plot) &&
              figure_backoff(&plot->figure, backoff->series, plot->count,
                             plot->data, plot->script);
    for (size_t i = 0; backoff && i < FIGURE_SERIES_MAX; i++) {
        delays_deinit(backoff->retries[i], DELAYS_RETRIES_MAX);
        profile_free(backoff->profiles[i]);
    }
    free(backoff);
    return is_good;
}

/* -- arrivals --------------------------------------------------------------
 */

struct arrivals_plot {
    struct world *world;
    struct profile *profiles[FIGURE_SERIES_MAX];
    struct tally *tallies; /* one a profile */
    struct figure_fleet fleets[FIGURE_SERIES_MAX];
};

static bool load_world(struct plot *plot, struct world **world)
{
    struct source source;
    if (!source_open(SHIPPED_WORLD, plot->names[0], &source, &plot->error))
        return false;
    *world = world_read(source.path, source.bytes, source.size, &plot->error);
    source_close(&source);
    return *world;
}

static bool play_fleet(struct plot *plot, struct arrivals_plot *arrivals,
                       size_t i)
{
    struct profile *profile = cli_load_profile(plot->profiles[i], &plot->error);
    const struct fleet_input input = {
        .world = arrivals->world, .profile = profile, .seed = plot->seed};
    arrivals->profiles[i] = profile;
    if (!profile)
        return false;
    arrivals->fleets[i] =
        (struct figure_fleet){profile->id, &arrivals->tallies[i]};
    return fleet_supports(&input, &plot->error) &&
           fleet_run(&input, &arrivals->tallies[i], &plot->error);
}

static bool fill_arrivals(struct plot *plot, struct arrivals_plot *arrivals)
{
    if (plot->profile_count == 0 || plot->count != 1) {
        error_add(&plot->error, PROBLEM_INPUT,
                  "arrivals are of one world and of profiles, each after -p");
        return false;
    }
    if (!load_world(plot, &arrivals->world))
        return false;
    for (size_t i = 0; i < plot->profile_count; i++) {
        if (!play_fleet(plot, arrivals, i))
            return false;
    }
    snprintf(plot->shown, TEXT_SIZE, "%s", arrivals->world->title);
    snprintf(plot->note, TEXT_SIZE,
             "retryspec plot arrivals %s: one run, seed %llu; outages shaded",
             arrivals->world->id, (unsigned long long)plot->seed);
    return true;
}

static bool plot_arrivals(struct plot *plot)
{
    struct arrivals_plot arrivals = {
        .tallies = calloc(FIGURE_SERIES_MAX, sizeof *arrivals.tallies)};
    if (!arrivals.tallies)
        error_add(&plot->error, PROBLEM_MEMORY, "out of memory");
    bool is_good =
        arrivals.tallies && fill_arrivals(plot, &arrivals) &&
        open_files(plot) &&
        figure_arrivals(&plot->figure, arrivals.world, arrivals.fleets,
                        plot->profile_count, plot->data, plot->script);
    for (size_t i = 0; i < plot->profile_count; i++) {
        if (arrivals.tallies)
            tally_deinit(&arrivals.tallies[i]);
        profile_free(arrivals.profiles[i]);
    }
    free(arrivals.tallies);
    world_free(arrivals.world);
    return is_good;
}

/* -- sweeps ----------------------------------------------------------------
 */

static bool read_rows(struct plot *plot, struct rows *rows)
{
    struct source source;
    if (!source_open_file(plot->names[0], &source, &plot->error))
        return false;
    bool is_read = rows_add(rows, plot->names[0], source.bytes, source.size,
                            NULL, &plot->error);
    source_close(&source);
    if (is_read && !rows->header)
        error_add(&plot->error, PROBLEM_INPUT, "%s is empty", plot->names[0]);
    return is_read && rows->header;
}

static bool plot_sweep(struct plot *plot)
{
    struct rows rows = {0};
    const struct figure_axes axes = {plot->x, plot->metric};
    if (!plot->x || plot->count != 1) {
        error_add(&plot->error, PROBLEM_INPUT,
                  "a sweep is one file, and --x names its axis");
        return false;
    }
    bool is_good = read_rows(plot, &rows);
    snprintf(plot->shown, TEXT_SIZE, "%s over %s", plot->metric, plot->x);
    snprintf(plot->note, TEXT_SIZE,
             "retryspec plot sweep %s: means and 95 %% confidence intervals",
             plot->names[0]);
    is_good = is_good && open_files(plot) &&
              figure_sweep(&plot->figure, &rows, &axes, plot->data,
                           plot->script, &plot->error);
    rows_deinit(&rows);
    return is_good;
}

/* -- all of them -----------------------------------------------------------
 */

static int execute(struct plot *plot)
{
    static const struct {
        const char *kind;
        bool (*fill)(struct plot *plot);
    } kinds[] = {{"backoff", plot_backoff},
                 {"arrivals", plot_arrivals},
                 {"sweep", plot_sweep}};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (strcmp(plot->kind, kinds[i].kind) != 0)
            continue;
        bool is_filled = kinds[i].fill(plot);
        bool is_written = close_files(plot);
        if (is_filled && !is_written)
            error_add_errno(&plot->error, errno, "can't write %s",
                            plot->data_path);
        return is_filled && is_written && draw(plot) ? EXIT_SUCCESS
                                                     : cli_fail(&plot->error);
    }
    return cli_usage_error("plot",
                           "there is no figure \"%s\": backoff, "
                           "arrivals or sweep",
                           plot->kind);
}

int cmd_plot(int argc, char **argv)
{
    struct plot *plot = calloc(1, sizeof *plot);
    if (!plot) {
        perror("retryspec plot");
        return EXIT_SYSTEM;
    }
    plot->kind = "";
    plot->metric = "attempts_per_success";
    plot->status = 503;
    plot->retries = 8;
    plot->samples = 20000;
    plot->seed = 1;
    int code = read_arguments(argc, argv, plot);
    if (code < 0)
        code = execute(plot);
    free(plot);
    return code;
}
