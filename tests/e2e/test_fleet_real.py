# SPDX-License-Identifier: MIT
"""The fleet with the real OpenCode: what it keeps from its agents, and what is left when something dies."""

import asyncio
import base64
import json
import os
import signal
import sys
import urllib.error
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from opencode_nexus.core.ids import new_token
from opencode_nexus.fleet.state import ServerAccess
from opencode_nexus.secrets.redact import Secret
from opencode_nexus.secrets.sealed_file import SealedFile
from opencode_nexus.store.db import Database
from opencode_nexus.store.servers import Servers
from tests.fakes.fleet import FleetUnderTest
from tests.fakes.real import ROOT, Provider, http

pytestmark = pytest.mark.anyio

PLUGIN = """
export const Own = async ({ client, directory }) => {
  setTimeout(async () => {
    const answer = await client.session.list()
    await Bun.write(process.env.PLUGIN_OUT + "/" + Bun.hash(directory), JSON.stringify(answer.response.status))
  }, 0)
  return {}
}
"""


class Talk:
    """Speaks to a running server as a client of it does."""

    def __init__(self, access: ServerAccess | None, project: Path) -> None:
        assert access is not None
        self.access, self.project = access, project

    def token(self) -> str:
        return base64.b64encode(f"{self.access.username}:{self.access.password.reveal()}".encode()).decode()

    async def call(self, path: str, body: Any = None, timeout: float = 60) -> Any:
        joint = "&" if "?" in path else "?"
        url = f"{self.access.base_url}{path}{joint}directory={self.project}"
        return await asyncio.to_thread(http, url, body, {"authorization": f"Basic {self.token()}"}, timeout)

    async def session(self) -> str:
        return str((await self.call("/session", {"title": "test"}))["id"])

    async def say(self, session: str, *steps: list[dict[str, Any]]) -> None:
        text = "#script " + json.dumps(list(steps))
        await self.call(f"/session/{session}/prompt_async", {"parts": [{"type": "text", "text": text}]})

    async def parts(self, session: str, kind: str) -> list[Any]:
        messages = await self.call(f"/session/{session}/message")
        return [
            part for m in messages if m["info"]["role"] == "assistant" for part in m["parts"] if part["type"] == kind
        ]

    async def idle(self, session: str) -> None:
        while session in await self.call("/session/status") or not await self.parts(session, "step-finish"):
            await asyncio.sleep(0.05)

    async def run(self, command: str) -> str:
        """Let the real agent run a shell command; returns what its tool said."""
        session = await self.session()
        await self.say(session, [bash(command)], [{"text": "done"}])
        await self.idle(session)
        (tool,) = await self.parts(session, "tool")
        assert tool["state"]["status"] == "completed", tool
        return str(tool["state"]["output"])


def bash(command: str) -> dict[str, Any]:
    return {"tool": "bash", "args": {"command": command, "description": "test"}}


def running(word: str) -> list[int]:
    """Every process that has `word` on its command line, counted without the code under test."""
    return [
        process.pid
        for process in psutil.process_iter(["cmdline", "status"])
        if process.info["status"] != psutil.STATUS_ZOMBIE and word in (process.info["cmdline"] or [])
    ]


async def until(test: Any) -> None:
    while not test():
        await asyncio.sleep(0.05)


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    provider = Provider(tmp_path_factory.mktemp("provider") / "log")
    yield provider
    provider.close()


def rig_at(root: Path, binary: Path, provider: Provider) -> FleetUnderTest:
    """A fleet whose user has a plugin and an MCP server of their own, and no ripgrep on PATH."""
    user = root / "user" / ".config" / "opencode"
    (user / "plugin").mkdir(parents=True, exist_ok=True)
    (user / "plugin" / "own.js").write_text(PLUGIN)
    (root / "out").mkdir(exist_ok=True)
    config = provider.config()
    config["permission"] = {"edit": "allow", "bash": "allow", "external_directory": "allow"}
    config["mcp"] = {"env": {"type": "local", "command": ["sh", "-c", f"env > {root}/out/mcp.env"], "enabled": True}}
    return FleetUnderTest(root, binary, config, PATH=os.defpath, PLUGIN_OUT=str(root / "out"))


@pytest.fixture(scope="module")
async def rig(
    tmp_path_factory: pytest.TempPathFactory, opencode_binary: Path, provider: Provider
) -> AsyncIterator[FleetUnderTest]:
    rig = await rig_at(tmp_path_factory.mktemp("fleet"), opencode_binary, provider).open()
    yield rig
    await rig.close()
    assert marked_here(rig) == []


def marked_here(rig: FleetUnderTest) -> list[int]:
    """Every process of this rig, counted without the code under test."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("PLUGIN_OUT") == str(rig.root / "out"):
                found.append(process.pid)
        except psutil.Error:
            continue
    return found


@pytest.fixture(scope="module")
async def server(rig: FleetUnderTest) -> str:
    """The id of a running server, shared by the tests; each leaves it running."""
    state = await rig.fleet.add("Real", [str(rig.project)])
    await rig.fleet.start(state.id)
    return state.id


async def test_it_runs_and_is_closed_to_strangers(rig: FleetUnderTest, server: str) -> None:
    state = rig.fleet.get(server)
    assert (state.state, state.version, state.reason) == ("running", "1.18.33", "")
    talk = Talk(rig.fleet.access(server), rig.project)
    for header in ({}, {"authorization": "Basic " + base64.b64encode(b"opencode:").decode()}):
        for path in ("/global/health", "/config", "/session", "/api/health"):
            with pytest.raises(urllib.error.HTTPError) as caught:
                await asyncio.to_thread(http, talk.access.base_url + path, None, header)
            assert caught.value.code == 401
            caught.value.close()
    assert [c.laddr.ip for c in psutil.Process(state.pid).net_connections("tcp") if c.status == "LISTEN"] == [
        "127.0.0.1"
    ]


async def test_it_installs_nothing_and_finds_ripgrep(rig: FleetUnderTest, server: str) -> None:
    talk = Talk(rig.fleet.access(server), rig.project)
    (rig.project / "note.txt").write_text("a needle in the hay\n")
    (hit,) = await talk.call("/find?pattern=needle")
    assert hit["path"]["text"] == "note.txt"
    folder = rig.home / "opencode" / "config" / "opencode"
    assert list((folder / "node_modules").iterdir()) == []
    assert (await talk.call("/config"))["model"] == "scripted/m1"
    assert not (rig.root / "user" / ".config" / "opencode" / "node_modules").exists()


async def test_the_agent_does_not_get_the_password(rig: FleetUnderTest, server: str) -> None:
    access = rig.fleet.access(server)
    assert access is not None
    talk, password = Talk(access, rig.project), access.password.reveal()
    state = rig.fleet.get(server)
    every = "for f in /proc/[0-9]*/environ; do tr '\\0' '\\n' < $f; done 2>/dev/null"
    said = await talk.run(
        "exec 2>&1; echo PARENT $PPID; env; echo ======; cat /proc/$PPID/environ; echo ======;"
        f" {every} | grep -a -c OPENCODE_SERVER_PASSWORD=; {every} | grep -a -F -c {password[:20]}"
    )
    assert f"PARENT {state.pid}" in said  # it did ask the right process
    assert password not in said
    assert said.strip().endswith("\n0")  # no environment on this machine holds its first half
    own = said.partition("======")[0]
    assert "OPENCODE_NEXUS_MARK=" in own
    assert "OPENCODE_NEXUS_RESTORE" not in own
    assert "XDG_CONFIG_HOME" not in own  # as the user has it
    log = await rig.fleet.logs(server)
    assert not any("nexus-shield" in line for line in log), log


async def test_nor_do_a_shell_a_terminal_an_mcp_server_or_a_plugins_child(rig: FleetUnderTest, server: str) -> None:
    access = rig.fleet.access(server)
    assert access is not None
    talk, password = Talk(access, rig.project), access.password.reveal()
    session, out = await talk.session(), rig.root / "out"
    await talk.call(f"/session/{session}/shell", {"agent": "build", "command": f"env > {out}/shell.env"})
    await talk.call("/pty", {"command": "/bin/sh", "args": ["-c", f"env > {out}/pty.env"]})
    await talk.call("/mcp")
    for name in ("shell.env", "pty.env", "mcp.env"):
        await until(lambda name=name: (out / name).exists() and "PATH=" in (out / name).read_text())
        text = (out / name).read_text()
        assert password not in text, name
        assert "OPENCODE_NEXUS_MARK=" in text, name
        assert str(rig.home / "opencode" / "config") not in text, name


async def test_a_second_project_joins_and_the_users_plugins_work_in_both(rig: FleetUnderTest, server: str) -> None:
    pid = rig.fleet.get(server).pid
    more = rig.root / "more"
    more.mkdir()
    await rig.fleet.add_project(server, str(more))
    second = Talk(rig.fleet.access(server), more)
    assert (await second.run("pwd")).strip() == str(more)
    assert rig.fleet.get(server).pid == pid
    # the user's plugin talks to the server with the client it was given, in the second project too: that client's
    # password was copied before the shield took it out of the environment
    out = rig.root / "out"
    await until(lambda: len([f for f in out.iterdir() if f.name.isdigit() and f.read_text()]) >= 2)
    assert {f.read_text() for f in out.iterdir() if f.name.isdigit()} == {"200"}


async def test_a_tool_that_left_is_ended_with_its_server(rig: FleetUnderTest, server: str) -> None:
    talk, word = Talk(rig.fleet.access(server), rig.project), f"3{os.getpid()}.1"
    await talk.run(f"setsid sleep {word} > /dev/null 2>&1 & sleep 0.1")
    (tool,) = running(word)
    assert psutil.Process(tool).ppid() != rig.fleet.get(server).pid
    await rig.fleet.restart(server)
    assert running(word) == []


async def test_a_tool_that_outlives_a_killed_server_is_ended(rig: FleetUnderTest, server: str) -> None:
    talk, word = Talk(rig.fleet.access(server), rig.project), f"3{os.getpid()}.2"
    await talk.run(f"setsid sleep {word} > /dev/null 2>&1 & sleep 0.1")
    assert len(running(word)) == 1
    pid = rig.fleet.get(server).pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    assert "SIGKILL" in (await rig.until(server, "failed")).reason
    assert running(word) == []
    again = await rig.until(server, "running")
    assert again.pid != pid and again.restarts >= 1


async def test_a_stop_lets_opencode_store_the_words_said(rig: FleetUnderTest, server: str, provider: Provider) -> None:
    talk = Talk(rig.fleet.access(server), rig.project)
    session = await talk.session()
    await talk.say(session, [{"text": "half an answer "}, {"wait": f"never-{new_token()}"}])
    await until(lambda: "half an answer" in provider.said())
    while not await talk.parts(session, "text"):
        await asyncio.sleep(0.05)
    await rig.fleet.stop(server)
    await rig.fleet.start(server)
    (part,) = await Talk(rig.fleet.access(server), rig.project).parts(session, "text")
    assert part["text"].strip() == "half an answer"


async def test_a_port_that_was_taken_meanwhile(
    rig: FleetUnderTest, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await rig.fleet.stop(server)
    holder = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
    taken = holder.sockets[0].getsockname()[1]
    real = rig.fleet._host.free_port
    given: list[int] = []

    async def free_port() -> int:
        given.append(taken if not given else await real())
        return int(given[-1])

    monkeypatch.setattr(rig.fleet._host, "free_port", free_port)
    await rig.fleet.start(server)
    holder.close()
    assert len(given) == 2
    assert rig.fleet.get(server).port == given[1]


HUB = """
import asyncio, json, sys
from pathlib import Path
sys.path[:0] = [{root!r}, {source!r}]
from tests.e2e.test_fleet_real import rig_at
class Known:
    def config(self): return json.loads({config!r})
async def main():
    rig = await rig_at(Path({folder!r}), Path({binary!r}), Known()).open()
    state = await rig.fleet.add("Real", [str(rig.project)])
    await rig.fleet.start(state.id)
    print(state.id, flush=True)
    await asyncio.sleep(600)
asyncio.run(main())
"""


async def test_after_a_kill_of_the_hub_a_busy_server_is_taken_up_and_goes_on(
    tmp_path: Path, opencode_binary: Path, provider: Provider
) -> None:
    code = HUB.format(
        root=str(ROOT), source=str(ROOT / "src"), folder=str(tmp_path), binary=str(opencode_binary),
        config=json.dumps(provider.config()),
    )  # fmt: skip
    hub = await asyncio.create_subprocess_exec(sys.executable, "-c", code, stdout=asyncio.subprocess.PIPE)
    assert hub.stdout is not None
    server = (await hub.stdout.readline()).decode().strip()
    rig = rig_at(tmp_path, opencode_binary, provider)
    try:
        # a second reader of the home, to learn how to reach the server; it opens no fleet
        db = Database(rig.home / "nexus.db")
        await db.open()
        (row,) = Servers(db).runs()
        await db.close()
        vault = SealedFile(rig.home / "secrets")
        access = ServerAccess(f"http://127.0.0.1:{row.port}", "opencode", Secret(vault.get(vault.names()[0]) or ""))
        talk = Talk(access, rig.project)
        session, gate, word = await talk.session(), f"gate-{os.getpid()}", f"3{os.getpid()}.3"
        tool = bash(f"setsid sleep {word} > /dev/null 2>&1 & sleep 0.1")
        await talk.say(session, [tool], [{"text": "before "}, {"wait": gate}, {"text": "and after"}])
        await until(lambda: "before " in provider.said())
        hub.kill()
        await hub.wait()
        await rig.open()
        state = await rig.until(server, "running")
        assert (state.pid, state.adopted, state.version) == (row.pid, True, "1.18.33")
        assert len(running(word)) == 1  # the busy session's tool was not taken for a leftover
        assert rig.fleet.access(server) == access
        await asyncio.to_thread(provider.release, gate)
        await talk.idle(session)
        texts = [part["text"] for part in await talk.parts(session, "text")]
        assert "before and after" in texts
        # now both die, and only the tool is left
        rig.on_stop = "keep"
        await rig.close()
        assert row.pid is not None
        os.kill(row.pid, signal.SIGKILL)
        await until(lambda: not psutil.pid_exists(row.pid) or running(word))
        assert len(running(word)) == 1
        await rig.open()
        await until(lambda: running(word) == [])
        assert (await rig.until(server, "running")).pid != row.pid
    finally:
        rig.on_stop = "stop"
        if hub.returncode is None:
            hub.kill()
            await hub.wait()
        if not hasattr(rig, "fleet"):
            await rig.open()
        await rig.close()
    assert marked_here(rig) == []
    assert rig.vault.names() == []
