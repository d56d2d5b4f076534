# SPDX-License-Identifier: MIT
"""The three ways to a live page over real HTTP, as a program that is not a browser uses them."""

import gzip
import http.client
import json
import urllib.request
import zlib
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from tests.browser.chat_page import ChatApp
from tests.fakes.chat_app import Application

JSON = {"accept": "application/json"}


@pytest.fixture
def client() -> Iterator[TestClient]:
    with TestClient(Application()) as client:
        yield client


@pytest.fixture(scope="module")
def app() -> Iterator[ChatApp]:
    app = ChatApp().start()
    yield app
    app.kill()


def begin(client: TestClient, **script: Any) -> str:
    return f"chat:srv_one:{client.post('/script', json=script).json()['session']}"


def records(text: str) -> list[Any]:
    return [json.loads(line) for line in text.splitlines()]


def test_a_poll_gives_the_boot_and_the_page_anew_to_a_stranger(client: TestClient) -> None:
    topic = begin(client, title="One")
    answer = client.post("/live/poll", json={"topic": topic})
    assert answer.headers["content-type"] == "application/x-ndjson"
    (seq, [hello]), (_, [[name, key, html]]) = records(answer.text)
    assert (hello[0], name, key) == ("hello", "morph", "live")
    assert ">One</h1>" in html
    now = client.post("/live/poll", json={"topic": topic, "cursor": f"{hello[1]}.{seq}", "now": True})
    assert records(now.text) == [[seq, [hello]]], "nothing new"


@pytest.mark.parametrize("body", [b"", b"[1", b"[]", b"{}", b'{"topic": 1}', b'{"topic": "chat:a:b", "cursor": 7}'])
def test_a_wish_that_cannot_be_used(client: TestClient, body: bytes) -> None:
    for path in ("/live", "/live/poll"):
        answer = client.post(path, content=body, headers=JSON)
        assert answer.status_code == 400
        assert answer.json()["code"] == "live-request-unusable"


@pytest.mark.parametrize(
    ("topic", "code"),
    [("weather", "unknown-topic"), ("chat:srv_one", "unknown-topic"), ("chat:srv_one:ses_none", "session-not-found")],
)
def test_a_topic_that_is_not_there(client: TestClient, topic: str, code: str) -> None:
    answer = client.post("/live", json={"topic": topic}, headers=JSON)
    assert (answer.status_code, answer.json()["code"]) == (404, code)
    with client.websocket_connect("/live/ws") as socket:
        socket.send_json({"topic": topic})
        with pytest.raises(WebSocketDisconnect) as ended:
            socket.receive_text()
    assert (ended.value.code, ended.value.reason) == (4404, code)


def test_a_websocket_gets_the_same_frames(client: TestClient) -> None:
    topic = begin(client, title="One")
    with client.websocket_connect("/live/ws") as socket:
        socket.send_json({"topic": topic, "cursor": None})
        first = records(socket.receive_text())
        assert [op[0] for _, ops in first for op in ops] == ["hello", "morph"]
        steps = [{"do": "user", "text": "Hello you"}]
        client.post("/script", json={"session": topic.rpartition(":")[2], "steps": steps})
        (frame,) = records(socket.receive_text())
        assert frame[0] == first[-1][0] + 1
        assert "Hello you" in json.dumps(frame)


def test_a_websocket_that_says_nothing_useful_is_closed(client: TestClient) -> None:
    with client.websocket_connect("/live/ws") as socket:
        socket.send_text("what?")
        with pytest.raises(WebSocketDisconnect) as ended:
            socket.receive_text()
    assert ended.value.code == 4404


def test_the_probe_sends_three_records(client: TestClient) -> None:
    assert client.post("/live/probe").text == "[0]\n[1]\n[2]\n"


@pytest.mark.parametrize("packed", [True, False])
def test_the_stream_over_a_real_socket(app: ChatApp, packed: bool) -> None:
    """A raw client, so that each piece is seen as it comes."""
    session = app.tell(title="Stream")
    connection = http.client.HTTPConnection("127.0.0.1", app.port, timeout=30)
    headers = {"content-type": "application/json", **({"accept-encoding": "gzip"} if packed else {})}
    connection.request("POST", "/live", json.dumps({"topic": f"chat:srv_one:{session}"}), headers)
    answer = connection.getresponse()
    assert answer.getheader("content-encoding") == ("gzip" if packed else None)
    assert answer.getheader("cache-control") == "no-store, no-transform"
    assert answer.getheader("content-length") is None
    unpack = zlib.decompressobj(31)

    def until(words: str) -> str:
        text = ""
        while words not in text:
            piece = answer.read1()
            assert piece, "it ended"
            text += (unpack.decompress(piece) if packed else piece).decode()
        return text

    assert '"hello"' in until("</h1>")
    for word in ("first", "second"):
        app.tell(session=session, steps=[{"do": "user", "text": f"the {word}"}])
        assert word in until(f"the {word}")
    connection.close()
    app.tell(session=session, steps=[{"do": "user", "text": "nobody is there"}])


def test_a_page_crosses_the_wire_packed_and_small(app: ChatApp) -> None:
    session = app.tell(title="Small")
    request = urllib.request.Request(app.address(session), headers={"accept-encoding": "gzip"})
    with urllib.request.urlopen(request) as answer:
        body = answer.read()
    assert b"data-topic" in gzip.decompress(body)
    assert len(body) < 6000
