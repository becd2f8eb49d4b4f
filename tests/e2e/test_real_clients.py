"""Retry libraries that people use, in four languages, beside those of
test_clients.py: each conforms to the profile that was written from its source
and breaks a named rule of another one's."""
import json
import os
import pathlib
import re
import subprocess
import sys

import pytest

from client_kit import conforms, judge, passed, rules_with

RETRYSPEC = os.environ["RETRYSPEC"]
ROOT = pathlib.Path(__file__).resolve().parents[2]
MADE = ROOT / "build/clients"  # by scripts/clients

pytestmark = pytest.mark.clients


def python(name):
    return "", [sys.executable, ROOT / f"tests/clients/{name}_adapter.py"]


def node(name, *arguments):
    return "node", ["node", MADE / f"node/{name}_adapter.mjs", *arguments]


# By profile: what scripts/clients has to have made for it, and how it is started.
CLIENTS = {
    "urllib3-retry": python("urllib3"),
    "botocore-standard": python("botocore"),
    "tenacity-httpx": python("tenacity"),
    "got": node("got"),
    "axios-retry": node("axios"),
    "axios-retry-exponential": node("axios", "exponential"),
    "go-retryablehttp": ("go", [MADE / "go/adapter"]),
    "reqwest-retry": ("rust", [MADE / "rust/debug/reqwest-adapter"]),
}

# These retry no POST, or not after a status: most of their stories are told with GET.
ONLY_IDEMPOTENT = ["urllib3-retry", "got", "axios-retry", "axios-retry-exponential"]

# Some of every family, and together not much longer than the longest of them.
SCENARIOS = """
    attempts/429-twice limits/concurrency outage/4s-503 timeout/hang-before-head
    retry-after/429-seconds retry-after/429-zero retry-after/429-fraction retry-after/429-negative
    retry-after/429-garbage retry-after/429-duplicate retry-after/429-date-future
    retry-after/503-seconds retry-after/503-date-past
    status/503-then-200 status/429-no-header status/400-final status/408 status/413 status/302
    status/500-502-504 status/501 status/520
    transport/reset-before-response transport/empty-reply transport/garbage-status-line transport/refused
    transport/truncated-body
""".split()


def client(profile):
    needs, command = CLIENTS[profile]
    missing = MADE / f"{needs}.missing"
    if needs and missing.exists():
        pytest.skip(missing.read_text().strip())
    assert not needs or (MADE / needs).exists(), "scripts/clients makes it"
    return list(map(str, command))


def told_with_get(folder, scenarios):
    """Files with the same stories, but GET for POST; a scenario X becomes get/X."""
    files = []
    for name in scenarios:
        text = subprocess.run([RETRYSPEC, "show", "--raw", name], text=True, capture_output=True, check=True).stdout
        file = folder / f"scenarios/get/{name}.jsonc"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text.replace('"POST /v1/echo"', '"GET /v1/echo"').replace(f'"{name}"', f'"get/{name}"'))
        files.append(file)
    return files


@pytest.mark.parametrize("profile", CLIENTS)
def test_each_is_what_its_profile_says(tmp_path, profile):
    command = client(profile)
    if profile in ONLY_IDEMPOTENT:
        scenarios = ["status/503-then-200", "transport/reset-before-response", "transport/refused",
                     *told_with_get(tmp_path, SCENARIOS)]
    else:
        scenarios = SCENARIOS
    report = conforms(tmp_path, profile, command, *scenarios)
    assert not [each["id"] for each in report["scenarios"] if each["client"] != "ok"]


# By client: another's profile, and what it breaks of that, by margins that a busy machine leaves. One of each
# stands in docs/clients.md.
NOT_ANOTHER = {
    # At once after the first 503, where got waits 1 s; an unreadable header is an error out of the call.
    "urllib3-retry": ("got", {"get/status/503-then-200:BO-1", "get/retry-after/429-garbage:ST-1"}),
    # Retry-After is not read, a 409 not retried.
    "botocore-standard": ("openai-python", {"retry-after/429-seconds:RA-1", "status/409:ST-1"}),
    # Every exception is retried, a 400's too, and Retry-After is not read.
    "tenacity-httpx": ("openai-python", {"retry-after/429-seconds:RA-1", "status/400-final:ST-2"}),
    # No POST is retried, whatever the status.
    "got": ("go-retryablehttp", {"status/503-then-200:ST-1", "retry-after/429-seconds:ST-1"}),
    # No delay, where got waits 1 s; a body that breaks off is final.
    "axios-retry": ("got", {"get/status/503-then-200:BO-1", "get/transport/truncated-body:TF-1"}),
    # 200 ms, where got waits 1 s; a 408 is final.
    "axios-retry-exponential": ("got", {"get/status/503-then-200:BO-1", "get/status/408:ST-1"}),
    # A 408 is final, every fault before the head is retried.
    "go-retryablehttp": ("curl-retry", {"status/408:ST-1", "transport/reset-before-response:TF-2"}),
    # Retry-After is not read; all 5xx are retried.
    "reqwest-retry": ("go-retryablehttp", {"retry-after/429-seconds:RA-1", "status/501:ST-2"}),
}


@pytest.mark.parametrize("profile", CLIENTS)
def test_none_is_another(tmp_path, profile):
    other, expected = NOT_ANOTHER[profile]
    names = sorted(each.rpartition(":")[0] for each in expected)
    with_get = told_with_get(tmp_path, [name.removeprefix("get/") for name in names if name.startswith("get/")])
    scenarios = [name for name in names if not name.startswith("get/")] + with_get
    _, failures, _ = judge(tmp_path, other, client(profile), *scenarios)
    assert expected <= failures, expected - failures


# -- what shows in stories of their own ----------------------------------------


def story(folder, name, steps, calls=1, request="POST /v1/echo", checks=("OUT-1",)):
    path = folder / f"{name}.jsonc"
    path.write_text(json.dumps({
        "retryspec": 1, "id": f"mine/{name}", "title": name, "takes": "9s",
        "workload": {"request": request, "calls": calls},
        "server": [{"match": request, "per": "call", "after_last": "repeat", "steps": steps}],
        "checks": checks}))
    return path


def test_botocore_runs_out_of_tokens(tmp_path):
    """500 tokens, 14 a retry: 35 retries for 24 calls that fail, then none."""
    report = conforms(tmp_path, "botocore-standard", client("botocore-standard"),
                      story(tmp_path, "bucket", [{"reply": 503}], calls=24, checks=["TB-1", "OUT-1"]))
    assert "TB-1" in passed(report, "mine/bucket")
    trace = (tmp_path / "retryspec-out/mine/bucket/trace.ndjson").read_text()
    assert trace.count('"ev":"request"') == 24 + 500 // 14


def test_botocore_reads_a_header_of_its_own(tmp_path):
    header = "x-amz-retry-after"
    report = conforms(tmp_path, "botocore-standard", client("botocore-standard"),
                      story(tmp_path, "amz", [{"reply": 503, "headers": {header: "700"}},
                                              {"reply": 503, "headers": {header: "9000"}}, {}]))
    # 9 s are cut to 5 s and a little: above the own delay, the profile says.
    assert {"RA-1", "RA-2"} <= passed(report, "mine/amz")


def test_botocore_takes_a_cut_body_for_whole(tmp_path):
    """Where an operation has no output nobody counts the bytes
    (httpsession.py: enforce_content_length=False)."""
    cut = {"body": {"size": "4KiB"}, "fault": {"do": "close", "at": "body:1KiB"}}
    _, failures, _ = judge(tmp_path, "botocore-standard", client("botocore-standard"),
                           story(tmp_path, "cut", [cut, {}]))
    assert failures == {"mine/cut:BODY-1"}


def test_urllib3_waits_before_it_closes(tmp_path):
    """After a timeout urlopen() sleeps with the connection still open and closes it
    when the back-off is over. A server sees an attempt that lasts too long, and then
    a request at once."""
    scenarios = told_with_get(tmp_path, ["timeout/hang-twice"])
    _, failures, report = judge(tmp_path, "urllib3-retry", client("urllib3-retry"), *scenarios)
    assert failures == {"get/timeout/hang-twice:HID-1"}
    assert "get/timeout/hang-twice:TO-2" in rules_with("warn", report)


def test_go_sends_again_below_the_library(tmp_path):
    """net/http repeats a GET whose connection, used before, was reset: at once, and
    go-retryablehttp knows nothing of it. Its profile does."""
    path = story(tmp_path, "reused", [{"reply": 503}, {"fault": {"do": "reset"}}, {}], request="GET /v1/echo")
    report = conforms(tmp_path, "go-retryablehttp", client("go-retryablehttp"), path)
    assert "HID-1" in passed(report, "mine/reused")
    trace = tmp_path / "retryspec-out/mine/reused/trace.ndjson"
    done = subprocess.run([RETRYSPEC, "judge", trace, "--scenario", path, "-p", "tenacity-httpx", "--json"],
                          text=True, capture_output=True)
    assert "mine/reused:HID-1" in rules_with("fail", json.loads(done.stdout))


# -- docs/clients.md -----------------------------------------------------------


def test_the_page_of_clients_says_what_is_tested():
    page = (ROOT / "docs/clients.md").read_text()
    rows = {profile: row for row in page.splitlines() for profile in re.findall(r"^\|.+?\| `([a-z0-9-]+)` \|", row)}
    assert rows.keys() == {"curl-retry", "openai-python", "tinker-wire", *CLIENTS}
    files = json.loads(subprocess.run([RETRYSPEC, "list", "--profiles", "--json"], text=True, capture_output=True,
                                      check=True).stdout)
    titles = {each["id"]: each["title"] for each in files}
    for profile, row in rows.items():
        said = re.findall(r"\d+\.\d+\.\d+", row.split("|")[1])
        # "the same with ..." has the versions of the row above
        assert set(said) <= set(re.findall(r"\d+\.\d+\.\d+", titles[profile])), profile
        assert said or row.startswith("| the same with "), profile
        other, broken = re.search(r"\| `([^`]+)`: `([^`]+)` \|$", row).groups()
        if profile in NOT_ANOTHER:
            assert other == NOT_ANOTHER[profile][0] and broken in NOT_ANOTHER[profile][1], profile
        else:
            assert f'"{broken}"' in (ROOT / "tests/e2e/test_clients.py").read_text(), profile


# Only the release that was read can be expected to do what its profile says.
@pytest.mark.parametrize("file, line, packages", [
    ("requirements.txt", "{}=={}\n", ["urllib3", "botocore", "tenacity"]),
    ("requirements.txt", "{}[http2]=={}\n", ["httpx"]),
    ("clients/node/package.json", '"{}": "{}"', ["got", "axios", "axios-retry"]),
    ("clients/go/go.mod", "hashicorp/{} v{}\n", ["go-retryablehttp"]),
    ("clients/rust/Cargo.lock", 'name = "{}"\nversion = "{}"\n', ["reqwest", "reqwest-retry"]),
])
def test_the_page_of_clients_has_the_pinned_versions(file, line, packages):
    page = (ROOT / "docs/clients.md").read_text()
    pinned = (ROOT / "tests" / file).read_text()
    for package in packages:
        version = re.search(rf"[ ,]{package} ([0-9.]+[0-9])", page).group(1)
        assert line.format(package, version) in pinned
