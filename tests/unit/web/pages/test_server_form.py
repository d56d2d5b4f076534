# SPDX-License-Identifier: MIT
"""What stands in the form of a server, and what is asked of the fleet for it."""

from dataclasses import replace

import pytest
from starlette.datastructures import FormData

from opencode_nexus.fleet.arguments import BadArgument
from opencode_nexus.fleet.edit import Edit
from opencode_nexus.fleet.limits import Limits
from opencode_nexus.fleet.variables import BadVariable, Variable
from opencode_nexus.web.pages.server_form import BadAmount, Typed
from tests.unit.web.api.services import SERVER

VARIABLES = [
    Variable("COLOUR", "a = b"),
    Variable("LINES", "one\ntwo"),
    Variable("SPACED", " x"),
    Variable("EMPTY", ""),
    Variable("MY_TOKEN", None, secret=True),
]


def test_a_form_that_is_sent_as_it_came_changes_nothing() -> None:
    limits = Limits(1_500_000_000, 2_000_000_001, None, 150.0, 20)
    server = replace(SERVER, arguments=("--cors", "https://a b"), wanted_version="1.18.30", limits=limits, position=3)
    typed = Typed.of(server, VARIABLES)
    sent = FormData({**{name: getattr(typed, name) for name in Typed.__dataclass_fields__}, "autostart": "1"})
    assert Typed.read(sent).edit(VARIABLES) == Edit(
        name="work",
        autostart=True,
        environment=VARIABLES,
        arguments=["--cors", "https://a b"],
        version="1.18.30",
        limits=replace(limits, memory_recycle=2_000_000_001),
        position=3,
    )
    assert Typed.read(FormData({"name": " x "})).edit() == Edit(
        name="x", autostart=False, environment=[], arguments=[], version="", limits=Limits()
    )


def test_secrets_are_never_shown_again() -> None:
    typed = Typed(secrets="MY_TOKEN\nNEW_KEY = abc=def\n")
    assert Typed.edit(typed, VARIABLES).environment == [
        Variable("MY_TOKEN", None, secret=True),
        Variable("NEW_KEY", "abc=def", secret=True),
    ]
    again = typed.without_secrets()
    assert "abc" not in repr(again) and again.secrets.splitlines()[0] == "MY_TOKEN"
    with pytest.raises(BadVariable, match="NEW_KEY has no value"):
        again.edit(VARIABLES)


@pytest.mark.parametrize("text", ["0", "-1", "lots", "1e40", "nan", "inf", "½"])
def test_a_limit_that_is_no_amount_is_named(text: str) -> None:
    for name in ("memory_stop", "cpu_percent", "processes"):
        with pytest.raises(BadAmount) as caught:
            Typed(**{name: text}).edit()  # type: ignore[arg-type]
        assert caught.value.data["field"] == name
    assert Typed(cpu_percent="1,5").edit().limits == Limits(cpu_percent=1.5)


def test_an_open_quotation_mark_is_told() -> None:
    with pytest.raises(BadArgument):
        Typed(arguments="--cors 'x").edit()
