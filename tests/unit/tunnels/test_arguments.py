# SPDX-License-Identifier: MIT
"""What cloudflared is started with."""

import json
from pathlib import Path

from opencode_nexus.secrets.redact import Secret
from opencode_nexus.tunnels.arguments import MARK, child_environment, command_words, config_file
from opencode_nexus.tunnels.config import TunnelConfig
from opencode_nexus.tunnels.program import SINCE, Program, Version

NEW: Version = (2026, 10, 0)
FILE = Path("/home/nexus/tunnels/t/config.yml")
UUID = "b0a1f4a4-6c1e-4d0e-9c8f-1f2e3d4c5b6a"


def words(
    config: TunnelConfig, version: Version = NEW, *, origin: str = "http://127.0.0.1:4700", extra: str = ""
) -> str:
    program = Program(Path("/bin/cloudflared"), version, "")
    made = command_words(program, config, file=FILE, origin=origin, port=4700, extra=extra, tunnel_id=UUID)
    return " ".join(made)


def test_a_quick_tunnel() -> None:
    assert words(TunnelConfig("a", "quick", allowed_mail=("a@b.example", "*@c.example"))) == (
        f"/bin/cloudflared tunnel --config {FILE} --no-autoupdate --metrics 127.0.0.1:0 --loglevel info"
        " --grace-period 1s --protocol auto --output json --no-prechecks --url http://127.0.0.1:4700"
        " --allowed-mail a@b.example --allowed-mail *@c.example"
    )


def test_with_a_unix_socket_the_url_is_only_there_so_that_a_quick_tunnel_is_made() -> None:
    assert "--url http://127.0.0.1:4700" in words(TunnelConfig("a", "quick"), origin="unix:/home/nexus/s")


def test_named_ones_run_and_no_token_stands_in_the_command() -> None:
    for kind in ("token", "api"):
        assert words(TunnelConfig("a", kind)).endswith(" --no-prechecks run")
    assert words(TunnelConfig("a", "config", protocol="http2")).endswith(f" run {UUID}")


def test_further_flags_stand_after_ours_and_before_run() -> None:
    made = words(TunnelConfig("a", "token"), extra="--edge 127.0.0.1:1 --label 'two words'")
    assert made.endswith("--no-prechecks --edge 127.0.0.1:1 --label two words run")


def test_no_flag_that_the_program_does_not_know() -> None:
    for flag, since in SINCE.items():
        config = TunnelConfig("a", "quick", allowed_mail=("a@b.example",))
        assert flag in words(config, since)
    assert "--output" not in words(TunnelConfig("a", "quick"), (2025, 6, 0))
    assert "--no-prechecks" not in words(TunnelConfig("a", "quick"), (2026, 5, 1))


def test_its_own_configuration_file() -> None:
    origin = "unix:/home/nexus/tunnel.sock"
    quick = json.loads(config_file(TunnelConfig("a", "quick"), origin=origin))
    assert quick == {"no-autoupdate": True, "ingress": [{"service": origin}]}
    config = TunnelConfig("a", "config", hostname="code.example.com")
    assert json.loads(config_file(config, origin=origin, tunnel_id=UUID, credentials="/c.json")) == {
        "no-autoupdate": True,
        "tunnel": UUID,
        "credentials-file": "/c.json",
        "ingress": [{"hostname": "code.example.com", "service": origin}, {"service": "http_status:404"}],
    }
    assert json.loads(config_file(TunnelConfig("a", "token"), origin=origin)) == {"no-autoupdate": True}


def test_its_environment_is_little_of_the_users() -> None:
    given = {
        "PATH": "/bin", "SSL_CERT_FILE": "/ca.pem", "HOME": "/home/user", "TUNNEL_URL": "x", "NO_AUTOUPDATE": "1",
        "OPENAI_API_KEY": "secret", "HTTPS_PROXY": "http://p", "OPENCODE_NEXUS_MARK": "m", "SystemRoot": "C:\\Windows",
    }  # fmt: skip
    made = child_environment(given, home=Path("/own"), mark="mark", token=Secret("token"))
    assert made == {
        "PATH": "/bin", "SSL_CERT_FILE": "/ca.pem", "SystemRoot": "C:\\Windows", "HOME": "/own", MARK: "mark",
        "TUNNEL_TOKEN": "token",
    }  # fmt: skip
    assert "TUNNEL_TOKEN" not in child_environment(given, home=Path("/own"), mark="mark", token=None)
