# SPDX-License-Identifier: MIT
import pytest

from opencode_nexus.access.hosts import HostList, host_name


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("localhost", "localhost"),
        ("LocalHost:4600", "localhost"),
        ("example.com.", "example.com"),
        ("127.0.0.1:80", "127.0.0.1"),
        ("[::1]:4600", "::1"),
        ("[::FFFF:7f00:1]", "::ffff:7f00:1"),
        ("", None),
        (".", None),
        ("a b", None),
        ("a:b", None),
        ("::1", None),
        ("user@localhost", None),
        ("localhost/x", None),
        ("localhost:123456", None),
        ("localhost, evil.example", None),
    ],
)
def test_the_name_in_a_host_header(header: str, name: str | None) -> None:
    assert host_name(header) == name


@pytest.mark.parametrize("host", ["localhost", "localhost:4600", "127.0.0.1:4600", "[::1]:4600"])
def test_loopback_is_always_ours(host: str) -> None:
    assert HostList("127.0.0.1").allows(host)
    assert HostList("192.0.2.7").allows(host)
    assert HostList("0.0.0.0").allows(host)


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "192.0.2.8", "", "a b", "[::2]"])
def test_others_are_not(host: str) -> None:
    assert not HostList("127.0.0.1", ["good.example"]).allows(host)


def test_the_bound_address_is_ours() -> None:
    assert HostList("192.0.2.7").allows("192.0.2.7:4600")
    assert HostList("nexus.lan").allows("NEXUS.lan")
    assert HostList("fd00::7").allows("[fd00::7]:4600")


@pytest.mark.parametrize("bound", ["", "0.0.0.0", "::", "[::]"])
def test_on_a_wildcard_any_literal_address_is_ours_and_no_name(bound: str) -> None:
    hosts = HostList(bound)
    assert hosts.allows("192.0.2.7:4600")
    assert hosts.allows("[2001:db8::7]")
    assert not hosts.allows("evil.example")
    assert not hosts.allows("0x7f.1")


def test_names_from_the_settings() -> None:
    hosts = HostList("127.0.0.1", ["Good.Example:443", "*.team.example", "fd00::7"])
    assert hosts.allows("good.example")
    assert hosts.allows("good.example:8443")
    assert hosts.allows("a.team.example")
    assert not hosts.allows("team.example")
    assert not hosts.allows("evilteam.example")
    assert hosts.allows("[fd00::7]")
