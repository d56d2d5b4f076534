# SPDX-License-Identifier: MIT
"""A record that holds a secret as plain text does not show it when it is printed, as in a log line or a traceback."""

import importlib
import pkgutil
from collections.abc import Iterator
from dataclasses import fields, is_dataclass

import opencode_nexus
from opencode_nexus.secrets.redact import Secret

SECRET_NAMES = {"auth", "passphrase", "password", "secret", "token"}
PLAIN = {str, "str", str | None, "str | None"}


def records() -> Iterator[type]:
    """Every dataclass of ours."""
    seen: set[type] = set()
    for module in pkgutil.walk_packages(opencode_nexus.__path__, "opencode_nexus."):
        if module.name.endswith("__main__"):
            continue
        for found in vars(importlib.import_module(module.name)).values():
            if isinstance(found, type) and is_dataclass(found) and found.__module__.startswith("opencode_nexus."):
                if found not in seen:
                    yield found
                seen.add(found)


def test_no_record_shows_a_plain_secret() -> None:
    told = [
        f"{record.__module__}.{record.__name__}.{field.name}"
        for record in records()
        for field in fields(record)
        if field.name in SECRET_NAMES and field.type in PLAIN and field.repr
    ]
    assert not told, "keep it as a Secret, or as field(repr=False)"


def test_records_with_secrets_are_looked_at() -> None:
    kinds = {field.name: field.type for record in records() for field in fields(record) if field.name in SECRET_NAMES}
    assert Secret in kinds.values()
    assert len(kinds) >= 3
