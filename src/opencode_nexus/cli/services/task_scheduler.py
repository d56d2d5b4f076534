# SPDX-License-Identifier: MIT
"""Windows' task scheduler: a task at logon. Source: Task Scheduler schema 1.2, schtasks. Never run on Windows yet."""

import subprocess
from pathlib import Path
from xml.sax.saxutils import escape

from opencode_nexus.cli.services.unit import ABOUT, Runner, ServiceNotInstalled, ServiceState, Unit, must, write

TASK = "OpenCode Nexus"
RUNNING = 267009  # SCHED_S_TASK_RUNNING; the status column itself is in the user's language


class TaskScheduler:
    """Talks to the scheduler by `runner`; the task's file lies in `folder`, `user` is who it runs for."""

    name = "task scheduler"

    def __init__(self, runner: Runner, folder: Path, user: str) -> None:
        self._run, self._user = runner, user
        self.path = folder / "opencode-nexus-task.xml"

    def text(self, unit: Unit) -> str:
        # a task has no environment of its own: the command names the home folder
        program, *arguments = unit.command
        return f"""<?xml version="1.0" encoding="UTF-16"?>
<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
  <RegistrationInfo><Description>{ABOUT}</Description></RegistrationInfo>
  <Triggers><LogonTrigger><UserId>{escape(self._user)}</UserId></LogonTrigger></Triggers>
  <Principals><Principal id="Author">
    <UserId>{escape(self._user)}</UserId><LogonType>InteractiveToken</LogonType>
    <RunLevel>LeastPrivilege</RunLevel>
  </Principal></Principals>
  <Settings>
    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>
    <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>
    <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>
    <ExecutionTimeLimit>PT0S</ExecutionTimeLimit>
    <RestartOnFailure><Interval>PT1M</Interval><Count>5</Count></RestartOnFailure>
  </Settings>
  <Actions Context="Author"><Exec>
    <Command>{escape(program)}</Command>
    <Arguments>{escape(subprocess.list2cmdline(arguments))}</Arguments>
  </Exec></Actions>
</Task>
"""

    def install(self, unit: Unit, *, start: bool) -> None:
        write(self.path, self.text(unit), "utf-16")
        must(self._run, "schtasks", "/Create", "/TN", TASK, "/XML", str(self.path), "/F")
        if start:
            must(self._run, "schtasks", "/Run", "/TN", TASK)

    def remove(self) -> None:
        if not self.state().installed:
            raise ServiceNotInstalled(f"There is no task {TASK}.")
        self._run(("schtasks", "/End", "/TN", TASK))  # refused when it does not run
        must(self._run, "schtasks", "/Delete", "/TN", TASK, "/F")
        self.path.unlink(missing_ok=True)

    def state(self) -> ServiceState:
        status, said = self._run(("schtasks", "/Query", "/TN", TASK, "/V", "/FO", "CSV", "/NH"))
        installed, running = status == 0, str(RUNNING) in said
        detail = "running" if running else "ready" if installed else "not there"
        return ServiceState(self.name, str(self.path), installed, running, installed, detail)
