# SPDX-License-Identifier: MIT
"""How a tunnel, its self test and a link for a device are told on a terminal."""

import sys
import time
from collections.abc import Mapping
from typing import Any

from opencode_nexus.cli.table import Column, moment, show, span

TUNNELS: tuple[Column, ...] = (
    ("NAME", "name"),
    ("KIND", "kind"),
    ("STATE", "state"),
    ("FOR", lambda row: span(max(0.0, time.time() - row["since"])) if row["since"] else ""),
    ("ADDRESS", lambda row: row["url"] or row["hostname"]),
    ("ID", "id"),
)

DEVICES: tuple[Column, ...] = (
    ("NAME", "name"),
    ("LAST USED", lambda row: moment(row["last_seen"])),
    ("CONNECTED", lambda row: moment(row["created"])),
    ("UNTIL", lambda row: moment(row["expires"])),
    ("FROM", "source"),
    ("ID", "id"),
)

VISITORS: tuple[Column, ...] = (
    ("NAME", lambda row: row["name"] or "(by password)"),
    ("LAST USED", lambda row: moment(row["last_seen"])),
    ("SIGNED IN", lambda row: moment(row["created"])),
    ("FROM", "source"),
    ("ID", "id"),
)

LINKS: tuple[Column, ...] = (
    ("FOR", "name"),
    ("UNTIL", lambda row: moment(row["expires"])),
    ("ID", "id"),
)

_TRIED = {
    "nonce": "A page",
    "post-stream": "Streamed POST",
    "websocket": "WebSocket",
    "get-stream": "Streamed GET",
    "no-login": "Without a login",
}
_TRIALS: tuple[Column, ...] = (
    ("WHAT", lambda row: _TRIED.get(row["name"], row["name"])),
    ("RESULT", "outcome"),
    ("FIRST BYTE", lambda row: _ms(row["ms"])),
    ("SPREAD", lambda row: _ms(row["spread_ms"])),
    ("SEEN", "detail"),
)


def _ms(value: float | None) -> str:
    return "" if value is None else f"{value:.0f} ms"


def tell(tunnel: Mapping[str, Any]) -> None:
    """Print in one or two lines how the tunnel is, and where it leads."""
    print(f"Tunnel {tunnel['name']} is {tunnel['state']}." + (f" {tunnel['url']}" if tunnel["url"] else ""))
    if tunnel["reason"]:
        print(f"  {tunnel['reason']}")
    if tunnel["service"] and not tunnel["url"]:
        print(f"  The service that must stand in Cloudflare's configuration: {tunnel['service']}")


def tell_all(tunnel: Mapping[str, Any]) -> None:
    """Print all that is known of a tunnel, a line each; what is not known is left out."""
    tell(tunnel)
    if problem := tunnel["problem"]:
        for part in ("title", "detail", "hint"):
            if problem.get(part):
                print(f"  {problem[part]}")
    process = f"{tunnel['pid']}, cloudflared {tunnel['version'] or 'of an unknown version'}" if tunnel["pid"] else ""
    count = tunnel["connections"]
    lines = {
        "Kind": tunnel["kind"],
        "Since": moment(tunnel["since"] or None),
        "Process": process,
        "Connections": f"{count} ({', '.join(tunnel['edges'])}) over {tunnel['edge_protocol']}" if count else "",
        "Round trip": _ms(tunnel["round_trip_ms"]),
        "Requests": "" if tunnel["requests"] is None else f"{tunnel['requests']}, {tunnel['errors'] or 0} failed",
        "Tried again": moment(tunnel["retry_at"]),
        "Closes by itself": moment(tunnel["stops_at"]),
        "Changed": "it runs as it was before; restart it" if tunnel["stale"] else "",
        "Self test": tunnel["selftest"]["verdict"] if tunnel["selftest"] else "",
    }
    width = max(map(len, lines)) + 2
    for name, value in lines.items():
        if value:
            print(f"  {name + ':':<{width}}{value}")


def tell_test(test: Mapping[str, Any]) -> None:
    """Print what the self test found."""
    print(f"Self test: {test['verdict']}." + (f" {test['detail']}" if test["detail"] else ""))
    if test["trials"]:
        show(test["trials"], _TRIALS, as_json=False, empty="")
    if test["transport"]:
        print(f"From outside the chat will use: {test['transport']}")


def tell_pairing(pairing: Mapping[str, Any]) -> None:
    """Print the link that connects a device, and on a terminal as a code to point a camera at."""
    print(f"Open this link on the device that shall be {pairing['name']!r}, until {moment(pairing['expires'])}:")
    print(pairing["link"])
    if sys.stdout.isatty():
        import segno

        segno.make(pairing["link"], micro=False).terminal(compact=True)
    print("It works once. Whoever has it can use it: show it to nobody else.")
