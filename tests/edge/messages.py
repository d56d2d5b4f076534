# SPDX-License-Identifier: MIT
"""The messages between cloudflared and the edge, by their layouts in rpc.capnp, tunnelrpc.capnp and
quic_metadata_protocol.capnp: in comments "@4" is an offset in the data, "ptr 1" a pointer."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.edge.capnp import Builder, Reader, Segments, Writer, root

ABORT, CALL, RETURN, FINISH, BOOTSTRAP = 1, 2, 3, 4, 8
REGISTER, UNREGISTER, LOCAL_CONFIGURATION = 0, 1, 2  # methods of RegistrationServer
CONFIGURATION_MANAGER, UPDATE_CONFIGURATION = 0xB48EDFBDAA25DB04, 0


@dataclass(frozen=True)
class Message:
    """What cloudflared said: `kind` is one of the numbers above, `number` the question or answer it is about."""

    kind: int
    number: int = 0
    method: int = 0
    content: Reader | None = None
    text: str = ""


def parse(segments: Segments) -> Message:
    """Reads one message of the control stream."""
    message = root(segments)
    kind, body = message.u16(0), message.struct(0)
    if kind == CALL:
        return Message(kind, body.u32(0), method=body.u16(4), content=body.struct(1).struct(0))
    if kind == RETURN:
        results = body.u16(6) == 0
        text = "" if results else body.struct(0).text(0)
        return Message(kind, body.u32(0), content=body.struct(0).struct(0) if results else None, text=text)
    if kind == ABORT:
        return Message(kind, text=body.text(0))
    return Message(kind, body.u32(0))


@dataclass(frozen=True)
class Registration:
    """What cloudflared says when it asks to be registered."""

    account: str
    secret: bytes
    tunnel_id: bytes
    index: int
    features: tuple[str, ...]
    version: str
    architecture: str
    attempts: int


def parse_registration(call: Reader) -> Registration:
    """Reads the parameters of registerConnection."""
    auth, options = call.struct(0), call.struct(2)
    client = options.struct(0)
    return Registration(
        account=auth.text(0),
        secret=auth.data(1),
        tunnel_id=call.data(1),
        index=call.u8(0),
        features=tuple(client.texts(1)),
        version=client.text(2),
        architecture=client.text(3),
        attempts=options.u8(2),
    )


# -- answers -----------------------------------------------------------------------------------------


def _begin_return(answer: int) -> tuple[Builder, Writer]:
    builder = Builder()
    message = builder.struct(0, 1, 1)
    message.put("<H", 0, RETURN)
    body = builder.struct(message.pointer(0), 2, 1)
    body.put("<I", 0, answer)
    return builder, body


def answer_bootstrap(answer: int) -> bytes:
    """Capability 0 of a table with one entry, senderHosted 0."""
    builder, body = _begin_return(answer)
    payload = builder.struct(body.pointer(0), 0, 2)
    builder.capability(payload.pointer(0), 0)
    (descriptor,) = builder.structs(payload.pointer(1), 1, 1, 1)
    descriptor.put("<H", 0, 1)
    return builder.message()


def answer_call(answer: int, fill: Callable[[Builder, Writer], None] | None = None) -> bytes:
    """Results: a struct with one pointer, which `fill` fills."""
    builder, body = _begin_return(answer)
    payload = builder.struct(body.pointer(0), 0, 2)
    results = builder.struct(payload.pointer(0), 0, 1)
    if fill is not None:
        fill(builder, results)
    return builder.message()


def answer_error(answer: int, reason: str) -> bytes:
    """An exception instead of results."""
    builder, body = _begin_return(answer)
    body.put("<H", 6, 1)
    exception = builder.struct(body.pointer(0), 1, 1)
    builder.text(exception.pointer(0), reason)
    return builder.message()


def answer_registered(answer: int, connection: bytes, location: str, managed: bool) -> bytes:
    """ConnectionResponse with ConnectionDetails; `managed`: a configuration will be pushed."""

    def fill(builder: Builder, results: Writer) -> None:
        response = builder.struct(results.pointer(0), 1, 1)
        response.put("<H", 0, 1)
        details = builder.struct(response.pointer(0), 1, 2)
        details.put("<B", 0, int(managed))
        builder.data(details.pointer(0), connection)
        builder.text(details.pointer(1), location)

    return answer_call(answer, fill)


def answer_refused(answer: int, cause: str, retry_after: float | None) -> bytes:
    """ConnectionResponse with ConnectionError; `retry_after` seconds, None: for good."""

    def fill(builder: Builder, results: Writer) -> None:
        response = builder.struct(results.pointer(0), 1, 1)
        error = builder.struct(response.pointer(0), 2, 1)
        builder.text(error.pointer(0), cause)
        if retry_after is not None:
            error.put("<q", 0, int(retry_after * 1e9))
            error.put("<B", 8, 1)

    return answer_call(answer, fill)


# -- the edge as the one who calls (QUIC only) -------------------------------------------------------


def ask_bootstrap(question: int) -> bytes:
    """Asks for cloudflared's own main interface."""
    builder = Builder()
    message = builder.struct(0, 1, 1)
    message.put("<H", 0, BOOTSTRAP)
    builder.struct(message.pointer(0), 1, 1).put("<I", 0, question)
    return builder.message()


def ask_configuration(question: int, bootstrap: int, version: int, configuration: bytes) -> bytes:
    """updateConfiguration on what the question `bootstrap` will answer."""
    builder = Builder()
    message = builder.struct(0, 1, 1)
    message.put("<H", 0, CALL)
    call = builder.struct(message.pointer(0), 3, 3)
    call.put("<I", 0, question)
    call.put("<H", 4, UPDATE_CONFIGURATION)
    call.put("<Q", 8, CONFIGURATION_MANAGER)
    target = builder.struct(call.pointer(0), 1, 1)
    target.put("<H", 4, 1)  # promisedAnswer
    builder.struct(target.pointer(0), 1, 1).put("<I", 0, bootstrap)
    payload = builder.struct(call.pointer(1), 0, 2)
    content = builder.struct(payload.pointer(0), 1, 1)
    content.put("<i", 0, version)
    builder.data(content.pointer(0), configuration)
    return builder.message()


def parse_applied(content: Reader) -> tuple[int, str]:
    """(version that cloudflared now uses, error) of an answer to `ask_configuration`."""
    response = content.struct(0)
    return response.u32(0), response.text(0)


# -- requests over QUIC ------------------------------------------------------------------------------

HTTP, WEBSOCKET = 0, 1


def connect_request(url: str, kind: int, metadata: list[tuple[str, str]]) -> bytes:
    """The head of a visitor's request."""
    builder = Builder()
    request = builder.struct(0, 1, 2)
    request.put("<H", 0, kind)
    builder.text(request.pointer(0), url)
    for item, (key, value) in zip(builder.structs(request.pointer(1), len(metadata), 0, 2), metadata, strict=True):
        builder.text(item.pointer(0), key)
        builder.data(item.pointer(1), value.encode("latin-1") + b"\0")
    return builder.message()


def parse_connect_response(segments: Segments) -> tuple[str, list[tuple[str, str]]]:
    """(error, metadata) of the answer."""
    response = root(segments)
    pairs = [(item.text(0), item.data(1).rstrip(b"\0").decode("latin-1")) for item in response.structs(1)]
    return response.text(0), pairs
