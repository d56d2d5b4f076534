# SPDX-License-Identifier: MIT
"""The report of a problem: what the doctor found, the settings and the logs, without secrets. It is never sent.

A person looks through each file of it and decides whom to give it to.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from opencode_nexus.core.errors import NotFound
from opencode_nexus.core.settings import SETTINGS, Settings
from opencode_nexus.observe.doctor.finding import Finding
from opencode_nexus.observe.log_bundle import about, bundle, clean
from opencode_nexus.observe.log_files import LogFiles
from opencode_nexus.secrets.redact import redact

PIECE = 200_000  # bytes of a file that a page shows at one go
LOGS = "logs/"
ABOUT = "about.txt"


@dataclass(frozen=True, slots=True)
class Content:
    """One file of the report; `size` in bytes, of a log as it is before secrets are taken out."""

    name: str
    size: int


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a file; `before` and `after` are the bytes where its neighbours begin, None: there is none."""

    text: str
    before: int | None
    after: int | None


class Report:
    """What may be passed on: `texts` by file name, and all log `files`. Its methods block."""

    def __init__(self, files: LogFiles, texts: Mapping[str, str]) -> None:
        self._files = files
        self._texts = {name: redact(text) for name, text in {ABOUT: about(), **texts}.items()}

    def contents(self) -> list[Content]:
        """List the files."""
        written = [Content(name, len(text.encode())) for name, text in self._texts.items()]
        return written + [Content(LOGS + file.name, file.size) for file in self._files.all()]

    def read(self, name: str, at: int = 0) -> Piece:
        """Return a piece of a file as the archive has it, from byte `at` on; raises NotFound."""
        if name in self._texts:
            return Piece(self._texts[name], None, None)
        for file in self._files.all():
            if LOGS + file.name == name:
                return _piece(file.path, max(0, at))
        raise NotFound("The report holds no such file.")

    def zip(self) -> Iterator[bytes]:
        """Yield the archive."""
        return bundle(self._files, {name: text for name, text in self._texts.items() if name != ABOUT})


def texts_of(findings: Sequence[Finding], settings: Settings) -> dict[str, str]:
    """Return what a report holds beside the logs: the doctor's findings, for people and programs, and the settings."""
    lines = [f"{one.status:<8}{one.title}: {one.said} {one.todo}".rstrip() for one in findings]
    values = [f"{one.name} = {getattr(settings, one.name)}" for one in SETTINGS]
    return {
        "doctor.txt": "\n".join(lines) + "\n",
        "doctor.json": json.dumps([asdict(one) for one in findings], indent=2, ensure_ascii=False) + "\n",
        "settings.txt": "\n".join(values) + "\n",
    }


def _piece(path: Path, at: int) -> Piece:
    """Read whole lines around PIECE bytes; what is cut off at one end begins the next piece."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, at - 1))
            if at:  # to the next line: half of one could begin after the word that gives a secret away
                file.readline(PIECE)
            data = file.read(PIECE) + file.readline(PIECE)
            end = file.tell()
            after = end if file.read(1) else None
    except OSError as error:
        raise NotFound("The file is not there any more.") from error
    return Piece(clean(data).decode(), max(0, at - PIECE) if at else None, after)
