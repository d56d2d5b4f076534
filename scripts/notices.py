# SPDX-License-Identifier: MIT
"""What the bundle holds of others: which packages, under which licences, with the licences' texts."""

import re
import sys
import sysconfig
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution, packages_distributions
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

OURS = "opencode-nexus"
RULE = "=" * 78
LICENCE = re.compile(r"(licen[cs]e|copying|notice|authors)[^/]*", re.IGNORECASE)


def bundled() -> list[Distribution]:
    """Return the packages that ours needs on this system, by name, ours not among them."""
    found: dict[str, Distribution] = {}
    todo = [OURS]
    while todo:
        name = canonicalize_name(todo.pop())
        if name in found:
            continue
        try:
            found[name] = distribution(name)
        except PackageNotFoundError:
            continue  # an optional one
        needs = [Requirement(line) for line in found[name].requires or ()]
        todo += [need.name for need in needs if need.marker is None or need.marker.evaluate({"extra": ""})]
    del found[OURS]
    return [found[name] for name in sorted(found)]


def strangers() -> list[str]:
    """Return the modules of this environment that none of those packages has: tests and tools."""
    ours = {OURS, *(canonicalize_name(each.name) for each in bundled())}
    owners = packages_distributions()
    return sorted(
        module
        for module, names in owners.items()
        if module.isidentifier() and not ours & {canonicalize_name(name) for name in names}
    )


def licence_of(package: Distribution) -> str:
    """Return the name of a package's licence, as its metadata has it."""
    said = package.metadata
    classes = [line.rpartition(" :: ")[2] for line in said.get_all("Classifier") or () if line.startswith("License")]
    short = [line.strip().partition("\n")[0] for line in said.get_all("License") or ()]
    return next(filter(None, [*(said.get_all("License-Expression") or ()), *short, *classes]), "see its text")


def texts(package: Distribution) -> Iterator[tuple[str, str]]:
    """Yield the name and text of each licence file of a package."""
    for file in package.files or ():
        if ".dist-info" in file.parts[0] and LICENCE.fullmatch(file.name):
            path = Path(str(file.locate()))
            if path.is_file():
                yield file.name, path.read_text("utf-8", errors="replace")


def notices(vendored: list[Path], libraries: list[str]) -> str:
    """Return the whole text; `vendored` are licences of browser scripts, `libraries` names of libraries."""
    packages = bundled()
    lines = ["This folder holds, beside OpenCode Nexus itself (LICENSE), the work of others:", ""]
    lines += [f"  {each.name} {each.version}: {licence_of(each)}" for each in packages]
    lines.append(f"  Python {sys.version.split()[0]}: PSF-2.0")
    lines.append("  PyInstaller's start program: GPL-2.0 with its exception")
    lines += [f"  {path.name.removesuffix('.LICENSE.txt')}: a browser script" for path in vendored]
    if libraries:
        lines += ["", "and these libraries of the system that it was built on, each under its own licence:", ""]
        lines += [f"  {name}" for name in libraries]
    python = Path(sysconfig.get_path("stdlib"), "LICENSE.txt")
    parts = [("Python", python.read_text("utf-8"))] if python.is_file() else []
    parts += [(path.name, path.read_text("utf-8")) for path in vendored]
    parts += [(f"{each.name} {each.version}, {name}", text) for each in packages for name, text in texts(each)]
    whole = "\n".join(lines) + "\n"
    return whole + "".join(f"\n{RULE}\n{title}\n{RULE}\n\n{text.strip()}\n" for title, text in parts)
