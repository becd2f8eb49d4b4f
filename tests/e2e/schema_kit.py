"""What the tests of schemas share: files changed one value at a time, and the
reader's word beside the schema's."""

import copy
import json
import os
import re
import subprocess

RETRYSPEC = os.environ["RETRYSPEC"]


def parse_jsonc(text):
    """Strings are kept, comments dropped."""
    kept = re.sub(r'("(?:\\.|[^"\\])*")|//[^\n]*|/\*.*?\*/',
                  lambda found: found[1] or " ", text, flags=re.S)
    return json.loads(kept)


def lint(files):
    """The problems of each file, as lint prints them."""
    run = subprocess.run([RETRYSPEC, "lint", *map(str, files)], capture_output=True,
                         text=True, timeout=300)
    assert run.returncode in (0, 2), run.stderr
    problems = {str(file): [] for file in files}
    for line in (run.stdout + run.stderr).splitlines():
        found = re.match(r"(.+?):\d+:\d+: ", line)
        if found:
            problems[found[1]].append(line)
    assert any(problems.values()) == (run.returncode == 2), run.stdout + run.stderr
    return problems


def paths(value, path=()):
    """Paths of all values below `value`."""
    items = []
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    for key, inner in items:
        yield path + (key,)
        yield from paths(inner, path + (key,))


def at(value, path):
    for key in path:
        value = value[key]
    return value


def put(other):
    return lambda parent, key: parent.__setitem__(key, other)


def changed(document, path, change):
    document = copy.deepcopy(document)
    change(at(document, path[:-1]), path[-1])
    return document


def mutants_of(full, others):
    """`full`, and it without each value, with each of `others` in its place, and
    with a key too many."""
    yield full
    for path in paths(full):
        yield changed(full, path, lambda parent, key: parent.pop(key))
        for other in others:
            yield changed(full, path, put(other))
        if isinstance(at(full, path), dict):
            yield changed(full, path, lambda parent, key: parent[key].update(extra=1))


def compare(validator, documents, beyond_schema, folder):
    """Fails where the reader accepts what the schema refuses, or refuses what it
    accepts for another reason than `beyond_schema` names. Returns the numbers of
    all and of those that both accept."""
    files = {}
    for text in dict.fromkeys(map(json.dumps, documents)):
        path = folder / f"{len(files)}.jsonc"
        path.write_text(text)
        files[str(path)] = text
    problems, wrong = lint(files), []
    for name, text in files.items():
        by_schema, by_reader = validator.is_valid(json.loads(text)), not problems[name]
        beyond = by_schema and all(map(beyond_schema.search, problems[name]))
        if by_schema != by_reader and not beyond:
            wrong.append((by_schema, text, problems[name]))
    assert not wrong, f"{len(wrong)} of {len(files)}; the first: {wrong[0]}"
    return len(files), sum(not found for found in problems.values())
