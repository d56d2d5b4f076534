# SPDX-License-Identifier: MIT
import base64
import hashlib
from pathlib import Path

import pytest

from opencode_nexus.install.errors import DigestMismatch, ReleaseRefused
from opencode_nexus.install.verify import Digest


def test_both_spellings_of_a_digest(tmp_path: Path) -> None:
    file = tmp_path / "f"
    file.write_bytes(b"words")
    npm = "sha512-" + base64.b64encode(hashlib.sha512(b"words").digest()).decode()
    page = "sha256:" + hashlib.sha256(b"words").hexdigest()
    for text in (npm, page, page.replace("sha256", "SHA256")):
        Digest.parse(text).check(file)
    file.write_bytes(b"wordz")
    for text in (npm, page):
        with pytest.raises(DigestMismatch, match="published is"):
            Digest.parse(text).check(file)


@pytest.mark.parametrize("text", ["", "md5:" + "0" * 32, "sha256:abc", "sha256:zz", "sha1-" + "A" * 28, "sha512-%%%"])
def test_weak_or_unreadable_digests_are_refused(text: str) -> None:
    with pytest.raises(ReleaseRefused):
        Digest.parse(text)
