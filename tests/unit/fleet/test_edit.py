# SPDX-License-Identifier: MIT
"""What may be wanted of a server: arguments, variables, limits, version; and what waits for a start."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opencode_nexus.fleet.arguments import BadArgument, check_arguments, split
from opencode_nexus.fleet.edit import BadVersion, Edit, edited
from opencode_nexus.fleet.limits import BadLimits, Limits, check_limits
from opencode_nexus.fleet.variables import BadVariable, Variable, check_variables
from opencode_nexus.secrets.redact import Secret
from opencode_nexus.store.servers import ServerRow

ROW = ServerRow("srv_1", "One", ("/p",), True, 1.0)


def test_arguments_that_serve_takes_are_let_through() -> None:
    line = "--log-level DEBUG --print-logs --cors https://a.example --cors=https://b.example"
    assert check_arguments(split(line)) == tuple(line.split())
    assert check_arguments([]) == ()


@pytest.mark.parametrize(
    "line",
    [
        "--port 1", "--port=1", "--hostname 0.0.0.0", "--hostName=0.0.0.0", "--host x", "--mdns", "--no-mdns",
        "--mdns-domain x", "--mdnsDomain=x", "--mdns.domain=x", "--pure", "--no-pure=false", "--PURE", "--po-rt 1",
        "--password x", "--username x", "--help", "--version", "-h", "-v", "-p 1", "--", "-- --port 1", "stray",
        "--cors --port 1", "--log-level DEBUG stray", "--cors x --pure", "---port 1", "--_port=1",
    ],
)  # fmt: skip
def test_arguments_that_would_take_it_out_of_our_hands_are_refused(line: str) -> None:
    with pytest.raises(BadArgument):
        check_arguments(split(line))


def test_arguments_of_no_use_are_refused() -> None:
    for bad in ([""], ["--a\nb"], ["--cors", "x\0"]):
        with pytest.raises(BadArgument):
            check_arguments(bad)
    with pytest.raises(BadArgument):
        split("--cors 'open")


@given(st.lists(st.text(alphabet="-=.portPORThost mdnsDpure", max_size=14), max_size=5))
def test_no_argument_whose_flag_is_ours_ever_gets_through(words: list[str]) -> None:
    try:
        through = check_arguments(words)
    except BadArgument:
        return
    for word in through:
        flag = word.split("=")[0].replace("-", "").replace(".", "").lower() if word.startswith("-") else ""
        assert flag not in {"port", "host", "mdns", "pure", "noport", "nomdns", "nopure"}


def test_variables_of_ours_and_of_no_name_are_refused() -> None:
    ours = (
        "OPENCODE_SERVER_PASSWORD OPENCODE_SERVER_USERNAME OPENCODE_NEXUS_MARK OPENCODE_PURE XDG_CONFIG_HOME OPENCODE"
    )
    for name in [*ours.split(), "opencode_server_password", "", "1A", "A-B", "A B", "A=B", "Ä", "A\0"]:
        with pytest.raises(BadVariable):
            check_variables([Variable(name, "x")], {})
    for bad in ([Variable("A", "1"), Variable("A", "2")], [Variable("A", "x\0y")], [Variable("A", "x" * 40_000)]):
        with pytest.raises(BadVariable):
            check_variables(bad, {})
    with pytest.raises(BadVariable):  # nothing is kept that could stay
        check_variables([Variable("A", None)], {"A": "plain"})
    with pytest.raises(BadVariable):
        check_variables([Variable("A", None)], {})
    assert check_variables([Variable("A", None), Variable("OPENCODE_CONFIG_CONTENT", "{}")], {"A": None})


def test_a_value_is_sealed_when_it_is_asked_for_or_its_name_says_so() -> None:
    for name in "OPENAI_API_KEY token MY_SECRET DB_PASSWORD AWS_CREDENTIALS KEY_2 APIKEY".split():
        assert Variable(name, "x").sealed, name
    for name in "GIT_AUTHOR_NAME KEYBOARD HTTP_PROXY TOKENIZERS_PARALLELISM".split():
        assert not Variable(name, "x").sealed, name
        assert Variable(name, "x", secret=True).sealed


def test_secret_values_lie_beside_the_row_and_stay_until_they_are_changed() -> None:
    first = Edit(environment=[Variable("LANG", "C"), Variable("API_KEY", "abc"), Variable("X", "1", secret=True)])
    row, secrets = edited(ROW, first, {})
    assert row.environment == {"LANG": "C", "API_KEY": None, "X": None}
    assert {name: secret.reveal() for name, secret in secrets.items()} == {"API_KEY": "abc", "X": "1"}
    assert row.revision == 1
    again = Edit(environment=[Variable("API_KEY", None), Variable("LANG", "C"), Variable("X", None)])
    assert edited(row, again, secrets) == (replace(row, environment=row.environment), secrets)
    less, kept = edited(row, Edit(environment=[Variable("API_KEY", None), Variable("X", "plain again")]), secrets)
    assert (less.environment, set(kept)) == ({"API_KEY": None, "X": "plain again"}, {"API_KEY"})
    other, new = edited(row, Edit(environment=[Variable("API_KEY", "new"), *again.environment[1:]]), secrets)  # type: ignore[index]
    assert (new["API_KEY"], other.revision) == (Secret("new"), 2)


def test_only_what_a_process_is_started_with_waits_for_a_start() -> None:
    at_once = Edit(name=" Two ", autostart=False, limits=Limits(memory_warn=5))
    row, _ = edited(ROW, at_once, {})
    assert (row.name, row.autostart, row.limits, row.revision) == ("Two", False, {"memory_warn": 5}, 0)
    for edit in (Edit(arguments=["--print-logs"]), Edit(version="1.18.30"), Edit(environment=[Variable("A", "1")])):
        assert edited(ROW, edit, {})[0].revision == 1
    for same in (Edit(), Edit(arguments=[]), Edit(version=""), Edit(environment=[])):
        assert edited(ROW, same, {})[0] == ROW
    assert edited(ROW, Edit(version="v1.18.30"), {})[0].version == "1.18.30"  # as its release page writes it
    for bad in ("latest", "1.18", "vv1.18.3", "v", "1.18.3\n", "1.18.\u0663", "../1.1.1"):
        with pytest.raises(BadVersion):
            edited(ROW, Edit(version=bad), {})


def test_limits_are_amounts_in_their_order() -> None:
    full = Limits(1, 2, 2, 50.5, 10)
    assert check_limits(full) == full == Limits.of(full.kept())
    assert check_limits(Limits()).kept() == {}
    assert Limits.of({"memory_stop": 5.0, "of a later release": 3, "processes": None}) == Limits(memory_stop=5)
    for bad in (
        Limits(2, 1),
        Limits(3, None, 2),
        Limits(None, 3, 2),
        Limits(-1),
        Limits(processes=0),
        Limits(cpu_percent=0),
    ):
        with pytest.raises(BadLimits):
            check_limits(bad)
