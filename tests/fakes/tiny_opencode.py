# SPDX-License-Identifier: MIT
"""A stand-in for OpenCode that starts in a tenth of a second and misbehaves as told.

What it does is told by `tiny.json` in the folder it is started in: {"say": line to print first, "exit": status to end
with at once, "deaf": true to listen and never answer, "quit_after": number of answers after which it ends with status
9, "deafen": true to ignore SIGTERM, "busy": [session ids], "child": true to start a process that leaves its session
(its id goes to `child.pid`), "hide": true for one that also loses its environment, "steal": true to let another program
take the port first, "once": true to do so (all but "steal") at its first start alone}. TINY_VERSION in its environment
is the version that it says it is.
"""

import base64
import json
import os
import signal
import socket
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

VERSION = "1.18.33"


def install(folder: Path, version: str = VERSION) -> Path:
    """Write a program of this file, as `version`, into `folder`; returns its path."""
    program = folder / f"tiny-opencode-{version}"
    program.write_text(f'#!/bin/sh\nTINY_VERSION={version} exec {sys.executable} {__file__} "$@"\n')
    program.chmod(0o755)
    return program


def main() -> None:
    told: dict[str, Any] = json.loads(Path("tiny.json").read_text()) if Path("tiny.json").exists() else {}
    if told.get("once"):
        Path("tiny.json").unlink()
    port = int(sys.argv[sys.argv.index("--port") + 1])
    password = os.environ["OPENCODE_SERVER_PASSWORD"]
    right = "Basic " + base64.b64encode(f"opencode:{password}".encode()).decode()
    if "say" in told:
        print(told["say"].replace("PASSWORD", password), flush=True)
    if told.get("deafen"):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if told.get("child") or told.get("hide"):
        environ = {} if told.get("hide") else dict(os.environ)
        code = "import time; time.sleep(600)"
        child = subprocess.Popen([sys.executable, "-c", code], start_new_session=True, env=environ)
        Path("child.pid").write_text(str(child.pid))
    if told.get("steal"):
        code = f"import socket; s = socket.create_server(('127.0.0.1', {port})); print('held', flush=True); input()"
        thief = subprocess.Popen(
            [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
        )
        assert thief.stdout is not None
        thief.stdout.readline()
        Path("tiny.json").unlink()  # once is enough
        print("Error: Unexpected error\n\nServeError", flush=True)
        sys.exit(1)
    if "exit" in told:
        sys.exit(told["exit"])
    if told.get("deaf"):
        with socket.create_server(("127.0.0.1", port)) as listener:
            signal.pause()
            listener.close()
    busy: list[str] = list(told.get("busy", []))
    answers = 0

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            nonlocal answers
            if self.headers.get("authorization") != right:
                return self.reply(401, None)
            answers += 1
            if "quit_after" in told and answers > told["quit_after"]:
                print("Oh no", flush=True)
                os._exit(9)
            if self.path == "/global/health":
                return self.reply(200, {"healthy": True, "version": os.environ["TINY_VERSION"]})
            if self.path.startswith("/session/status"):
                return self.reply(200, {name: {"type": "busy"} for name in busy})
            return self.reply(200, {})

        def do_POST(self) -> None:
            if self.headers.get("authorization") != right:
                return self.reply(401, None)
            name = self.path.split("/")[2]
            if self.path.startswith("/instance/dispose"):
                with Path("disposed.txt").open("a") as file:
                    file.write(self.path.partition("directory=")[2] + "\n")
            if name in busy:
                busy.remove(name)
                with Path("aborted.txt").open("a") as file:
                    file.write(name + "\n")
            return self.reply(200, True)

        def reply(self, status: int, value: object) -> None:
            body = json.dumps(value).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            pass

    HTTPServer(("127.0.0.1", port), Handler).serve_forever()


if __name__ == "__main__":
    main()
