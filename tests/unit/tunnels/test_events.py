# SPDX-License-Identifier: MIT
"""Lines of the genuine cloudflared's log, as it wrote them, and what they are taken to say."""

import json
from pathlib import Path

import pytest

from opencode_nexus.tunnels.events import Event, parse, read, too_old

RECORDED = Path(__file__).parents[2] / "fakes" / "recorded" / "cloudflared.tsv"  # of 2026.6.0: "<says>\t<line>"
LINES = [tuple(line.split("\t", 1)) for line in RECORDED.read_text("utf-8").splitlines()]


@pytest.mark.parametrize(("says", "line"), LINES)
def test_a_recorded_line(says: str, line: str) -> None:
    event = read(line)
    assert (f"{event.kind} {event.text}".strip() if event else "nothing") == says


def test_both_ways_of_writing_tell_the_same() -> None:
    pairs = [read(line) for says, line in LINES if says.startswith("registered")]
    for event in pairs:
        assert event is not None
        assert {name: event.data[name] for name in ("connIndex", "location", "protocol", "ip")} == {
            "connIndex": "0", "location": "lhr01", "protocol": "http2", "ip": "127.0.0.1",
        }  # fmt: skip


def test_the_checksum_stands_beside_the_version() -> None:
    found = read("2026-11-28T13:05:30Z INF Version 2026.8.2 (Checksum " + "a" * 64 + ")")
    assert found == Event("version", "2026.8.2", {"checksum": "a" * 64})
    assert read("2026-11-28T13:05:30Z INF Version 2026.8.2") == Event("version", "2026.8.2", {"checksum": ""})


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        # read in the source of newer releases, or said by others of them; not recorded
        ("quick tunnel provisioning failed with status 429: error code: 1015", "limited"),
        ("quick tunnel provisioning failed with status 500: oh no", "unserved"),
        ('failed to request quick Tunnel: Post "https://api.trycloudflare.com/tunnel": dial tcp: lookup', "offline"),
        ("2026-11-28T13:05:30Z ERR Failed to dial a quic connection error=\"timeout\" connIndex=0", "unreachable"),
        ("Incorrect Usage: flag provided but not defined: -brand-new", "usage"),
        ("\x1b[9m2026-11-28T13:05:30Z\x1b[0m \x1b[2mINF\x1b[0m Starting metrics server on [::1]:1/metrics", "metrics"),
        ("{not json", None),
        ("", None),
    ],
)  # fmt: skip
def test_other_lines(line: str, kind: str | None) -> None:
    event = read(line)
    assert (event.kind if event else None) == kind


SAID = "Unable to reach the origin service. The service may be down or it may not be responding to traffic: "


@pytest.mark.parametrize(
    ("cause", "down"),
    [
        ("dial tcp 127.0.0.1:4700: connect: connection refused", True),
        ("dial tcp 127.0.0.1:4700: i/o timeout", True),
        ("dial unix /home/x/tunnel.sock: connect: no such file or directory", True),
        ("dial tcp 127.0.0.1:4700: operation was canceled", False),  # the visitor went while it was connecting
        ("context canceled", False),
        ("readfrom unix @->/x/tunnel.sock: request declared a Content-Length of 900 but only wrote 3 bytes", False),
        ("write tcp 127.0.0.1:1->127.0.0.1:4700: use of closed network connection", False),
        ("http: no Host in request URL", False),
        ("EOF", False),  # a connection that came about has ended: the next request finds out whether the hub is down
    ],
)
def test_only_a_connection_that_fails_means_that_the_hub_is_down(cause: str, down: bool) -> None:
    event = read(json.dumps({"level": "error", "error": SAID + cause, "originService": "http://127.0.0.1:4700"}))
    assert event == (Event("origin", SAID + cause, event.data) if down and event else None)
    text = read(f'2026-11-28T13:05:27Z ERR  error="{SAID}{cause}" connIndex=0')  # as older ones write
    assert (text is not None and text.kind == "origin") == down


def test_the_address_of_the_service_is_not_the_tunnels() -> None:
    assert read("2026-11-28T13:05:30Z INF |  see https://api.trycloudflare.com for more  |") is None


def test_a_line_is_taken_apart() -> None:
    message, data = parse('2026-11-28T13:05:30Z ERR Serve tunnel error error="a \\"b\\" c" connIndex=2 event=0')
    assert message == "Serve tunnel error"
    assert (data["error"], data["connIndex"], data["level"]) == ('a "b" c', "2", "ERR")


def test_what_means_too_old() -> None:
    assert too_old("your cloudflared version is too old")
    assert not too_old("please come back later")
