# SPDX-License-Identifier: MIT
"""The composer's form as it is read: the message and its files, and no more of a file than may be sent."""

from urllib.parse import urlencode

import pytest
from starlette.requests import Request

from opencode_nexus.access.errors import BodyTooLarge
from opencode_nexus.chat.composing.attachments import ONE
from opencode_nexus.web.composed_form import FILES as CHOSEN
from opencode_nexus.web.composed_form import READ_FILES, READ_TEXT, FormBroken, composed
from opencode_nexus.web.middleware.limits import FILES, MESSAGE, limit_for

pytestmark = pytest.mark.anyio

EDGE = b"--edge\r\n"
FORM = "multipart/form-data; boundary=edge"


def field(name: str, value: str) -> bytes:
    return EDGE + f'Content-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()


def file_head(name: str) -> bytes:
    return EDGE + f'Content-Disposition: form-data; name="files"; filename="{name}"\r\n\r\n'.encode()


def request(kind: str, pieces: list[bytes], length: int | None = None) -> Request:
    async def receive() -> dict[str, object]:
        piece = pieces.pop(0)
        return {"type": "http.request", "body": piece, "more_body": bool(pieces)}

    headers = [(b"content-type", kind.encode())]
    if length is not None:
        headers.append((b"content-length", str(length).encode()))
    return Request({"type": "http", "method": "POST", "headers": headers}, receive)


async def test_a_message_with_files_and_what_was_attached_before() -> None:
    body = [
        field("text", "one\r\ntwo"), field("model", "a/b"), field("variant", ""), field("key", "k"),
        field("attached", "att_1"), field("attached", "att_2"),
        file_head("a.txt") + b"12", b"34\r\n", file_head("") + b"\r\n", b"--edge--\r\n",
    ]  # fmt: skip
    async with composed(request(FORM, body)) as found:
        told = [(file.filename, await file.read()) for file in found.files]
    written = found.written
    assert (written.text, written.model, written.variant, written.kind) == ("one\ntwo", "a/b", None, "typed")
    assert (written.files, found.key) == (("att_1", "att_2"), "k")
    assert told == [("a.txt", b"1234")]


async def test_of_a_file_that_is_too_large_no_more_is_kept_than_tells_so() -> None:
    piece = b"x" * 1_000_000
    body = [
        field("text", "still here"),
        file_head("big"),
        *[piece] * 12,
        b"\r\n",
        file_head("small"),
        b"y\r\n--edge--\r\n",
    ]
    async with composed(request(FORM, body)) as found:
        assert found.written.text == "still here"
        assert [len(await file.read()) for file in found.files] == [ONE + 1, 1]


@pytest.mark.parametrize(
    "body",
    [
        [b"--edge\r\nContent-Disposition: form-data\r\n\r\nx\r\n--edge--\r\n"],
        [b"".join(file_head(str(n)) + b"x\r\n" for n in range(READ_FILES + 1)), b"--edge--\r\n"],
        [field("text", "x" * (READ_TEXT + 1)), b"--edge--\r\n"],
        [b"nothing of the kind"],
    ],
)
async def test_what_cannot_be_read_says_so(body: list[bytes]) -> None:
    with pytest.raises(FormBroken):
        async with composed(request(FORM, body)):
            pass


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (
            [field("text", "mine"), *(file_head(str(n)) + b"x\r\n" for n in range(CHOSEN + 1)), b"--edge--\r\n"],
            "At most 20 files go at once, and 21 were chosen.",
        ),
        ([field("text", "é" * (MESSAGE // 2 + 1)), b"--edge--\r\n"], "takes at most 4 MiB of text"),
    ],
)
async def test_what_is_too_much_to_send_is_read_and_said(body: list[bytes], said: str) -> None:
    pieces = list(body)
    async with composed(request(FORM, pieces), keep=True) as found:
        assert found.excess is not None and said in found.excess.detail
        assert found.written.text.startswith(("mine", "éé"))
        assert [len(await file.read()) for file in found.files] == ([1] * CHOSEN + [0] if found.files else [])
    with pytest.raises(BodyTooLarge):
        async with composed(request(FORM, list(body))):
            pass


async def test_as_many_files_as_may_be_are_taken_beside_a_field_without_one() -> None:
    files = [file_head(str(n)) + b"x\r\n" for n in range(CHOSEN)]
    async with composed(request(FORM, [file_head("") + b"\r\n", *files, b"--edge--\r\n"])) as found:
        assert [await file.read() for file in found.files] == [b"x"] * CHOSEN


async def test_a_form_without_files_is_bounded_by_what_it_says_of_itself() -> None:
    body = urlencode({"text": "hi", "agent": "plan"}).encode()
    kind = "application/x-www-form-urlencoded"
    async with composed(request(kind, [body], len(body))) as found:
        assert found.written.agent == "plan"
    for length in (None, MESSAGE + 1):
        with pytest.raises(BodyTooLarge):
            async with composed(request(kind, [body], length)):
                pass


@pytest.mark.parametrize(
    ("path", "limit"),
    [
        ("/chat/srv_1/ses_1", FILES),
        ("/chat/srv_1/ses_1/attach", FILES),
        ("/chat/srv_1/ses_1/attached/att_1/remove", FILES),  # the whole form comes with it, files too
        ("/chat/srv_1/ses_1/draft", MESSAGE),
        ("/chat/srv_1/ses_1/queue/que_1", MESSAGE),
        ("/chat/srv_1/new", MESSAGE),
        ("/chat/srv_1/key", MESSAGE),
        ("/chat/srv_1", MESSAGE),
        ("/api/v1/servers/srv_1/sessions/ses_1/messages", MESSAGE),
    ],
)
def test_only_the_composers_form_takes_files(path: str, limit: int) -> None:
    assert limit_for(path) == limit
