# SPDX-License-Identifier: MIT
"""The body of one server-sent event of /global/event, from bytes to a typed event.

The envelope is `{"directory", "project", "payload": {"id", "type", "properties"}}`; connection events have
only `payload` (measured on OpenCode 1.18.33). The members are decoded in two steps so that an event that
nobody wants is never parsed: 0.7 us against 4.9 us for the standard library.
"""

import logging

import msgspec

from opencode_nexus.opencode.errors import NotAnEvent
from opencode_nexus.opencode.events import KNOWN, Event, Unknown
from opencode_nexus.opencode.lenient import loads

log = logging.getLogger(__name__)

_PAYLOAD = b'"payload":'
_SYNC = b'{"type":"sync"'


class _Payload(msgspec.Struct):
    type: str
    properties: msgspec.Raw = msgspec.Raw(b"{}")


class _Envelope(msgspec.Struct):
    payload: _Payload
    directory: str = ""


class _Owner(msgspec.Struct):
    session_id: str = msgspec.field(default="", name="sessionID")


_envelope = msgspec.json.Decoder(_Envelope)
_owner = msgspec.json.Decoder(_Owner)
_decoders = {kind: msgspec.json.Decoder(cls) for kind, cls in KNOWN.items()}


def decode(body: bytes) -> tuple[str, Event] | None:
    """Return (directory, event), or None for a `sync` payload, the second copy of an event already sent.

    Raises NotAnEvent when `body` is not such an envelope. An event whose members do not fit becomes Unknown.
    """
    # A third of the bytes are sync payloads (142 of 93 kB a turn): passed over by a look at their first
    # bytes. The first `"payload":` is the envelope's own, as a quote inside a string is escaped.
    at = body.find(_PAYLOAD)
    if body.startswith(_SYNC, at + len(_PAYLOAD)):
        return None
    try:
        envelope = loads(body, _envelope)
    except msgspec.DecodeError as error:
        raise NotAnEvent(str(error)) from error
    kind, properties = envelope.payload.type, envelope.payload.properties
    if kind == "sync":
        return None
    decoder = _decoders.get(kind)
    if decoder is not None:
        try:
            return envelope.directory, loads(properties, decoder)
        except msgspec.ValidationError as error:
            log.warning("an event %s has another shape than expected: %s", kind, error)
    return envelope.directory, Unknown(session_id=_session_of(properties), kind=kind, properties=properties)


def _session_of(properties: msgspec.Raw) -> str:
    try:
        return loads(properties, _owner).session_id
    except msgspec.ValidationError:
        return ""
