# SPDX-License-Identifier: MIT
import pytest

from opencode_nexus.access.errors import PasswordWeak, UserNameBad
from opencode_nexus.access.rules import (
    NAME_RULES,
    PASSWORD_RULES,
    broken,
    check_name,
    check_password,
    for_script,
    name_key,
)

GOOD = "Abcdefg1"


@pytest.mark.parametrize(
    ("password", "codes"),
    [
        (GOOD, []),
        ("A" * 63 + "b" * 63 + "1" * 2, []),
        ("Abcdef1", ["password-short"]),
        ("A" * 64 + "b" * 64 + "1", ["password-long"]),
        ("ABCDEFG1", ["password-no-lower"]),
        ("abcdefg1", ["password-no-upper"]),
        ("Abcdefgh", ["password-no-digit"]),
        ("xxAda1xx", ["password-has-name"]),
        ("xxADA1xx", ["password-has-name"]),
        ("Éàçdefg1", []),  # letters of any script count
        ("Abcdefg\u0661", ["password-no-digit"]),  # an Arabic digit is not typed on every keyboard
        ("", ["password-short", "password-no-lower", "password-no-upper", "password-no-digit"]),
    ],
)
def test_each_password_rule_is_said_by_itself(password: str, codes: list[str]) -> None:
    assert [rule.code for rule in broken(PASSWORD_RULES, password, "Ada")] == codes


def test_length_is_counted_in_characters_not_in_bytes() -> None:
    assert check_password("é" * 126 + "A1", "Ada") == "é" * 126 + "A1"


def test_a_password_that_fits_all_rules_comes_back_in_one_form() -> None:
    assert check_password("Abcdefg1e\u0301", "Ada") == "Abcdefg1\u00e9"


def test_a_weak_password_names_every_problem() -> None:
    with pytest.raises(PasswordWeak) as caught:
        check_password("ada", "ada")
    problems = caught.value.problem()["problems"]
    assert isinstance(problems, list)
    assert [p["code"] for p in problems] == [
        "password-short",
        "password-no-upper",
        "password-no-digit",
        "password-has-name",
    ]
    assert all(p["message"] in caught.value.detail for p in problems)


def test_without_a_name_the_name_rule_holds() -> None:
    assert broken(PASSWORD_RULES, GOOD, "  ") == []


@pytest.mark.parametrize("name", ["Ada", "ada.lovelace@example.org", "李小龍", "a-b_c"])
def test_names_that_do(name: str) -> None:
    assert check_name(f" {name} ") == name


@pytest.mark.parametrize(
    ("name", "codes"),
    [
        ("ab", ["name-short"]),
        ("", ["name-short"]),
        ("a" * 33, ["name-long"]),
        ("ada lovelace", ["name-characters"]),
        ("<script>", ["name-characters"]),
        ("ada\u202egnp", ["name-characters"]),
    ],
)
def test_names_that_do_not(name: str, codes: list[str]) -> None:
    with pytest.raises(UserNameBad) as caught:
        check_name(name)
    problems = caught.value.problem()["problems"]
    assert isinstance(problems, list)
    assert [p["code"] for p in problems] == codes


def test_names_are_compared_without_case_and_in_one_form() -> None:
    assert name_key(" \u00c9va ") == name_key("E\u0301VA")
    assert name_key("Straße") == name_key("STRASSE")


@pytest.mark.parametrize("rules", [PASSWORD_RULES, NAME_RULES])
def test_the_script_gets_every_rule_with_one_test_it_knows(rules: tuple[object, ...]) -> None:
    table = for_script(PASSWORD_RULES if rules is PASSWORD_RULES else NAME_RULES)
    assert len(table) == len(rules)
    for row in table:
        assert len(row.keys() & {"min", "max", "match", "without"}) == 1
