# SPDX-License-Identifier: MIT
"""GET /metrics: the figures of `observe.metrics`, read from the running hub for whoever asks with a token."""

from typing import get_args

import psutil
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from opencode_nexus import __version__
from opencode_nexus.chat.inbox.row import KINDS, WAITS
from opencode_nexus.fleet.state import State as ServerStates
from opencode_nexus.observe.alert_rules import RULES
from opencode_nexus.observe.metrics import Samples, exposition
from opencode_nexus.tunnels.status import State as TunnelStates
from opencode_nexus.web.context import Hub


def gather(hub: Hub) -> Samples:
    """Return what the hub knows now; measures nothing but the hub's own process."""
    told = Samples()
    _hub(told, hub)
    _machine(told, hub)
    _servers(told, hub)
    _inbox(told, hub)
    _alerts(told, hub)
    _usage(told, hub)
    _tunnels(told, hub)
    return told


def _hub(told: Samples, hub: Hub) -> None:
    process = psutil.Process()
    with process.oneshot():
        times = process.cpu_times()
        told.put("hub_cpu_seconds_total", times.user + times.system)
        told.put("hub_memory_bytes", process.memory_info().rss)
        told.put("hub_open_files", process.num_fds() if hasattr(process, "num_fds") else None)
    told.put("info", 1, version=__version__)
    told.put("start_time_seconds", hub.started)
    told.put("records_total", hub.bus.seq)
    told.put("viewers", hub.live.viewers)


def _machine(told: Samples, hub: Hub) -> None:
    sample = hub.machine.latest
    if sample is None:
        return
    told.put("machine_cpu_ratio", None if sample.cpu is None else sample.cpu / 100)
    for of, memory, disk in (
        ("used", sample.memory_used, sample.disk_used),
        ("total", sample.memory_total, sample.disk_total),
    ):
        told.put("machine_memory_bytes", memory, of=of)
        told.put("machine_disk_bytes", disk, of=of)


def _servers(told: Samples, hub: Hub) -> None:
    for server in hub.fleet.list():
        labels = {"server_id": server.id, "server": server.name}
        usage = hub.usage.of(server.id)
        told.put_state("server_state", server.state, get_args(ServerStates), **labels)
        told.put("server_up", float(server.state == "running" and not server.silent), **labels)
        told.put("server_crashes", server.restarts, **labels)
        told.put("server_disk_bytes", hub.disk.bytes(server.id), **labels)
        told.put("server_busy_sessions", len(hub.chat.busy(server.id)), **labels)
        if usage is None:
            continue
        told.put("server_cpu_cores", None if usage.cpu is None else usage.cpu / 100, **labels)
        told.put("server_memory_bytes", usage.memory, **labels)
        told.put("server_processes", usage.processes, **labels)
        told.put("server_open_files", usage.files, **labels)


def _inbox(told: Samples, hub: Hub) -> None:
    rows = hub.inbox_desk.rows()
    told.put_each("inbox_rows", "kind", {kind: sum(row.kind == kind for row in rows) for kind in KINDS})
    now = hub.clock.now()
    told.put("inbox_oldest_seconds", max((now - row.at for row in rows if row.kind in WAITS), default=0.0))


def _alerts(told: Samples, hub: Hub) -> None:
    opened = [alert.rule for alert in hub.alerts.all()]
    told.put_each("alert_open", "rule", {rule.id: opened.count(rule.id) for rule in RULES})


def _usage(told: Samples, hub: Hub) -> None:
    today = hub.token_usage.day(hub.token_usage.today)
    kinds = ("input", "output", "reasoning", "cache_read", "cache_write")
    told.put_each("tokens_today", "kind", {kind: getattr(today, kind) for kind in kinds})
    told.put("cost_today_dollars", today.cost)


def _tunnels(told: Samples, hub: Hub) -> None:
    for tunnel in hub.tunnels.list():
        labels, status = {"tunnel_id": tunnel.id, "tunnel": tunnel.config.name}, tunnel.status
        told.put_state("tunnel_state", status.state, get_args(TunnelStates), **labels)
        told.put("tunnel_connections", status.connections, **labels)
        told.put("tunnel_requests", status.requests, **labels)
        told.put("tunnel_errors", status.errors, **labels)


async def metrics(request: Request) -> Response:
    """Answer in Prometheus' text format."""
    text, kind = await run_in_threadpool(exposition, gather(request.state.hub))
    return Response(text, media_type=kind, headers={"cache-control": "no-store"})


routes: list[BaseRoute] = [Route("/metrics", metrics, methods=["GET"])]
