"""Goal: for the same random numbers, the delays of the real package and of our law are the same doubles."""
import random

import pytest
from ours import Handler, duration, profile
from releases import each_release, release_of

ATTEMPTS = [*range(61), 100, 1000, 1023, 1024, 1025, 2000, 5000]
DRAWS = 100_000


def stream(seed, count):
    source = random.Random(seed)
    return [source.random() for _ in range(count)]


def attempts(count):
    return [ATTEMPTS[i % len(ATTEMPTS)] for i in range(count)]


def handler_law(**config):
    """The rule of the shipped profile with another configuration."""
    data = profile("tinker-retry-handler")
    backoff = data["layers"][0]["rules"][0]["backoff"]
    for key, name in (("retry_delay_base", "base"), ("retry_delay_max", "cap")):
        if key in config:
            backoff[name] = duration(config[key])
    if "jitter_factor" in config:
        backoff["jitter"] = {"symmetric": config["jitter_factor"]} if config["jitter_factor"] else "none"
    return data


def assert_same(theirs, ours, ns, us):
    different = [(n, u, a, b) for n, u, a, b in zip(ns, us, theirs, ours, strict=True) if a != b]
    assert not different, f"{len(different)} of {len(ns)} differ, first (n, u, theirs, ours): {different[0]}"


# S0-04, S0-05, S0-06, S0-12, S0-18, S0-19, S0-20, S1-30, S1-31, S1-32, S1-34, S1-35
@each_release()
def test_the_delays_of_the_retry_handler(version):
    ns, us = attempts(DRAWS), stream(20260101, DRAWS)
    theirs = release_of(version).ask("handler_delays", config={}, attempts=ns, seed=20260101)
    assert_same(theirs, Handler(handler_law()).draw(ns, us), ns, us)


# S0-27, S1-30, S1-35
@each_release()
@pytest.mark.parametrize("config", [
    {"retry_delay_base": 1.0, "retry_delay_max": 20.0, "jitter_factor": 0.5},  # the example of the ADR
    {"retry_delay_base": 0.75, "retry_delay_max": 15.0},
    {"retry_delay_base": 0.1, "retry_delay_max": 0.7, "jitter_factor": 0.3},  # no binary fractions
    {"retry_delay_base": 2.0, "retry_delay_max": 60.0, "jitter_factor": 1.0},
    {"retry_delay_base": 0.2, "retry_delay_max": 10.0, "jitter_factor": 0.0},
], ids=lambda config: "-".join(str(value) for value in config.values()))
def test_the_delays_of_the_retry_handler_with_another_configuration(version, config):
    count = 10_000
    ns, us = attempts(count), stream(7, count)
    theirs = release_of(version).ask("handler_delays", config=config, attempts=ns, seed=7)
    if config.get("jitter_factor") == 0.0:
        us = [0.0] * count  # it draws all the same
    assert_same(theirs, Handler(handler_law(**config)).draw(ns, us), ns, us)


# S0-04, S0-05
@each_release()
def test_the_delays_of_the_http_layer(version):
    ns, us = attempts(DRAWS), stream(20260102, DRAWS)
    theirs = release_of(version).ask("http_delays", attempts=ns, seed=20260102)
    data = profile("tinker-http")
    rules = [i for i, rule in enumerate(data["layers"][0]["rules"]) if "backoff" in rule]
    for rule in rules:
        assert_same(theirs, Handler(data).draw(ns, us, rule=rule), ns, us)
