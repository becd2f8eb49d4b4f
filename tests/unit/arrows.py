"""The arrows between the folders, and the purity of the core.

A folder includes only folders it may depend on, and a file outside the list of
shells below calls no clock, random source, socket, file, process, curl or
libmicrohttpd."""

import fnmatch
import pathlib
import re
import sys

ALLOWED = {
    "model": {"model"},
    "mock_server": {"mock_server", "model"},
    "client": {"client", "model"},
    "sim": {"sim", "client", "mock_server", "model"},
    "lab": {"lab", "client", "model"},
    "judge": {"judge", "client", "model"},
    "reports": {"reports", "judge", "model"},
    "runner": {"runner", "reports", "judge", "mock_server", "model",
               "client"},  # its laws, to know how long a run may take
    "dialects": {"dialects", "client", "model"},
    "compare": {"compare", "client", "model"},
    "cli": {"cli", "runner", "lab", "sim", "compare", "dialects", "reports", "judge", "client",
            "mock_server", "model"},
}

# The shells: they own the side effects. Everything else is pure, and so is the
# script of the mock server.
IMPURE = ["mock_server/*", "client/driver*", "client/curl_api*", "runner/*",
          "cli/*"]
PURE = ["mock_server/script*"]

# Pure but for one kind of effect: readers open the file they are asked to read,
# the writer of traces hands lines to a descriptor, reports print into a FILE.
READS_FILES = ["model/*_read*.c", "model/jsonc*.c", "model/trace*.c",
               "model/profile.c", "model/scenario.c"]

FORBIDDEN = {
    "clock": r"\b(clock_gettime|clock_nanosleep|gettimeofday|time|nanosleep|"
             r"sleep|usleep|localtime|localtime_r|mktime|strptime)\s*\(",
    "random source": r"\b(rand|random|srand|srandom|drand48|getrandom|"
                     r"arc4random\w*)\s*\(",
    "socket": r"\b(socket|bind|listen|accept4?|connect|send|recv|sendto|"
              r"recvfrom|epoll_\w+|poll|ppoll|select|setsockopt)\s*\(",
    "process": r"\b(fork|vfork|exec[lv]p?e?|posix_spawn\w*|waitpid|kill|"
               r"system|exit|_exit|abort|getenv|setlocale)\s*\(",
    "curl": r"\bcurl_(?:api\.)?\w+\s*\(",
    "libmicrohttpd": r"\bMHD_\w+\s*\(",
}
FORBIDDEN_FILES = r"\b(fopen|open|openat|read|write|mmap|stat|mkdir)\s*\("
FORBIDDEN_HEADERS = re.compile(
    r"#include <(time|sys/time|sys/socket|netinet/.*|arpa/.*|sys/epoll|poll|"
    r"curl/.*|microhttpd|unistd|fcntl|pthread|locale)\.?h?>")

# The client under test is another process: nobody but the command line may run
# the reference client in ours.
DRIVER = "client/driver.h"
DRIVERS = {"client", "cli"}

# The virtual world plays with what the two sides decide, never with the shells
# that act on it.
SIM_MAY_INCLUDE = {
    "client": {"client/caller.h", "client/course.h", "client/pools.h", "client/retry.h",
               "client/handler_cache.h"},
    "mock_server": {"mock_server/script.h", "mock_server/body.h",
                    "mock_server/head.h", "mock_server/raw_parts.h",
                    "mock_server/reply_date.h", "mock_server/script_miss.h"},
}

INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.M)
NOISE = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"'
                   r"|'(?:\\.|[^'\\\n])+'", re.S)


def blank(match):
    """Comments and strings become blanks; lines keep their numbers."""
    return re.sub(r"[^\n]", " ", match.group())


def matches(path, patterns):
    return any(fnmatch.fnmatch(path, pattern) for pattern in patterns)


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1


def arrow_problems(path, text):
    folder = path.split("/")[0]
    for include in INCLUDE.finditer(text):
        target = include.group(1).split("/")[0]
        place = f"{path}:{line_of(text, include.start(1))}"
        if "/" not in include.group(1):
            yield f'{place}: "{include.group(1)}" is included without its folder'
        elif target not in ALLOWED[folder]:
            yield f"{place}: {folder} must not include {target}"
        elif folder == "sim" and include.group(1) not in SIM_MAY_INCLUDE.get(
                target, {include.group(1)}):
            yield f"{place}: sim must not include {include.group(1)}"
        elif include.group(1) == DRIVER and folder not in DRIVERS:
            yield f"{place}: {folder} must not run the reference client"


def purity_problems(path, text):
    if matches(path, IMPURE) and not matches(path, PURE):
        return
    may_read = matches(path, READS_FILES)
    for header in FORBIDDEN_HEADERS.finditer(text):
        if not may_read:
            yield (f"{path}:{line_of(text, header.start())}: a pure file has "
                   f"{header.group()}")
    code = NOISE.sub(blank, text)
    kinds = dict(FORBIDDEN)
    if not may_read:
        kinds["file"] = FORBIDDEN_FILES
    for kind, pattern in kinds.items():
        for call in re.finditer(pattern, code):
            yield (f"{path}:{line_of(code, call.start())}: a pure file calls a "
                   f"{kind}: {call.group(1) if call.groups() else call.group()}")


def problems(root):
    for folder in ALLOWED:
        for file in sorted((root / folder).glob("*.[ch]")):
            path = file.relative_to(root).as_posix()
            text = file.read_text(encoding="utf-8")
            yield from arrow_problems(path, text)
            yield from purity_problems(path, text)


# Each must be found, or the check checks nothing.
SPECIMENS = {
    "client/x.c": ['#include "mock_server/script.h"\n',
                   "#include <time.h>\n", "int f(void) { return rand(); }\n",
                   "void f(void) { curl_easy_init(); }\n",
                   "void f(void) { curl_api.easy_init(); }\n",
                   "int f(void) { return open(p, 0); }\n"],
    "mock_server/script.c": ['#include "client/retry.h"\n',
                             "void f(void) { time(NULL); }\n"],
    "model/units.c": ['#include "judge/judge.h"\n', '#include "units.h"\n'],
    "judge/judge.c": ["void f(void) { MHD_start_daemon(); }\n",
                      '#include "runner/runner.h"\n'],
    "compare/compare.c": ['#include "sim/sim.h"\n'],
    "runner/spawn.c": ['#include "client/driver.h"\n'],
    "reports/text.c": ['#include "client/retry.h"\n'],
    "sim/sim.c": ['#include "mock_server/server.h"\n',
                  '#include "client/driver_parts.h"\n',
                  "long f(void) { return time(0); }\n"],
}
INNOCENT = {
    "client/driver.c": "#include <curl/curl.h>\nint f(void) { return time(0); }",
    "client/retry.c": '/* curl_easy_init() */ int f(void) { return g("rand()"); }',
    "sim/sim.c": '#include "mock_server/script.h"\n',
    "model/jsonc_read.c": "FILE *f(void) { return fopen(p, m); }",
}


def self_test():
    for path, texts in SPECIMENS.items():
        for text in texts:
            found = [*arrow_problems(path, text), *purity_problems(path, text)]
            assert found, f"not found in {path}: {text}"
    for path, text in INNOCENT.items():
        found = [*arrow_problems(path, text), *purity_problems(path, text)]
        assert not found, found


def main():
    self_test()
    root = pathlib.Path(__file__).resolve().parents[2]
    found = list(problems(root))
    print("\n".join(found) or "all arrows point the right way")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
