# SPDX-License-Identifier: MIT
"""Under which names OpenCode is published for this machine, best first."""

import platform
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

PROGRAM = "opencode.exe" if sys.platform == "win32" else "opencode"

_SYSTEMS = {"linux": "linux", "darwin": "darwin", "win32": "windows"}
_CPUS = {"x86_64": "x64", "amd64": "x64", "arm64": "arm64", "aarch64": "arm64"}
_POWERSHELL = (
    '(Add-Type -MemberDefinition "[DllImport(""kernel32.dll"")] public static extern bool '
    'IsProcessorFeaturePresent(int ProcessorFeature);" -Name Kernel32 -Namespace Win32 -PassThru)'
    "::IsProcessorFeaturePresent(40)"
)


@dataclass(frozen=True, slots=True)
class Machine:
    """What decides the build: `system` linux, darwin or windows; `cpu` x64 or arm64; the rest as on this
    machine.
    """

    system: str
    cpu: str
    avx2: bool = True
    musl: bool = False

    def builds(self) -> list[str]:
        """Return the names of the builds that may run here, such as "linux-x64", best first.

        The order is that of OpenCode's own npm package (its postinstall, 1.18.33): a wrong guess about AVX2
        or the C library costs a try, not the set-up, because each build is run before it is taken.
        """
        if self.system not in _SYSTEMS.values() or self.cpu not in _CPUS.values():
            return []
        base = f"{self.system}-{self.cpu}"
        kinds = [""]
        if self.cpu == "x64":
            kinds = ["", "-baseline"] if self.avx2 else ["-baseline", ""]
        if self.system != "linux":
            return [base + kind for kind in kinds]
        libraries = ["-musl", ""] if self.musl else ["", "-musl"]
        return [base + kind + library for library in libraries for kind in kinds]


def _said(command: list[str]) -> str:
    """Return what `command` prints on both streams; empty when it cannot be run. At most 3 s."""
    if shutil.which(command[0]) is None:
        return ""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=3, check=False, errors="replace")
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout + done.stderr


def _has_avx2(system: str) -> bool:
    if system == "linux":
        try:
            return re.search(r"\bavx2\b", Path("/proc/cpuinfo").read_text(errors="replace")) is not None
        except OSError:
            return False
    if system == "darwin":
        return _said(["sysctl", "-n", "hw.optional.avx2_0"]).strip() == "1"
    return _said(["powershell.exe", "-NoProfile", "-NonInteractive", "-Command", _POWERSHELL]).strip().lower() == "true"


def this_machine() -> Machine:
    """Look at this machine; takes up to 3 s (it may ask `ldd` or the system), so call it in a thread."""
    system = _SYSTEMS.get(sys.platform, sys.platform)
    cpu = _CPUS.get(platform.machine().lower(), platform.machine().lower())
    avx2 = cpu == "x64" and _has_avx2(system)
    musl = system == "linux" and (Path("/etc/alpine-release").exists() or "musl" in _said(["ldd", "--version"]).lower())
    return Machine(system, cpu, avx2, musl)
