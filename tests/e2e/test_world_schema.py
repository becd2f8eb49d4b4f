"""world.schema.json and the reader of worlds accept and refuse the same files.

The schema can't compare two values; what the reader alone refuses must be one
that BEYOND_SCHEMA names."""

import json
import pathlib
import re

import jsonschema
import pytest
from schema_kit import compare, lint, mutants_of, parse_jsonc

ROOT = pathlib.Path(__file__).resolve().parents[2]
VALIDATOR = jsonschema.Draft202012Validator(
    json.loads((ROOT / "scenarios/schema/world.schema.json").read_text()))
SHIPPED = sorted((ROOT / "scenarios/worlds").glob("*.jsonc"))

BEYOND_SCHEMA = re.compile('expected an instant before "to"'
                           "|expected an instant after the end of the one before"
                           "|expected whole seconds"
                           "|expected more than 0|expected a duration above 0"
                           "|for an outage without end"
                           '|"retry_after" means nothing without a status'
                           "|the second duration is shorter")

FULL = {
    "retryspec": 1, "world": "w", "title": "t", "request": "GET /x", "clients": 3,
    "arrivals": {"poisson": 1, "for": "9s",
                 "changes": [{"from": "1s", "to": "2s", "per_second": 2, "ramps_to": 8},
                             {"from": "3s", "per_second": 0.5}]},
    "network": {"exponential": "1ms"},
    "server": {
        "latency": {"normal": {"mean": "1s", "sd": "1ms"}}, "latency_per_active": "1ms",
        "concurrency": 2, "queue": 3, "fails": 0.5,
        "limiter": {"per_second": 2, "burst": 3, "status": 429, "retry_after": "1s"},
        "outages": [{"from": "1s", "to": "2s", "as": 500, "share": 0.5, "retry_after": "end"},
                    {"from": "3s", "to": "4s", "as": "hang"},
                    {"from": "5s", "to": "6s", "as": "refused"},
                    {"from": "7s", "retry_after": "3s"}],
    },
    "ends": "1h",
}
OTHERS = [None, True, 0, 1, 2, -1, 1.5, 1e9, "", "x", "1s", "0s", "1.5s", "end", "at once", [], {},
          {"uniform": "1s"}, {"closed": 3}, {"closed": 3, "think": "1s"}, {"row": True}, {"row": False},
          {"uniform": ["2s", "1s"]}, "POST /", "post /", "A b", "7s", 99, 1000]


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_both_accept_a_shipped_world(path):
    VALIDATOR.validate(parse_jsonc(path.read_text()))
    assert lint([path]) == {str(path): []}


def test_both_say_the_same_of_every_mutant(tmp_path):
    compare(VALIDATOR, mutants_of(FULL, OTHERS), BEYOND_SCHEMA, tmp_path)
