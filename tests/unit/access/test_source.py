# SPDX-License-Identifier: MIT
import pytest

from opencode_nexus.access.source import Sender, networks, parse, sender, visitor

TRUSTED = networks(["10.0.0.0/8", "::1"])


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("192.0.2.1", "192.0.2.1"),
        (" 192.0.2.1:5000 ", "192.0.2.1"),
        ("2001:db8::1", "2001:db8::1"),
        ("[2001:db8::1]:5000", "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("unknown", None),
        ("", None),
    ],
)
def test_addresses_are_read_as_proxies_write_them(text: str, address: str | None) -> None:
    assert (None if (found := parse(text)) is None else str(found)) == address


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        (None, [], Sender("local", "local", False)),
        ("testclient", [], Sender("local", "local", False)),
        ("192.0.2.1", [], Sender("192.0.2.1", "192.0.2.1", False)),
        # a header from somebody who is no proxy of ours says nothing
        ("192.0.2.1", ["198.51.100.9"], Sender("192.0.2.1", "192.0.2.1", False)),
        ("10.0.0.1", ["198.51.100.9"], Sender("198.51.100.9", "198.51.100.9", True)),
        # what stands left of the first that is no proxy was written by the client
        ("10.0.0.1", ["1.1.1.1, 198.51.100.9"], Sender("198.51.100.9", "198.51.100.9", True)),
        ("10.0.0.1", ["1.1.1.1, 198.51.100.9", "10.0.0.2"], Sender("198.51.100.9", "198.51.100.9", True)),
        ("10.0.0.1", ["junk"], Sender("10.0.0.1", "10.0.0.1", True)),
        ("10.0.0.1", ["198.51.100.9, junk"], Sender("10.0.0.1", "10.0.0.1", True)),
        ("10.0.0.1", [], Sender("10.0.0.1", "10.0.0.1", True)),
        ("::1", ["2001:db8:1:2:3::4"], Sender("2001:db8:1:2:3::4", "2001:db8:1:2::/64", True)),
        ("::ffff:10.0.0.1", ["198.51.100.9"], Sender("198.51.100.9", "198.51.100.9", True)),
        ("::2", [], Sender("::2", "::/64", False)),
    ],
)
def test_who_sent_it(peer: str | None, forwarded: list[str], expected: Sender) -> None:
    assert sender(peer, forwarded, TRUSTED) == expected


def test_loopback_is_a_source_of_its_own() -> None:
    assert sender("::1", [], ()) == Sender("::1", "::1", False)


def test_a_wrong_entry_is_an_error() -> None:
    with pytest.raises(ValueError, match="proxy"):
        networks(["proxy.example"])


@pytest.mark.parametrize(
    ("named", "expected"),
    [
        (["203.0.113.7"], Sender("203.0.113.7", "203.0.113.7", True)),
        (["2001:db8::7"], Sender("2001:db8::7", "2001:db8::/64", True)),
        (["::ffff:203.0.113.7"], Sender("203.0.113.7", "203.0.113.7", True)),
        ([], None),
        (["203.0.113.7", "203.0.113.7"], None),
        (["203.0.113.7, 203.0.113.8"], None),
        (["203.0.113.7:80"], None),
        (["[2001:db8::7]"], None),
        (["fe80::1%eth0"], None),
        ([" 203.0.113.7"], None),
        (["1"], None),
        ([""], None),
    ],
)
def test_a_visitor_is_whom_cloudflare_names_once_and_clearly(named: list[str], expected: Sender | None) -> None:
    assert visitor(named) == expected
