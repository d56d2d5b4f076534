# SPDX-License-Identifier: MIT
"""Numbers in the addresses of a chat come from whoever typed them."""

import pytest

from opencode_nexus.web.pages.chat import _stamp


@pytest.mark.parametrize("text", ["", "²", "٣", "-1", "1.5", "x", "9" * 5000])
def test_what_is_no_time_is_none(text: str) -> None:
    assert _stamp(text) is None


def test_milliseconds_are_taken() -> None:
    assert _stamp("1795380821830") == 1795380821830
