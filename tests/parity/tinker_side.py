"""The side with the real package: runs in the venv of one release of tinker and answers JSON, a line each way.

Nothing of tinker is replaced but its clock, its random numbers and the socket: requests end in a script.
"""
import asyncio
import inspect
import json
import logging
import os
import random
import sys
import traceback
import types

import scripted_transport
import virtual_loop

LOOP = virtual_loop.install()
sys.modules["torch"] = types.ModuleType("torch")  # up to 0.7 it is imported, but only training needs it
os.environ["TINKER_API_KEY"] = "tml-parity"
os.environ["TINKER_BASE_URL"] = "http://127.0.0.1:1"
os.environ["TINKER_TELEMETRY"] = "0"

import httpx  # noqa: E402
import tinker  # noqa: E402
from tinker import _base_client, _constants  # noqa: E402
from tinker._client import AsyncTinker  # noqa: E402
from tinker.lib import internal_client_holder, retry_handler  # noqa: E402
from tinker.lib.public_interfaces import api_future, sampling_client  # noqa: E402
from tinker.lib.retryable_exception import RetryableException  # noqa: E402

REQUEST = httpx.Request("POST", "http://127.0.0.1:1/api/v1/asample")


def now():
    """Seconds since a script began."""
    return LOOP.time() - STARTED


STARTED = 0.0


# -- random numbers -------------------------------------------------------------------------------------------------

class Random:
    """Stands in for random.random: the same stream of CPython's Mersenne Twister for a seed, and what it gave."""

    def __init__(self):
        self.seed(0)

    def seed(self, seed):
        self.stream, self.drawn = random.Random(seed), []

    def __call__(self):
        u = self.stream.random()
        self.drawn.append(u)
        return u


RANDOM = Random()
random.random = RANDOM
_base_client.random = RANDOM


async def no_thread(function):
    return function()


# get_platform() runs in a thread, for which a loop of virtual time would not wait.
_base_client.asyncify = lambda function: lambda: no_thread(function)


# -- defaults and delays --------------------------------------------------------------------------------------------

def facts():
    config = retry_handler.RetryConfig()
    limits, timeout = _constants.DEFAULT_CONNECTION_LIMITS, _constants.DEFAULT_TIMEOUT
    return {
        "retry_config": {name: value for name, value in vars(config).items() if name != "retryable_exceptions"},
        "retryable_exceptions": sorted(kind.__name__ for kind in config.retryable_exceptions),
        "handler_statuses": [s for s in range(100, 1000) if retry_handler.is_retryable_status_code(s)],
        "holder_statuses": [s for s in range(100, 1000)
                            if internal_client_holder.InternalClientHolder._is_retryable_status_code(s)],
        "handler_cache": sampling_client._get_retry_handler.cache_parameters()["maxsize"],
        "max_retries": _constants.DEFAULT_MAX_RETRIES,
        "initial_retry_delay": _constants.INITIAL_RETRY_DELAY, "max_retry_delay": _constants.MAX_RETRY_DELAY,
        "max_connections": limits.max_connections, "max_keepalive": limits.max_keepalive_connections,
        "timeout": timeout.read, "connect_timeout": timeout.connect,
    }


def client_facts(retry_config):
    """What a SamplingClient really uses, whatever its caller configured."""
    begin({}, 0)
    holder, client = make_client(retry_config, {})
    throttled = getattr(holder, "_sample_dispatch_throttled_semaphore", None)
    in_flight = getattr(holder, "_sample_dispatch_bytes_semaphore", None)
    stop_tasks()
    return {"max_connections": client.retry_handler.config.max_connections,
            "dispatch": holder._sample_dispatch_semaphore._value,
            "throttled": throttled and throttled._value, "bytes": in_flight and in_flight._bytes}


def handler_delays(config, attempts, seed):
    handler = retry_handler.RetryHandler(retry_handler.RetryConfig(**config))
    RANDOM.seed(seed)
    return [handler._calculate_retry_delay(attempt) for attempt in attempts]


def http_client(**options):
    return AsyncTinker(http_client=httpx.AsyncClient(), **options)


def http_delays(attempts, seed, headers=None):
    """One delay for each (attempt, headers); the same headers for all if there is one set."""
    client = http_client(max_retries=max(attempts) + 1)
    options = _base_client.FinalRequestOptions.construct(method="post", url="/x")
    RANDOM.seed(seed)
    return [client._calculate_retry_timeout(client.max_retries - attempt, options, httpx.Headers(headers or {}))
            for attempt in attempts]


def retry_after(headers, u):
    """The wait before the first retry after an answer with each of these sets of headers."""
    client = http_client()
    options = _base_client.FinalRequestOptions.construct(method="post", url="/x")
    _base_client.random = lambda: u
    try:
        return [client._calculate_retry_timeout(client.max_retries, options, httpx.Headers(each)) for each in headers]
    finally:
        _base_client.random = RANDOM


def http_statuses(header=None):
    """The statuses that the HTTP layer retries, with this x-should-retry."""
    client = http_client()
    headers = {} if header is None else {"x-should-retry": header}
    return [s for s in range(300, 1000)
            if client._should_retry(httpx.Response(s, headers=headers, request=REQUEST, content=b""))]


def config_error(config):
    try:
        retry_handler.RetryConfig(**config)
    except ValueError as error:
        return str(error)
    return None


def same_handler(calls):
    """Numbers handlers by identity, as _get_retry_handler gives them for (name, config)."""
    seen = []  # holds them, so that no identity comes back
    numbers = []
    for name, config in calls:
        handler = sampling_client._get_retry_handler(name, retry_handler.RetryConfig(**config), None)
        if not any(handler is other for other in seen):
            seen.append(handler)
        numbers.append(next(i for i, other in enumerate(seen) if other is handler))
    return numbers


# -- RetryHandler.execute with a scripted function ------------------------------------------------------------------

def status_error(status):
    response = httpx.Response(status, request=REQUEST)
    return tinker.APIStatusError(f"scripted {status}", response=response, body=None)


EXCEPTIONS = {
    "timeout": lambda: asyncio.TimeoutError(),
    "connection": lambda: tinker.APIConnectionError(request=REQUEST),
    "api-timeout": lambda: tinker.APITimeoutError(request=REQUEST),
    "httpx-timeout": lambda: httpx.ReadTimeout("scripted"),
    "httpx-connect": lambda: httpx.ConnectError("scripted"),
    "retryable": lambda: RetryableException("scripted"),
    "value": lambda: ValueError("scripted"),
    "os": lambda: OSError("scripted"),
}


class Telemetry:
    """Keeps what would be sent; into `lines` as well, in order with the log."""

    def __init__(self, lines):
        self.events, self.lines = [], lines

    def log(self, name, event_data=None, severity="INFO"):
        data = {**event_data, "exception_stack": bool(event_data["exception_stack"])}
        for key in ("start_time", "current_time"):
            data[key] -= STARTED
        self.events.append({"at": now(), "event_name": name, "severity": severity, "event_data": data})
        self.lines.append(self.events[-1])


class Log(logging.Handler):
    """Keeps what logging.basicConfig() would write."""

    def __init__(self, lines):
        super().__init__(logging.DEBUG)
        self.lines = lines

    def emit(self, record):
        self.lines.append(f"{record.levelname}:{record.name}:{record.getMessage()}")


def gauges(handler):
    return {"waiting": handler._waiting_at_semaphore_count, "in_loop": handler._in_retry_loop_count,
            "processed": handler._processed_count, "retries": handler._retry_count,
            "errors": dict(handler._errors_since_last_retry)}


async def post(reply):
    """One request through the HTTP layer, as asample sends it."""
    scripted_transport.install(scripted_transport.Script({"asample": [reply]}, now))
    options = {"max_retries": 0, "timeout": reply.get("timeout", 60)}
    return await AsyncTinker().post("/api/v1/asample", body={}, cast_to=object, options=options)


async def run_call(handler, call, log):
    script = iter(call["script"])
    last = None

    async def scripted():
        nonlocal last
        last = next(script, last)
        entry = {"call": call["name"], "at": now(), "gauges": gauges(handler)}
        log.append(entry)
        if "reply" in last:  # over HTTP, so that the errors are those of the client
            return await post(last["reply"])
        await asyncio.sleep(last.get("after", 0))
        if "status" in last:
            raise status_error(last["status"])
        if "raise" in last:
            raise EXCEPTIONS[last["raise"]]()
        return "well"

    await asyncio.sleep(call.get("start", 0))
    task = asyncio.ensure_future(handler.execute(scripted))
    if "cancel" in call:
        LOOP.call_later(call["cancel"], task.cancel)
    try:
        result = {"ok": await task}
    except asyncio.CancelledError:
        result = {"error": "CancelledError", "message": ""}
    except Exception as error:
        result = {"error": type(error).__name__, "message": str(error)}
    return {"call": call["name"], "at": now(), "gauges": gauges(handler), **result}


def execute(config, calls, seed=0, name="parity"):
    """Runs calls through one RetryHandler: [{name, start, script: [{after, status | raise | reply}], cancel}]."""
    global STARTED
    STARTED = LOOP.time()
    RANDOM.seed(seed)
    lines, log = [], []
    telemetry, handler_log = Telemetry(lines), Log(lines)
    logger = logging.getLogger("tinker.lib.retry_handler")
    logger.setLevel(logging.DEBUG)
    logger.addHandler(handler_log)

    async def everything():
        handler = retry_handler.RetryHandler(retry_handler.RetryConfig(**config), name, telemetry)
        ends = await asyncio.gather(*(run_call(handler, call, log) for call in calls))
        return ends, gauges(handler)

    try:
        ends, last = LOOP.run_until_complete(everything())
    finally:
        logger.removeHandler(handler_log)
    return {"attempts": log, "ends": ends, "gauges": last, "telemetry": telemetry.events, "lines": lines,
            "u": RANDOM.drawn}


# -- the whole client over a scripted transport ---------------------------------------------------------------------

def run_now(holder, coroutine):
    """In the place of InternalClientHolder.run_coroutine_threadsafe: there is one thread."""
    task = LOOP.create_task(coroutine)

    class Future:
        def result(self, timeout=None):
            return LOOP.run_until_complete(task)

        def __await__(self):
            return task.__await__()

        def future(self):
            return task

    return Future()


internal_client_holder.InternalClientHolder.run_coroutine_threadsafe = run_now
internal_client_holder._internal_client_holder_thread_singleton.get_loop = lambda: LOOP


def begin(script, seed):
    global STARTED
    STARTED = LOOP.time()
    RANDOM.seed(seed)
    script = scripted_transport.Script(script, now)
    scripted_transport.install(script)
    return script


def accepts(function, name):
    return name in inspect.signature(function).parameters


def make_holder(client_config):
    make = internal_client_holder.InternalClientHolder
    arguments = {}
    if accepts(make, "_client_config"):
        arguments["_client_config"] = client_config
    if accepts(make, "_client_dynamic_config"):
        arguments["_client_dynamic_config"] = {}
    return make(**arguments)


def make_client(retry_config, client_config):
    holder = make_holder(client_config)
    arguments = {"sampling_session_id": "ss", "retry_config": retry_handler.RetryConfig(**retry_config)}
    if accepts(sampling_client.SamplingClient, "base_model"):
        arguments["base_model"] = "stub/model"
    return holder, sampling_client.SamplingClient(holder, **arguments)


def told(error):
    return {"error": type(error).__name__, "message": str(error)}


def stop_tasks():
    tasks = [task for task in asyncio.all_tasks(LOOP) if not task.done()]
    for task in tasks:
        task.cancel()
    LOOP.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))


def sample(script, calls, seed=0, retry_config=None, client_config=None):
    """Samples through SamplingClient.sample: [{name, start, tokens}]. The clock starts when the client is ready."""
    global STARTED
    script = begin(script, seed)
    lines = []
    client_log = Log(lines)
    logger = logging.getLogger("tinker")
    logger.addHandler(client_log)
    _, client = make_client(retry_config or {}, client_config or {})
    STARTED = LOOP.time()
    script.requests.clear()

    async def one(call):
        await asyncio.sleep(call.get("start", 0))
        prompt = tinker.ModelInput.from_ints([1] * call.get("tokens", 2))
        try:
            task = client.sample(prompt, 1, tinker.SamplingParams(max_tokens=3))
            await asyncio.wrap_future(task) if not hasattr(task, "__await__") else await task
            result = {"ok": True}
        except Exception as error:
            result = told(error)
        return {"call": call["name"], "at": now(), **result}

    async def everything():
        return await asyncio.gather(*(one(call) for call in calls))

    try:
        ends = LOOP.run_until_complete(everything())
    finally:
        logger.removeHandler(client_log)
        stop_tasks()
    return {"requests": script.requests, "ends": ends, "u": RANDOM.drawn, "lines": lines}


def set_up(script, seed=0):
    """One create_session through the HTTP layer alone."""
    script = begin(script, seed)
    client = AsyncTinker()

    async def once():
        request = tinker.types.CreateSessionRequest(tags=[], user_metadata={}, sdk_version="0")
        try:
            await client.service.create_session(request=request)
            return {"ok": True}
        except Exception as error:
            return told(error)

    end = LOOP.run_until_complete(once())
    return {"requests": script.requests, "ends": [{"at": now(), **end}], "u": RANDOM.drawn}


# -- the pipe -------------------------------------------------------------------------------------------------------

DOES = {function.__name__: function for function in (
    facts, client_facts, handler_delays, http_delays, retry_after, http_statuses, config_error, same_handler, execute,
    sample, set_up)}


def main():
    for line in sys.stdin:
        ask = json.loads(line)
        LOOP.now = virtual_loop.BEGINNING
        sampling_client._get_retry_handler.cache_clear()
        try:
            answer = {"answer": DOES[ask["do"]](**ask["with"])}
        except Exception:
            answer = {"broken": traceback.format_exc()}
        print(json.dumps(answer), flush=True)


main()
