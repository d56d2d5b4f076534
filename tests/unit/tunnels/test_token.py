# SPDX-License-Identifier: MIT
"""Tokens and credentials files are checked before they are used, and never shown."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from opencode_nexus.tunnels.errors import BadTunnel, BadTunnelToken
from opencode_nexus.tunnels.token import parse_token, read_credentials

UUID = "b0a1f4a4-6c1e-4d0e-9c8f-1f2e3d4c5b6a"
KEY = base64.b64encode(b"k" * 32).decode()
RIGHT = {"a": "4f" * 16, "t": UUID, "s": KEY}


def token(**changed: Any) -> str:
    return base64.b64encode(json.dumps({**RIGHT, **changed}).encode()).decode()


def test_what_people_paste() -> None:
    for text in (
        token(),
        f"  {token()}\n",
        f"sudo cloudflared service install {token()}",
        f"cloudflared tunnel --no-autoupdate run --token {token()} ",
        token().rstrip("="),
        token(e="eu"),
    ):
        found = parse_token(text)
        assert (found.account, found.tunnel_id, found.secret.reveal()) == ("4f" * 16, UUID, KEY)
        assert found.token.reveal() in text and KEY not in repr(found)


@pytest.mark.parametrize(
    "text",
    [
        "", "   ", "hello", "x" * 60, token()[:50], token(t="not an id"), token(s="short"), token(s="*" * 44),
        token(a=""), token(s=base64.b64encode(b"k" * 8).decode()), base64.b64encode(b"{" + b"x" * 40).decode(),
    ],
)  # fmt: skip
def test_what_is_no_token(text: str) -> None:
    with pytest.raises(BadTunnelToken) as caught:
        parse_token(text)
    assert caught.value.data == {"field": "token"}
    assert not text.strip() or text.strip() not in str(caught.value)


def test_a_credentials_file(tmp_path: Path) -> None:
    file = tmp_path / "c.json"
    file.write_text(json.dumps({"AccountTag": "4f" * 16, "TunnelID": UUID, "TunnelSecret": KEY, "Endpoint": ""}))
    found = read_credentials(str(file))
    assert (found.tunnel_id, found.secret.reveal()) == (UUID, KEY)
    assert parse_token(found.token.reveal()).secret == found.secret


@pytest.mark.parametrize(
    "content", [None, "", "[]", "{}", json.dumps({"AccountTag": "a", "TunnelID": "b", "TunnelSecret": "c"})]
)
def test_what_is_no_credentials_file(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "c.json"
    if content is not None:
        file.write_text(content)
    with pytest.raises(BadTunnel) as caught:
        read_credentials(str(file))
    assert caught.value.data == {"field": "credentials"} and str(file) in caught.value.detail
