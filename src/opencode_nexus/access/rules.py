# SPDX-License-Identifier: MIT
"""The rules for passwords and user names: page, command, API and script take their words from here."""

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from opencode_nexus.access.errors import PasswordWeak, UserNameBad

PASSWORD_MIN, PASSWORD_MAX = 8, 128  # characters, not bytes
NAME_MIN, NAME_MAX = 3, 32


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: `text` stands in the list beside the field, `message` is said when it is broken.

    `holds(value, name)` decides; `script` says the same to the page's script: {"min": n}, {"max": n} in code
    points, {"match": pattern} as a regular expression with the u flag, or {"without": "name"}.
    """

    code: str
    text: str
    message: str
    holds: Callable[[str, str], bool]
    script: Mapping[str, object]


def normal(value: str) -> str:
    """The one form of a text that different keyboards may send in several (NFC)."""
    return unicodedata.normalize("NFC", value)


def name_key(name: str) -> str:
    """A user name as it is compared: NFC, without surrounding space, case folded."""
    return normal(normal(name.strip()).casefold())


def _has_category(*categories: str) -> Callable[[str, str], bool]:
    return lambda value, name: any(unicodedata.category(char) in categories for char in value)


def _lacks_name(value: str, name: str) -> bool:
    key = name_key(name)
    return not key or key not in normal(value.casefold())


PASSWORD_RULES: tuple[Rule, ...] = (
    Rule(
        "password-short",
        f"At least {PASSWORD_MIN} characters",
        f"The password needs at least {PASSWORD_MIN} characters.",
        lambda value, name: len(value) >= PASSWORD_MIN,
        {"min": PASSWORD_MIN},
    ),
    Rule(
        "password-long",
        f"At most {PASSWORD_MAX} characters",
        f"The password may have at most {PASSWORD_MAX} characters.",
        lambda value, name: len(value) <= PASSWORD_MAX,
        {"max": PASSWORD_MAX},
    ),
    Rule(
        "password-no-lower",
        "A lower-case letter",
        "The password needs a lower-case letter.",
        _has_category("Ll"),
        {"match": r"\p{Ll}"},
    ),
    Rule(
        "password-no-upper",
        "An upper-case letter",
        "The password needs an upper-case letter.",
        _has_category("Lu"),
        {"match": r"\p{Lu}"},
    ),
    Rule(
        "password-no-digit",
        "A digit",
        "The password needs a digit.",
        lambda value, name: any("0" <= char <= "9" for char in value),
        {"match": "[0-9]"},
    ),
    Rule(
        "password-has-name",
        "Not the user name, nor with the user name in it",
        "The password must not hold the user name.",
        _lacks_name,
        {"without": "name"},
    ),
)

_NAME_EXTRA = "._@-"

NAME_RULES: tuple[Rule, ...] = (
    Rule(
        "name-short",
        f"At least {NAME_MIN} characters",
        f"The user name needs at least {NAME_MIN} characters.",
        lambda value, name: len(value) >= NAME_MIN,
        {"min": NAME_MIN},
    ),
    Rule(
        "name-long",
        f"At most {NAME_MAX} characters",
        f"The user name may have at most {NAME_MAX} characters.",
        lambda value, name: len(value) <= NAME_MAX,
        {"max": NAME_MAX},
    ),
    Rule(
        "name-characters",
        "Letters, digits and . _ @ - only",
        "The user name may hold letters, digits and . _ @ - only.",
        lambda value, name: all(unicodedata.category(c)[0] in "LMN" or c in _NAME_EXTRA for c in value),
        {"match": r"^[\p{L}\p{M}\p{N}._@\-]*$"},
    ),
)


def broken(rules: Sequence[Rule], value: str, name: str = "") -> list[Rule]:
    """The rules that `value` breaks, in the order of the table; `name` is the user name."""
    return [rule for rule in rules if not rule.holds(value, name)]


def check_password(password: str, name: str) -> str:
    """The password in its one form; raises PasswordWeak with each broken rule."""
    password = normal(password)
    bad = broken(PASSWORD_RULES, password, name)
    if bad:
        raise PasswordWeak(" ".join(rule.message for rule in bad), problems=_listed(bad))
    return password


def check_name(name: str) -> str:
    """The user name in its one form; raises UserNameBad with each broken rule."""
    name = normal(name.strip())
    bad = broken(NAME_RULES, name)
    if bad:
        raise UserNameBad(" ".join(rule.message for rule in bad), problems=_listed(bad))
    return name


def for_script(rules: Sequence[Rule]) -> list[dict[str, object]]:
    """The table as the page's script takes it (JSON)."""
    return [{"code": rule.code, "text": rule.text, **rule.script} for rule in rules]


def _listed(rules: Sequence[Rule]) -> list[dict[str, str]]:
    return [{"code": rule.code, "message": rule.message} for rule in rules]
