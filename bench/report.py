# SPDX-License-Identifier: MIT
"""Medians as one table: what was measured, its budget, Nexus, and OpenCode's own page in the same run."""

from typing import NamedTuple

from bench.results import Results

BUSY_MACHINE = 0.5  # cores used by others, above which a figure is to be distrusted


class Line(NamedTuple):
    """One row of the table: its figures (joined by ` / `), and for each the budget or None."""

    label: str
    measure: str
    variant: str
    figures: tuple[str, ...]
    budgets: tuple[float | None, ...]
    unit: str = "ms"


LINES = (
    Line("start → ready", "startup", "cold", ("ready_ms",), (1000,)),
    Line("start → OpenCode behind it runs", "startup", "cold", ("opencode_running_ms",), (None,)),
    Line("memory with a server and a live chat, RSS", "startup", "cold", ("own.rss_mb",), (80,), "MB"),
    Line("… once a program has used the API", "startup", "api", ("own.rss_mb",), (None,), "MB"),
    Line("memory after the streams, RSS", "memory", "after_stream", ("own.rss_mb",), (80,), "MB"),
    Line("chat page, cold: bytes of every file", "load", "fast", ("kb",), (60,), "KB"),
    Line("… until the prompt box takes a key", "load", "fast", ("composer_ms",), (None,)),
    Line("… the same, slow phone", "load", "slow_phone", ("composer_ms",), (1800,)),
    Line("50/s: write → DOM, p50 / p95", "stream", "50/cpu1", ("dom_p50", "dom_p95"), (12, 30)),
    Line("200/s: write → DOM, p50 / p95", "stream", "200/cpu1", ("dom_p50", "dom_p95"), (20, 45)),
    Line("200/s: write → painted, p50 / p95", "stream", "200/cpu1", ("frame_p50", "frame_p95"), (37, 62)),
    Line("200/s, CPU × 4: write → DOM, p50 / p95", "stream", "200/cpu4", ("dom_p50", "dom_p95"), (60, 150)),
    Line("200/s: main thread busy in 10 s", "stream", "200/cpu1", ("busy_ms",), (1500,)),
    Line("the same in CPU time, without what waited", "stream", "200/cpu1", ("busy_cpu_ms",), (1500,)),
    Line("asleep for 5 s and 2,000 deltas: waking → all is there", "wake", "5s", ("there_ms",), (1000,)),
    Line("… the same, with the clock 5 min on", "wake", "5min", ("there_ms",), (1000,)),
    Line("50/s: bytes a delta", "stream", "50/cpu1", ("bytes_per_delta",), (100,), "B"),
    Line("50/s: bytes a streamed character", "stream", "50/cpu1", ("bytes_per_char",), (None,), "B"),
    Line("200/s: bytes a streamed character", "stream", "200/cpu1", ("bytes_per_char",), (1.5,), "B"),
    Line("CPU an event, no viewer", "viewers", "0", ("cpu_us_per_event",), (None,), "µs"),
    Line("CPU an event, 1 viewer", "viewers", "1", ("cpu_us_per_event",), (None,), "µs"),
    Line("CPU an event, 20 viewers", "viewers", "20", ("cpu_us_per_event",), (None,), "µs"),
    Line("CPU an event, 200 viewers", "viewers", "200", ("cpu_us_per_event",), (None,), "µs"),
    Line("… and viewer, 200 viewers", "viewers", "200", ("cpu_us_per_event_and_viewer",), (5,), "µs"),
    Line("200 viewers: delivery p50 / p95", "viewers", "200", ("p50", "p95"), (None, None)),
    Line("chat of 30, by address → newest in view", "long", "30/address/cpu1", ("visible_ms",), (None,)),
    Line("chat of 3,000, by address", "long", "3000/address/cpu1", ("visible_ms",), (300,)),
    Line("… CPU × 4", "long", "3000/address/cpu4", ("visible_ms",), (700,)),
    Line("chat of 3,000, by click", "long", "3000/click/cpu1", ("visible_ms",), (100,)),
    Line("… CPU × 4", "long", "3000/click/cpu4", ("visible_ms",), (None,)),
    Line("chat of 30, by click", "long", "30/click/cpu1", ("visible_ms",), (None,)),
    Line("chat of 10,000, by address", "long", "10000/address/cpu1", ("visible_ms",), (300,)),
    Line("… by click", "long", "10000/click/cpu1", ("visible_ms",), (100,)),
    Line("a sub-agent at depth 2 asks → row in another browser", "inbox", "depth2", ("median_ms",), (1000,)),
    Line("… the worst of 10", "inbox", "depth2", ("worst_ms",), (1000,)),
    Line("500 messages back in it: most elements", "past", "back", ("most_elements",), (3000,), "elements"),
    Line("… heap of the page", "past", "back", ("heap_mb",), (60,), "MB"),
    Line("… growth of the hub", "past", "back", ("hub_growth_mb",), (10,), "MB"),
)


def shown(value: float | None) -> str:
    """A figure as it is printed; what was not measured says so."""
    if value is None:
        return "–"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def line_text(results: Results, line: Line) -> str | None:
    """One row as Markdown; None when nobody measured it."""
    cells: dict[str, list[float | None]] = {}
    for subject in ("nexus", "opencode"):
        cells[subject] = [results.median(subject, line.measure, line.variant, f) for f in line.figures]
    if not any(value is not None for values in cells.values() for value in values):
        return None
    pairs = [(v, b) for v, b in zip(cells["nexus"], line.budgets, strict=True) if b is not None]
    budget = " / ".join(shown(b) for b in line.budgets) if pairs else ""
    verdict = ""
    if pairs and all(value is not None for value, _ in pairs):
        over = max((value or 0) / budget_ for value, budget_ in pairs)
        verdict = "holds" if over < 1 else f"over, × {over:.2f}"
    nexus, opencode = (" / ".join(map(shown, cells[name])) for name in ("nexus", "opencode"))
    return f"| {line.label}, {line.unit} | {nexus} | {opencode} | {budget} | {verdict} |"


def growth(results: Results, count: int) -> str | None:
    """How a chat of `count` messages compares with one of 30, by address; the budget is 20 %."""
    short = results.median("nexus", "long", "30/address/cpu1", "visible_ms")
    long = results.median("nexus", "long", f"{count}/address/cpu1", "visible_ms")
    if not short or not long:
        return None
    more = (long / short - 1) * 100
    verdict = "holds" if more <= 20 else "over"
    return f"| chat of {count:,} beside one of 30, % more | {more:.0f} |  | 20 | {verdict} |"


def table(results: Results) -> str:
    """The whole report as Markdown."""
    machine = ", ".join(f"{name} {value}" for name, value in results.machine.items())
    rows = [line_text(results, line) for line in LINES] + [growth(results, 3000), growth(results, 10_000)]
    noisy = sum(row.get("others", 0) > BUSY_MACHINE for row in results.rows)
    short = [
        f"{row['subject']} {row['variant']}: {row['seen']} of {row['deltas']} seen"
        for row in results.rows
        if row["measure"] == "stream" and row["seen"] < row["deltas"]
    ]
    woken = [row for row in results.rows if row["measure"] == "wake"]
    unlike = [f"{row['subject']} {row['variant']}" for row in woken if not row["as_fresh"] or row["while_asleep"]]
    return "\n".join([
        f"Medians. {machine}.",
        "",
        "| what | Nexus | OpenCode's page | budget | |",
        "|---|---|---|---|---|",
        *(row for row in rows if row),
        "",
        f"{noisy} of {len(results.rows)} measurements ran while others used over {BUSY_MACHINE} of a core.",
        "Deltas that never showed: " + ("; ".join(short) or "none") + ".",
        *(["Pages that woke unlike a fresh one: " + (", ".join(unlike) or "none") + "."] if woken else []),
    ])  # fmt: skip


TUNNEL = (
    ("start → ready, ms", "tunnel", "start", ("ready_ms",)),
    ("50/s: write → DOM, p50 / p95, ms", "stream", "50/cpu1", ("dom_p50", "dom_p95")),
    ("200/s: write → DOM, p50 / p95, ms", "stream", "200/cpu1", ("dom_p50", "dom_p95")),
    ("50/s: bytes a delta, B", "stream", "50/cpu1", ("bytes_per_delta",)),
    ("200/s: bytes a streamed character, B", "stream", "200/cpu1", ("bytes_per_char",)),
)
WAYS = ("direct", "http2", "quic")


def tunnel_table(results: Results) -> str:
    """The same hub without a tunnel and through one by each protocol; "" when that was not measured."""
    rows = []
    for label, measure, variant, figures in TUNNEL:
        cells = [[results.median(way, measure, variant, figure) for figure in figures] for way in WAYS]
        if any(value is not None for values in cells for value in values):
            rows.append(f"| {label} | {' | '.join(' / '.join(map(shown, values)) for values in cells)} |")
    if not rows:
        return ""
    head = "| through a tunnel, on loopback | direct | HTTP/2 | QUIC |"
    return "\n".join(["", "", head, "|---|---|---|---|", *rows])


SEARCH_BUDGET = 50  # ms, of a two-word query in 200,000 messages


def search_table(results: Results) -> str:
    """A search for two words beside a plain scan of the same texts; "" when that was not measured."""
    rows = []
    for kind in ("all", "common+common", "common+rare", "rare+rare"):
        nexus, worst = (results.median("nexus", "search", kind, figure) for figure in ("ms", "worst_ms"))
        scan = results.median("scan", "search", kind, "ms")
        if nexus is not None:
            verdict = "holds" if nexus < SEARCH_BUDGET else f"over, × {nexus / SEARCH_BUDGET:.2f}"
            rows.append(f"| {kind} | {shown(nexus)} | {shown(worst)} | {shown(scan)} | {SEARCH_BUDGET} | {verdict} |")
    if not rows:
        return ""
    size, took = (results.median("nexus", "search", "fill", figure) for figure in ("mb", "seconds"))
    head = "| two words in 200,000 messages, ms | index, median | worst | plain scan | budget | |"
    return "\n".join(
        ["", "", head, "|---|---|---|---|---|---|", *rows, "", f"{shown(size)} MB, made in {shown(took)} s."]
    )


LOGS_BUDGET = 1000  # ms, of a search in all log files


def logs_table(results: Results) -> str:
    """A search in all log files beside grep in the same files; "" when that was not measured."""
    rows = []
    for size in ("cap", "1 GB"):
        for kind in ("text", "text, capitals", "level", "nothing"):
            nexus, stall = (results.median("nexus", "logs", f"{size}/{kind}", figure) for figure in ("ms", "stall_ms"))
            grep = results.median("grep", "logs", f"{size}/{kind}", "ms")
            if nexus is not None:
                verdict = "holds" if nexus < LOGS_BUDGET else f"over, × {nexus / LOGS_BUDGET:.2f}"
                cells = (shown(nexus), shown(stall), shown(grep), LOGS_BUDGET, verdict)
                rows.append(f"| {size}: {kind} | {' | '.join(map(str, cells))} |")
    if not rows:
        return ""
    head = "| the oldest line of all logs, ms | search | event loop waited | grep -i | budget | |"
    return "\n".join(["", "", head, "|---|---|---|---|---|---|", *rows])


LIGHTHOUSE = {"performance": 95, "accessibility": 100, "best_practices": 100}  # points, the least
PAINTS = ("fcp_ms", "lcp_ms", "tbt_ms", "cpu_index")


def lighthouse_table(results: Results) -> str:
    """Lighthouse's scores by page and, below, the audits that cost points; "" when that was not measured."""
    rows, failed = [], set()
    for subject in ("nexus", "opencode"):
        for page in ("dashboard", "chat"):
            scores = {name: results.median(subject, "lighthouse", page, name) for name in LIGHTHOUSE}
            if all(score is None for score in scores.values()):
                continue
            paints = [results.median(subject, "lighthouse", page, name) for name in PAINTS]
            under = [name for name, least in LIGHTHOUSE.items() if (scores[name] or 0) < least]
            verdict = f"under: {', '.join(under)}" if under else "holds"
            rows.append(f"| {subject}: {page} | {' | '.join(map(shown, (*scores.values(), *paints)))} | {verdict} |")
    for row in results.rows:
        if row["measure"] == "lighthouse":
            audits = {**row["failed"]["accessibility"], **row["failed"]["best-practices"]}
            failed |= {f"{row['subject']} {row['variant']}: {name} ({what})" for name, what in audits.items()}
    if not rows:
        return ""
    head = "| Lighthouse, a phone | performance | accessibility | best practices | FCP | LCP | TBT, ms | CPU index | |"
    least = "| at least | " + " | ".join(map(str, LIGHTHOUSE.values())) + " | | | | | |"
    named = "Failed audits of the last two: " + ("; ".join(sorted(failed)) or "none") + "."
    return "\n".join(["", "", head, "|---|---|---|---|---|---|---|---|---|", *rows, least, "", named])
