# SPDX-License-Identifier: MIT
"""Addresses of servers that run elsewhere: one way of writing each, and none that leads astray."""

import pytest

from opencode_nexus.core.errors import BadRequest
from opencode_nexus.fleet.address import check_address, host_and_port, is_here, is_plain
from opencode_nexus.fleet.attached_errors import BadAddress, BadLogin
from opencode_nexus.fleet.errors import BadProject
from opencode_nexus.fleet.logins import check_login
from opencode_nexus.fleet.spec import check_far_folder


@pytest.mark.parametrize(
    ("typed", "address"),
    [
        ("192.168.1.20", "http://192.168.1.20:4096"),
        (" build.example:5000 ", "http://build.example:5000"),
        ("http://Build.example/", "http://build.example:80"),
        ("https://build.example", "https://build.example:443"),
        ("https://build.example/code/agent/", "https://build.example:443/code/agent"),
        ("http://[::1]:4096", "http://[::1]:4096"),
    ],
)
def test_there_is_one_way_of_writing_it(typed: str, address: str) -> None:
    assert check_address(typed) == address
    assert check_address(address) == address


@pytest.mark.parametrize(
    "typed",
    [
        "", "http://", "ftp://host:1", "file:///etc/passwd", "http://user:word@host:1", "http://host:99999", "host:0",
        "http://host:1?x=1", "http://host:1/#there", "http://ho st:1", "http://host:1/a b", "http://host\n:1", "http://[::1",
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused(typed: str) -> None:
    with pytest.raises(BadAddress):
        check_address(typed)


def test_this_machine_is_known_by_all_its_names() -> None:
    assert all(is_here(host) for host in ("localhost", "127.0.0.1", "127.9.9.9", "::1", "0.0.0.0", "::ffff:127.0.0.1"))
    assert not any(is_here(host) for host in ("192.0.2.7", "2001:db8::7", "no such host", "nowhere.invalid"))
    assert host_and_port("http://[::1]:4096/x") == ("::1", 4096)


def test_a_password_over_plain_http_to_elsewhere_can_be_read() -> None:
    assert is_plain("http://192.0.2.7:4096")
    assert not is_plain("https://192.0.2.7:443") and not is_plain("http://127.0.0.1:4096")


def test_folders_of_another_machine_are_full_paths_of_its_kind() -> None:
    for folder, kept in (
        ("/srv/x/", "/srv/x"),
        ("/", "/"),
        (r"C:\code", r"C:\code"),
        ("C:\\", "C:\\"),
        (r"\\nas\x", r"\\nas\x"),
    ):
        assert check_far_folder(folder) == kept
    for folder in ("", "code", "~/code", "C:code", "/a\nb", "/" + "x" * 5000):
        with pytest.raises(BadProject):
            check_far_folder(folder)


def test_a_user_name_that_cannot_be_sent_is_refused() -> None:
    assert check_login(" ", "secret").username == "opencode"
    for name in ("a:b", "a\nb", "x" * 300):
        with pytest.raises(BadLogin) as caught:
            check_login(name, "")
        assert isinstance(caught.value, BadRequest)
