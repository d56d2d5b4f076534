# SPDX-License-Identifier: MIT
"""What each server's whole process tree takes, told from one reading of the process table."""

import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import psutil

from opencode_nexus.processes.table import Entry, Table
from opencode_nexus.secrets.redact import DOTS, redact

Root = tuple[str, int, float]
"""Server id, process id, and the process's start in epoch seconds (a process id alone may be another's by now)."""

Kind = Literal["server", "language server", "MCP server", ""]

TOLERANCE = 1.0  # seconds between two readings of a start
COMMAND = 160  # characters of a command that are shown
_SECRET = ("key", "token", "secret", "password", "auth")  # in a flag's name: what follows it is not shown
_LANGUAGE = (
    "language-server", "langserver", "pyright", "pylsp", "gopls", "rust-analyzer", "clangd", "tsserver", "typescript",
    "jdtls", "zls", "solargraph", "ruby-lsp", "elixir-ls", "lua-ls", "sourcekit-lsp", "omnisharp", "-lsp", "--lsp",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Member:
    """One process of a tree; `depth` 0 is the server itself. `cpu` in percent of one core, None: seen only once.

    `kind` is what its command says it is: "server", "language server", "MCP server", or "" for all other tools.
    """

    pid: int
    parent: int
    depth: int
    kind: Kind
    name: str
    command: str
    cpu: float | None
    memory: int
    files: int | None


@dataclass(frozen=True, slots=True)
class TreeUsage:
    """One tree: `cpu` in percent of one core (None: seen only once), `processes` counted, `files` open in all of them.

    `memory` is resident, added up as ps does, so pages that several processes share count in each of them; `own` is
    without those: about what ending the tree would free. Both in bytes; None: the system does not tell it.
    """

    cpu: float | None
    memory: int
    processes: int
    own: int | None = None
    files: int | None = None
    members: tuple[Member, ...] = ()


class Trees:
    """Measures trees again and again; keeps what it needs of the pass before. Used from one thread at a time.

    How memory is counted was measured (three OpenCodes of 1.18.33): 327 MB resident, of it 80 MB shared with the
    others, 246 MB private. The shares of PSS cost 8.9 ms a process, resident and private 0.02 ms.
    """

    def __init__(self) -> None:
        self._born: dict[Root, float] = {}
        self._before: dict[str, dict[tuple[int, float], Entry]] = {}
        self._at: float | None = None
        self._commands: dict[tuple[int, float, str], str] = {}

    def measure(self, roots: Iterable[Root], table: Table) -> dict[str, TreeUsage]:
        """Return the usage of each root that runs, by server id. Blocks: about 0.03 ms a process of a tree."""
        seconds = table.at - self._at if self._at is not None else 0.0
        born, before, usage = self._born, self._before, {}
        self._born, self._before, self._at = {}, {}, table.at
        known, self._commands = self._commands, {}
        for root in roots:
            server_id, pid, started = root
            entry = table.entries.get(pid)
            if entry is None:
                continue
            # the first time by the clock, from then on by what no clock moves
            if root in born:
                if entry.born != born[root]:
                    continue
            elif abs(entry.created - started) > TOLERANCE:
                continue
            self._born[root] = entry.born
            tree = table.tree(pid)
            self._before[server_id] = {(one.pid, one.born): one for one in tree}
            usage[server_id] = self._usage(tree, before.get(server_id), seconds, known)
        return usage

    def _usage(
        self,
        tree: list[Entry],
        before: dict[tuple[int, float], Entry] | None,
        seconds: float,
        known: dict[tuple[int, float, str], str],
    ) -> TreeUsage:
        members: list[Member] = []
        depths = {tree[0].parent: -1}
        own: int | None = 0
        files: int | None = 0
        persisted = 0.0
        for entry in tree:
            depths[entry.pid] = depth = depths.get(entry.parent, 0) + 1
            key = (entry.pid, entry.born, entry.name)
            self._commands[key] = command = known[key] if key in known else _command(entry.pid)
            old = None if before is None else before.get((entry.pid, entry.born))
            spent = None if old is None else max(0.0, entry.cpu - old.cpu)
            persisted += spent or 0.0
            opened, private = open_files(entry.pid), _private(entry)
            files = None if opened is None or files is None else files + opened
            own = None if private is None or own is None else own + private
            members.append(
                Member(
                    entry.pid, entry.parent, depth, "server" if depth == 0 else kind_of(command), entry.name,
                    command or entry.name,
                    None if spent is None or seconds <= 0 else 100 * spent / seconds,
                    entry.memory, opened,
                )
            )  # fmt: skip
        cpu = None
        if before is not None and seconds > 0:
            # with what ended children took, which their parents are told: a tool of 0.1 s is seen by no pass
            total = sum(e.cpu + e.reaped for e in tree) - sum(e.cpu + e.reaped for e in before.values())
            cpu = 100 * max(total, persisted) / seconds
        memory = sum(entry.memory for entry in tree)
        return TreeUsage(cpu, memory, len(tree), own, files, tuple(members))


def kind_of(command: str) -> Kind:
    """Return what a child is, told from its command alone: "language server", "MCP server" or ""."""
    words = command.lower()
    if "mcp" in words or "modelcontextprotocol" in words:
        return "MCP server"
    return "language server" if any(word in words for word in _LANGUAGE) else ""


def _command(pid: int) -> str:
    """Return the command in one line without secrets; "" where the system does not tell it."""
    try:
        words = psutil.Process(pid).cmdline()
    except (psutil.Error, OSError):
        return ""
    shown, hide = [], False
    for word in words:
        flag, equals, _ = word.partition("=")
        secret = word[:1] == "-" and any(part in flag.lower() for part in _SECRET)
        shown.append(DOTS if hide else f"{flag}={DOTS}" if secret and equals else word)
        hide = secret and not equals
    line = redact(" ".join(" ".join(shown).split()))
    return line if len(line) <= COMMAND else line[: COMMAND - 1] + "…"


if sys.platform == "linux":
    _PAGE = os.sysconf("SC_PAGE_SIZE")

    def open_files(pid: int) -> int | None:
        """Return how many files (sockets, pipes …) a process has open, 0 once it ended; None: it may not be known."""
        try:
            # From Linux 6.2 on the folder's size is the count, readable even where the folder itself is closed to
            # us, as that of an OpenCode whose shield is up; before, it is 0.
            counted = os.stat(f"/proc/{pid}/fd").st_size
            return counted or len(os.listdir(f"/proc/{pid}/fd"))
        except (FileNotFoundError, ProcessLookupError):
            return 0
        except OSError:
            return None

    def _private(entry: Entry) -> int | None:
        try:
            with open(f"/proc/{entry.pid}/statm", "rb") as file:
                words = file.read().split()
            return max(0, int(words[1]) - int(words[2])) * _PAGE
        except (FileNotFoundError, ProcessLookupError):
            return 0
        except (OSError, IndexError, ValueError):
            return None

else:

    def open_files(pid: int) -> int | None:
        """Return how many files (handles on Windows) a process has open, 0 once it ended; None: it may not be known."""
        try:
            process = psutil.Process(pid)
            if sys.platform == "win32":
                return process.num_handles()
            else:
                return process.num_fds()
        except psutil.NoSuchProcess:
            return 0
        except (psutil.Error, OSError):
            return None

    def _private(entry: Entry) -> int | None:
        return None
