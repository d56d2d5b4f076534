# SPDX-License-Identifier: MIT
"""The road over the API, with a real hub and a real OpenCode: what a program can do, and what it is told."""

import json
from pathlib import Path
from typing import Any

import httpx2
import psutil
import pytest
from prometheus_client.parser import text_string_to_metric_families

from opencode_nexus.chat.inbox.row import KINDS
from tests.e2e.road import Road, ok, text_of
from tests.fakes.hub import RealHub
from tests.fakes.real import Provider
from tests.leaks import remember


def script(*steps: list[dict[str, Any]]) -> str:
    return "#script " + json.dumps(list(steps))


def test_the_server_of_the_set_up_runs(road: Road, hub: RealHub) -> None:
    server = road.until(road.server, lambda found: found["state"] == "running")
    assert server["projects"] == [str(hub.project)]
    assert server["autostart"] is True
    assert server["version"] == "1.18.33"
    assert server["pid"] in {process.pid for process in hub.children()}
    with httpx2.Client(trust_env=False) as stranger:
        assert stranger.get(f"http://127.0.0.1:{server['port']}/global/health").status_code == 401


def test_status_and_setup(road: Road, hub: RealHub) -> None:
    status = ok(road.api.get("/status"))
    assert hub.process is not None
    assert (status["pid"], status["address"], status["setup_done"]) == (hub.process.pid, hub.url, True)
    assert (status["servers"], status["servers_running"]) == (1, 1)
    assert ok(road.api.get("/setup"))["done"] is True


def test_metrics_tell_what_is_so_to_a_token_for_them_alone(road: Road, hub: RealHub) -> None:
    done = hub.command("token", "create", "--name", "prometheus", "--scope", "metrics", "--json")
    bearer = {"authorization": f"Bearer {remember(json.loads(done.stdout)['token'])}"}
    server = road.until(road.server, lambda found: found["state"] == "running")
    with httpx2.Client(base_url=hub.url, trust_env=False) as prometheus:
        assert prometheus.get("metrics").status_code == 401
        assert prometheus.get("api/v1/status", headers=bearer).status_code == 403
        answer = prometheus.get("metrics", headers=bearer)
    assert answer.status_code == 200
    found = {
        (one.name.removeprefix("opencode_nexus_"), one.labels.get("state", one.labels.get("kind", ""))): one.value
        for family in text_string_to_metric_families(answer.text)
        for one in family.samples
    }
    states = {state: value for (name, state), value in found.items() if name == "server_state"}
    assert states == {"stopped": 0, "starting": 0, "running": 1, "stopping": 0, "failed": 0}
    assert found["server_up", ""] == 1
    assert {kind for name, kind in found if name == "inbox_rows"} == set(KINDS)
    assert hub.process is not None
    assert found["hub_memory_bytes", ""] == pytest.approx(psutil.Process(hub.process.pid).memory_info().rss, rel=0.2)
    tree = psutil.Process(server["pid"])
    assert found["server_processes", ""] == pytest.approx(1 + len(tree.children(recursive=True)), abs=3)


def test_a_turn_with_reasoning_tool_and_text(road: Road, provider: Provider) -> None:
    session = road.new_session("A turn")
    run = len(provider.lines())
    tool = {"tool": "bash", "args": {"command": "echo from the tool", "description": "Says it"}}
    said = [{"text": "word{i} ", "n": 40, "rate": 200}]
    road.say(session, script([{"reasoning": "Let me see. "}, tool], said))
    asked, first, second = road.until_idle(session)
    assert asked["role"] == "user"
    assert text_of(asked).startswith("#script ")
    assert text_of(first, "reasoning").strip() == "Let me see."
    (tool_part,) = [part for part in first["parts"] if part["type"] == "tool"]
    assert (tool_part["tool"], tool_part["state"]) == ("bash", "completed")
    assert tool_part["input"]["command"] == "echo from the tool"
    assert "from the tool" in tool_part["output"]
    assert text_of(second).strip() == "".join(f"word{i} " for i in range(40)).strip()
    assert (second["state"], second["error"], second["model"]) == ("done", None, "scripted/m1")
    assert len(provider.lines()) > run


def test_text_of_a_running_answer_is_there_before_its_end(road: Road, provider: Provider) -> None:
    session = road.new_session("Running")
    road.say(session, script([{"text": "before the gate "}, {"wait": "gate-1"}, {"text": "behind it"}]))

    def running() -> str:
        last = road.messages(session)[-1]
        return text_of(last) if last["role"] == "assistant" and last["state"] == "running" else ""

    # not an event of the hub's for each word: ask again at each heartbeat of OpenCode or change of state
    for _ in range(200):
        if "before the gate" in running():
            break
    else:
        pytest.fail("the words said so far never showed")
    assert road.session(session)["status"] == "busy"
    provider.release("gate-1")
    assert text_of(road.until_idle(session)[-1]) == "before the gate behind it"


@pytest.mark.parametrize("answer", ["once", "reject"])
def test_a_permission_is_answered_through_the_inbox(road: Road, hub: RealHub, answer: str) -> None:
    session = road.new_session(f"Permission {answer}")
    note = hub.project / f"note-{answer}.txt"
    tool = {"tool": "bash", "args": {"command": f"touch {note.name}", "description": "Makes a note"}}
    road.say(session, script([tool], [{"text": "went on"}]))

    def mine(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [item for item in items if item["session_id"] == session]

    (waiting,) = mine(road.until(road.inbox, mine))
    assert (waiting["kind"], waiting["server_id"]) == ("permission", road.server_id)
    assert note.name in json.dumps(waiting)
    assert ok(road.api.get(f"{road.base}/waiting"))["items"] == road.inbox()
    assert road.session(session)["waiting"] == 1
    assert not note.exists()
    ok(road.api.post(f"/inbox/{waiting['id']}/reply", json={"reply": answer}), 204)
    last = road.until_idle(session)[-1]
    assert session not in {item["session_id"] for item in road.inbox()}
    assert note.exists() is (answer == "once")
    assert ("went on" in text_of(last)) is (answer == "once")
    again = road.api.post(f"/inbox/{waiting['id']}/reply", json={"reply": answer})
    assert (again.status_code, again.json()["code"]) == (404, "not-waiting")


def test_a_question_is_answered_through_the_inbox(road: Road) -> None:
    session = road.new_session("Question")
    options = [{"label": "Blue", "description": "A colour"}, {"label": "Red", "description": "Another"}]
    question = {"question": "Which colour?", "header": "Colour", "options": options}
    road.say(session, script([{"tool": "question", "args": {"questions": [question]}}], [{"text": "thanks"}]))

    def mine(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [item for item in items if item["session_id"] == session]

    (waiting,) = mine(road.until(road.inbox, mine))
    assert waiting["kind"] == "question"
    unfit = road.api.post(f"/inbox/{waiting['id']}/reply", json={"reply": "once"})
    assert (unfit.status_code, unfit.json()["code"]) == (400, "reply-unfit")
    ok(road.api.post(f"/inbox/{waiting['id']}/reply", json={"answers": [["Blue"]]}), 204)
    messages = road.until_idle(session)
    assert "Blue" in json.dumps(messages)
    assert text_of(messages[-1]) == "thanks"


def test_abort_stops_the_answer_and_keeps_what_was_said(road: Road, provider: Provider) -> None:
    session = road.new_session("Abort")
    road.say(session, script([{"text": "first words "}, {"wait": "never"}, {"text": "never said"}]))
    road.until(lambda: road.session(session), lambda found: found["status"] == "busy")
    for _ in range(200):
        if "first words" in text_of(road.messages(session)[-1]):
            break
    assert ok(road.api.post(f"{road.base}/sessions/{session}/abort"))["aborted"] is True
    last = road.until_idle(session)[-1]
    assert text_of(last).strip() == "first words"
    assert last["state"] == "failed"
    assert "Abort" in last["error"]["name"]


def test_an_error_of_the_provider_is_told_as_it_gave_it(road: Road) -> None:
    session = road.new_session("Error")
    road.say(session, script([{"status": 400, "body": {"error": {"message": "no such luck"}}}]))
    last = road.until_idle(session)[-1]
    assert last["state"] == "failed"
    assert "no such luck" in last["error"]["message"]


def test_sessions_are_listed_renamed_and_deleted(road: Road) -> None:
    session = road.new_session("Before")
    assert ok(road.api.patch(f"{road.base}/sessions/{session}", json={"title": "After"}))["title"] == "After"
    listed = ok(road.api.get(f"{road.base}/sessions"))["items"]
    assert [found["title"] for found in listed if found["id"] == session] == ["After"]
    assert road.api.delete(f"{road.base}/sessions/{session}").status_code == 204
    assert road.api.get(f"{road.base}/sessions/{session}").status_code == 404
    assert session not in {found["id"] for found in ok(road.api.get(f"{road.base}/sessions"))["items"]}


def test_messages_are_paged_newest_last(road: Road) -> None:
    session = road.new_session("Pages")
    for number in range(3):
        road.say(session, script([{"text": f"answer {number}"}]))
        road.until_idle(session)
    everything = road.messages(session)
    assert len(everything) == 6
    pages: list[dict[str, Any]] = []
    before = None
    while True:
        params = {"limit": 4} if before is None else {"limit": 4, "before": before}
        page = ok(road.api.get(f"{road.base}/sessions/{session}/messages", params=params))
        pages = page["items"] + pages
        if (before := page["next"]) is None:
            break
    assert [message["id"] for message in pages] == [message["id"] for message in everything]
    assert [text_of(m) for m in everything if m["role"] == "assistant"] == [f"answer {n}" for n in range(3)]


def test_events_resume_where_the_reader_was(road: Road) -> None:
    with road.events(topics=["session"]) as events:
        hello = next(events)
        assert (hello.name, hello.data["resumed"]) == ("hello", False)
    session = road.new_session("While nobody followed")
    with road.events(last=hello.id, topics=["session"]) as events:
        again = next(events)
        assert (again.data["resumed"], again.id) == (True, hello.id)
        first = next(event for event in events if event.data["data"]["session_id"] == session)
        assert first.name == "session"
    boot, _, number = first.id.partition(".")
    for lost in (f"another.{number}", f"{boot}.{10**9}", "junk"):
        with road.events(last=lost) as events:
            assert next(events).data["resumed"] is False


def test_events_end_when_the_token_is_revoked(road: Road, hub: RealHub) -> None:
    made = ok(road.api.post("/tokens", json={"name": "short-lived", "scopes": ["read"]}), 201)
    headers = {"authorization": f"Bearer {made['token']}"}
    with httpx2.Client(base_url=hub.url + "api/v1", headers=headers, trust_env=False, timeout=60) as reader:
        assert reader.post("/servers", json={}).status_code == 403
        follower = Road(reader, road.server_id)
        with follower.events() as events:
            assert next(events).name == "hello"
            assert road.api.delete(f"/tokens/{made['id']}").status_code == 204
            road.new_session("Something happens")
            names = [event.name for event in events]
        assert "session" not in names
        assert reader.get("/servers").status_code == 401


def test_stop_start_and_restart(road: Road, hub: RealHub) -> None:
    before = road.server()
    stopped = ok(road.api.post(f"{road.base}/stop"))
    assert (stopped["state"], stopped["pid"], stopped["uptime"]) == ("stopped", None, None)
    assert before["pid"] not in {process.pid for process in hub.children()}
    refused = road.api.post(f"{road.base}/sessions", json={})
    assert refused.status_code in (409, 503)
    assert refused.json()["hint"]
    started = ok(road.api.post(f"{road.base}/start"))
    assert started["state"] == "running"
    assert started["pid"] != before["pid"]
    assert ok(road.api.post(f"{road.base}/restart"))["pid"] not in (before["pid"], started["pid"])
    session = road.new_session("After the restart")
    road.say(session, script([{"text": "still here"}]))
    assert text_of(road.until_idle(session)[-1]) == "still here"
    assert ok(road.api.get(f"{road.base}/logs", params={"lines": 5}))["items"]


def test_servers_and_projects_are_added_and_removed(road: Road, root: Path) -> None:
    one, two = root / "one", root / "two"
    one.mkdir()
    two.mkdir()
    made = ok(road.api.post("/servers", json={"name": "second", "projects": [str(one)], "autostart": False}), 201)
    assert made["state"] == "stopped"
    grown = ok(road.api.post(f"/servers/{made['id']}/projects", json={"folder": str(two)}), 201)
    assert grown["projects"] == [str(one), str(two)]
    missing = road.api.post("/servers", json={"name": "third", "projects": [str(root / "nowhere")]})
    assert missing.status_code == 400
    assert str(root / "nowhere") in missing.json()["detail"]
    assert road.api.delete(f"/servers/{made['id']}").status_code == 204
    assert [server["id"] for server in ok(road.api.get("/servers"))["items"]] == [road.server_id]
    assert one.is_dir()


def test_a_server_is_edited_copied_and_ordered_about(road: Road, tmp_path: Path) -> None:
    api, value = road.api, remember("Kept-by-the-hub-alone-3")
    folders = [str(tmp_path / name) for name in ("one", "two")]
    for folder in folders:
        Path(folder).mkdir()
    variables = [{"name": "COLOUR", "value": "blue"}, {"name": "MY_TOKEN", "value": value}]
    wanted = {"name": "edited", "projects": folders, "autostart": False, "environment": variables}
    made = ok(api.post("/servers", json=wanted), 201)
    path = f"/servers/{made['id']}"
    shown = [
        {"name": "COLOUR", "value": "blue", "secret": False},
        {"name": "MY_TOKEN", "value": None, "secret": True},
    ]
    assert (made["environment"], made["changed"], made["wanted_version"]) == (shown, False, "")
    change = {"environment": shown, "arguments": ["--log-level", "DEBUG"], "limits": {"memory_warn": 5}, "position": 1}
    changed = ok(api.patch(path, json=change))
    assert (changed["environment"], changed["arguments"], changed["position"]) == (shown, ["--log-level", "DEBUG"], 1)
    assert changed["limits"]["memory_warn"] == 5 and changed["limits"]["processes"] is None
    for bad, code in (
        ({"arguments": ["--port", "1"]}, "bad-argument"),
        ({"environment": [{"name": "OPENCODE_SERVER_PASSWORD", "value": "x"}]}, "bad-variable"),
        ({"limits": {"memory_warn": 5, "memory_stop": 4}}, "bad-limits"),
        ({"version": "newest"}, "bad-version"),
        ({"junk": 1}, "input-invalid"),
    ):
        refused = api.patch(path, json=bad)
        assert (refused.status_code, refused.json()["code"]) == (400, code)
    copy = ok(api.post(f"{path}/duplicate", json={}), 201)
    assert (copy["name"], copy["environment"], copy["projects"]) == ("edited copy", shown, folders)
    target = f"/servers/{copy['id']}/projects"
    taken = ok(api.post(f"{target}/remove", json={"folder": folders[1]}))
    assert taken["projects"] == folders[:1]
    moved = ok(api.post(f"{path}/projects/move", json={"folder": folders[1], "to": copy["id"]}))
    assert (moved["id"], moved["projects"]) == (copy["id"], folders)
    assert api.post(f"{path}/projects/remove", json={"folder": folders[0]}).json()["code"] == "last-project"
    outcomes = ok(api.post("/servers/bulk", json={"action": "stop", "ids": [copy["id"], made["id"]]}))["items"]
    assert [(one["name"], one["done"], one["server"]["state"]) for one in outcomes] == [
        ("edited", True, "stopped"), ("edited copy", True, "stopped"),
    ]  # fmt: skip
    assert api.post("/servers/bulk", json={"action": "start", "ids": ["srv_none"]}).status_code == 404
    for server in (made, copy):
        assert api.delete(f"/servers/{server['id']}").status_code == 204


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("GET", "/nothing-here", None, 404, "not-found"),
        ("PUT", "/servers", {}, 405, "method-not-allowed"),
        ("GET", "/servers/srv_nope", None, 404, "server-not-found"),
        ("GET", "/servers/srv_nope/sessions/ses_x/messages", None, 404, "server-not-found"),
        ("POST", "/servers", {"name": "x"}, 400, "bad-project"),
        ("POST", "/tokens", {}, 400, "input-invalid"),
        ("POST", "/servers", {"name": "x", "projects": ["/"], "junk": 1}, 400, "input-invalid"),
        ("GET", "/servers/srv_nope/logs?lines=many", None, 400, "input-invalid"),
        ("POST", "/inbox/per_nope/reply", {"reply": "once"}, 404, "not-waiting"),
        ("DELETE", "/tokens/tok_nope", None, 404, "token-not-found"),
        ("POST", "/events", {"topics": ["weather"]}, 400, "topic-unknown"),
    ],
)
def test_errors_are_problems(road: Road, method: str, path: str, body: Any, status: int, code: str) -> None:
    reply = road.api.request(method, path, json=body)
    assert reply.headers["content-type"] == "application/problem+json"
    problem = reply.json()
    assert (reply.status_code, problem["status"], problem["code"]) == (status, status, code)
    assert problem["title"].endswith(".")
    assert problem["hint"]


def test_the_document_describes_every_route(road: Road) -> None:
    document = ok(road.api.get("/openapi.json"))
    assert document["info"]["title"] == "OpenCode Nexus"
    assert {"/servers", "/inbox/{request_id}/reply", "/events", "/tokens"} <= set(document["paths"])
    assert road.api.get("/docs").status_code == 404


def test_nothing_without_a_token(hub: RealHub, road: Road) -> None:
    document = ok(road.api.get("/openapi.json"))
    with httpx2.Client(base_url=hub.url + "api/v1", trust_env=False) as stranger:
        for path, operations in document["paths"].items():
            for method in operations:
                reply = stranger.request(method, path, json={})
                assert reply.status_code == 401, (method, path)
                assert reply.headers["content-type"] == "application/problem+json"
        assert stranger.get("/openapi.json").status_code == 401
