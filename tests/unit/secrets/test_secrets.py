# SPDX-License-Identifier: MIT
import pickle
from pathlib import Path

import pytest

from opencode_nexus.secrets.errors import SecretsUnreadable
from opencode_nexus.secrets.keyring import SystemKeyring
from opencode_nexus.secrets.redact import DOTS, Secret, redact
from opencode_nexus.secrets.sealed_file import SealedFile


def test_a_secret_does_not_show_itself() -> None:
    secret = Secret("hunter2-hunter2")
    for shown in (str(secret), repr(secret), f"{secret}", f"{secret:>20}", "%s" % secret, str([secret])):  # noqa: UP031
        assert "hunter2" not in shown
    assert secret.reveal() == "hunter2-hunter2"
    assert {secret: 1}[Secret("hunter2-hunter2")] == 1
    with pytest.raises(TypeError):
        pickle.dumps(secret)


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("started with correct-horse-battery", f"started with {DOTS}"),
        ("GET /x?auth_token=b3BlbmNvZGU6eA==&y=1", f"GET /x?auth_token={DOTS}&y=1"),
        ("Authorization: Basic b3BlbmNvZGU6eA==", f"Authorization: {DOTS}"),
        ("OPENCODE_SERVER_PASSWORD=abc def", f"OPENCODE_SERVER_PASSWORD={DOTS} def"),
        ("key sk-abcdefghijklmnopqrst", f"key {DOTS}"),
        ("the sky is blue, the task is done", "the sky is blue, the task is done"),
    ],
)
def test_text_is_cleaned(text: str, clean: str) -> None:
    assert redact(text, [Secret("correct-horse-battery"), Secret("is")]) == clean


def test_sealed_secrets_come_back_and_are_private(tmp_path: Path) -> None:
    box = SealedFile(tmp_path / "secrets")
    assert box.get("a") is None
    box.set("a", "first")
    box.set("b", "second ☃")
    box.set("a", "third")
    box.delete("nothing")
    again = SealedFile(tmp_path / "secrets")
    assert (again.get("a"), again.get("b"), again.names()) == ("third", "second ☃", ["a", "b"])
    again.delete("a")
    assert box.names() == ["b"]
    for file in (tmp_path / "secrets").iterdir():
        assert file.stat().st_mode & 0o777 == 0o600
        assert b"second" not in file.read_bytes()


def test_damage_is_named_and_never_overwritten(tmp_path: Path) -> None:
    box = SealedFile(tmp_path)
    box.set("a", "first")
    sealed = (tmp_path / "sealed.bin").read_bytes()
    (tmp_path / "sealed.bin").write_bytes(sealed[:-1] + bytes([sealed[-1] ^ 1]))
    with pytest.raises(SecretsUnreadable, match="damaged"):
        box.set("b", "x")
    (tmp_path / "sealed.bin").write_bytes(sealed)
    (tmp_path / "key").rename(tmp_path / "key.away")
    with pytest.raises(SecretsUnreadable, match="missing"):
        box.get("a")
    (tmp_path / "key").write_bytes(b"short")
    with pytest.raises(SecretsUnreadable, match="does not hold a key"):
        box.get("a")


def test_a_keyring_that_only_fails_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    assert SystemKeyring("opencode-nexus-test").works() is False
