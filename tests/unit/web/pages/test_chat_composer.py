# SPDX-License-Identifier: MIT
"""The composer's routes, over a stand-in chat."""

from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.fakes.chat_app import Application
from tests.fakes.chat_records import SERVER

LIVE = {"x-nexus": "live", "accept": "application/json"}


@pytest.fixture
def client() -> Iterator[TestClient]:
    with TestClient(Application(), follow_redirects=False) as client:
        yield client


def begin(client: TestClient) -> str:
    return f"/chat/{SERVER}/{client.post('/script', json={'title': 'One'}).json()['session']}"


def draft(client: TestClient, path: str, **data: Any) -> tuple[int, dict[str, Any]]:
    answer = client.post(path + "/draft", data=data, headers=LIVE)
    return answer.status_code, answer.json()


def test_a_draft_is_kept_shown_refused_when_another_is_newer_and_gone_when_taken(client: TestClient) -> None:
    path = begin(client)
    assert client.get(path + "/draft").json() == {"text": "", "version": 0, "chips": []}
    assert draft(client, path, text="half <a> thought", version="0") == (200, {"kept": True, "version": 1})
    page = client.get(path).text
    assert 'data-version="1"' in page
    assert "half &lt;a&gt; thought</textarea>" in page
    other = (200, {"kept": False, "version": 1, "text": "half <a> thought"})
    assert draft(client, path, text="from elsewhere", version="0") == other
    told = client.post(path, data={"text": "half <a> thought!", "version": "1"}, headers=LIVE).json()
    assert (told["taken"], told["version"]) == ("sent", 2)
    assert client.get(path + "/draft").json()["text"] == ""


@pytest.mark.parametrize("version", ["", "-1", "1e9", "²", "9" * 40])
def test_a_draft_of_no_version_is_refused(client: TestClient, version: str) -> None:
    status, told = draft(client, begin(client), text="x", version=version)
    assert (status, told["code"]) == (400, "draft-broken")


def test_what_is_picked_with_a_draft_is_picked_on_the_next_page(client: TestClient) -> None:
    path = begin(client)
    draft(client, path, text="", version="0", model="practice/practice", agent="plan")
    page = client.get(path).text
    assert '<option value="practice/practice" data-practice selected>' in page
    assert '<option value="plan" selected>' in page


def test_each_page_has_a_key_of_its_own_and_each_answer_the_next_one(client: TestClient) -> None:
    path = begin(client)
    keys = {client.get(path).text.partition('name="key" value="')[2].partition('"')[0] for _ in range(2)}
    keys.add(client.post(path, data={"text": "x"}, headers=LIVE).json()["key"])
    assert len(keys) == 3
    assert all(len(key) >= 20 for key in keys)


def test_what_waits_takes_only_its_answers(client: TestClient) -> None:
    path = begin(client)
    told = client.post(path + "/queue/que_1", data={"do": "dance"}, headers=LIVE)
    assert (told.status_code, told.json()["code"]) == (400, "reply-unknown")
    told = client.post(path + "/queue/que_1", data={"do": "save", "text": " "}, headers=LIVE)
    assert (told.status_code, told.json()["code"]) == (400, "message-empty")


def test_what_is_too_much_to_send_stays_in_the_form_with_the_limit(client: TestClient) -> None:
    """Without a script the text was lost: the form could not be read, and its page was left."""
    path = begin(client)
    many = [("files", (f"{number}.txt", b"x")) for number in range(21)]
    page = client.post(path, data={"text": "what <I> wrote", "model": "practice/practice"}, files=many)
    assert page.status_code == 413
    assert "At most 20 files go at once, and 21 were chosen." in page.text
    assert "what &lt;I&gt; wrote</textarea>" in page.text
    long = "y" * (4 * 1024 * 1024 + 1)
    page = client.post(path, data={"text": long}, files=[("files", ("", b""))])
    assert page.status_code == 413
    assert "A message takes at most 4 MiB of text" in page.text and f"{long}</textarea>" in page.text
    live = client.post(path, data={"text": "x"}, files=many, headers=LIVE)
    assert (live.status_code, live.json()["code"]) == (413, "body-too-large")


def test_a_text_too_long_for_a_draft_stays_in_the_page_when_a_file_is_removed(client: TestClient) -> None:
    path = begin(client)
    long = "y" * 1_000_001
    page = client.post(path + "/attached/att_1/remove", data={"text": long}, files=[("files", ("", b""))])
    assert page.status_code == 413
    assert "The file is removed." in page.text and f"{long}</textarea>" in page.text
    assert client.post(path + "/attached/att_1/remove", data={"text": "short"}).status_code == 303
    assert "short</textarea>" in client.get(path).text
