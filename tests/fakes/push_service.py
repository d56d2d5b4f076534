# SPDX-License-Identifier: MIT
"""A stand-in for the push service of a browser's maker: takes messages as RFC 8030 says, checks who sent them, and
opens them with the receiver's key, which a real one does not have.

It shares no code with the product: the checks are written from the RFCs with hmac and the standard's own words.
"""

import base64
import hashlib
import hmac
import http.server
import json
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


def text_of(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def bytes_of(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "==")


def derived(salt: bytes, secret: bytes, info: bytes, length: int) -> bytes:
    """HKDF-SHA-256 for up to 32 bytes (RFC 5869)."""
    first = hmac.new(salt, secret, hashlib.sha256).digest()
    return hmac.new(first, info + b"\x01", hashlib.sha256).digest()[:length]


@dataclass
class Receiver:
    """A browser that is subscribed."""

    endpoint: str
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    secret: bytes = field(default_factory=lambda: os.urandom(16))

    @property
    def public(self) -> bytes:
        return self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

    def subscription(self) -> dict[str, Any]:
        """What the browser tells the hub."""
        return {"endpoint": self.endpoint, "keys": {"p256dh": text_of(self.public), "auth": text_of(self.secret)}}

    def opened(self, body: bytes) -> bytes:
        """Return what a message says; raises InvalidTag (RFC 8188 §2, RFC 8291 §3.4)."""
        salt, size, length = body[:16], int.from_bytes(body[16:20]), body[20]
        theirs, sealed = body[21 : 21 + length], body[21 + length :]
        assert len(sealed) <= size <= 4096, "more than one record"
        sender = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), theirs)
        shared = self.key.exchange(ec.ECDH(), sender)
        material = derived(self.secret, shared, b"WebPush: info\0" + self.public + theirs, 32)
        key = derived(salt, material, b"Content-Encoding: aes128gcm\0", 16)
        nonce = derived(salt, material, b"Content-Encoding: nonce\0", 12)
        padded = AESGCM(key).decrypt(nonce, sealed, None).rstrip(b"\0")
        assert padded.endswith(b"\x02"), "the last record ends in 2"
        return padded[:-1]


@dataclass(frozen=True)
class Delivered:
    """A message that was taken: to whom, what it says, and its headers in lower case."""

    endpoint: str
    payload: dict[str, Any]
    headers: dict[str, str]


class PushService:
    """Listens on 127.0.0.1. `answer(endpoint)` gives the status of the next answer, 201 unless it is replaced.

    `now` is the clock (epoch seconds) that a sender's proof of identity is held against.
    """

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self.now = now
        self.taken: list[Delivered] = []
        self.refused: list[str] = []
        self.answer: Callable[[str], tuple[int, dict[str, str]]] = lambda endpoint: (201, {})
        self._receivers: dict[str, Receiver] = {}
        service = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", "0")))
                status, headers = service.take(self.path, {k.lower(): v for k, v in self.headers.items()}, body)
                self.send_response(status)
                for name, value in {**headers, "Content-Length": "0"}.items():
                    self.send_header(name, value)
                self.end_headers()

            def log_message(self, *args: Any) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.origin = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=lambda: self._server.serve_forever(0.01), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def receiver(self) -> Receiver:
        """A new browser that is subscribed here."""
        made = Receiver(f"{self.origin}/push/{len(self._receivers)}-{os.urandom(6).hex()}")
        self._receivers[made.endpoint.removeprefix(self.origin)] = made
        return made

    def take(self, path: str, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, str]]:
        """Do with a message what a push service does."""
        receiver = self._receivers.get(path)
        if receiver is None:
            return 404, {}
        status, more = self.answer(receiver.endpoint)
        if status >= 300:
            return status, more
        try:
            self._let_in(headers)
            assert headers["content-encoding"] == "aes128gcm"
            assert headers["urgency"] in ("very-low", "low", "normal", "high")
            assert int(headers["ttl"]) >= 0
            assert len(headers.get("topic", "")) <= 32
            assert len(body) <= 4096
            payload = json.loads(receiver.opened(body))
        except (AssertionError, KeyError, ValueError, InvalidSignature) as error:
            self.refused.append(repr(error))
            return 400, {}
        self.taken.append(Delivered(receiver.endpoint, payload, headers))
        return status, more

    def _let_in(self, headers: dict[str, str]) -> None:
        """Check the sender's word (RFC 8292 §2, RFC 7515)."""
        kind, _, rest = headers["authorization"].partition(" ")
        assert kind == "vapid", kind
        parts = dict(part.strip().split("=", 1) for part in rest.split(","))
        head, claims, signature = parts["t"].split(".")
        raw = bytes_of(signature)
        assert len(raw) == 64
        key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), bytes_of(parts["k"]))
        both = encode_dss_signature(int.from_bytes(raw[:32]), int.from_bytes(raw[32:]))
        key.verify(both, f"{head}.{claims}".encode(), ec.ECDSA(SHA256()))
        told = json.loads(bytes_of(claims))
        assert json.loads(bytes_of(head)) == {"typ": "JWT", "alg": "ES256"}
        assert told["aud"] == self.origin, told["aud"]
        assert self.now() < told["exp"] <= self.now() + 24 * 3600, told["exp"]
        assert told["sub"].startswith(("https://", "mailto:")), told["sub"]
