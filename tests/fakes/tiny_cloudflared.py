# SPDX-License-Identifier: MIT
"""A stand-in for cloudflared that starts at once and does as told; the genuine one is in `tests/tunnels`.

Its lines are those that the genuine one wrote (recorded/cloudflared.tsv). What it does is told by `tiny.json` in the
folder it is started in: {"say": [lines to print first], "exit": status to end with then, "checksum": the sum to tell,
"deaf": true not to say where its metrics are, "down": true to have no connection, "stay": true to ignore SIGTERM,
"ingress": the rules that Cloudflare has for it}. `down` and `ingress` may change while it runs.
What it was started with is written to `seen.json`.
"""

import json
import os
import signal
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

VERSION = (2026, 6, 0)
NAME = "3371d4-local-edge-words.trycloudflare.com"


def install(folder: Path) -> Path:
    """Write a program of this file into `folder`; returns its path."""
    program = folder / "tiny-cloudflared"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} {__file__} "$@"\n')
    program.chmod(0o755)
    return program


def line(message: str, **beside: Any) -> str:
    return json.dumps({"level": "info", "message": message, **beside, "time": "2026-11-28T12:45:32Z"})


def main() -> None:
    told: dict[str, Any] = json.loads(Path("tiny.json").read_text()) if Path("tiny.json").exists() else {}
    Path("seen.json").write_text(json.dumps({"words": sys.argv[1:], "environ": dict(os.environ)}))
    if told.get("stay"):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    for said in told.get("say", []):
        print(said, file=sys.stderr, flush=True)
    if "exit" in told:
        sys.exit(told["exit"])

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            now: dict[str, Any] = json.loads(Path("tiny.json").read_text()) if Path("tiny.json").exists() else {}
            down = now.get("down", False)
            said: Any = {
                "/ready": {"status": 503 if down else 200, "readyConnections": 0 if down else 1},
                "/quicktunnel": {"hostname": NAME},
                "/config": {"version": 1, "config": {"ingress": now.get("ingress", [])}},
                "/metrics": "cloudflared_tunnel_total_requests 3\n",
            }[self.path]
            body = said.encode() if isinstance(said, str) else json.dumps(said).encode()
            self.send_response(503 if self.path == "/ready" and down else 200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            return

    server = HTTPServer(("127.0.0.1", 0), Answers)
    if "checksum" in told:
        print(line(f"Version 2026.6.0 (Checksum {told['checksum']})"), file=sys.stderr, flush=True)
    if not told.get("deaf"):
        print(line(f"Starting metrics server on 127.0.0.1:{server.server_port}/metrics"), file=sys.stderr, flush=True)
    if not told.get("down"):
        beside = {"connIndex": 0, "location": "lhr01", "protocol": "http2"}
        print(line("Registered tunnel connection", **beside), file=sys.stderr, flush=True)
    server.serve_forever(0.05)


if __name__ == "__main__":
    main()
