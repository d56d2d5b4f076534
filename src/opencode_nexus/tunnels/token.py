# SPDX-License-Identifier: MIT
"""A named tunnel's token and its credentials file: read and checked before cloudflared sees them."""

import base64
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from opencode_nexus.secrets.redact import Secret
from opencode_nexus.tunnels.errors import BadTunnel, BadTunnelToken

_WORD = re.compile(r"[A-Za-z0-9+/_=-]{40,}")
_SHORTEST = 16  # bytes of a tunnel's secret; Cloudflare's own have 32


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a tunnel proves itself with; `token` is the same as cloudflared's TUNNEL_TOKEN takes it."""

    account: str
    tunnel_id: str
    secret: Secret
    token: Secret


class _Unusable(ValueError):
    """What is wrong with it, as a sentence."""


def parse_token(text: str) -> Credentials:
    """Read what was pasted: the token, or the whole command that Cloudflare's dashboard shows with it.

    Raises BadTunnelToken saying what is wrong with it, never the token itself.
    """
    words = _WORD.findall(text)
    word = next((word for word in words if word.startswith("eyJ")), words[0] if words else "")
    if not word:
        raise BadTunnelToken("There is no token in it." if text.strip() else "It is empty.", field="token")
    try:
        plain = base64.b64decode(word + "=" * (-len(word) % 4), altchars=b"-_" if set(word) & {"-", "_"} else None)
        account, tunnel_id, secret = _checked(json.loads(plain), "a", "t", "s")
    except _Unusable as error:
        raise BadTunnelToken(str(error), field="token") from error
    except ValueError as error:
        raise BadTunnelToken("It was not copied whole, or is something else.", field="token") from error
    return Credentials(account, tunnel_id, Secret(secret), Secret(word))


def read_credentials(path: str) -> Credentials:
    """Read a credentials file, which `cloudflared tunnel create` wrote; raises BadTunnel naming the field. Blocks."""
    try:
        content = json.loads(Path(path).expanduser().read_text("utf-8"))
        account, tunnel_id, secret = _checked(content, "AccountTag", "TunnelID", "TunnelSecret")
    except OSError as error:
        raise _bad_file(f"{path}: {error.strerror}.") from error
    except _Unusable as error:
        raise _bad_file(f"{path}: {error}") from error
    except (ValueError, RuntimeError) as error:  # RuntimeError: ~somebody who is not there
        raise _bad_file(f"{path} is no credentials file.") from error
    short = json.dumps({"a": account, "t": tunnel_id, "s": secret}).encode()
    return Credentials(account, tunnel_id, Secret(secret), Secret(base64.b64encode(short).decode()))


def _bad_file(detail: str) -> BadTunnel:
    return BadTunnel(detail, field="credentials", hint="Give the full path of the tunnel's own <id>.json.")


def _checked(content: Any, account: str, tunnel: str, secret: str) -> tuple[str, str, str]:
    """Return account, tunnel id and secret, which stand under these names; raises _Unusable."""
    values = [str(content.get(name) or "") if isinstance(content, dict) else "" for name in (account, tunnel, secret)]
    if not all(values):
        raise _Unusable("It does not name account, tunnel and secret.")
    try:
        tunnel_id, size = str(UUID(values[1])), len(base64.b64decode(values[2], validate=True))
    except ValueError as error:
        raise _Unusable("Its tunnel id or its secret is damaged.") from error
    if size < _SHORTEST:
        raise _Unusable("Its secret is too short.")
    return values[0], tunnel_id, values[2]
