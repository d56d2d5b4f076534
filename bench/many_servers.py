# SPDX-License-Identifier: MIT
"""What a hub costs while many servers run and nobody looks.

    python -m bench.many_servers [--servers 12] [--seconds 60]

The hub's own processor time and memory with one server, with all of them, and after each page was looked at; the
servers' own memory beside it.
"""

import argparse
import os
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

import httpx2
import psutil

from bench.folders import Folders
from bench.nexus import COMMAND, OWNER, PASSWORD
from bench.process import Proc

SETTLE = 20.0  # seconds after the last start: OpenCode opens its first folder then
PAGES = (".", "chat", "inbox", "search", "servers", "remote", "settings", "usage", "events", "logs", "help")
OPENCODE = Path(__file__).parent.parent / "node_modules/opencode-linux-x64/bin/opencode"


def command(environ: Mapping[str, str], *words: str) -> str:
    """Run one command of ours; raises RuntimeError with what it said."""
    done = subprocess.run([COMMAND, *words], env=dict(environ), capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"opencode-nexus {' '.join(words)}: {done.stdout}{done.stderr}")
    return done.stdout


def idle(hub: psutil.Process, seconds: float) -> str:
    """What the hub itself took over `seconds`, in words."""
    time.sleep(SETTLE)
    before, begun = hub.cpu_times(), time.monotonic()
    time.sleep(seconds)
    after, took = hub.cpu_times(), time.monotonic() - begun
    spent = after.user + after.system - before.user - before.system
    trees = [child for child in hub.children() if "opencode" in child.name()]
    memory = sum(one.memory_info().rss for child in trees for one in (child, *child.children(recursive=True)))
    return (
        f"{len(trees):2} servers: hub {100 * spent / took:.2f} % of a core, {hub.memory_info().rss / 1e6:.1f} MB;"
        f" servers {memory / 1e6:,.0f} MB"
    )


def look_around(address: str) -> None:
    """Sign in and open each of the main pages three times."""
    with httpx2.Client(base_url=address, headers={"origin": address.rstrip("/")}, timeout=60.0) as browser:
        browser.post("login", data={"username": OWNER, "password": PASSWORD}, follow_redirects=True).raise_for_status()
        for page in PAGES * 3:
            browser.get(page, follow_redirects=True).raise_for_status()


def main() -> None:
    """Start a hub below a folder of its own, measure, and end all of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--servers", type=int, default=12)
    parser.add_argument("--seconds", type=float, default=60.0)
    told = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="nexus-many-") as place:
        folders = Folders(Path(place), "http://127.0.0.1:9")
        environ = folders.environ(OPENCODE_NEXUS_HOME=f"{place}/nexus", OPENCODE_NEXUS_PORT="0")
        secret = Path(place) / "password"
        secret.touch(0o600)
        secret.write_text(PASSWORD)
        owner = ("--owner", OWNER, "--password-file", str(secret), "--project", str(folders.project))
        command(environ, "setup", *owner, "--opencode", str(OPENCODE))
        hub = Proc([COMMAND, "serve", "--no-open", "--on-stop", "stop"], Path(place), environ, Path(place) / "hub.log")
        try:
            hub.wait_line("is ready at")
            process = psutil.Process(hub.popen.pid)
            print(idle(process, told.seconds), flush=True)
            for number in range(1, told.servers):
                (Path(place) / f"p{number}").mkdir()
                command(environ, "server", "add", "--project", f"{place}/p{number}", "--no-start")
            command(environ, "server", "start", "--all")
            print(idle(process, told.seconds), flush=True)
            look_around((Path(place) / "hub.log").read_text().split("is ready at ")[1].split()[0])
            print(f"and after a look at each page: {idle(process, told.seconds)}", flush=True)
        finally:
            process.terminate()
            hub.popen.wait(120)
    print(f"others used {os.getloadavg()[0]:.1f} of {os.cpu_count()} processors (load)")


if __name__ == "__main__":
    main()
