"""The socket's place: requests of the real client end in a script, below httpx and below pyqwest."""
import asyncio
import functools
import json
import ssl

import httpx

# What a good run needs; a script says otherwise.
WELL = {
    "config": {}, "dynamic_config": {}, "session_heartbeat": {}, "cancel_future": {},
    "create_session": {"session_id": "s"},
    "create_sampling_session": {"sampling_session_id": "ss"},
    "asample": {"request_id": "r", "sample_sequence_ids": ["q"]},
    "retrieve_future": {"sequences": [{"stop_reason": "stop", "tokens": [1]}]},
}
JSON, PROTOBUF = {"content-type": "application/json"}, {"content-type": "application/x-protobuf"}
SAMPLE_IN_PROTOBUF = b"\n\x06\x12\x04AAAA"


class Script:
    """Answers by path: {"asample": [{after, status, headers, body | fault}]}, the last one again and again."""

    def __init__(self, answers, clock):
        self.answers = {path: list(script) for path, script in answers.items()}
        self.clock, self.requests = clock, []

    def begin(self, url, headers, size):
        """Notes the request. (answer, status, headers, content)"""
        path = url.partition("?")[0].rpartition("/")[2]
        self.requests.append({"path": path, "at": self.clock(), "bytes": size, "headers": headers})
        script = self.answers.get(path)
        answer = {} if not script else script.pop(0) if len(script) > 1 else script[0]
        if "body" in answer:
            told, content = JSON, answer["body"].encode()
        elif headers.get("accept", "").startswith("application/x-protobuf") and "status" not in answer:
            told, content = PROTOBUF, SAMPLE_IN_PROTOBUF
        else:
            told, content = JSON, json.dumps(WELL[path]).encode()
        told = {**told, "content-length": str(len(content)), **answer.get("headers", {})}
        return answer, answer.get("status", 200), told, content


# -- below httpx ----------------------------------------------------------------------------------------------------

async def answer_httpx(script, request):
    answer, status, headers, content = script.begin(str(request.url), dict(request.headers), len(request.content))
    limit = request.extensions["timeout"]["read"]
    if answer.get("after", 0) > limit:
        await asyncio.sleep(limit)
        raise httpx.ReadTimeout("scripted", request=request)
    await asyncio.sleep(answer.get("after", 0))
    if "fault" in answer:
        raise getattr(httpx, answer["fault"])("scripted", request=request)
    return httpx.Response(status, request=request, content=content, headers=headers)


# -- below pyqwest, the transport since tinker 0.22.0 ---------------------------------------------------------------

class PyqwestResponse:
    def __init__(self, status, headers, content):
        self.status, self.headers, self.trailers = status, headers, {}
        self.content = self.chunks(content)

    async def chunks(self, content):
        yield content

    async def aclose(self):
        pass


class PyqwestTransport:
    """In the place of pyqwest.HTTPTransport; what adapts it to httpx, with its doubled time limit, is the real one."""

    def __init__(self, script):
        self.script = script

    async def execute(self, request):
        import pyqwest
        errors = {"ReadError": pyqwest.ReadError, "RemoteProtocolError": pyqwest.RemoteProtocolError,
                  "ConnectError": ConnectionError, "ReadTimeout": TimeoutError}
        answer, status, headers, content = self.script.begin(request.url, dict(request.headers.items()),
                                                             len(request.content))
        await asyncio.sleep(answer.get("after", 0))
        if "fault" in answer:
            raise errors[answer["fault"]]("scripted")
        return PyqwestResponse(status, headers, content)


# Each client makes one, from all the certificates of the world.
httpx._transports.default.create_ssl_context = functools.cache(
    lambda *_, **__: ssl.create_default_context())


def install(script):
    httpx.AsyncHTTPTransport.handle_async_request = lambda transport, request: answer_httpx(script, request)
    try:
        import pyqwest
    except ImportError:
        return
    pyqwest.HTTPTransport = lambda **options: PyqwestTransport(script)
