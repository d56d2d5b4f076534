# SPDX-License-Identifier: MIT
"""Reads the composer's form: a message and its files, whatever somebody sends in their place."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass

from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from opencode_nexus.access.errors import BodyTooLarge
from opencode_nexus.chat.composing.attachments import ONE
from opencode_nexus.chat.written import Written
from opencode_nexus.core.errors import BadRequest
from opencode_nexus.web.middleware.limits import MESSAGE, MIB

FILES = 20  # files in one form
FIELDS = 60
# More than may be sent is read, so that a page without script can be shown again with what was written in it.
READ_FILES, READ_TEXT = 1000, 4 * MESSAGE  # files, which then hold nothing; bytes of one field


class FormBroken(BadRequest):
    """The form cannot be read."""

    code = "form-broken"
    title = "The form that was sent cannot be read."
    hint = "Load the page again and send it once more."


class _Parser(MultiPartParser):
    """Takes of each file one byte more than may be, which tells that it is too large, and lets the rest run off; of
    files beyond the FILES first ones nothing.
    """

    named = 0

    def on_headers_finished(self) -> None:
        super().on_headers_finished()
        file = self._current_part.file
        if file is not None and file.filename:  # a field in which none was chosen sends one without a name
            self.named += 1
            if self.named > FILES:
                self._current_part.took = ONE + 1  # type: ignore[attr-defined]

    def on_part_data(self, data: bytes, start: int, end: int) -> None:
        part = self._current_part
        if part.file is not None:
            took = getattr(part, "took", 0)
            end = min(end, start + ONE + 1 - took)
            part.took = took + max(0, end - start)  # type: ignore[attr-defined]
            if end <= start:
                return
        super().on_part_data(data, start, end)


@dataclass(frozen=True, slots=True)
class Composed:
    """What the form holds. `files` are new ones, of which the first ONE + 1 bytes were read. `excess`: it holds more
    than can be sent, as this says.
    """

    written: Written
    key: str
    files: tuple[UploadFile, ...]
    fields: FormData
    excess: BodyTooLarge | None = None

    def text(self, name: str) -> str:
        """Return one field, "" for none."""
        value = self.fields.get(name, "")
        return value if isinstance(value, str) else ""


@contextlib.asynccontextmanager
async def composed(request: Request, *, keep: bool = False) -> AsyncIterator[Composed]:
    """Give the composer's form, sent with files or without; its files are there inside of the block.

    Raises FormBroken, or BodyTooLarge; with `keep` one that is only too large to be sent is given, with its `excess`.
    """
    if request.headers.get("content-type", "").startswith("multipart/form-data"):
        parser = _Parser(
            request.headers, request.stream(), max_files=READ_FILES, max_fields=FIELDS, max_part_size=READ_TEXT
        )  # fmt: skip
        try:
            form = await parser.parse()
        except MultiPartException as error:
            raise FormBroken(error.message) from error
    else:
        told = request.headers.get("content-length", "")
        if not told.isdigit() or int(told) > MESSAGE:
            raise BodyTooLarge(f"A message without files takes at most {MESSAGE // 1024} KiB.", limit=MESSAGE)
        form = await request.form()

    try:
        read = _read(form)
        if read.excess is not None and not keep:
            raise read.excess
        yield read
    finally:
        await form.close()


def _read(form: FormData) -> Composed:
    def text(name: str) -> str:
        value = form.get(name, "")
        return value if isinstance(value, str) else ""

    attached = tuple(value for value in form.getlist("attached") if isinstance(value, str))
    files = tuple(value for value in form.getlist("files") if isinstance(value, UploadFile) and value.filename)
    # a browser sends line breaks in a form as CR LF
    words = text("text").replace("\r\n", "\n")
    written = Written(
        words, text("model") or None, text("agent") or None, text("variant") or None, attached, kind="typed"
    )
    excess = None
    if len(files) > FILES:
        excess = BodyTooLarge(f"At most {FILES} files go at once, and {len(files)} were chosen.", limit=MESSAGE)
    elif (size := len(words.encode(errors="replace"))) > MESSAGE:
        most, has = MESSAGE // MIB, size / MIB
        excess = BodyTooLarge(f"A message takes at most {most} MiB of text, and this has {has:.1f} MiB.", limit=MESSAGE)
    return Composed(written, text("key"), files, form, excess)
