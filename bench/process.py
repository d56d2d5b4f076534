# SPDX-License-Identifier: MIT
"""A started process tree: when it was ready, and what the kernel says of its CPU and memory."""

import re
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TypedDict

import psutil

TRY = 0.25  # s; OpenCode 1.18.33 accepts connections for about 0.15 s at boot that it never answers


class Memory(TypedDict):
    """Resident and proportional set size in MB, summed over `procs` processes."""

    rss_mb: float
    pss_mb: float
    procs: int


class Proc:
    """One command in a session of its own, writing to a log file."""

    def __init__(self, argv: list[str], cwd: Path, env: Mapping[str, str], log: Path) -> None:
        log.parent.mkdir(parents=True, exist_ok=True)
        self.name = log.stem
        self.log = log
        self.started = time.monotonic()
        with log.open("ab") as out:
            self.popen = subprocess.Popen(
                argv, cwd=cwd, env=dict(env), stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                start_new_session=True,
            )  # fmt: skip

    def ms(self) -> int:
        """Milliseconds since the start."""
        return round((time.monotonic() - self.started) * 1000)

    def check(self) -> None:
        """Raises RuntimeError, with the end of the log, when the process has ended."""
        if self.popen.poll() is not None:
            tail = self.log.read_text(errors="replace")[-2000:]
            raise RuntimeError(f"{self.name} ended with {self.popen.returncode}:\n{tail}")

    def wait_http(self, url: str, seconds: float = 90) -> int:
        """Milliseconds from the start to the first 200 of `url`."""
        while time.monotonic() - self.started < seconds:
            self.check()
            with suppress(OSError), urllib.request.urlopen(url, timeout=TRY) as answer:
                if answer.status == 200:
                    return self.ms()
            time.sleep(0.005)
        raise RuntimeError(f"{self.name}: no answer from {url} in {seconds} s")

    def wait_line(self, words: str, seconds: float = 90) -> int:
        """Milliseconds from the start to a line with `words` in the log."""
        before = time.monotonic()
        while time.monotonic() - before < seconds:
            if words in self.log.read_text(errors="replace"):
                return self.ms()
            self.check()
            time.sleep(0.002)
        raise RuntimeError(f"{self.name}: no line with {words!r} in {seconds} s")

    def tree(self) -> list[psutil.Process]:
        """The process and all that descend from it, as of now."""
        try:
            root = psutil.Process(self.popen.pid)
            return [root, *root.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def stop(self) -> None:
        """Ends the tree: first gently, after 6 s firmly."""
        tree = self.tree()
        for process in tree:
            with suppress(psutil.NoSuchProcess):
                process.terminate()
        for process in psutil.wait_procs(tree, timeout=6)[1]:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        self.popen.wait()


def is_opencode(process: psutil.Process) -> bool:
    """True for a process that runs OpenCode's binary."""
    try:
        return Path(process.exe()).name.startswith("opencode")
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return False


def memory(processes: Iterable[psutil.Process]) -> Memory:
    """What they hold now, from smaps_rollup."""
    total = {"Rss": 0, "Pss": 0}
    count = 0
    for process in processes:
        count += 1
        with suppress(OSError):
            text = Path(f"/proc/{process.pid}/smaps_rollup").read_text()
            for name in total:
                total[name] += sum(int(kb) for kb in re.findall(rf"^{name}:\s+(\d+)", text, re.MULTILINE))
    return {
        "rss_mb": round(total["Rss"] / 1024, 1),
        "pss_mb": round(total["Pss"] / 1024, 1),
        "procs": count,
    }


def cpu(processes: Iterable[psutil.Process]) -> float:
    """CPU seconds they used so far, user and system."""
    seconds = 0.0
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            seconds += times.user + times.system
    return seconds


def bytes_sent(port: int) -> int:
    """Bytes the kernel sent so far on the established sockets of a local port; 0 where `ss` is missing."""
    command = ["ss", "-tinH", "state", "established", f"sport = :{port}"]
    try:
        out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return 0
    return sum(int(count) for count in re.findall(r"bytes_sent:(\d+)", out))


def free_port() -> int:
    """A TCP port of 127.0.0.1 that was free just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
