# SPDX-License-Identifier: MIT
"""What every measure works with: the subjects, a browser, the provider, the results, and how often."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from playwright.async_api import Browser

from bench.provider import Provider
from bench.results import Results
from bench.subject import Subject


@dataclass(frozen=True, slots=True)
class Run:
    """One invocation. `times`: how often each figure is measured, the subjects taking turns.

    `launch` starts another browser like `browser`, with further flags.
    """

    subjects: list[Subject]
    browser: Browser
    launch: Callable[[list[str]], Awaitable[Browser]]
    provider: Provider
    results: Results
    times: int
