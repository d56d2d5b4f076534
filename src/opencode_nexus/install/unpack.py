# SPDX-License-Identifier: MIT
"""Takes the one program out of an archive, and nothing else."""

import os
import shutil
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO

from opencode_nexus.install.errors import BadArchive
from opencode_nexus.install.platforms import PROGRAM

LARGEST = 1_000_000_000  # bytes; the program was 185 MB (1.18.33), more is no OpenCode but a bomb
_CHUNK = 1 << 20


@contextmanager
def _member(archive: Path, name: str) -> Iterator[tuple[IO[bytes], int]]:
    """Open the plain file called `name` in `archive`, in whatever folder it lies; gives the stream and its
    size.
    """
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as zipped:
            for info in zipped.infolist():
                if not info.is_dir() and PurePosixPath(info.filename).name == name:
                    with zipped.open(info) as stream:
                        yield stream, info.file_size
                    return
    else:
        import tarfile  # 0.3 MB that a hub needs only while it installs

        with tarfile.open(archive, "r:*") as tar:
            for entry in tar:
                # isreg: a link or a device of that name is never followed or made
                if entry.isreg() and PurePosixPath(entry.name).name == name:
                    plain = tar.extractfile(entry)
                    assert plain is not None
                    with plain:
                        yield plain, entry.size
                    return
    raise BadArchive(f"{archive.name} holds no file called {name}.")


def extract(archive: Path, target: Path, name: str = PROGRAM) -> Path:
    """Write the member `name` of a .tar.gz or .zip to `target` (0755) and return it; call it in a thread.

    Only `target` is written, whatever paths the archive names. On an error no target is left. Raises
    BadArchive or OSError.
    """
    import tarfile

    try:
        with _member(archive, name) as (stream, size):
            if size > LARGEST:
                raise BadArchive(f"{name} in {archive.name} would be {size} bytes.")
            with target.open("xb") as out:
                shutil.copyfileobj(_Bounded(stream, size), out, _CHUNK)
                out.flush()
                os.fsync(out.fileno())
        target.chmod(0o755)
    except (tarfile.TarError, zipfile.BadZipFile, zlib.error, EOFError) as error:
        target.unlink(missing_ok=True)
        raise BadArchive(f"{archive.name} cannot be read: {error}.") from error
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    return target


class _Bounded:
    """Reads at most what the archive's directory announced, whatever the compressed data hold."""

    def __init__(self, stream: IO[bytes], size: int) -> None:
        self._stream, self._left = stream, size

    def read(self, count: int = -1) -> bytes:
        data = self._stream.read(count)
        self._left -= len(data)
        if self._left < 0:
            raise BadArchive("a member is larger than the archive says.")
        return data
