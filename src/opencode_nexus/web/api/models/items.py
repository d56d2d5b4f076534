# SPDX-License-Identifier: MIT
"""Lists."""

from typing import Generic, TypeVar

from pydantic import BaseModel, Field

T = TypeVar("T")


class Items(BaseModel, Generic[T]):
    """A list, or one page of it."""

    items: list[T]
    next: str | None = Field(None, description="Send it as `before` to get the page after; null: there is none.")
