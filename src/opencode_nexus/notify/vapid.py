# SPDX-License-Identifier: MIT
"""The hub's own key, and the word that it signs for a push service (VAPID, RFC 8292; a JWT by ES256)."""

import json
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from opencode_nexus.notify.encryption import CURVE, decode, encode, point
from opencode_nexus.secrets.redact import Secret

HOLDS = 12 * 3600.0  # seconds; push services take 24 hours at most
NOBODY = "mailto:nobody@example.com"  # whom a push service may write to: a hub without a public address has no one


class VapidKey:
    """A P-256 key. `public` is what a browser is given when it subscribes."""

    def __init__(self, key: ec.EllipticCurvePrivateKey) -> None:
        self._key = key
        self.public = encode(point(key.public_key()))

    @classmethod
    def make(cls) -> "VapidKey":
        return cls(ec.generate_private_key(CURVE))

    @classmethod
    def read(cls, kept: Secret) -> "VapidKey":
        """Return the key that `keep` gave; raises ValueError."""
        return cls(ec.derive_private_key(int.from_bytes(decode(kept.reveal())), CURVE))

    def keep(self) -> Secret:
        """Return the key as a text to be kept."""
        return Secret(encode(self._key.private_numbers().private_value.to_bytes(32)))

    def authorization(self, endpoint: str, now: float, subject: str = "") -> str:
        """Return the header for a message to `endpoint`; `subject`: an https address of the hub, if it has one."""
        parts = urlsplit(endpoint)
        claims = {
            "aud": f"{parts.scheme}://{parts.netloc}",
            "exp": int(now + HOLDS),
            "sub": subject if subject.startswith("https://") else NOBODY,
        }
        said = ".".join(encode(json.dumps(part).encode()) for part in ({"typ": "JWT", "alg": "ES256"}, claims))
        r, s = decode_dss_signature(self._key.sign(said.encode(), ec.ECDSA(SHA256())))
        return f"vapid t={said}.{encode(r.to_bytes(32) + s.to_bytes(32))}, k={self.public}"
