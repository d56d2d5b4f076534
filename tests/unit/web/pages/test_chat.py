# SPDX-License-Identifier: MIT
"""The chat's pages and forms, with and without script, over scripted sessions."""

import re
from collections.abc import Iterator
from typing import Any, cast

import pytest
from starlette.testclient import TestClient

from opencode_nexus.chat.errors import AgentUnknown, ProviderInvalid, ServerNotRunning, SessionNotFound
from opencode_nexus.core.errors import NexusError
from opencode_nexus.opencode.errors import OpenCodeUnreachable
from opencode_nexus.opencode.state import Question
from opencode_nexus.web.chat_choices import forget
from opencode_nexus.web.pages.chat import ALL_PAGE
from tests.fakes.chat_app import Application
from tests.fakes.chat_records import SERVER, Model

LIVE = {"x-nexus": "live", "accept": "application/json"}


@pytest.fixture
def app() -> Application:
    return Application()


@pytest.fixture
def client(app: Application) -> Iterator[TestClient]:
    with TestClient(app, follow_redirects=False) as client:
        yield client


def begin(client: TestClient, **script: Any) -> str:
    session = client.post("/script", json={"title": "One", **script}).json()["session"]
    return f"/chat/{SERVER}/{session}"


def test_the_way_in_leads_to_the_newest_chat(client: TestClient) -> None:
    assert client.get("/chat").headers["location"] == f"/chat/{SERVER}"
    begin(client)
    first = client.get(f"/chat/{SERVER}?said=key").headers["location"]
    assert first.startswith(f"/chat/{SERVER}/ses_")
    assert first.endswith("?said=key")
    assert "The key was saved." in client.get(first).text
    assert client.get(f"/chat/{SERVER}?said=nonsense").headers["location"] == first.partition("?")[0]


def test_where_there_is_no_chat_a_form_makes_one_and_looking_makes_none(client: TestClient, app: Application) -> None:
    page = client.get(f"/chat/{SERVER}?said=key")
    assert page.status_code == 200
    assert "The key was saved." in page.text
    assert app.hub.chat.sessions_ == {}
    assert f'method="post" action="/chat/{SERVER}/new"' in page.text
    assert client.post(f"/chat/{SERVER}/new").headers["location"].startswith(f"/chat/{SERVER}/ses_")
    assert len(app.hub.chat.sessions_) == 1


def test_with_several_folders_a_new_chat_asks_in_which_one(client: TestClient, app: Application) -> None:
    path = begin(client)
    assert f'method="post" action="/chat/{SERVER}/new"' in client.get(path).text
    app.hub.fleet.projects = ("/home/ada/shop", "/home/ada/site")
    path = begin(client)
    assert f'href="/chat/{SERVER}/new"' in client.get(path).text
    page = client.get(f"/chat/{SERVER}/new")
    assert "<option>/home/ada/site</option>" in page.text
    assert "There is no chat" not in page.text
    made = client.post(f"/chat/{SERVER}/new", data={"project": "/home/ada/site"}).headers["location"]
    assert app.hub.chat.sessions_[made.rpartition("/")[2]].state.directory == "/home/ada/site"


def test_every_chat_can_be_reached_however_many_there_are(client: TestClient, app: Application) -> None:
    path = begin(client)
    for number in range(ALL_PAGE + 20):
        app.hub.chat.make(f"Chat {number}")
    assert f'The 60 newest chats. <a href="/chat/{SERVER}/all"' in client.get(path).text
    page = client.get(f"/chat/{SERVER}/all")
    assert page.text.count('class="go"') == ALL_PAGE
    older = re.search(r'href="([^"]+)">Older chats', page.text)
    assert older is not None
    page = client.get(older[1])
    assert page.text.count('class="go"') == 21
    assert f'href="{path}"' in page.text
    assert "Older chats" not in page.text
    app.hub.fleet.state = "stopped"
    assert "is not running" in client.get(f"/chat/{SERVER}/new").text


def test_a_page_holds_the_conversation_the_list_and_the_composer(client: TestClient) -> None:
    other = begin(client, title="Another <one>")
    path = begin(client, steps=[{"do": "user", "text": "<Hello>"}])
    page = client.get(path)
    assert page.status_code == 200
    assert "&lt;Hello&gt;" in page.text
    assert f'href="{other}"' in page.text
    assert "Another &lt;one&gt;" in page.text
    assert f'action="{path}"' in page.text
    assert "Practice model" in page.text


def test_a_chat_that_is_not_there(client: TestClient) -> None:
    page = client.get(f"/chat/{SERVER}/ses_none")
    assert page.status_code == 404
    assert "There is no such session" in page.text


def test_sending_without_and_with_script(client: TestClient, app: Application) -> None:
    path = begin(client)
    plain = client.post(path, data={"text": "one", "model": "a/b"})
    assert (plain.status_code, plain.headers["location"]) == (303, path)
    live = client.post(path, data={"text": "two"}, headers=LIVE)
    assert (live.status_code, live.json()["taken"]) == (200, "sent")
    state = app.hub.chat.sessions_[path.rpartition("/")[2]].state
    said = [part.text for message in state.messages.values() for part in message.parts.values()]
    assert said == ["one", "two"]


def test_what_cannot_be_sent_is_kept_and_told(client: TestClient) -> None:
    path = begin(client)
    plain = client.post(path, data={"text": "  "})
    assert plain.status_code == 400
    assert "The message is empty." in plain.text
    live = client.post(path, data={"text": ""}, headers=LIVE)
    assert (live.status_code, live.json()["code"]) == (400, "message-empty")


def test_a_message_that_is_refused_stays_in_the_form(
    client: TestClient, app: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(*words: Any) -> None:
        raise AgentUnknown("Asked for: 'nope'. There is: build.")

    path = begin(client)
    monkeypatch.setattr(app.hub.chat, "send", refuse)
    form = {"text": "Long <thoughts>", "agent": "nope"}
    plain = client.post(path, data=form)
    assert plain.status_code == 400
    assert "Long &lt;thoughts&gt;</textarea>" in plain.text
    for words in ("does not have that agent", "There is: build.", "Choose an agent of the list"):
        assert words in plain.text
    live = client.post(path, data=form, headers=LIVE)  # the script leaves the field as it is
    assert (live.status_code, live.json()["code"]) == (400, "agent-unknown")


@pytest.mark.parametrize("error", [ServerNotRunning, OpenCodeUnreachable, SessionNotFound])
def test_a_message_to_a_server_that_is_down_stays_on_the_page_that_says_so(
    client: TestClient, app: Application, monkeypatch: pytest.MonkeyPatch, error: type[NexusError]
) -> None:
    async def refuse(*words: Any) -> Any:
        raise error

    path = begin(client)
    form = {"text": "Long <thoughts>", "model": "anthropic/claude-sonnet", "agent": "plan"}
    with monkeypatch.context() as down:
        for method in ("send", "conversation", "sessions", "models", "agents"):
            down.setattr(app.hub.chat, method, refuse)
        app.hub.fleet.state = "stopped"
        page = client.post(path, data=form)
    assert page.status_code == error.status
    assert error.title in page.text
    inside = page.text.partition(f'action="{path}"')[2].partition("</form>")[0]
    assert "Long &lt;thoughts&gt;</textarea>" in inside
    assert 'name="model" value="anthropic/claude-sonnet"' in inside
    assert 'name="start" value="1"' in inside
    assert "refresh" not in page.headers, "a page that holds a text does not reload by itself"
    # its button starts the server, and sends
    again = client.post(path, data={**form, "start": "1"})
    assert (again.status_code, again.headers["location"]) == (303, path)
    assert app.hub.fleet.state == "running"
    assert "Long &lt;thoughts&gt;" in client.get(path).text


@pytest.mark.parametrize(
    ("form", "method", "typed"),
    [
        ("key", "set_key", {"provider": "open/ai"}),
        ("compatible", "add_compatible", {"name": "Mine", "address": "htp:x", "models": "a, b"}),
    ],
)
def test_a_model_that_cannot_be_added_is_told_in_the_form_with_what_was_typed(
    client: TestClient, app: Application, monkeypatch: pytest.MonkeyPatch, form: str, method: str, typed: dict[str, str]
) -> None:
    async def refuse(*words: Any) -> None:
        raise ProviderInvalid("It is none.")

    app.hub.chat.models_ = []
    path = begin(client)
    monkeypatch.setattr(app.hub.chat, method, refuse, raising=False)
    assert f'name="session" value="{path.rpartition("/")[2]}"' in client.get(path).text
    given = {"session": path.rpartition("/")[2], "key": "sk-secret", **typed}
    plain = client.post(f"/chat/{SERVER}/{form}", data=given)
    assert plain.status_code == 400
    inside = plain.text.partition(f'action="/chat/{SERVER}/{form}"')[2].partition("</form>")[0]
    assert "That provider cannot be used as it was entered. It is none." in inside
    for value in typed.values():
        assert f'value="{value}"' in inside
    assert "sk-secret" not in plain.text
    assert plain.text.count("form-error") == 1
    live = client.post(f"/chat/{SERVER}/{form}", data=given, headers=LIVE)
    assert (live.status_code, live.json()["code"]) == (400, "provider-invalid")


def test_stop_says_what_it_did(client: TestClient) -> None:
    path = begin(client, steps=[{"do": "busy"}])
    assert client.post(path + "/abort", headers=LIVE).json() == {
        "say": "Stopped this chat. What the agent said before is kept."
    }
    assert "Stopped this chat." in client.get(path).text
    plain = client.post(path + "/abort")
    assert plain.headers["location"] == path
    assert "Nothing was running" in client.get(path).text
    assert client.post(path + "/notice").headers["location"] == path
    assert "Nothing was running" not in client.get(path).text


def test_a_permission_takes_only_its_answers(client: TestClient, app: Application) -> None:
    ask = {"do": "permission", "kind": "bash", "patterns": ["ls"], "metadata": {"command": "ls"}}
    path = begin(client, steps=[ask])
    (request_id,) = app.hub.chat.sessions_[path.rpartition("/")[2]].state.permissions
    wrong = client.post(f"{path}/permission/{request_id}", data={"reply": "perhaps"}, headers=LIVE)
    assert (wrong.status_code, wrong.json()["code"]) == (400, "reply-unknown")
    assert client.post(f"{path}/permission/{request_id}", data={"reply": "once"}).status_code == 303
    assert not app.hub.chat.sessions_[path.rpartition("/")[2]].state.permissions


def test_what_opencode_did_not_take_is_sent_again_or_dropped(client: TestClient, app: Application) -> None:
    path = begin(client, steps=[{"do": "untaken", "text": text} for text in ("keep <it>", "drop it")])
    state = app.hub.chat.sessions_[path.rpartition("/")[2]].state
    shown = client.get(path).text
    first, second = (f"{path}/sent/{item.id}" for item in state.untaken)
    assert f'action="{first}"' in shown
    assert "keep &lt;it&gt;" in shown
    assert "Nothing said yet" not in shown
    wrong = client.post(first, data={"do": "perhaps"}, headers=LIVE)
    assert (wrong.status_code, wrong.json()["code"]) == (400, "reply-unknown")
    plain = client.post(first, data={"do": "again"})
    assert (plain.status_code, plain.headers["location"]) == (303, path)
    assert client.post(second, data={"do": "drop"}, headers=LIVE).status_code == 204
    assert state.untaken == []
    assert [part.text for item in state.messages.values() for part in item.parts.values()] == ["keep <it>"]
    for do in ("again", "drop"):
        late = client.post(first, data={"do": do}, headers=LIVE)
        assert (late.status_code, late.json()["code"]) == (404, "sent-unknown")


def test_a_question_takes_options_and_own_words(
    client: TestClient, app: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = begin(client)
    state = app.hub.chat.sessions_[path.rpartition("/")[2]].state
    asked = ({"question": "A?", "options": [{"label": "x"}]}, {"question": "B?", "options": [], "multiple": True})
    state.questions["que_1"] = Question("que_1", state.id, asked)
    given: list[Any] = []

    async def reply(server_id: str, request_id: str, answers: Any) -> None:
        given.append((request_id, answers))

    monkeypatch.setattr(app.hub.chat, "reply_question", reply)
    form = {"reply": "answer", "q0": "x", "own1": " mine "}
    assert client.post(path + "/question/que_1", data=form, headers=LIVE).status_code == 204
    nothing = client.post(path + "/question/que_1", data={"reply": "answer"}, headers=LIVE)
    assert nothing.json()["code"] == "reply-unknown"
    assert client.post(path + "/question/que_1", data={"reply": "dismiss"}, headers=LIVE).status_code == 204
    assert given == [("que_1", [["x"], ["mine"]]), ("que_1", None)]
    given.clear()
    both = {"reply": "answer", "q0": "x", "own0": "mine", "q1": ["y", "z"], "own1": "more"}
    assert client.post(path + "/question/que_1", data=both).status_code == 303
    assert given == [("que_1", [["mine"], ["y", "z", "more"]])], "one answer alone to the first"
    two = client.post(path + "/question/que_1", data={"reply": "answer", "q0": ["x", "w"]}, headers=LIVE)
    assert (two.status_code, two.json()["code"]) == (400, "reply-unknown")
    shown = client.get(path).text
    assert shown.count("Your own answer, instead of these") == 1 and shown.count('name="own') == 2


def test_a_question_that_takes_no_own_words_offers_no_field_for_them(client: TestClient, app: Application) -> None:
    path = begin(client)
    state = app.hub.chat.sessions_[path.rpartition("/")[2]].state
    asked = ({"question": "A?", "options": [{"label": "x"}], "custom": False},)
    state.questions["que_1"] = Question("que_1", state.id, asked)
    shown = client.get(path).text
    assert 'name="q0"' in shown and 'name="own0"' not in shown


def test_renaming_and_deleting(client: TestClient, app: Application) -> None:
    path = begin(client)
    assert "Enter a name for this chat." in client.post(path + "/edit", data={"title": " "}).text
    assert client.post(path + "/edit", data={"title": "Better"}).headers["location"] == path
    assert ">Better</h1>" in client.get(path).text
    assert "Delete “Better”?" in client.get(path + "/delete").text
    assert client.post(path + "/delete", headers=LIVE).json() == {"go": f"/chat/{SERVER}/deleted"}
    assert client.get(path).status_code == 404


def test_without_a_model_the_page_asks_for_one(client: TestClient, app: Application) -> None:
    app.hub.chat.models_ = []
    page = client.get(begin(client)).text
    assert "OpenCode has no model yet" in page
    assert f'action="/chat/{SERVER}/key"' in page
    assert 'id="composer"' not in page


FREE = Model("opencode/big-pickle", "Big Pickle", "OpenCode Zen", False, "opencode.ai")


def forms(page: str) -> tuple[str, str]:
    """The composer, and the tag of the fold that holds the forms for keys and addresses."""
    composer, _, rest = page.partition('class="composer"')[2].partition("</form>")
    return composer, rest.partition("<details")[2].partition(">")[0]


def test_a_key_can_be_entered_whatever_models_there_are(client: TestClient, app: Application) -> None:
    for offered in ([FREE], app.hub.chat.models_, app.hub.chat.models_[1:], []):
        app.hub.chat.models_ = offered
        forget(cast("Any", app.hub))
        page = client.get(begin(client)).text
        for form in ("key", "compatible"):
            assert f'action="/chat/{SERVER}/{form}"' in page, offered
        open_now = " open" in page.partition('<details class="fold keys"')[2].partition(">")[0]
        assert open_now == (offered in ([FREE], [])), "open only while nothing can be used that a person chose"


def test_nothing_goes_to_a_third_party_before_a_person_chose_it(client: TestClient, app: Application) -> None:
    app.hub.chat.models_ = [FREE]
    path = begin(client)
    composer, fold = forms(client.get(path).text)
    assert '<option value="" selected>Choose a model</option>' in composer
    assert '<select id="model" name="model" required' in composer
    assert "goes to opencode.ai" in composer, "said before the first message"
    assert " open" in fold
    refused = client.post(path, data={"text": "Hello", "model": ""})
    assert refused.status_code == 400
    assert "None was chosen." in refused.text
    assert "Hello</textarea>" in refused.text
    # chosen once, it is chosen in the next chat too
    assert client.post(path, data={"text": "Hello", "model": FREE.id}).status_code == 303
    composer, fold = forms(client.get(begin(client)).text)
    assert f'<option value="{FREE.id}" data-keyless selected>' in composer
    assert "Choose a model" not in composer
    assert "goes to opencode.ai" in composer
    assert " open" not in fold
    # a model with a key, or of one's own, comes first
    app.hub.chat.models_ = [Model("mine/m", "Mine", "Mine", False), FREE]
    forget(cast("Any", app.hub))
    composer, fold = forms(client.get(begin(client)).text)
    assert '<option value="mine/m" selected>' in composer
    assert " open" not in fold


def test_a_saved_key_leads_back_to_the_chat_it_was_entered_in(
    client: TestClient, app: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def take(*words: Any) -> None:
        pass

    monkeypatch.setattr(app.hub.chat, "set_key", take, raising=False)
    path = begin(client)
    begin(client)
    given = {"session": path.rpartition("/")[2], "provider": "openai", "key": "sk-x"}
    assert client.post(f"/chat/{SERVER}/key", data=given).headers["location"] == path + "?said=key"


def test_models_and_the_default_are_those_of_the_sessions_folder(client: TestClient, app: Application) -> None:
    app.hub.chat.folders["/home/ada/other"] = [Model("own/only", "Only here", "Own", False)]
    here = client.get(begin(client)).text
    there = client.get(f"/chat/{SERVER}/{app.hub.chat.make('There', '/home/ada/other')}").text
    assert "Only here" not in here
    assert '<option value="own/only" selected>Only here</option>' in there
    assert "Claude Sonnet" in there


def test_a_server_that_does_not_run(client: TestClient, app: Application, monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuse(server_id: str, session_id: str) -> Any:
        raise ServerNotRunning

    monkeypatch.setattr(app.hub.chat, "conversation", refuse)
    page = client.get(f"/chat/{SERVER}/ses_x")
    assert "This machine is not running" in page.text
    assert f'value="/chat/{SERVER}/ses_x"' in page.text, "starting it leads back here"


def test_one_part_whole(client: TestClient, app: Application) -> None:
    output = "\n".join(f"line {n}" for n in range(500))
    state = {"status": "completed", "input": {"command": "x"}, "output": output}
    path = begin(client, steps=[{"do": "begin"}, {"do": "tool", "tool": "bash", "state": state}])
    page = client.get(path).text
    assert "line 0\n" not in page
    assert "line 499" in page
    address = page.partition("data-show")[0].rpartition('href="')[2].partition('"')[0]
    assert output in client.get(address).text
    missing = client.get(address.replace("prt_", "prt_x"), headers={"accept": "application/json"})
    assert (missing.status_code, missing.json()["code"]) == (404, "part-not-found")
