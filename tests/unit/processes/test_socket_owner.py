# SPDX-License-Identifier: MIT
import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from opencode_nexus.processes.socket_owner import owner, told

linux = pytest.mark.skipif(sys.platform != "linux", reason="no other system tells whose a connection is")


def connection(host: str, family: socket.AddressFamily) -> Iterator[tuple[socket.socket, socket.socket]]:
    with socket.socket(family) as listener:
        listener.bind((host, 0))
        listener.listen()
        with socket.create_connection((host.removeprefix("::ffff:"), listener.getsockname()[1])) as client:
            taken, _ = listener.accept()
            with taken:
                yield client, taken


@linux
@pytest.mark.parametrize(("host", "family"), [("127.0.0.1", socket.AF_INET), ("::1", socket.AF_INET6)])
def test_the_user_at_the_other_end_of_a_real_connection(host: str, family: socket.AddressFamily) -> None:
    try:
        pairs = list(connection(host, family))
    except OSError as error:
        pytest.skip(f"{host} cannot be used here: {error}")
    assert len(pairs) == 1
    for client, taken in connection(host, family):
        assert told()
        assert owner(taken.getpeername()[:2], taken.getsockname()[:2]) == os.getuid()
        assert owner(("127.0.0.9", client.getsockname()[1]), taken.getsockname()[:2]) is None


@linux
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can be another user as well")
def test_another_user_is_told_apart() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        os.seteuid(65534)  # a socket belongs to whoever makes it
        try:
            client = socket.create_connection(("127.0.0.1", listener.getsockname()[1]))
        finally:
            os.seteuid(0)
        taken, _ = listener.accept()
        with client, taken:
            assert owner(taken.getpeername()[:2], taken.getsockname()[:2]) == 65534


def test_an_address_in_the_middle_of_a_mapped_one_and_a_table_that_is_not_there(tmp_path: Path) -> None:
    table = tmp_path / "tcp6"
    words = "0000000000000000FFFF00000100007F" if sys.byteorder == "little" else "00000000000000000000FFFF7F000001"
    line = f"   0: {words}:1F90 {words}:0050 01 00000000:00000000 00:00000000 00000000  1234        0 5 1 0 20 4 1\n"
    table.write_text("  sl  local_address  remote_address ...\n" + line)
    tables = (tmp_path / "none", table)
    assert owner(("127.0.0.1", 0x1F90), ("127.0.0.1", 0x50), tables) == 1234
    assert owner(("127.0.0.1", 0x1F91), ("127.0.0.1", 0x50), tables) is None
