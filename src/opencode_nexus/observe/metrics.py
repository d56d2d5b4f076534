# SPDX-License-Identifier: MIT
"""The table of what /metrics tells, and its form: Prometheus' text format, by prometheus-client.

Names and labels are kept stable: dashboards and alerts are built on them. Every value of a label that says a state or
a kind is there from the start, at 0, so that an alert on it need not wait for the first time.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

PREFIX = "opencode_nexus_"


@dataclass(frozen=True, slots=True)
class Metric:
    """One row of the table; `name` without the prefix. A counter only grows while the hub runs."""

    name: str
    kind: Literal["gauge", "counter"]
    help: str
    labels: tuple[str, ...] = ()

    @property
    def full_name(self) -> str:
        return PREFIX + self.name


_SERVER = ("server_id", "server")
_TUNNEL = ("tunnel_id", "tunnel")

METRICS: tuple[Metric, ...] = (
    Metric("info", "gauge", "1, with the version of the hub.", ("version",)),
    Metric("start_time_seconds", "gauge", "When the hub started, in seconds since 1970."),
    Metric("hub_cpu_seconds_total", "counter", "Processor time that the hub itself has taken, in seconds."),
    Metric("hub_memory_bytes", "gauge", "Resident memory of the hub itself."),
    Metric("hub_open_files", "gauge", "Open files and sockets of the hub itself."),
    Metric("records_total", "counter", "Records on the hub's bus: everything that happened in it."),
    Metric("viewers", "gauge", "Open live streams of pages."),
    Metric("machine_cpu_ratio", "gauge", "Share of all processors that is in use, 0 to 1."),
    Metric("machine_memory_bytes", "gauge", "Memory of the machine.", ("of",)),
    Metric("machine_disk_bytes", "gauge", "Disk that holds the home folder.", ("of",)),
    Metric("server_state", "gauge", "1 for the state that the server is in.", (*_SERVER, "state")),
    Metric("server_up", "gauge", "1 when the server runs and answers.", _SERVER),
    Metric("server_crashes", "gauge", "Crashes of the last ten minutes.", _SERVER),
    Metric("server_cpu_cores", "gauge", "Processors that the server's whole tree takes: 1 is one core.", _SERVER),
    Metric("server_memory_bytes", "gauge", "Resident memory of the server's whole tree.", _SERVER),
    Metric("server_processes", "gauge", "Processes of the server's tree.", _SERVER),
    Metric("server_open_files", "gauge", "Open files of the server's tree.", _SERVER),
    Metric("server_disk_bytes", "gauge", "Disk that OpenCode's own files take, when last looked.", _SERVER),
    Metric("server_busy_sessions", "gauge", "Sessions in which an agent works.", _SERVER),
    Metric("inbox_rows", "gauge", "Rows of the inbox that are open.", ("kind",)),
    Metric("inbox_oldest_seconds", "gauge", "Age of the oldest row that an agent waits for; 0 when none does."),
    Metric("alert_open", "gauge", "Alerts of a rule that are open.", ("rule",)),
    Metric("tokens_today", "gauge", "Tokens that agents took today.", ("kind",)),
    Metric("cost_today_dollars", "gauge", "Cost of what agents took today, in US dollars, as OpenCode tells it."),
    Metric("tunnel_state", "gauge", "1 for the state that the tunnel is in.", (*_TUNNEL, "state")),
    Metric("tunnel_connections", "gauge", "Connections to Cloudflare's edge.", _TUNNEL),
    Metric("tunnel_requests", "gauge", "Requests through the tunnel since its process began.", _TUNNEL),
    Metric("tunnel_errors", "gauge", "Failed requests through the tunnel since its process began.", _TUNNEL),
)

_BY_NAME = {metric.name: metric for metric in METRICS}


@dataclass(slots=True)
class Samples:
    """Values for one answer; `put` raises KeyError or ValueError for what the table does not have."""

    values: dict[str, list[tuple[tuple[str, ...], float]]] = field(default_factory=dict)

    def put(self, name: str, value: float | None, **labels: str) -> None:
        """Add a value; None is not known, and is left out."""
        metric = _BY_NAME[name]
        if set(labels) != set(metric.labels):
            raise ValueError(f"{name} has the labels {metric.labels}, not {tuple(labels)}")
        if value is not None:
            self.values.setdefault(name, []).append((tuple(labels[label] for label in metric.labels), float(value)))

    def put_each(self, name: str, label: str, values: Mapping[str, float], **labels: str) -> None:
        """Add a value for each value of one label."""
        for one, value in values.items():
            self.put(name, value, **{**labels, label: one})

    def put_state(self, name: str, state: str, states: Iterable[str], **labels: str) -> None:
        """Add 1 for the state that is so, and 0 for each other one."""
        self.put_each(name, "state", {one: float(one == state) for one in states}, **labels)


def exposition(samples: Samples) -> tuple[bytes, str]:
    """Return the text of an answer and its content type. The library is loaded when it is first asked for (2 MB)."""
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
    from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
    from prometheus_client.registry import Collector, CollectorRegistry

    class Table(Collector):
        def collect(self) -> Sequence[CounterMetricFamily | GaugeMetricFamily]:
            families: list[CounterMetricFamily | GaugeMetricFamily] = []
            for metric in METRICS:
                make = CounterMetricFamily if metric.kind == "counter" else GaugeMetricFamily
                family = make(metric.full_name, metric.help, labels=metric.labels)
                for labels, value in samples.values.get(metric.name, ()):
                    family.add_metric(labels, value)
                families.append(family)
            return families

    registry = CollectorRegistry(auto_describe=False)
    registry.register(Table())
    return generate_latest(registry), CONTENT_TYPE_LATEST
