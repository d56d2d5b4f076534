# SPDX-License-Identifier: MIT
"""The secrets that tests used, and a look at all that they wrote: none of it may hold one.

A test, or the double that it talks to, hands each secret to `remember`. From then on all that is written is searched
for it, and a find fails the test, or the run:

- after each phase of a test: what pytest captured, what the test read of that (capsys) or of a command (subprocess),
  every log record down to DEBUG, and the files below its tmp_path;
- after each file of tests, and at the end of the run: the files below pytest's folder for temporary ones, where hubs
  that are shared by a file or by the whole run keep theirs.

Files are logs (.log, .out, .err), and in a hub's home all others as well. Each worker knows the secrets of its own
tests, which are the only ones that its output could hold.
"""

import contextlib
import functools
import itertools
import logging
import os
import stat
import subprocess
from collections.abc import Callable, Generator, Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

SHORTEST = 8  # characters; anything shorter stands in ordinary text
FEWEST = 5  # different characters; "xxxx…" stood in a log that another test filled, and failed a run in five
LOGS = {".log", ".out", ".err"}
HOME = {"nexus.db", "logs", "secrets"}  # what makes a folder a hub's home
PROGRAMS = "bin"  # of a home: programs of others, large, and made before any secret was
# What of a home may hold a secret. secrets/sealed.bin is not among them: sealed as it is, none can be read there.
ALLOWED = {
    "hub.json": "how commands of the same system user reach the hub: its key of this boot, for that user's eyes alone",
}
# Loggers of tools of the tests alone: with hpack the edge reads what cloudflared sends, visitors' cookies among it, and
# with the client of websockets a test asks with the token that it has.
TOOLS = ("hpack", "websockets.client")

_known: dict[str, set[bytes]] = {}  # each secret, in the order in which they came, and how it may be written
_seen: dict[Path, tuple[tuple[int, int], int, list[str]]] = {}  # file: its state, how many secrets, what was found
_told: set[str] = set()  # what was found in files and has failed something already
_heard: list[str] = []  # what was found in output since the last report
_workers: list[str] = []  # what workers found at their end
_base: list[Path] = []  # the folder below which all temporary ones are, once anything ran
_patch = pytest.MonkeyPatch()


def remember(secret: str) -> str:
    """Return the secret, and look for it in all output from now on."""
    assert len(secret) >= SHORTEST, "too short to be searched for"
    assert len(set(secret)) >= FEWEST, "too plain to be searched for"
    if secret not in _known:
        _known[secret] = {form.encode() for form in (secret, quote(secret), quote(secret, safe=""))}
    return secret


def found_in(text: str | bytes) -> list[str]:
    """The beginning of each known secret that the text holds, as it is or as an address would hold it."""
    return _search(text if isinstance(text, bytes) else text.encode(errors="replace"))


def _search(data: bytes, since: int = 0) -> list[str]:
    """The same, for secrets from number `since` on."""
    asked = itertools.islice(_known.items(), since, None)
    return sorted(f"{secret[:4]}…" for secret, forms in asked if any(form in data for form in forms))


# -- files ---------------------------------------------------------------------------------------------


def in_logs(folder: Path) -> list[str]:
    """What logs and hubs' homes below a folder hold: "<file>: <beginning of the secret>"."""
    return [f"{path.relative_to(folder)}: {start}" for path in _files(folder) for start in _in_file(path)]


def _files(folder: Path) -> Iterator[Path]:
    homes: set[str] = set()
    for at, folders, names in os.walk(folder):
        if HOME.issubset((*folders, *names)):
            homes.add(at)
            folders[:] = [name for name in folders if name != PROGRAMS]
            names = [name for name in names if name not in ALLOWED or _open_to_others(Path(at, name))]
        elif os.path.dirname(at) in homes:
            homes.add(at)
        yield from (Path(at, name) for name in names if at in homes or LOGS.intersection(Path(name).suffixes))


def _open_to_others(path: Path) -> bool:
    with contextlib.suppress(FileNotFoundError):  # a hub that ends takes it away
        return os.name == "posix" and path.stat().st_mode & 0o077 != 0
    return False


def _in_file(path: Path) -> list[str]:
    """What a file holds. It is read again only once it was written or there are more secrets."""
    try:
        now = path.lstat()
        state = (now.st_mtime_ns, now.st_size)
        before, asked, found = _seen.get(path, (None, 0, []))
        if before != state:
            asked, found = 0, []
        if stat.S_ISREG(now.st_mode) and asked < len(_known):
            found = sorted({*found, *_search(path.read_bytes(), asked)})
    except (FileNotFoundError, PermissionError):  # it has just gone, or a test made it so
        return []
    _seen[path] = state, len(_known), found
    return found


def _news(folder: Path) -> list[str]:
    """What is found below a folder and was not told before."""
    found = [f"{path}: {start}" for path in _files(folder) for start in _in_file(path)] if _known else []
    news = [find for find in found if find not in _told]
    _told.update(news)
    return news


def refuse(places: Iterable[str]) -> None:
    """Fail when there are any."""
    if told := list(places):
        raise AssertionError(f"a secret was written out: {', '.join(told)}")


# -- output --------------------------------------------------------------------------------------------


class _Records(logging.Handler):
    """Keeps what is logged until it is searched."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self._lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if not any(f"{record.name}.".startswith(f"{tool}.") for tool in TOOLS):
            self._lines.append(self.format(record))

    def take(self) -> str:
        """All since the last time."""
        lines, self._lines = self._lines, []
        return "\n".join(lines)


_records = _Records()


def _overheard(what: str, read: Callable[..., Any]) -> Callable[..., Any]:
    """`read`, which returns (stdout, stderr), with a look at what it returns.

    It is searched for the secrets that are known by then: a command may tell a new one, which is remembered after it.
    """

    @functools.wraps(read)
    def work(*args: Any, **more: Any) -> Any:
        result = read(*args, **more)
        _heard.extend(f"{what}: {start}" for text in result for start in found_in(text or ""))
        return result

    return work


# -- pytest --------------------------------------------------------------------------------------------


def pytest_configure() -> None:
    for tool in TOOLS:  # hpack makes a hundred records of a request, for a tenth of a test's time
        logging.getLogger(tool).setLevel(logging.WARNING)
    for owner, name, what in (
        (subprocess.Popen, "communicate", "what a command wrote"),
        (pytest.CaptureFixture, "readouterr", "what the test read"),
    ):
        _patch.setattr(owner, name, _overheard(what, getattr(owner, name)))


def pytest_unconfigure() -> None:
    _patch.undo()


@pytest.fixture(scope="session", autouse=True)
def base_folder(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Tell where to look at the end."""
    _base.append(tmp_path_factory.getbasetemp())


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol() -> Generator[None, object, object]:
    """Hear every log record."""
    root = logging.getLogger()
    level = root.level
    root.addHandler(_records)
    root.setLevel(logging.DEBUG)
    try:
        return (yield)
    finally:
        root.setLevel(level)
        root.removeHandler(_records)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Generator[None, object, object]:
    """At the end of a file of tests, look at everything that is there."""
    result = yield
    last = nextitem is None or nextitem.path != item.path
    if last and (found := [find for base in _base for find in _news(base)]):
        pytest.fail(f"a secret was written out: {', '.join(found)}", pytrace=False)
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fail a test whose output holds a secret."""
    report = yield
    found = [f"{name}: {start}" for name, text in report.sections for start in found_in(text)]
    found += [*_heard, *(f"log record: {start}" for start in found_in(_records.take()))]
    _heard.clear()
    folder = getattr(item, "funcargs", {}).get("tmp_path")
    if report.when == "teardown" and folder is not None:
        found += _news(folder)
    if found and not report.failed:
        report.outcome = "failed"
        report.longrepr = f"a secret was written out: {', '.join(found)}"
    return report


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Hear what a worker of xdist found at its end."""
    _workers.extend(getattr(node, "workeroutput", {}).get("leaks", ()))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Look once more when all is closed; fail the run when there is anything."""
    found = [*_heard, *(find for base in _base for find in _news(base))]
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["leaks"] = found
        return
    _workers.extend(found)
    if _workers and session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if _workers:
        terminalreporter.section("a secret was written out", red=True)
        terminalreporter.write_line("\n".join(_workers))
