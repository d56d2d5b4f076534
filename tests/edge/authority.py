# SPDX-License-Identifier: MIT
"""A certificate authority of our own, which only those trust who are told to."""

import base64
import datetime
import hashlib
import ssl
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

LIFE = datetime.timedelta(days=2)  # the longest soak takes hours


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


class Authority:
    """Issues certificates below `folder`; `path` is its own one, for cloudflared's --cacert and for visitors."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._contexts: dict[str, ssl.SSLContext] = {}
        self._visitors: ssl.SSLContext | None = None
        name = _name("Local edge for tests")
        usage = {
            "digital_signature": False, "content_commitment": False, "key_encipherment": False,
            "data_encipherment": False, "key_agreement": False, "crl_sign": True, "encipher_only": False,
            "decipher_only": False,
        }  # fmt: skip
        self._own = (
            self._draft(name, name, self._key.public_key())
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(x509.KeyUsage(key_cert_sign=True, **usage), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(self._key.public_key()), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / "ca.pem"
        self.path.write_bytes(self._own.public_bytes(serialization.Encoding.PEM))

    def _draft(self, subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
        now = datetime.datetime.now(datetime.UTC)
        builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key)
        return (
            builder.serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(hours=1))
            .not_valid_after(now + LIFE)
        )

    def issue(self, *names: str) -> tuple[Path, Path]:
        """A certificate for these host names, followed by our own, and its key: (chain, key)."""
        key = ec.generate_private_key(ec.SECP256R1())
        signed = (
            self._draft(_name(names[0][:64]), self._own.subject, key.public_key())
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        stem = hashlib.sha256(" ".join(names).encode()).hexdigest()[:16]
        chain, secret = self._folder / f"{stem}.pem", self._folder / f"{stem}.key"
        pem = serialization.Encoding.PEM
        chain.write_bytes(signed.public_bytes(pem) + self._own.public_bytes(pem))
        plain = serialization.NoEncryption()
        secret.touch(mode=0o600)
        secret.write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain))
        return chain, secret

    def server(self, *names: str) -> ssl.SSLContext:
        """A context that serves as these names; the same one each time."""
        if (context := self._contexts.get(names[0])) is None:
            self._contexts[names[0]] = context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*self.issue(*names))
        return context

    def visitors(self) -> ssl.SSLContext:
        """A context of a client that trusts us and nobody else; the same one each time."""
        if self._visitors is None:
            self._visitors = ssl.create_default_context(cafile=str(self.path))
        return self._visitors

    @property
    def fingerprint(self) -> str:
        """Base64 of the SHA-256 of our public key, as Chromium's --ignore-certificate-errors-spki-list takes it."""
        public = self._key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return base64.b64encode(hashlib.sha256(public).digest()).decode()
