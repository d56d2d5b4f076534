# SPDX-License-Identifier: MIT
"""JSON from JavaScript, which may hold half a character: a text cut in the middle of a surrogate pair."""

import re
from typing import TypeVar

import msgspec

T = TypeVar("T")

# An escaped backslash, or a whole pair, is passed over; what remains is half a pair.
_HALF = re.compile(
    rb"(\\\\|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})|\\u[dD][89a-fA-F][0-9a-fA-F]{2}"
)


def loads(body: bytes | msgspec.Raw, decoder: "msgspec.json.Decoder[T]") -> T:
    """Decode `body`; when it cannot be, decode it with U+FFFD for every half character and broken byte.

    Raises msgspec.DecodeError when that is no JSON of the decoder's shape either.
    """
    try:
        return decoder.decode(body)
    except msgspec.ValidationError:
        raise
    except (msgspec.DecodeError, UnicodeDecodeError):
        return decoder.decode(repaired(bytes(body)))


def repaired(body: bytes) -> bytes:
    """Put U+FFFD in place of what is no character."""
    whole = body.decode(errors="replace").encode()
    return _HALF.sub(lambda found: found[1] or b"\\ufffd", whole)
