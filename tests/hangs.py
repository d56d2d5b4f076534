# SPDX-License-Identifier: MIT
"""An async test, or a fixture of one, that hangs fails by itself and says where; the tests after it run as ever.

pytest-timeout's signal ends the event loop from outside in the middle of a step: anyio's runner keeps the task that
hung, so that every later async test of that process fails too (one hang gave twenty errors). So what is async is
cancelled from within, earlier: its own clean-up and that of its fixtures then come about in their order.
"""

import asyncio
import functools
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Coroutine, Generator, Iterator
from inspect import isasyncgenfunction, iscoroutinefunction, ismethod
from types import FrameType
from typing import Any

import pytest

# Shares of pytest-timeout's limit of a test. Test and set-up have to be over by the first, a fixture's clean-up by the
# second. One that goes on when it is cancelled is cancelled again after the third, and has that long in any case.
TEST, CLEAN_UP, MORE = 0.75, 0.9, 0.1

_begun: list[tuple[float, float]] = []  # of the test that runs now: when (monotonic), and pytest-timeout's limit


class Hung(AssertionError):
    """What did not come to its end, and where it and the tasks beside it waited."""


@pytest.hookimpl(optionalhook=True, tryfirst=True)
def pytest_timeout_set_timer(settings: Any) -> None:
    """Hear that a test begins, and pytest-timeout's limit in seconds; not called while a debugger is there."""
    _begun[:] = [(time.monotonic(), settings.timeout)]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol() -> Generator[None, object, object]:
    """Forget the limit with the test that had it."""
    try:
        return (yield)
    finally:
        _begun.clear()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    """Limit an async test."""
    drawn = getattr(pyfuncitem.obj, "hypothesis", None)
    if drawn is not None and iscoroutinefunction(drawn.inner_test):
        drawn.inner_test = _limited(drawn.inner_test)
    elif iscoroutinefunction(pyfuncitem.obj):
        pyfuncitem.obj = _limited(pyfuncitem.obj)
    return (yield)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_fixture_setup(fixturedef: Any) -> Generator[None, object, object]:
    """Limit both halves of an async fixture."""
    func = fixturedef.func
    if ismethod(func):  # anyio binds it anew
        return (yield)
    if isasyncgenfunction(func):
        fixturedef.func = _limited_halves(func)
    elif iscoroutinefunction(func):
        fixturedef.func = _limited(func)
    try:
        return (yield)
    finally:
        fixturedef.func = func


def _limited(func: Callable[..., Coroutine[Any, Any, Any]]) -> Callable[..., Awaitable[Any]]:
    @functools.wraps(func)
    async def work(*args: Any, **named: Any) -> Any:
        return await _within(TEST, made := func(*args, **named), made)

    return work


def _limited_halves(func: Callable[..., AsyncGenerator[Any, None]]) -> Callable[..., AsyncIterator[Any]]:
    @functools.wraps(func)
    async def work(*args: Any, **named: Any) -> AsyncIterator[Any]:
        halves = func(*args, **named)
        yield await _within(TEST, anext(halves), halves)
        try:
            await _within(CLEAN_UP, anext(halves), halves)
        except StopAsyncIteration:
            return
        yield  # and anyio says that it did not stop

    return work


async def _within(share: float, work: Awaitable[Any], runs: object) -> Any:
    """Await `work`, a step of what `runs`; raises Hung when it is not over at `share` of the test's limit."""
    if not _begun:
        return await work
    (begun, limit), loop, task = _begun[0], asyncio.get_running_loop(), asyncio.current_task()
    assert task is not None
    more, places = MORE * limit, list[str]()
    timer: asyncio.TimerHandle

    def cancel() -> None:
        nonlocal timer
        places.append(f"hung, not over after {time.monotonic() - begun:.1f} s:\n{_places(runs, task)}")
        timer = loop.call_later(more, cancel)
        task.cancel()

    timer = loop.call_later(max(begun + share * limit - time.monotonic(), more), cancel)
    try:
        result = await work
    except (Exception, asyncio.CancelledError) as error:
        if places:
            raise Hung("\n".join(places)) from error
        raise
    finally:
        timer.cancel()
        for _ in places:
            task.uncancel()
    if places:
        raise Hung("\n".join(places))
    return result


def _places(runs: object, task: asyncio.Task[Any]) -> str:
    """Where it waits, from the outermost await to the innermost one; and in a line each where the other tasks do."""
    others = {other.get_name(): list(_frames(other.get_coro())) for other in asyncio.all_tasks() - {task}}
    told = [f"  {_line(frame)}" for frame in _frames(runs)]
    told += [f"  beside it {name}: {_line(frames[-1])}" for name, frames in others.items() if frames]
    return "\n".join(told)


def _frames(awaited: object) -> Iterator[FrameType]:
    """The frames of what is suspended, of what that awaits, and so on: a task tells of the first alone."""
    while kind := next((kind for kind in KINDS if hasattr(awaited, kind[1])), None):
        if frame := getattr(awaited, kind[0]):
            yield frame
        awaited = getattr(awaited, kind[1])


KINDS = (("cr_frame", "cr_await"), ("ag_frame", "ag_await"), ("gi_frame", "gi_yieldfrom"))


def _line(frame: FrameType) -> str:
    return f"{frame.f_code.co_filename}:{frame.f_lineno} in {frame.f_code.co_name}"
