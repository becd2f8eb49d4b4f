/* A sweep over retry parameters in virtual time. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/explore_out.h"
#include "cli/source.h"
#include "lab/rows.h"
#include "model/jsonc.h"
#include "model/units.h"

enum { TRIALS_DEFAULT = 20, TRIALS_MAX = 1000000, SHARDS_MAX = 100000 };

static const char usage[] =
    "Usage: retryspec explore WORLD [OPTION...]\n"
    "\n"
    "Plays a fleet of clients against the server of a world, in virtual time,\n"
    "for each combination of the values that parameters are given. Says what\n"
    "it costs the server and those who wait. WORLD is an id or a file.\n\n"
    "What is played:\n"
    "  -p, --profile NAME|FILE  what each client does (http-generic)\n"
    "      --vary PATH=VALUES   a member of the profile or the world, and a\n"
    "                           list or a range: a,b,c or A..B[:log][:N];\n"
    "                           repeatable, the last one is the fastest\n"
    "      --trials N           repetitions of each point (20)\n"
    "      --seed N             of every draw (1); a trial has the same "
    "random\n"
    "                           numbers at every point\n"
    "      --shard K/N          only every N-th point, from the K-th on\n"
    "What it leaves:\n"
    "      --out FILE|-         results as JSON Lines; a file of the same "
    "sweep\n"
    "                           is gone on with, so a run may be interrupted\n"
    "      --csv FILE|-         results as comma-separated values\n"
    "  -q, --quiet              no table and no progress\n"
    "  -h, --help               this text\n\n"
    "Examples:\n"
    "  retryspec explore outage-2min -p tinker-http\n"
    "  retryspec explore outage-2min -p my-profile.jsonc \\\n"
    "      --vary jitter=none,full,equal,sym:0.25 --vary "
    "clients=100..10000:log:3\n"
    "  retryspec explore aws-occ -p my-profile.jsonc --trials 100 \\\n"
    "      --vary backoff.cap=1s..60s:log:9 --out cap.jsonl --csv cap.csv\n\n"
    "Exit codes: 0 played, 2 wrong usage or file, 3 the system failed,\n"
    "130 interrupted.\n";

static const struct option options[] = {
    {"profile", required_argument, NULL, 'p'},
    {"vary", required_argument, NULL, 'v'},
    {"trials", required_argument, NULL, 't'},
    {"seed", required_argument, NULL, 's'},
    {"shard", required_argument, NULL, 'S'},
    {"out", required_argument, NULL, 'o'},
    {"csv", required_argument, NULL, 'c'},
    {"quiet", no_argument, NULL, 'q'},
    {"help", no_argument, NULL, 'h'},
    {0},
};

struct explore {
    const char *profile, *world, *out, *csv;
    const char *vary[SWEEP_AXES_MAX];
    size_t shard, shards; /* every shards-th point, from `shard` on */
    bool is_quiet;
    struct arena arena;
    struct error error;
    struct source sources[2];
    struct jsonc docs[2];
    struct sweep sweep;
    size_t points;
    struct explore_out results;
};

/* -- what is asked for ----------------------------------------------------- */

static bool read_number(const char *text, long least, long most, long *number)
{
    char *end;
    errno = 0;
    *number = strtol(text, &end, 10);
    return end != text && !*end && errno == 0 && *number >= least &&
           *number <= most;
}

static bool read_shard(const char *text, struct explore *explore)
{
    char first[16];
    long shard, shards;
    const char *slash = strchr(text, '/');
    if (!slash || (size_t)(slash - text) >= sizeof first)
        return false;
    snprintf(first, sizeof first, "%.*s", (int)(slash - text), text);
    if (!read_number(slash + 1, 1, SHARDS_MAX, &shards) ||
        !read_number(first, 1, shards, &shard))
        return false;
    explore->shard = (size_t)shard - 1;
    explore->shards = (size_t)shards;
    return true;
}

static int read_vary(struct explore *explore, const char *text)
{
    if (explore->sweep.axis_count == SWEEP_AXES_MAX)
        return cli_usage_error("explore", "at most %d times --vary",
                               SWEEP_AXES_MAX);
    explore->vary[explore->sweep.axis_count++] = text;
    return -1;
}

static int read_trials(struct explore *explore, const char *text)
{
    long trials;
    if (!read_number(text, 1, TRIALS_MAX, &trials))
        return cli_usage_error("explore",
                               "--trials \"%s\" is no number from 1 to %d",
                               text, TRIALS_MAX);
    explore->sweep.trials = trials;
    return -1;
}

/* -1: go on; else the exit code. */
static int read_option(struct explore *explore, int c, char **argv)
{
    switch (c) {
    case 'h':
        fputs(usage, stdout);
        return EXIT_SUCCESS;
    case 'p':
        explore->profile = optarg;
        return -1;
    case 'v':
        return read_vary(explore, optarg);
    case 't':
        return read_trials(explore, optarg);
    case 's':
        return cli_parse_seed(optarg, &explore->sweep.seed)
                   ? -1
                   : cli_usage_error("explore", "--seed \"%s\" is no seed",
                                     optarg);
    case 'S':
        return read_shard(optarg, explore)
                   ? -1
                   : cli_usage_error("explore",
                                     "--shard \"%s\" is not K/N, such as 1/4",
                                     optarg);
    case 'o':
        explore->out = optarg;
        return -1;
    case 'c':
        explore->csv = optarg;
        return -1;
    case 'q':
        explore->is_quiet = true;
        return -1;
    default:
        return cli_option_error("explore", c, argv, options);
    }
}

static int read_arguments(int argc, char **argv, struct explore *explore)
{
    int code = -1;
    opterr = 0;
    for (int c; code < 0 &&
                (c = getopt_long(argc, argv, ":p:qh", options, NULL)) != -1;)
        code = read_option(explore, c, argv);
    if (code < 0 && argc - optind != 1)
        code = cli_usage_error("explore",
                               "one world, not %d; \"retryspec "
                               "explore --help\" shows examples",
                               argc - optind);
    if (code < 0)
        explore->world = argv[optind];
    return code;
}

/* -- the sweep -------------------------------------------------------------
 */

static bool open_doc(struct explore *explore, enum shipped_kind kind,
                     const char *name)
{
    int i = kind == SHIPPED_WORLD;
    struct source *source = &explore->sources[i];
    return source_open(kind, name, source, &explore->error) &&
           jsonc_open(&explore->docs[i], source->path, source->bytes,
                      source->size, &explore->error);
}

static bool read_axes(struct explore *explore)
{
    struct sweep *sweep = &explore->sweep;
    for (size_t i = 0; i < sweep->axis_count; i++) {
        if (!vary_read(explore->vary[i], &explore->arena, &sweep->axes[i],
                       &explore->error))
            return false;
    }
    explore->points = sweep_points(sweep);
    if (explore->points == 0)
        error_add(&explore->error, PROBLEM_INPUT,
                  "more than %d points: vary less at a time", SWEEP_POINTS_MAX);
    return explore->points > 0;
}

/* All points are read before the first is played: a sweep of hours does not
 * end at a cap below its base. */
static bool check_points(struct explore *explore)
{
    for (size_t point = 0; point < explore->points; point++) {
        struct sweep_point opened;
        if (!sweep_open_point(&explore->sweep, point, &opened, &explore->error))
            return false;
        sweep_close_point(&opened);
    }
    return true;
}

static bool load(struct explore *explore)
{
    struct sweep *sweep = &explore->sweep;
    if (!open_doc(explore, SHIPPED_PROFILE, explore->profile) ||
        !open_doc(explore, SHIPPED_WORLD, explore->world) ||
        !read_axes(explore))
        return false;
    sweep->profile_name = explore->sources[0].path;
    sweep->world_name = explore->sources[1].path;
    sweep->profile = explore->docs[0].root;
    sweep->world = explore->docs[1].root;
    sweep->vary = explore->vary;
    return check_points(explore);
}

static void deinit(struct explore *explore)
{
    for (int i = 0; i < 2; i++) {
        if (explore->docs[i].root)
            jsonc_close(&explore->docs[i]);
        source_close(&explore->sources[i]);
    }
    arena_deinit(&explore->arena);
}

/* -- playing ---------------------------------------------------------------
 */

static bool play_point(struct explore *explore, size_t point)
{
    struct summary metrics[METRIC_COUNT];
    struct sweep_point opened;
    const struct sweep *sweep = &explore->sweep;
    bool is_done = sweep_open_point(sweep, point, &opened, &explore->error) &&
                   sweep_play(sweep, &opened, metrics, &explore->error);
    char *line = is_done ? rows_line(sweep, point, metrics) : NULL;
    sweep_close_point(&opened);
    if (is_done && !line)
        error_add(&explore->error, PROBLEM_MEMORY, "out of memory");
    is_done = line && explore_out_add(&explore->results, line, &explore->error);
    free(line);
    return is_done;
}

static size_t points_of_shard(const struct explore *explore)
{
    return (explore->points - explore->shard + explore->shards - 1) /
           explore->shards;
}

static bool play(struct explore *explore)
{
    size_t done = 0, all = points_of_shard(explore);
    for (size_t point = explore->shard; point < explore->points;
         point += explore->shards) {
        if (cli_stop)
            break;
        if (!explore_out_has(&explore->results, point) &&
            !play_point(explore, point))
            return false;
        if (!explore->is_quiet)
            explore_out_progress(&explore->results, ++done, all);
    }
    return true;
}

static int finish(struct explore *explore)
{
    struct explore_out *results = &explore->results;
    if (!explore_out_finish(results, explore->csv, &explore->error))
        return cli_fail(&explore->error);
    if (cli_stop) {
        fprintf(stderr,
                "retryspec explore: interrupted after %zu of %zu points%s\n",
                results->rows.count, points_of_shard(explore),
                explore->out ? "; the same command goes on" : "");
        return 130;
    }
    return EXIT_SUCCESS;
}

static int execute(struct explore *explore)
{
    if (!load(explore))
        return cli_fail(&explore->error);
    char *header = rows_header(&explore->sweep);
    if (!header)
        error_add(&explore->error, PROBLEM_MEMORY, "out of memory");
    bool is_open = header && explore_out_open(&explore->results, explore->out,
                                              header, &explore->error);
    free(header);
    cli_catch_signals();
    explore->results.prints_table = !explore->is_quiet &&
                                    !explore_is_stdout(explore->out) &&
                                    !explore_is_stdout(explore->csv);
    int code =
        is_open && play(explore) ? finish(explore) : cli_fail(&explore->error);
    explore_out_close(&explore->results);
    return code;
}

int cmd_explore(int argc, char **argv)
{
    struct explore *explore = calloc(1, sizeof *explore);
    if (!explore) {
        perror("retryspec explore");
        return EXIT_SYSTEM;
    }
    explore->profile = "http-generic";
    explore->shards = 1;
    explore->sweep.trials = TRIALS_DEFAULT;
    explore->sweep.seed = 1;
    int code = read_arguments(argc, argv, explore);
    if (code < 0)
        code = execute(explore);
    deinit(explore);
    free(explore);
    return code;
}
