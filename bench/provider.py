# SPDX-License-Identifier: MIT
"""The scripted model provider of the tests as its own process, read through the log that it keeps."""

import json
import re
import sys
from pathlib import Path
from typing import NamedTuple

from bench.process import Proc

ROOT = Path(__file__).resolve().parent.parent
MARK = re.compile(r"⟦(\d+);(\d+\.\d+)⟧")


class Written(NamedTuple):
    """One delta: its number, when it was written (epoch ms), and the characters of its text."""

    number: int
    at: float
    chars: int


class Provider:
    """Streams `STREAM n=… r=… w=… id=…`: n deltas, r a second, each with a marker ⟦number;epoch ms⟧."""

    def __init__(self, root: Path) -> None:
        root.mkdir(parents=True, exist_ok=True)
        self._log = root / "provider.jsonl"
        self._log.unlink(missing_ok=True)
        out = root / "log" / "provider.log"
        out.unlink(missing_ok=True)
        command = [sys.executable, "-m", "tests.fakes.provider", "--log", str(self._log)]
        self._proc = Proc(command, ROOT, {"PYTHONPATH": str(ROOT), "PATH": ""}, out)
        self._proc.wait_line("provider ready at")
        self.url = out.read_text().split()[-1].removesuffix("/v1")
        self._runs: dict[int, list[Written]] = {}
        self._done: dict[str, list[Written]] = {}
        self._offset = 0

    def finished(self, name: str) -> list[Written] | None:
        """What was written for `id=name`, once the whole of it was; None before."""
        with self._log.open("rb") as log:
            log.seek(self._offset)
            raw = log.read()
        whole = raw[: raw.rfind(b"\n") + 1]
        self._offset += len(whole)
        for line in whole.splitlines():
            self._take(json.loads(line))
        return self._done.get(name)

    def called(self, tool: str, words: str) -> float | None:
        """When the model last called a tool with `words` among its arguments (epoch ms); None: it did not."""
        found = None
        for text in self._log.read_text().splitlines():
            line = json.loads(text)
            if line["kind"] == "tool" and line["tool"] == tool and words in json.dumps(line["args"]):
                found = float(line["t"]) * 1000
        return found

    def _take(self, line: dict[str, object]) -> None:
        if line["kind"] != "text":
            return
        text = str(line["text"])
        run = self._runs.setdefault(int(str(line["run"])), [])
        if mark := MARK.search(text):
            run.append(Written(int(mark[1]), float(mark[2]), len(text)))
        elif "STREAMEND" in text:
            self._done[text.strip().removeprefix("STREAMEND")] = run

    def stop(self) -> None:
        self._proc.stop()
