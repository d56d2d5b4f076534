# SPDX-License-Identifier: MIT
"""A folder whose chats OpenCode cannot list is named on each page that would list them."""

import pytest
from starlette.testclient import TestClient

from tests.fakes.chat_app import Application
from tests.fakes.chat_records import SERVER


def test_a_folder_whose_chats_are_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    app = Application()
    monkeypatch.setattr(app.hub.chat, "unlisted", lambda server_id: {"/home/ada/<shop>": "It is broken."})
    said = "The chats in /home/ada/&lt;shop&gt; are not listed. It is broken."
    with TestClient(app) as client:
        assert said in client.get(f"/chat/{SERVER}").text
        session = client.post("/script", json={"title": "One"}).json()["session"]
        assert said in client.get(f"/chat/{SERVER}/{session}").text
        assert said in client.get(f"/chat/{SERVER}/all").text
