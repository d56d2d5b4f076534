# SPDX-License-Identifier: MIT
"""Faults on this machine, of hub, cloudflared and what lies about: one function each, with the genuine cloudflared."""

import asyncio
import json
import os
import signal
import time
from dataclasses import replace
from pathlib import Path

from opencode_nexus.tunnels.errors import CloudflaredTooOld
from opencode_nexus.tunnels.program import Program
from tests.fakes.manager import code
from tests.tunnels.ground import Ground, Stream


async def cloudflared_killed(ground: Ground) -> None:
    """kill -9 of cloudflared: started again; a quick tunnel says that its address is another one."""
    tunnel_id, url = await ground.opened()
    pid = _kill(ground, tunnel_id)
    again = await ground.until(tunnel_id, lambda s: s.state == "ready" and s.pid != pid)
    assert again.url is not None and again.url != url and url in again.reason
    assert await ground.visit(again.url) == 200
    ended = [info.status for info in ground.infos if code(info.status) == "cloudflared-ended"][-1]
    assert ended.state == "failed" and ended.retry_at is not None
    assert "SIGKILL" in str(ended.problem and ended.problem["detail"])


async def cloudflared_killed_named(ground: Ground) -> None:
    """The same for a named tunnel, whose address stays."""
    tunnel_id, url = await ground.opened(kind="token")
    pid = _kill(ground, tunnel_id)
    again = await ground.until(tunnel_id, lambda s: s.state == "ready" and s.pid != pid)
    assert (again.url, again.reason) == (url, "")
    await ground.until_visit(url, 200)


def _kill(ground: Ground, tunnel_id: str) -> int:
    pid = ground.status(tunnel_id).pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    return pid


async def told_to_end_while_streaming(ground: Ground) -> None:
    """Somebody else sends SIGTERM to cloudflared: it lets go of its streams, ends well, and is started again."""
    tunnel_id, url = await ground.opened(kind="token")
    stream = Stream(ground, url)
    await stream.begun()
    pid = ground.status(tunnel_id).pid
    assert pid is not None
    os.kill(pid, signal.SIGTERM)
    again = await ground.until(tunnel_id, lambda s: s.state == "ready" and s.pid != pid)
    assert again.url == url
    await ground.until_visit(url, 200)
    ended = [info.status for info in ground.infos if code(info.status) == "cloudflared-ended"][-1]
    assert "exit status 0" in str(ended.problem and ended.problem["detail"])
    await stream.ended()
    for _ in range(2):
        ground.origin.go_on()


async def hub_killed(ground: Ground) -> None:
    """The hub is killed while somebody reads: the tunnel stands, the stream goes on, a later hub takes it up."""
    tunnel_id, url = await ground.opened()
    pid = ground.status(tunnel_id).pid
    stream = Stream(ground, url)
    await stream.begun()
    await ground.crash()
    ground.origin.go_on()
    await ground.open()
    taken = await ground.until_state(tunnel_id, "ready")
    assert (taken.pid, taken.url, taken.adopted, taken.protocol, taken.edges) == (pid, url, True, "http2", ("lhr01",))
    assert taken.version == "2026.6.0" and ground.manager.pids() == {pid}
    ground.origin.go_on()
    await stream.ended()
    assert stream.whole, stream.text
    assert await ground.visit(url) == 200


async def hub_killed_before_noting(ground: Ground) -> None:
    """The hub is killed between the spawn and the note of the process id: found by its mark."""
    tunnel_id, url = await ground.opened()
    pid = ground.status(tunnel_id).pid
    await ground.db.write(lambda base: base.execute("UPDATE tunnel_runs SET pid = NULL, created = NULL, birth = ''"))
    await ground.crash()
    await ground.open()
    taken = await ground.until_state(tunnel_id, "ready")
    assert (taken.pid, taken.url) == (pid, url)


async def removed_while_hub_is_dead(ground: Ground) -> None:
    """A cloudflared of a tunnel that is no more, or that nobody knows, is ended."""
    await ground.opened()
    await ground.db.write(lambda base: base.execute("DELETE FROM tunnels"))
    await ground.crash()
    await ground.open()
    assert ground.manager.list() == []
    async with asyncio.timeout(20):
        while ground.carriers() or ground.store.runs():
            await asyncio.sleep(0.05)


async def both_killed(ground: Ground) -> None:
    """The machine went down: what is to be open by itself is opened, the other is not, and nothing is said to run."""
    opened, _ = await ground.opened(kind="token")
    other = await ground.add("other")
    await ground.manager.start_tunnel(other)
    await ground.until_state(other, "ready")
    await ground.manager.change_tunnel(opened, replace(ground.manager.get(opened).config, autostart=True))
    for tunnel_id in (opened, other):
        _kill(ground, tunnel_id)
    await ground.crash()
    await ground.open()
    assert (await ground.until_state(opened, "ready")).adopted is False
    assert ground.status(other).state == "stopped"


async def users_own_configuration(ground: Ground) -> None:
    """~/.cloudflared/config.yml with an ingress of its own would win over ours: it is not read."""
    folder = ground.root / "user" / ".cloudflared"
    folder.mkdir(parents=True)
    (folder / "config.yml").write_text(json.dumps({"ingress": [{"service": "http_status:418"}]}))
    await ground.opened()


async def users_own_environment(ground: Ground) -> None:
    """TUNNEL_* in the environment would change what cloudflared does: it does not get there."""
    ground.environ.update(
        TUNNEL_URL="http://127.0.0.1:9", TUNNEL_TRANSPORT_PROTOCOL="smoke", TUNNEL_LOGLEVEL="fatal",
        TUNNEL_METRICS="127.0.0.1:1", TUNNEL_TOKEN="not mine", TUNNEL_GRACE_PERIOD="3m", OPENAI_API_KEY="not yours",
    )  # fmt: skip
    await ground.close()
    await ground.open()
    tunnel_id, _ = await ground.opened()
    pid = ground.status(tunnel_id).pid
    environ = Path(f"/proc/{pid}/environ").read_text()
    assert "TUNNEL_URL" not in environ and "OPENAI" not in environ


async def old_program(ground: Ground) -> None:
    """An old cloudflared gets no flag that it does not know; its log is text, and it is understood."""
    assert isinstance(ground.program, Program)
    ground.program = Program(ground.program.path, (2025, 4, 0), ground.program.sha256)
    tunnel_id, url = await ground.opened()
    lines = await ground.manager.logs(tunnel_id)
    assert not any(line.startswith("{") for line in lines)
    assert not any("no-prechecks" in line for line in lines)
    ground.edge.forget(ground.edge.tunnels[-1])
    await ground.until(tunnel_id, lambda s: s.state == "ready" and s.url != url, 120)


async def unknown_flag(ground: Ground) -> None:
    """It answers to an unknown flag with its help and exit status 0: that is no success."""
    ground.arguments += " --brand-new-flag"
    tunnel_id = await ground.add()
    await ground.manager.start_tunnel(tunnel_id)
    failed = await ground.until_state(tunnel_id, "failed")
    assert (code(failed), failed.retry_at) == (CloudflaredTooOld.code, None)
    assert "brand-new-flag" in str(failed.problem and failed.problem["detail"])


async def swapped(ground: Ground) -> None:
    """The running program tells another checksum than the one that was verified: it is ended, and stays so."""
    assert isinstance(ground.program, Program)
    ground.program = Program(ground.program.path, ground.program.version, "0" * 64)
    tunnel_id = await ground.add()
    await ground.manager.start_tunnel(tunnel_id)
    failed = await ground.until_state(tunnel_id, "failed")
    assert (code(failed), failed.retry_at, failed.pid) == ("cloudflared-swapped", None, None)
    assert ground.carriers() == []


async def stopped_while_streaming(ground: Ground) -> None:
    """Stop everything while somebody reads an endless answer: closed within about a second."""
    tunnel_id, url = await ground.opened()
    stream = Stream(ground, url)
    await stream.begun()
    begun = time.monotonic()
    stopping = asyncio.create_task(ground.manager.stop_all())
    while ground.manager.hostnames():
        await asyncio.sleep(0.01)
    assert not stopping.done(), "its name is answered no longer, while its streams get a moment to end"
    assert await stopping == ["phone"]
    assert time.monotonic() - begun < 3, "about a second, on a busy machine too"
    assert ground.status(tunnel_id).state == "stopped"
    assert await ground.visit(url) == 530
    await stream.ended()
    assert not stream.whole
    for _ in range(2):
        ground.origin.go_on()


async def origin_down(ground: Ground) -> None:
    """Visitors do not reach the hub: told, with what cloudflared says."""
    tunnel_id, url = await ground.opened()
    await asyncio.to_thread(ground.origin.close)
    assert await ground.visit(url) == 502
    lost = await ground.until_state(tunnel_id, "degraded")
    assert code(lost) == "tunnel-origin-down" and lost.url == url
    assert "connection refused" in str(lost.problem and lost.problem["detail"])
