# SPDX-License-Identifier: MIT
"""What cloudflared is started with: its words, its own configuration file, its environment. Pure."""

import json
import shlex
from collections.abc import Mapping
from pathlib import Path

from opencode_nexus.secrets.redact import Secret
from opencode_nexus.tunnels.config import TunnelConfig
from opencode_nexus.tunnels.program import Program

MARK = "OPENCODE_NEXUS_TUNNEL"
GRACE = 1  # seconds that open streams get at its end; cloudflared's own 30 would keep "stop everything" waiting

# All that cloudflared may see of the user's environment: TUNNEL_* would change what it does (each flag has such a
# name), and the keys of model providers are none of its business. Go takes its certificates from SSL_CERT_*.
_KEPT = frozenset(
    """PATH LANG LC_ALL TZ TMPDIR TEMP TMP SSL_CERT_FILE SSL_CERT_DIR
    SYSTEMROOT SYSTEMDRIVE WINDIR COMSPEC PATHEXT PROGRAMDATA LOCALAPPDATA APPDATA USERPROFILE""".split()
)


def command_words(
    program: Program, config: TunnelConfig, *, file: Path, origin: str, port: int, extra: str, tunnel_id: str = ""
) -> list[str]:
    """Return the command line; nothing secret stands in it, since every user of the machine can read it.

    `file` is the tunnel's own configuration file, `origin` what stands there as the service, `port` the hub's. Further
    flags, `extra`, stand after ours, so they win.
    """
    words = [str(program.path), "tunnel", "--config", str(file), "--no-autoupdate"]
    words += ["--metrics", "127.0.0.1:0", "--loglevel", "info", "--grace-period", f"{GRACE}s"]
    # always named: a quick tunnel takes quic otherwise, and then never falls back to http2 (measured, 2026.6.0)
    words += ["--protocol", config.protocol]
    if program.knows("--output"):
        words += ["--output", "json"]
    if program.knows("--no-prechecks"):
        words.append("--no-prechecks")
    if config.kind == "quick":
        # the service in the configuration file wins, but without --url no quick tunnel is made
        words += ["--url", origin if origin.startswith("http") else f"http://127.0.0.1:{port}"]
        for address in config.allowed_mail:
            words += ["--allowed-mail", address]
    words += shlex.split(extra)
    if config.kind != "quick":
        words.append("run")
    if config.kind == "config":
        words.append(tunnel_id)
    return words


def config_file(config: TunnelConfig, *, origin: str, tunnel_id: str = "", credentials: str = "") -> str:
    """Return the text of the tunnel's own configuration file.

    With it named, ~/.cloudflared/config.yml is not read, whose ingress would win over ours (measured): visitors would
    get whatever stands there. JSON is YAML, and needs no care with quotation marks.
    """
    content: dict[str, object] = {"no-autoupdate": True}
    if config.kind == "quick":
        content["ingress"] = [{"service": origin}]
    elif config.kind == "config":
        content["tunnel"], content["credentials-file"] = tunnel_id, credentials
        content["ingress"] = [{"hostname": config.hostname, "service": origin}, {"service": "http_status:404"}]
    return json.dumps(content, indent=1) + "\n"


def child_environment(environ: Mapping[str, str], *, home: Path, mark: str, token: Secret | None) -> dict[str, str]:
    """Return the environment: little of the user's, a home of its own, and the token where there is one."""
    child = {name: value for name, value in environ.items() if name.upper() in _KEPT}
    child["HOME"] = str(home)
    child[MARK] = mark
    if token is not None:
        child["TUNNEL_TOKEN"] = token.reveal()
    return child
