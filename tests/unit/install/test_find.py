# SPDX-License-Identifier: MIT
import os
from pathlib import Path

import pytest

from opencode_nexus.install.find import candidates, is_program, places, resolve

ELF = b"\x7fELF" + b"\0" * 60
NODE = '#!/usr/bin/env node\nrequire("opencode-ai")\n'


def program(path: Path, data: bytes = ELF) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    path.chmod(0o755)
    return path


def script(path: Path, text: str) -> Path:
    return program(path, text.encode())


def test_a_program_is_told_by_its_first_bytes(tmp_path: Path) -> None:
    for number, magic in enumerate((ELF, b"MZ\x90\0", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe")):
        assert is_program(program(tmp_path / f"p{number}", magic + b"\0" * 60))
    assert not is_program(script(tmp_path / "s", NODE))
    assert not is_program(program(tmp_path / "empty", b""))
    assert not is_program(tmp_path / "none")
    unmarked = program(tmp_path / "unmarked")
    unmarked.chmod(0o644)
    assert not is_program(unmarked)


def test_a_link_leads_to_the_program(tmp_path: Path) -> None:
    real = program(tmp_path / "store" / "opencode")
    link = tmp_path / "bin" / "opencode"
    link.parent.mkdir()
    link.symlink_to(real)
    assert resolve(link) == real


def test_npm_with_its_scripts_run_has_the_program_in_the_package(tmp_path: Path) -> None:
    real = program(tmp_path / "lib/node_modules/opencode-ai/bin/opencode.exe")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/opencode").symlink_to(real)
    assert resolve(tmp_path / "bin/opencode") == real


@pytest.mark.parametrize(
    "where",
    [
        "lib/node_modules/opencode-linux-x64/bin/opencode",
        "lib/node_modules/opencode-ai/node_modules/opencode-linux-arm64/bin/opencode",
        "lib/node_modules/opencode-ai/bin/.opencode",
    ],
)
def test_behind_npms_launcher_is_the_platform_package(tmp_path: Path, where: str) -> None:
    launcher = script(tmp_path / "lib/node_modules/opencode-ai/bin/opencode", NODE)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/opencode").symlink_to(launcher)
    real = program(tmp_path / where)
    assert resolve(tmp_path / "bin/opencode") == real


def test_pnpm_puts_the_platform_package_beside_it_in_its_store(tmp_path: Path) -> None:
    store = tmp_path / "node_modules/.pnpm/opencode-ai@1.18.33/node_modules"
    launcher = script(store / "opencode-ai/bin/opencode", NODE)
    real = program(store / "opencode-linux-x64/bin/opencode")
    shim = script(tmp_path / "bin/opencode", f'#!/bin/sh\nexec node "{launcher}" "$@"\n')
    assert resolve(shim) == real


def test_a_wrapper_that_names_the_program(tmp_path: Path) -> None:
    real = program(tmp_path / "store/abc-opencode-1.18.33/bin/.opencode-wrapped")
    wrapper = script(tmp_path / "bin/opencode", f'#!/bin/sh\nexec -a "$0" "{real}" "$@"\n')
    assert resolve(wrapper) == real


def test_another_script_beside_node_modules_is_not_opencode(tmp_path: Path) -> None:
    program(tmp_path / "node_modules/opencode-linux-x64/bin/opencode")
    assert resolve(script(tmp_path / "tools/opencode", "#!/bin/sh\necho 1.18.33\n")) is None


def test_circles_and_dead_ends_are_none(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    first, second = tmp_path / "opencode-1", tmp_path / "opencode-2"
    script(first, f'exec "{second}"\n')
    script(second, f'exec "{first}"\n')
    assert [resolve(path) for path in (tmp_path / "a", tmp_path / "none", first, tmp_path)] == [None] * 4


def test_path_comes_first_then_the_usual_places(tmp_path: Path) -> None:
    on_path = program(tmp_path / "one/opencode")
    program(tmp_path / "home/.opencode/bin/opencode", ELF + b"2")
    newer = program(tmp_path / "home/.nvm/versions/node/v22.1.0/bin/opencode", ELF + b"3")
    (tmp_path / "two").mkdir()
    (tmp_path / "two/opencode").symlink_to(on_path)
    environ = {"PATH": f"{tmp_path / 'one'}{os.pathsep}{tmp_path / 'two'}", "HOME": str(tmp_path / "home")}
    found = [path for path in candidates(environ) if path.is_relative_to(tmp_path)]
    assert found == [on_path, tmp_path / "home/.opencode/bin/opencode", newer]


def test_the_present_folder_is_never_searched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path / "opencode")
    monkeypatch.chdir(tmp_path)
    assert all(folder.is_absolute() for folder in places({"PATH": f".{os.pathsep}bin", "HOME": "/nowhere"}))
    assert tmp_path / "opencode" not in candidates({"PATH": "."})


def test_a_launcher_without_its_program_is_still_shown(tmp_path: Path) -> None:
    launcher = script(tmp_path / "bin/opencode", NODE)
    assert launcher in candidates({"PATH": str(tmp_path / "bin"), "HOME": str(tmp_path)})
