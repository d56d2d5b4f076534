# SPDX-License-Identifier: MIT
"""What each system's service manager is given and asked; a runner writes it down instead of running it."""

import plistlib
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from pathlib import Path

import pytest

from opencode_nexus.cli import service
from opencode_nexus.cli.services.launchd import LABEL, Launchd
from opencode_nexus.cli.services.systemd import Systemd
from opencode_nexus.cli.services.task_scheduler import TASK, TaskScheduler
from opencode_nexus.cli.services.unit import ServiceFailed, ServiceNotInstalled, ServiceUnsupported, Unit, run

HARD = 'a "b" %h $HOME c\\d & <e>'


class Recorder:
    """Answers what it is told to answer to a command's beginning, 0 and nothing else; keeps what was asked."""

    def __init__(self, **answers: tuple[int, str]) -> None:
        self.asked: list[str] = []
        self.answers = answers

    def __call__(self, words: Sequence[str]) -> tuple[int, str]:
        self.asked.append(" ".join(words))
        return next((said for word, said in self.answers.items() if word.replace("_", "-") in words), (0, ""))


@pytest.fixture
def unit(tmp_path: Path) -> Unit:
    command = ("/opt/py thon", "-m", "opencode_nexus", "serve", "--home", str(tmp_path / HARD))
    return Unit(command, tmp_path / HARD, {"PATH": "/bin", "OPENCODE_NEXUS_BASE_PATH": HARD})


def test_systemd_of_a_user(tmp_path: Path, unit: Unit) -> None:
    asked = Recorder()
    systemd = Systemd(asked, tmp_path, system=False)
    systemd.install(unit, start=True)
    assert systemd.path == tmp_path / "systemd/user/opencode-nexus.service"
    assert systemd.path.read_text() == systemd.text(unit)
    assert "WantedBy=default.target" in systemd.path.read_text()
    assert asked.asked == ["systemctl --user daemon-reload", "systemctl --user enable --now opencode-nexus.service"]
    systemd.install(unit, start=False)
    assert asked.asked[-1] == "systemctl --user enable opencode-nexus.service"
    systemd.remove()
    assert not systemd.path.exists()
    assert asked.asked[-2:] == [
        "systemctl --user disable --now opencode-nexus.service",
        "systemctl --user daemon-reload",
    ]
    with pytest.raises(ServiceNotInstalled):
        systemd.remove()


def test_systemd_of_the_system(tmp_path: Path, unit: Unit) -> None:
    systemd = Systemd(Recorder(), tmp_path, system=True)
    assert systemd.path == Path("/etc/systemd/system/opencode-nexus.service")
    assert "WantedBy=multi-user.target" in systemd.text(unit)


def test_what_systemd_refuses_is_told_in_its_words(tmp_path: Path, unit: Unit) -> None:
    with pytest.raises(ServiceFailed, match="No medium found"):
        Systemd(
            Recorder(daemon_reload=(1, "Failed to connect to bus: No medium found")), tmp_path, system=False
        ).install(unit, start=True)


def test_systemd_takes_every_word_for_itself(tmp_path: Path, unit: Unit) -> None:
    lines = Systemd(Recorder(), tmp_path, system=False).text(unit).splitlines()
    escaped = 'a \\"b\\" %%h $HOME c\\\\d & <e>'
    assert f'Environment="OPENCODE_NEXUS_BASE_PATH={escaped}"' in lines
    (command,) = [line for line in lines if line.startswith("ExecStart=")]
    assert command.endswith(escaped.replace("$", "$$") + '"')


def test_launchd(tmp_path: Path, unit: Unit) -> None:
    asked = Recorder(print=(113, "Could not find service"))
    launchd = Launchd(asked, tmp_path, 501)
    launchd.install(unit, start=True)
    with launchd.path.open("rb") as file:
        written = plistlib.load(file)
    assert (written["Label"], written["ProgramArguments"]) == (LABEL, list(unit.command))
    assert written["EnvironmentVariables"] == unit.environment
    assert written["AbandonProcessGroup"] is True
    assert asked.asked[-1] == f"launchctl bootstrap gui/501 {launchd.path}"
    assert not launchd.state().running
    asked.answers = {"print": (0, "x = {\n\tstate = running\n}")}
    assert launchd.state().running
    launchd.install(unit, start=True)
    assert asked.asked[-2:] == [
        f"launchctl bootout gui/501/{LABEL}",
        f"launchctl bootstrap gui/501 {launchd.path}",
    ]
    launchd.remove()
    assert not launchd.path.exists()


def test_the_task_scheduler(tmp_path: Path, unit: Unit) -> None:
    asked = Recorder()
    scheduler = TaskScheduler(asked, tmp_path, "DESK\\anna & co")
    scheduler.install(unit, start=True)
    task = ET.fromstring(scheduler.path.read_text("utf-16").partition("\n")[2])
    space = "{http://schemas.microsoft.com/windows/2004/02/mit/task}"
    assert task.findtext(f".//{space}Command") == "/opt/py thon"
    assert task.findtext(f".//{space}Arguments") == subprocess.list2cmdline(unit.command[1:])
    assert task.findtext(f".//{space}LogonTrigger/{space}UserId") == "DESK\\anna & co"
    assert asked.asked == [f"schtasks /Create /TN {TASK} /XML {scheduler.path} /F", f"schtasks /Run /TN {TASK}"]
    asked.answers = {"/Query": (0, '"HOST","\\OpenCode Nexus","N/A","Wird ausgeführt","267009"')}
    assert scheduler.state().running
    asked.answers = {"/Query": (1, "ERROR: The system cannot find the file specified.")}
    with pytest.raises(ServiceNotInstalled):
        scheduler.remove()


def test_what_goes_with_the_service(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("OPENCODE_NEXUS_BASE_PATH", "/x")
    monkeypatch.setenv("OPENCODE_NEXUS_HOME", "/elsewhere")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "of this shell alone")
    for name in ("TOKEN", "URL", "MARK"):  # of the commands, and of the server whose agent's shell this may be
        monkeypatch.setenv(f"OPENCODE_NEXUS_{name}", "of this shell alone")
    unit = service.unit(tmp_path)
    assert "of this shell alone" not in unit.environment.values()
    assert unit.environment["OPENCODE_NEXUS_BASE_PATH"] == "/x"
    assert "OPENCODE_NEXUS_HOME" not in unit.environment
    assert "ANTHROPIC_API_KEY" not in unit.environment
    assert unit.command[:3] == (sys.executable, "-m", "opencode_nexus")
    assert unit.command[-1] == str(tmp_path)


@pytest.mark.skipif(sys.platform != "linux", reason="each system has its own manager")
def test_a_system_without_a_manager(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("opencode_nexus.cli.service.shutil.which", lambda name: None)
    with pytest.raises(ServiceUnsupported):
        service.manager()


def test_a_manager_that_is_not_there() -> None:
    assert run(["no-such-program-here"]) == (127, "There is no no-such-program-here here.")
