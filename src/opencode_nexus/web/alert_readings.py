# SPDX-License-Identifier: MIT
"""What the alert rules are held against, read from the running hub; nothing is measured for it."""

from collections.abc import Iterator

from opencode_nexus.observe.alerts import Reading, share
from opencode_nexus.observe.guard import amount
from opencode_nexus.web.context import Hub

GB = 1e9
WANTED = ("starting", "connecting", "degraded", "failed")  # states of a tunnel that ought to be open, and is not


def readings(hub: Hub) -> Iterator[Reading]:
    """Yield the figures of all rules."""
    yield from _machine(hub)
    yield from _servers(hub)
    for tunnel in hub.tunnels.list():
        status = tunnel.status
        yield Reading(
            "tunnel-down", tunnel.id, tunnel.config.name, float(status.state in WANTED),
            status.reason or "It cannot be reached.",
        )  # fmt: skip
    yield from _waiting(hub)
    day = hub.budgets.of_day()
    if day.share is not None:
        yield Reading("budget", "", "", 100 * day.share, f"{day.taken} of {day.most} are used today.")


def _machine(hub: Hub) -> Iterator[Reading]:
    sample = hub.machine.latest
    if sample is None:
        memory, disk = None, None
        memory_said = disk_said = ""
    else:
        memory, disk = share(sample.memory_used, sample.memory_total), share(sample.disk_used, sample.disk_total)
        memory_said = _of(sample.memory_used, sample.memory_total)
        disk_said = _of(sample.disk_used, sample.disk_total)
    yield Reading("machine-memory", "", "", memory, memory_said)
    yield Reading("machine-disk", "", "", disk, disk_said)


def _of(used: int | None, total: int | None) -> str:
    part = share(used, total)
    return "" if part is None else f"{amount(used or 0)} of {amount(total or 0)} are in use ({part:.0f} %)."


def _servers(hub: Hub) -> Iterator[Reading]:
    most: tuple[int, str] | None = None
    for server in hub.fleet.list():
        usage = hub.usage.of(server.id)
        if usage is not None:
            said = f"It takes {amount(usage.memory)}."
            yield Reading("server-memory", server.id, server.name, usage.memory / GB, said)
        elif server.state == "running" and server.pid is not None:
            yield Reading("server-memory", server.id, server.name, None, "")
        away = server.kind == "attached" and server.state == "failed"  # it runs elsewhere, for all that is known
        silent = away or server.silent
        yield Reading("server-silent", server.id, server.name, float(silent), server.reason)
        down = server.state == "failed" and server.retry_at is None and not away
        crashes = max(server.restarts, 100) if down else server.restarts
        said = server.reason or f"It crashed {server.restarts} times within ten minutes."
        yield Reading("server-crashing", server.id, server.name, float(crashes), said)
        disk = hub.disk.bytes(server.id)
        if disk is not None and (most is None or disk > most[0]):
            most = disk, server.name
    said = f"Those of {most[1]} take {amount(most[0])}." if most else ""
    yield Reading("opencode-disk", "", "", most[0] / GB if most else None, said)


def _waiting(hub: Hub) -> Iterator[Reading]:
    rows = [row for row in hub.inbox_desk.rows() if row.waits]
    oldest = min(rows, key=lambda row: row.at, default=None)
    minutes = (hub.clock.now() - oldest.at) / 60 if oldest else 0.0
    said = ""
    if oldest is not None:
        others = f", and {len(rows) - 1} more" if len(rows) > 1 else ""
        said = f"“{oldest.title or 'New chat'}” has waited for {minutes:.0f} minutes{others}."
    yield Reading("waiting", "", "", minutes, said)
