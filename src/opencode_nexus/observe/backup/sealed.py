# SPDX-License-Identifier: MIT
"""The form of a backup file: a line that names it, a line that describes it, and frames that end with a last one.

Without a passphrase a frame is plain, and a SHA-256 of all that came before ends the file: what was damaged shows, what
was changed on purpose does not. With one, each frame is sealed with AES-256-GCM under a key from Argon2id (RFC 9106);
its nonce counts the frames and marks the last (the STREAM construction of Hoang, Reyhanitabar, Rogaway and Vizár), and
the two lines are sealed with it: a byte that was flipped, a frame that is missing, moved or cut off is refused.
"""

import base64
import hashlib
import hmac
import io
import json
import os
import struct
from typing import IO, TYPE_CHECKING, Any

from argon2.low_level import Type, hash_secret_raw

from opencode_nexus.observe.backup.errors import BackupDamaged, PassphraseWeak, PassphraseWrong

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

MAGIC = b"opencode-nexus backup 1\n"
FRAME = 1 << 20  # bytes of content in a frame
SHORTEST = 12  # characters of a passphrase
MEMORY, PASSES = 64 * 1024, 3  # KiB and rounds of Argon2id: about 0.2 s for each guess
HEADER_MOST = 64 * 1024  # bytes
_LENGTH = struct.Struct(">I")
_LAST = 1 << 31  # in a frame's length: it is the last one


def _key(passphrase: str, kdf: dict[str, Any]) -> bytes:
    try:
        return hash_secret_raw(
            passphrase.encode(), base64.b64decode(kdf["salt"]), time_cost=int(kdf["passes"]),
            memory_cost=min(int(kdf["memory_kib"]), 1 << 20), parallelism=1, hash_len=32, type=Type.ID,
        )  # fmt: skip
    except (KeyError, TypeError, ValueError) as error:
        raise BackupDamaged(f"Its description cannot be read: {error}.") from error


def _cipher(key: bytes) -> "AESGCM":
    # 7 MB that a hub needs only while a backup with a passphrase is made
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    return AESGCM(key)


def _check(key: bytes) -> str:
    """What tells a wrong passphrase from a damaged file; guessing by it is as slow as by the file itself."""
    return hmac.digest(key, MAGIC, "sha256")[:8].hex()


def _nonce(number: int, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])


class SealedWriter(io.RawIOBase):
    """Writes one backup to `file`; `about` goes into the description, which is not sealed. Raises PassphraseWeak."""

    def __init__(self, file: IO[bytes], about: dict[str, Any], passphrase: str = "") -> None:
        self._file, self._waiting, self._number = file, bytearray(), 0
        self._cipher: AESGCM | None = None
        if passphrase:
            if len(passphrase) < SHORTEST:
                raise PassphraseWeak(f"It has {len(passphrase)} characters.")
            kdf: dict[str, Any] = {"name": "argon2id", "salt": base64.b64encode(os.urandom(16)).decode()}
            kdf |= {"memory_kib": MEMORY, "passes": PASSES}
            key = _key(passphrase, kdf)
            about = {**about, "kdf": {**kdf, "check": _check(key)}}
            self._cipher = _cipher(key)
        header = MAGIC + json.dumps({**about, "sealed": bool(passphrase)}).encode() + b"\n"
        self._bound = hashlib.sha256(header).digest()
        self._sum = hashlib.sha256()
        self._put(header)

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._waiting += data
        while len(self._waiting) > FRAME:  # the last frame is known only when nothing comes after it
            self._frame(bytes(self._waiting[:FRAME]), last=False)
            del self._waiting[:FRAME]
        return len(data)

    def finish(self) -> None:
        """Write what is left, and the end. A file without it is no backup."""
        self._frame(bytes(self._waiting), last=True)
        if self._cipher is None:
            self._file.write(self._sum.digest())
        self._file.flush()

    def _frame(self, content: bytes, *, last: bool) -> None:
        if self._cipher is not None:
            content = self._cipher.encrypt(_nonce(self._number, last), content, self._bound)
        self._number += 1
        self._put(_LENGTH.pack(len(content) | (_LAST if last else 0)) + content)

    def _put(self, piece: bytes) -> None:
        self._sum.update(piece)
        self._file.write(piece)


def describe(file: IO[bytes]) -> tuple[dict[str, Any], bytes]:
    """Read a backup's description and return it with both lines as they stand; raises BackupDamaged."""
    magic = file.read(len(MAGIC))
    line = file.readline(HEADER_MOST)
    try:
        about = json.loads(line)
    except ValueError:
        about = None
    if magic != MAGIC or not isinstance(about, dict) or not line.endswith(b"\n"):
        raise BackupDamaged("It does not begin as a backup does.")
    return about, magic + line


class SealedReader(io.RawIOBase):
    """Reads a backup's content from `file`; `about` is its description.

    Raises PassphraseWrong at once, and BackupDamaged as soon as a frame is not as it was written: what was read before
    is good, and the end is only reached when all was.
    """

    def __init__(self, file: IO[bytes], passphrase: str = "") -> None:
        self._file = file
        self.about, header = describe(file)
        self._bound, self._sum = hashlib.sha256(header).digest(), hashlib.sha256(header)
        self._number, self._ended, self._ready = 0, False, b""
        self._cipher: AESGCM | None = None
        if self.about.get("sealed"):
            told = self.about.get("kdf")
            kdf: dict[str, Any] = told if isinstance(told, dict) else {}
            if not passphrase:
                raise PassphraseWrong("It was made with one, and none was given.")
            key = _key(passphrase, kdf)
            if kdf.get("check") != _check(key):
                raise PassphraseWrong()
            self._cipher = _cipher(key)
        self._ready = self._frame()

    def readable(self) -> bool:
        return True

    def read(self, size: int | None = -1) -> bytes:
        wanted = -1 if size is None else size
        parts: list[bytes] = []
        while wanted:
            if not self._ready:
                if self._ended:
                    break
                self._ready = self._frame()
                continue
            piece = self._ready if wanted < 0 else self._ready[:wanted]
            self._ready = self._ready[len(piece) :]
            parts.append(piece)
            if wanted > 0:
                wanted -= len(piece)
        return b"".join(parts)

    def to_end(self) -> None:
        """Read the rest and see that the end is there; raises BackupDamaged."""
        while self.read(FRAME):
            pass

    def _frame(self) -> bytes:
        head = self._whole(_LENGTH.size)
        (length,) = _LENGTH.unpack(head)
        last, length = bool(length & _LAST), length & ~_LAST
        if length > FRAME + 16:
            raise BackupDamaged("A piece of it is longer than any can be.")
        content = self._whole(length)
        self._sum.update(head + content)
        if self._cipher is not None:
            from cryptography.exceptions import InvalidTag

            try:
                content = self._cipher.decrypt(_nonce(self._number, last), content, self._bound)
            except InvalidTag:
                raise BackupDamaged(f"Piece {self._number + 1} of it was changed.") from None
        self._number += 1
        if last:
            self._ended = True
            if self._cipher is None and self._whole(32) != self._sum.digest():
                raise BackupDamaged("Its checksum is another.")
            if self._file.read(1):
                raise BackupDamaged("Something follows its end.")
        return content

    def _whole(self, length: int) -> bytes:
        piece = self._file.read(length)
        if len(piece) != length:
            raise BackupDamaged("It is cut off.")
        return piece
