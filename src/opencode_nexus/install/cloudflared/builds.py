# SPDX-License-Identifier: MIT
"""Under which names cloudflared is published for a machine, and the sums of the version that is brought."""

import platform
import sys

# The version that the tests run tunnels with. Cloudflare supports each for a year, so this one until June 2027.
TESTED = (2026, 6, 0)
VERSION = ".".join(map(str, TESTED))
PROGRAM = "cloudflared.exe" if sys.platform == "win32" else "cloudflared"

# sha256 of the program of that version; for a .tgz of what is in it. Those for 386, arm and armhf were never in our
# hands, so there the two published sums must do, as they must agree anyhow.
PINS = {
    "cloudflared-linux-amd64": "08d27c4c5d3ed73ee3e98ef2ddceb4ad09fd4cfc28e243565a189538e8ccd706",
    "cloudflared-linux-arm64": "8482ebf1e74a2a4a1a9f1e090e17e3de08423f94100ece6789287cb26fb9480f",
    "cloudflared-darwin-amd64.tgz": "2d620f9e7b2ddf5e6f5fe1ed4eee308d8dc4c338bc936bfb18e0022a344daa66",
    "cloudflared-darwin-arm64.tgz": "1b66920a280235b0180e935c6fb2adcf91fceeeaf66c4365e606bd37d6c587ef",
    "cloudflared-windows-amd64.exe": "03e322598e84d77406fa55b93f59e8e54636c5d8501d9dce36697fcf080ed8cc",
}

_X64, _ARM64, _X86 = ("x86_64", "amd64"), ("aarch64", "arm64"), ("i386", "i486", "i586", "i686", "x86")
# armhf is built for ARMv7 with floating point, arm for ARMv5 without; what runs neither is passed over
_ARM7, _ARM = ("armv7l", "armv7", "armv8l", "armhf"), ("armv6l", "armv6", "armv5tel", "armv5tejl", "arm")


def builds(system: str = sys.platform, processor: str = "") -> list[str]:
    """Return the names of the builds that may run here, best first; none where nothing is published.

    `system` is as sys.platform, `processor` as platform.machine() tells it (default: this machine's).
    """
    cpu = (processor or platform.machine()).lower()
    kinds: list[str] = []
    if system == "linux":
        names = {_X64: ["amd64"], _ARM64: ["arm64"], _ARM7: ["armhf", "arm"], _ARM: ["arm"], _X86: ["386"]}
    elif system == "darwin":
        names = {_X64: ["amd64"], _ARM64: ["arm64"]}
    elif system == "win32":
        # Windows on ARM runs both emulated, its first versions only the second
        names = {_X64: ["amd64"], _ARM64: ["amd64", "386"], _X86: ["386"]}
    else:
        names = {}
    for cpus, fitting in names.items():
        if cpu in cpus:
            kinds = fitting
    spelled = {"win32": "cloudflared-windows-{}.exe", "darwin": "cloudflared-darwin-{}.tgz"}
    return [spelled.get(system, "cloudflared-linux-{}").format(kind) for kind in kinds]


def is_archive(build: str) -> bool:
    """Tell whether the program has to be taken out of `build` first."""
    return build.endswith(".tgz")
