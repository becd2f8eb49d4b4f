"""Goal: what the real package says of itself is what the shipped profiles say of it."""
import pytest
from ours import Handler, World, profile, seconds
from releases import NEWEST, each_release, release_of
from tinker_layers import DISPATCH, HANDLER, HTTP, OLD, nested


def statuses(words):
    found = set()
    for word in words:
        first, _, last = word.partition("-")
        found |= set(range(int(first), int(last or first) + 1))
    return found


def retried(layer):
    """The statuses that the rules of a layer without conditions retry."""
    return sorted(set().union(*(statuses(rule["on"].get("status", [])) for rule in layer["rules"]
                                if rule["do"] == "retry" and not {"header", "body"} & set(rule["on"]))))


# S0-02, S0-03, S0-04, S0-05, S0-06, S0-07, S0-23, S0-102, S1-47, S1-67, S1-73
@each_release()
def test_retry_config(version):
    facts = release_of(version).ask("facts")
    config, whole = facts["retry_config"], profile(HANDLER[version])
    layer = whole["layers"][0]
    backoff = layer["rules"][0]["backoff"]
    assert config["enable_retry_logic"] is layer.get("enabled", True) is True
    assert config["progress_timeout"] == seconds(layer["progress"]["timeout"]) == (1800 if version == "0.6.2" else 7200)
    assert config["retry_delay_base"] == seconds(backoff["base"]) == 0.5
    assert config["retry_delay_max"] == seconds(backoff["cap"]) == 10
    assert config["jitter_factor"] == backoff["jitter"]["symmetric"] == 0.25
    assert config["max_connections"] == 1000
    assert facts["handler_cache"] == whole["handler_cache"] == 100


# S0-02, S1-07
@each_release()
def test_the_limit_of_concurrent_samples(version):
    """Since 0.22.4 the server's limit takes the place of the caller's."""
    layer = profile(HANDLER[version])["layers"][0]
    client = release_of(version).ask("client_facts", retry_config={})
    assert client["max_connections"] == layer["slots"]["limit"] == (2000 if version == NEWEST else 1000)
    asked = release_of(version).ask("client_facts", retry_config={"max_connections": 2})["max_connections"]
    assert asked == (2000 if version == NEWEST else 2)


# S0-08, S1-27
@each_release()
def test_what_is_retried(version):
    facts = release_of(version).ask("facts")
    assert facts["retryable_exceptions"] == ["APIConnectionError", "RetryableException", "TimeoutError",
                                             "TimeoutException"]
    handler = profile(HANDLER[version])["layers"][0]
    assert facts["handler_statuses"] == retried(handler) == [408, 409, 429, *range(500, 600)]
    assert facts["holder_statuses"] == retried(profile("tinker-holder")["layers"][0])
    for layer in (handler, profile("tinker-holder")["layers"][0]):
        assert any(rule["on"].get("transport") == ["any"] for rule in layer["rules"])


# S3-05, S3-06, S3-07
@each_release()
def test_the_limits_of_dispatch(version):
    client = release_of(version).ask("client_facts", retry_config={})
    slots = profile(DISPATCH[version])["layers"][0]["slots"]
    assert client["dispatch"] == slots["limit"] == 400
    assert client["throttled"] == slots.get("throttled", {}).get("limit")
    assert client["bytes"] == slots.get("bytes", {}).get("limit")


# S0-09
@each_release()
def test_the_http_layer(version):
    facts, layer = release_of(version).ask("facts"), profile(HTTP[version])["layers"][0]
    assert facts["max_retries"] + 1 == layer["budget"]["attempts"] == 11
    for rule in layer["rules"]:
        if "backoff" in rule:
            assert facts["initial_retry_delay"] == seconds(rule["backoff"]["base"])
            assert facts["max_retry_delay"] == seconds(rule["backoff"]["cap"])
    assert (facts["max_connections"], facts["max_keepalive"], facts["connect_timeout"]) == (1000, 20, 5)
    # The transport since 0.22.0 adds the limits of reading and writing.
    assert facts["timeout"] == 60 and seconds(layer["attempt_timeout"]["limit"]) == (60 if version in OLD else 120)


@each_release()
def test_statuses_of_the_http_layer(version):
    """An exact "true" or "false" of x-should-retry decides; other words don't."""
    release, layer = release_of(version), profile(HTTP[version])["layers"][0]
    for value in (None, "true", "false", "True", "FALSE", "yes"):
        theirs = set(release.ask("http_statuses", header=value))
        headers = {} if value is None else {"x-should-retry": value}
        for status in (300, 302, 304, 400, 401, 402, 404, 408, 409, 410, 422, 429, 499, 500, 503, 599, 600, 999):
            ours = World(Handler(nested({**layer, "routes": ["POST *"]})), []).run(
                [{"name": "a", "script": [{"status": status, "headers": headers}, {}]}])
            assert (len(ours.attempts) == 2) == (status in theirs), (value, status)


# Not "1_0": float() takes it for 10, our form of it leaves underscores out.
RETRY_AFTER = [
    {}, *({"retry-after": text} for text in (
        "0", "1", "1.5", "60", "60.5", "61", "-1", "abc", "", "2, 2", "1e1", "+3", " 4 ", "nan", "inf",
        "Thu, 01 Jan 1970 00:17:10 GMT", "Thu, 01 Jan 1970 00:16:10 GMT", "Thu, 01 Jan 1970 00:20:10 GMT")),
    *({"retry-after-ms": text} for text in ("250", "0", "abc", "61000", "1.5", "-5", "nan")),
    {"retry-after-ms": "abc", "retry-after": "2"}, {"retry-after-ms": "250", "retry-after": "2"},
    {"retry-after-ms": "0", "retry-after": "2"}, {"retry-after-ms": "61000", "retry-after": "2"}]


@each_release()
@pytest.mark.parametrize("status", [429, 503])
def test_retry_after(version, status):
    theirs = release_of(version).ask("retry_after", headers=RETRY_AFTER, u=0.625)
    layer = profile(HTTP[version])["layers"][0]
    for headers, wait in zip(RETRY_AFTER, theirs, strict=True):
        ours = World(Handler(nested({**layer, "routes": ["POST *"]})), [0.625]).run(
            [{"name": "a", "script": [{"status": status, "headers": headers}, {}]}])
        assert abs(ours.waits[0]["delay"] - wait * 10**9) < 20, (headers, wait, ours.waits)


# S0-103, S1-11
@each_release()
def test_validation(version):
    ask = release_of(version).ask
    for limit in (0, -1):
        told = ask("config_error", config={"max_connections": limit})
        assert told == f"max_connections must be positive, got {limit}"
    for config in ({"retry_delay_base": -1.0}, {"jitter_factor": 7.0}, {"progress_timeout": -1}):
        assert ask("config_error", config=config) is None
