# SPDX-License-Identifier: MIT
"""Sealing a message for one browser: the standard's own example, and a receiver that shares no code with us."""

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec

from opencode_nexus.notify.encryption import CURVE, LONGEST, decode, encode, encrypt, point
from opencode_nexus.notify.errors import DeviceUnusable
from tests.fakes.push_service import Receiver

# RFC 8291, section 5 and appendix A
TEXT = b"When I grow up, I want to be a watermelon"
AUTH, SALT = "BTBZMqHH6r4Tts7J_aSIgg", "DGv6ra1nlYgDCS1FRnbzlw"
RECEIVER = "q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94"
RECEIVER_PUBLIC = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
SENDER = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"
BODY = (
    "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl"
    "7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
)


def private(text: str) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int.from_bytes(decode(text)), CURVE)


def test_the_example_of_the_standard() -> None:
    assert encode(encrypt(TEXT, RECEIVER_PUBLIC, AUTH, own=private(SENDER), salt=decode(SALT))) == BODY


def test_the_stand_in_opens_the_example_of_the_standard() -> None:
    receiver = Receiver("", private(RECEIVER), decode(AUTH))
    assert encode(receiver.public) == RECEIVER_PUBLIC
    assert receiver.opened(decode(BODY)) == TEXT


@pytest.mark.parametrize("size", [0, 1, LONGEST])
def test_only_the_receiver_opens_it_and_no_two_are_alike(size: int) -> None:
    receiver, other = Receiver(""), Receiver("")
    keys = receiver.subscription()["keys"]
    one, two = (encrypt(b"x" * size, keys["p256dh"], keys["auth"]) for _ in range(2))
    assert receiver.opened(one) == receiver.opened(two) == b"x" * size
    assert one[:16] != two[:16] and one[16:] != two[16:]
    assert len(one) <= 4096
    with pytest.raises(InvalidTag):
        other.opened(one)


@pytest.mark.parametrize(
    ("p256dh", "auth"),
    [
        ("", AUTH),
        ("AAAA", AUTH),
        (encode(b"\x04" + b"\x01" * 64), AUTH),  # no point of the curve
        (RECEIVER_PUBLIC + "€", AUTH),
        (RECEIVER_PUBLIC, ""),
        (RECEIVER_PUBLIC, encode(b"short")),
    ],
)
def test_keys_that_are_none_are_refused(p256dh: str, auth: str) -> None:
    with pytest.raises(DeviceUnusable):
        encrypt(TEXT, p256dh, auth)


def test_a_point_is_65_bytes() -> None:
    assert encode(point(private(RECEIVER).public_key())) == RECEIVER_PUBLIC
