# SPDX-License-Identifier: MIT
"""systemd: a user's own unit, or the system's when root asks.

Source of the file's words: systemd.service(5), systemd.exec(5), systemd.unit(5).
"""

from pathlib import Path

from opencode_nexus.cli.services.unit import (
    ABOUT,
    NAME,
    Runner,
    ServiceNotInstalled,
    ServiceState,
    Unit,
    is_root,
    must,
    write,
)

FILE = f"{NAME}.service"


def quoted(word: str) -> str:
    """Return a word as ExecStart= and Environment= take it: % begins a specifier there, $ a variable."""
    for mark, safe in (("\\", "\\\\"), ('"', '\\"'), ("%", "%%"), ("\n", "\\n")):
        word = word.replace(mark, safe)
    return f'"{word}"'


class Systemd:
    """Talks to systemd by `runner`; `config` is the folder that holds the user's `systemd/user`."""

    name = "systemd"

    def __init__(self, runner: Runner, config: Path, *, system: bool | None = None) -> None:
        self._run = runner
        self._system = is_root() if system is None else system
        folder = Path("/etc/systemd/system") if self._system else config / "systemd" / "user"
        self.path = folder / FILE
        self._ctl = ("systemctl",) if self._system else ("systemctl", "--user")

    def text(self, unit: Unit) -> str:
        environment = "".join(f"Environment={quoted(f'{k}={v}')}\n" for k, v in sorted(unit.environment.items()))
        # $ stands for itself only when doubled, in ExecStart alone
        command = " ".join(quoted(word).replace("$", "$$") for word in unit.command)
        return (
            "[Unit]\n"
            f"Description={ABOUT}\n"
            "StartLimitIntervalSec=600\n"
            "StartLimitBurst=5\n"
            "\n"
            "[Service]\n"
            "Type=exec\n"
            f"ExecStart={command}\n"
            f"{environment}"
            "Restart=on-failure\n"
            "RestartSec=2\n"
            "# 2 is wrong usage: starting again would not help\n"
            "RestartPreventExitStatus=2\n"
            "# the hub alone: it leaves busy servers running and takes them up again\n"
            "KillMode=process\n"
            "# so that servers can be held to their limits by the kernel; the second line is known from 254 on\n"
            "Delegate=yes\n"
            "DelegateSubgroup=hub\n"
            "TimeoutStopSec=60\n"
            "\n"
            "[Install]\n"
            f"WantedBy={'multi-user' if self._system else 'default'}.target\n"
        )

    def install(self, unit: Unit, *, start: bool) -> None:
        write(self.path, self.text(unit))
        must(self._run, *self._ctl, "daemon-reload")
        must(self._run, *self._ctl, "enable", *(["--now"] if start else []), FILE)

    def remove(self) -> None:
        if not self.path.exists():
            raise ServiceNotInstalled(f"There is no {self.path}.")
        must(self._run, *self._ctl, "disable", "--now", FILE)
        self.path.unlink(missing_ok=True)
        must(self._run, *self._ctl, "daemon-reload")

    def state(self) -> ServiceState:
        _, active = self._run((*self._ctl, "is-active", FILE))
        _, enabled = self._run((*self._ctl, "is-enabled", FILE))
        return ServiceState(
            self.name, str(self.path), self.path.exists(), active == "active", enabled == "enabled", active
        )
