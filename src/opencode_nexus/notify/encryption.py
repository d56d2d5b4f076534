# SPDX-License-Identifier: MIT
"""What is told is sealed for one browser, so that its push service cannot read it (RFC 8291, by RFC 8188 aes128gcm).

Checked against the example in RFC 8291, appendix A.
"""

import base64
import binascii
import os
import struct

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from opencode_nexus.notify.errors import DeviceUnusable

CURVE = ec.SECP256R1()
RECORD = 4096  # bytes of the one record; push services must take no more than that (RFC 8030 §7.2)
LONGEST = RECORD - 16 - 1 - 86  # bytes of text: what is left beside tag, delimiter and header


def encode(data: bytes) -> str:
    """Return URL-safe base64 without padding, as all of web push has it."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    """Return what `encode` was given; raises ValueError."""
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True)
    except binascii.Error as error:
        raise ValueError(str(error)) from error


def point(key: ec.EllipticCurvePublicKey) -> bytes:
    """Return the 65 bytes of a public key."""
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def keys_of(p256dh: str, auth: str) -> tuple[ec.EllipticCurvePublicKey, bytes]:
    """Return a browser's public key and secret from its texts; raises DeviceUnusable."""
    try:
        key = ec.EllipticCurvePublicKey.from_encoded_point(CURVE, decode(p256dh))
        secret = decode(auth)
    except ValueError as error:
        raise DeviceUnusable("Its key is no point of the curve P-256.") from error
    if len(secret) != 16:
        raise DeviceUnusable("Its secret is not 16 bytes long.")
    return key, secret


def encrypt(
    text: bytes, p256dh: str, auth: str, *, own: ec.EllipticCurvePrivateKey | None = None, salt: bytes | None = None
) -> bytes:
    """Return `text` (`LONGEST` bytes at most) sealed for the browser with these keys.

    `own` and `salt` are made anew for each message; they are given only to check against the standard's example.
    """
    theirs, secret = keys_of(p256dh, auth)
    own, salt = own or ec.generate_private_key(CURVE), salt or os.urandom(16)
    ours = point(own.public_key())
    info = b"WebPush: info\0" + point(theirs) + ours
    shared = HKDF(SHA256(), 32, secret, info).derive(own.exchange(ec.ECDH(), theirs))
    key = HKDF(SHA256(), 16, salt, b"Content-Encoding: aes128gcm\0").derive(shared)
    nonce = HKDF(SHA256(), 12, salt, b"Content-Encoding: nonce\0").derive(shared)
    head = salt + struct.pack(">IB", RECORD, len(ours)) + ours
    return head + AESGCM(key).encrypt(nonce, text + b"\x02", None)
