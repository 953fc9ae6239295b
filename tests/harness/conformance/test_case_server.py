import asyncio
from email.utils import parsedate_to_datetime

import pytest

from understudy_harness.conformance.canary import Canary
from understudy_harness.conformance.case_server import CaseServer

NOW = 1_755_133_835_250_000
REQUEST = b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer sk-a\r\nContent-Length: 2\r\n\r\n{}"


async def talk(server: CaseServer, *requests: bytes) -> list[bytes]:
    """Send requests over one connection, one after the other, and give back each answer."""
    host, port = server.base_url.removeprefix("http://").removesuffix("/v1").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    answers = []
    for request in requests:
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        answers.append(head + await reader.readexactly(length))
    writer.close()
    await writer.wait_closed()
    return answers


@pytest.fixture
def serve(virtually):
    """Plays a script to requests; gives back the answers and the log."""

    def run(case, canary: Canary, *requests: bytes):
        async def whole():
            server = CaseServer(lambda each, second: case.script(each), lambda: NOW)
            await server.start()
            server.expect(canary)
            try:
                answers = await talk(server, *requests)
                while server.log.open_sockets:
                    await asyncio.sleep(0.01)
            finally:
                await server.stop()
            return answers, server.log

        return virtually(whole())

    return run


def test_a_case_is_played_with_the_headers_of_the_real_api(serve, cases) -> None:
    """The script's own on top; none of them twice; the date it names agrees with the answer's own."""
    canary = Canary.new()
    (refused, answered), log = serve(cases["1.3"], canary, REQUEST, REQUEST)
    lines = refused.partition(b"\r\n\r\n")[0].decode().split("\r\n")
    assert lines[0] == "HTTP/1.1 429 Too Many Requests"
    headers = [tuple(line.split(": ", 1)) for line in lines[1:]]
    assert len(headers) == len(dict(headers))
    told = dict(headers)
    wait = parsedate_to_datetime(told["retry-after"]) - parsedate_to_datetime(told["date"])
    assert wait.total_seconds() == 3
    assert told["content-type"] == "application/json; charset=utf-8"
    assert told["x-request-id"].startswith("req_")
    assert canary.text.encode() in answered
    assert [exchange.status for exchange in log.exchanges] == [429, 200]
    assert [bytes(exchange.answer) for exchange in log.exchanges] == [refused, answered]


def test_every_server_has_a_port_and_a_count_of_its_own(virtually, cases) -> None:
    """Two runs at once do not see each other."""

    async def both() -> list[bytes]:
        servers = [CaseServer(lambda each, second: cases["1.5"].script(each), lambda: NOW) for _ in range(2)]
        for server in servers:
            await server.start()
            server.expect(Canary.new())
        assert servers[0].base_url != servers[1].base_url
        answers = [(await talk(server, REQUEST))[0] for server in servers]
        for server in servers:
            await server.stop()
        return answers

    assert [answer[:12] for answer in virtually(both())] == [b"HTTP/1.1 429"] * 2


def test_stopping_cuts_what_is_open_and_says_that_it_was_the_suite(virtually, cases) -> None:
    """A connection that a client left behind must not outlive its run."""

    async def left_open() -> CaseServer:
        server = CaseServer(lambda each, second: cases["1.5"].script(each), lambda: NOW)
        await server.start()
        server.expect(Canary.new())
        host, port = server.base_url.removeprefix("http://").removesuffix("/v1").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(REQUEST)
        await reader.readuntil(b"\r\n\r\n")
        await server.stop()
        with pytest.raises(OSError, match="Connect call failed"):
            await asyncio.open_connection(host, int(port))
        writer.close()
        return server

    (socket,) = virtually(left_open()).log.sockets
    assert socket.closed is not None
    assert socket.closed_by == "suite"


def test_the_users_own_settings_change_nothing(serve, cases, monkeypatch) -> None:
    """A verdict must not hang on the environment."""
    monkeypatch.setenv("UNDERSTUDY_CREDITS", "nonsense")
    monkeypatch.setenv("UNDERSTUDY_CLOCK", "virtual")
    (answer,), _ = serve(cases["1.11"], Canary.new(), REQUEST)
    assert answer.startswith(b"HTTP/1.1 429")


def test_calls_with_keys_of_their_own_do_not_count_for_each_other(virtually, cases) -> None:
    """Each meets the case from its first step, and is told its own word; a strange key meets the first one's."""
    one, other = Canary("sk-a", "canary-a"), Canary("sk-b", "canary-b")

    async def whole() -> list[bytes]:
        server = CaseServer(lambda each, second: cases["1.5"].script(each), lambda: NOW)
        await server.start()
        for canary in (one, other):
            server.expect(canary)
        answers = await talk(server, REQUEST, REQUEST.replace(b"sk-a", b"sk-b"), REQUEST)
        answers += await talk(server, REQUEST.replace(b"sk-a", b"sk-b"), REQUEST.replace(b"sk-a", b"sk-c"))
        await server.stop()
        return answers

    answers = virtually(whole())
    assert [answer[9:12] for answer in answers] == [b"429", b"429", b"200", b"200", b"200"]
    assert [answer.partition(b"canary-")[2][:1] for answer in answers[2:]] == [b"a", b"b", b"a"]


def test_whatever_stands_before_v1_is_kept_in_the_log_and_served(serve, make_case) -> None:
    """Base URLs have prefixes and queries of gateways."""
    canary = Canary.new()
    (answered,), log = serve(make_case(), canary, REQUEST.replace(b" /v1/", b" /gw/team-a/v1/"))
    assert canary.text.encode() in answered
    assert log.exchanges[0].path == "/gw/team-a/v1/chat/completions"


def test_a_second_server_is_another_origin_with_a_log_of_its_own(virtually, make_case) -> None:
    """The first may name it."""
    case = make_case(serve=[{"status": 307, "headers": {"location": "{second}/v1/x"}}], second=[{"status": 418}])

    async def whole():
        server = CaseServer(
            lambda each, second: case.script(each, 0, {"second": second}),
            lambda: NOW,
            second=lambda each, _: case.second_script(each),
        )
        await server.start()
        server.expect(Canary("sk-a", "canary-a"))
        (redirected,) = await talk(server, REQUEST)
        (followed,) = await talk(server.second, REQUEST)
        await server.stop()
        return redirected, followed, server

    redirected, followed, server = virtually(whole())
    assert f"location: {server.second.origin}/v1/x".encode() in redirected
    assert followed.startswith(b"HTTP/1.1 418")
    assert (len(server.log.exchanges), len(server.second.log.exchanges)) == (1, 1)


def test_a_case_has_no_organizations_of_its_own(serve, cases) -> None:
    """Whatever a client names is let in and written down: the case is about what it sends."""
    claiming = REQUEST.replace(b"Host: x", b"Host: x\r\nOpenAI-Organization: org-x\r\nOpenAI-Project: proj_x")
    (answered,), log = serve(cases["14.8"].variants[0], Canary.new(), claiming)
    assert answered.startswith(b"HTTP/1.1 200 OK")
    assert log.exchanges[0].header("openai-organization") == "org-x"


def test_a_second_server_answers_who_brings_no_key(virtually, cases) -> None:
    """A picture is fetched without one; the first server lets nobody in like that."""
    bare = REQUEST.replace(b"Authorization: Bearer sk-a\r\n", b"")

    async def whole() -> list[bytes]:
        case = cases["3.11"]
        server = CaseServer(
            lambda each, _: case.script(each), lambda: NOW, second=lambda each, _: case.second_script(each)
        )
        await server.start()
        server.expect(Canary.new())
        assert server.second is not None
        try:
            return [*await talk(server, bare), *await talk(server.second, bare)]
        finally:
            await server.stop()

    first, second = virtually(whole())
    assert first.startswith(b"HTTP/1.1 401")
    assert second.startswith(b"HTTP/1.1 200")
