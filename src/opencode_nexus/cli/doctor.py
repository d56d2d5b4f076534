# SPDX-License-Identifier: MIT
"""`opencode-nexus doctor`: what is wrong, why, and mended where it can be; with a running hub or without."""

import asyncio
import os
import sqlite3
import sys
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Protocol

import typer

from opencode_nexus.cli.client import HomeOption, HubClient, JsonOption, TokenOption, UrlOption, find_hub
from opencode_nexus.cli.complain import FAILED, complain
from opencode_nexus.cli.errors import FileUnwritable, HubNotRunning, HubSaid
from opencode_nexus.cli.table import show_json
from opencode_nexus.core.clock import SystemClock
from opencode_nexus.core.errors import NexusError
from opencode_nexus.core.settings import Settings
from opencode_nexus.observe.doctor.around import Around
from opencode_nexus.observe.doctor.doctor import Doctor
from opencode_nexus.observe.doctor.finding import Finding
from opencode_nexus.observe.log_files import LogFiles
from opencode_nexus.observe.report import Report, texts_of
from opencode_nexus.setup import checks
from opencode_nexus.store.home import Home, home_folder

app = typer.Typer(add_completion=False, rich_markup_mode=None)

VERDICTS = {"pass": "Pass", "warn": "Warning", "fail": "Fail", "unknown": "Not known"}
ALIVE = 10.0  # seconds for a hub to say anything; one that hangs is looked at from outside
SILENCE = 60.0  # seconds between two pieces of a report
Found = dict[str, Any]


class Patient(Protocol):
    """Who is looked at: a running hub, or a home folder without one."""

    async def run(self) -> list[Found]: ...
    async def fix(self, found: Found) -> Found: ...
    async def report(self) -> Iterable[bytes]: ...


class _Running:
    """The hub makes its checks itself."""

    def __init__(self, hub: HubClient) -> None:
        self._hub = hub

    async def run(self) -> list[Found]:
        found: list[Found] = self._hub.get("/doctor")["items"]
        return found

    async def fix(self, found: Found) -> Found:
        after: Found = self._hub.post("/doctor/fix", {"id": found["id"], "seen": found["seen"]})
        return after

    async def report(self) -> Iterator[bytes]:
        return self._pieces()

    def _pieces(self) -> Iterator[bytes]:
        with self._hub.stream("GET", "/doctor/report", wait=SILENCE) as reply:
            yield from reply.iter_bytes()


class _Alone:
    """No hub runs: this process makes the checks."""

    def __init__(self, doctor: Doctor) -> None:
        self._doctor = doctor

    async def run(self) -> list[Found]:
        return [_item(found) for found in await self._doctor.run()]

    async def fix(self, found: Found) -> Found:
        home = self._doctor.around.home
        if not home.path.is_dir():
            raise HubNotRunning(f"There is no home folder {home.path}.")
        if not home.locked:
            home.lock()  # no hub begins meanwhile; the end of this process frees it
        return _item(await self._doctor.fix(found["id"], found["seen"]))

    async def report(self) -> Iterator[bytes]:
        around = self._doctor.around
        texts = texts_of(await self._doctor.run(), around.settings())
        return Report(LogFiles(around.home.path / "logs"), texts).zip()


@app.command()
def doctor(
    fix: Annotated[
        bool, typer.Option("--fix", help="Mend what can be mended; each thing is shown and asked for.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask; what is done is printed.")] = False,
    report: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Write findings, settings and logs, without secrets, to this .zip. Nothing is sent."
        ),
    ] = None,
    home: HomeOption = None,
    url: UrlOption = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Check everything that people find broken. Exit status 1 when something fails."""
    if fix and as_json and not yes:
        raise typer.BadParameter("--fix with --json cannot ask: add --yes.")
    try:
        with find_hub(home, url, token) as hub:
            hub.request("GET", "/status", within=ALIVE)
    except (HubNotRunning, HubSaid):  # or another program answers at the address of a hub that was killed
        if url:
            raise
        failed = asyncio.run(_without_hub(Home(home_folder(home)), fix, yes, report, as_json))
    else:
        with find_hub(home, url, token) as hub:
            failed = asyncio.run(_examine(_Running(hub), fix, yes, report, as_json))
    if failed:
        raise typer.Exit(FAILED)


async def _without_hub(home: Home, fix: bool, yes: bool, report: Path | None, as_json: bool) -> bool:
    async with _alone(home) as one:
        try:
            return await _examine(_Alone(one), fix, yes, report, as_json)
        finally:
            if home.locked:
                home.release()


@asynccontextmanager
async def _alone(home: Home) -> AsyncIterator[Doctor]:
    """Give the doctor of a home folder; where its database cannot be opened it knows less, and says so."""
    from opencode_nexus.app import composed

    if not home.database.exists():  # a look must not make a home folder
        yield _bare(home, f"There is no database in {home.path} yet.")
        return
    services = composed(home, {"home": home.path}, os.environ)
    try:
        hub = await services.__aenter__()
    except (NexusError, sqlite3.Error) as error:
        yield _bare(home, str(error))
        return
    try:
        yield hub.doctor
    finally:
        await services.__aexit__(None, None, None)


def _bare(home: Home, trouble: str) -> Doctor:
    settings = Settings.load({"home": home.path}, os.environ, {}, home.path)
    machine = checks.every(home.path, at_hand=True)
    return Doctor(
        Around(
            home=home, clock=SystemClock(), settings=lambda: settings,
            machine=lambda name: machine[name](), trouble=trouble,
        )
    )  # fmt: skip


async def _examine(patient: Patient, fix: bool, yes: bool, report: Path | None, as_json: bool) -> bool:
    """Do what was asked for and tell it; returns whether something fails in the end."""
    if report is not None:
        _write(report, await patient.report())
        return False
    found = await patient.run()
    mended: list[Found] = []
    if not as_json:
        _tell(found)
    if fix:
        for one in found:
            if one["does"]:
                mended += await _mend(patient, one, yes, as_json)
        found = await patient.run() if mended else found
    failed = any(one["status"] == "fail" for one in found)
    if as_json:
        show_json({"items": found, "mended": [one["id"] for one in mended], "failed": failed})
    elif mended:
        print()
        _tell(found)
    elif not fix and any(one["does"] for one in found):
        print("\nopencode-nexus doctor --fix mends what has a fix; it asks first.")
    return failed


async def _mend(patient: Patient, one: Found, yes: bool, as_json: bool) -> list[Found]:
    """Show what would be done, ask, and do it; returns what was mended."""
    if not as_json:
        print(f"\n{one['title']}:")
        for line in one["does"]:
            print(f"  {line}")
        if not yes and not typer.confirm("Do it?", default=False):
            return []
    try:
        after = await patient.fix(one)
    except NexusError as error:
        complain(error)
        return []
    if not as_json:
        print(f"{VERDICTS[after['status']]}: {after['said']}")
    return [after]


def _tell(found: list[Found]) -> None:
    for one in found:
        print(f"{VERDICTS[one['status']]:<10}{one['title']}: {one['said']} {one['todo']}".rstrip())
        for line in one["does"]:
            print(f"{'':<10}  --fix: {line}")


def _item(found: Finding) -> Found:
    """As the API tells it."""
    return {**asdict(found), "does": list(found.does), "seen": found.seen}


def _write(path: Path, pieces: Iterable[bytes]) -> None:
    try:
        with path.open("wb") as file:
            for piece in pieces:
                file.write(piece)
    except OSError as error:
        raise FileUnwritable(f"{path}: {error.strerror or error}.") from error
    print(f"The report is in {path}. Look through it before you pass it on; nothing was sent.", file=sys.stderr)
